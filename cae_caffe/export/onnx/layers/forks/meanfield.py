"""MultiStageMeanfield, the layer of CRF-RNN."""

from __future__ import annotations

import numpy as np
import torch

from .....engine.layers.forks.multi_stage_meanfield import COLOURS, NEVER_ZERO, places_of
from ...loops import loop
from ...registry import exports
from ...writing import LayerWriter
from .lattice import Lattice, found, known

PLACE = 2           # coordinates of a pixel


@exports("MultiStageMeanfield")
def multi_stage_meanfield(layer: LayerWriter) -> str:
    """Loop of Softmax, ScatterND and Gather on both lattices, and MatMul; Unique finds the colours' lattice."""
    unary, state, images = layer.bottoms
    _, classes, height, width = layer.bottom_shapes[0]
    terms, scores = (layer.transpose(layer.reshape(x, (0, 0, -1)), (0, 2, 1)) for x in (unary, state))
    own = layer.layer.spatial_filter(torch.empty(1, COLOURS, height, width))
    places, colours = known(layer, own.lattice), found(layer, _features(layer, images), PLACE + COLOURS)
    place_norm = layer.constant(own.norm.cpu().numpy().reshape(-1, 1, 1), name="norm")
    colour_norm = _norm(layer, colours)
    matrices = [layer.weight(i, np.ascontiguousarray(layer.array(i)[0, 0].T), name)
                for i, name in enumerate(("spatial", "bilateral", "compatibility"))]

    def iteration(body: LayerWriter, states: list[str]) -> tuple[str, list[str], list[str]]:
        likely = body.op("Softmax", states[0], axis=2)
        by_place = _filtered(body, places, body.transpose(likely, (1, 0, 2)), 3, place_norm)
        by_colour = _filtered(body, colours, body.reshape(likely, (-1, classes)), 2, colour_norm)
        message = body.op("Add", body.op("MatMul", body.transpose(by_place, (1, 0, 2)), matrices[0]),
                          body.op("MatMul", body.reshape(by_colour, (-1, height * width, classes)), matrices[1]))
        after = body.op("Sub", terms, body.op("MatMul", message, matrices[2]))
        return body.op("Identity", goes_on), [after], []

    goes_on = layer.constant(True, np.bool_)
    scores, = loop(layer, iteration, [scores], [np.float32], [], layer.param.multi_stage_meanfield_param.num_iterations)
    return layer.reshape(layer.transpose(scores, (0, 2, 1)), (0, classes, height, width))


def _features(layer: LayerWriter, images: str) -> str:
    """Place and colour of each pixel, in standard deviations, float32 (N, pixels, 5)."""
    param, (_, _, height, width) = layer.param.multi_stage_meanfield_param, layer.bottom_shapes[2]
    colours = layer.cast(layer.transpose(layer.reshape(images, (0, 0, -1)), (0, 2, 1)), np.float64)
    colours = layer.cast(layer.op("Div", colours, layer.constant(param.theta_beta, np.float64)), np.float32)
    places = layer.constant(places_of(height, width)[np.newaxis] / param.theta_alpha, name="places")
    every = layer.op("Concat", layer.op("Shape", images, end=1), layer.integers([1, 1]), axis=0)
    return layer.op("Concat", layer.op("Expand", places, every), colours, axis=2)


def _norm(layer: LayerWriter, lattice: Lattice) -> str:
    """What the lattice's filter is multiplied by, so that ones stay ones, (P, 1)."""
    ones = layer.op("Expand", layer.constant(1), layer.op("Shape", lattice.weights, start=1))
    return layer.op("Reciprocal", layer.plus(lattice.filter(layer, ones, 2), NEVER_ZERO))


def _filtered(layer: LayerWriter, lattice: Lattice, rows: str, axes: int, norm: str) -> str:
    return layer.op("Mul", lattice.filter(layer, rows, axes), norm)
