"""The permutohedral lattice (engine/permutohedral.py) in ONNX: of features that are known, and of those of images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .....engine.permutohedral import Permutohedral
from ...writing import END, LayerWriter


@dataclass(frozen=True)
class Lattice:
    """Tensors of a lattice of P points with V vertices; d + 1 is the number of corners of a simplex and of axes."""

    corners: str            # int64 (d + 1, P): vertices of the points' simplices
    places: str             # these, (d + 1, P, 1), as ScatterND takes them
    weights: str            # float32 (d + 1, P, 1), or with another 1
    neighbours: list[str]   # for each axis int64 (2, V), V where there is none
    length: str             # int64 (1): V + 1
    scale: float

    def filter(self, layer: LayerWriter, rows: str, axes: int) -> str:
        """The rows (P, ...), of so many axes, filtered, not normalized."""
        beside = layer.op("Shape", rows, start=1)
        zeros = layer.op("Expand", layer.constant(0), layer.op("Concat", self.length, beside, axis=0))
        spread = layer.op("ScatterND", zeros, self.places, layer.op("Mul", rows, self.weights), reduction="add")
        for around in self.neighbours:
            sums = layer.reduce("ReduceSum", layer.op("Gather", spread, around, axis=0), [0], keepdims=False)
            blurred = layer.op("Add", layer.slice(spread, [0], [-1], [0]), layer.times(sums, 0.5))
            spread = layer.pad(blurred, [0] * axes, [1, *[0] * (axes - 1)])     # the last is of no vertex
        taken = layer.op("Mul", layer.op("Gather", spread, self.corners, axis=0), self.weights)
        return layer.times(layer.reduce("ReduceSum", taken, [0], keepdims=False), self.scale)


def known(layer: LayerWriter, lattice: Permutohedral) -> Lattice:
    """The lattice of features that do not depend on the images, as constants; for rows of three axes."""
    corners, weights = (np.stack([part.cpu().numpy() for part in parts])
                        for parts in (lattice.corners, lattice.weights))
    neighbours = [layer.integers(around.cpu().numpy().reshape(2, -1)) for around in lattice.neighbours]
    return Lattice(layer.integers(corners), layer.integers(corners[:, :, np.newaxis]),
                   layer.constant(weights[:, :, np.newaxis], name="weights"), neighbours,
                   layer.integers([lattice.vertices + 1]), lattice.scale)


def found(layer: LayerWriter, features: str, dimensions: int) -> Lattice:
    """The lattice of the features, float32 (N, points, d), of N images that do not touch; P is N times the points.
    For rows of two axes.

    Unlike the engine's it does not refuse features that are too large or too far apart.
    """
    keys, weights = _corners(layer, layer.cast(features, np.float64), dimensions)
    codes, factors = _codes(layer, keys, dimensions)
    flat = layer.reshape(layer.transpose(codes, (2, 0, 1)), (-1,))
    vertices, _, numbers = layer.ops("Unique", 3, flat)
    corners = layer.reshape(numbers, (dimensions + 1, -1))
    weights = layer.reshape(layer.transpose(layer.cast(weights, np.float32), (2, 0, 1)), (dimensions + 1, -1, 1))
    count = layer.op("Shape", vertices)
    around = _neighbours(layer, vertices, count, factors, dimensions)
    neighbours = [layer.op("Gather", around, layer.integers(axis), axis=0) for axis in range(dimensions + 1)]
    places = layer.op("Unsqueeze", corners, layer.integers([2]))
    return Lattice(corners, places, weights, neighbours, layer.op("Add", count, layer.integers([1])),
                   1 / (1 + 2.0**-dimensions))


def _corners(layer: LayerWriter, features: str, dimensions: int) -> tuple[str, str]:
    """The corners around each point, int64 (N, points, d + 1, d), and its weights there, float64 (N, points, d + 1)."""
    period = _double(layer, dimensions + 1)
    elevated = _elevated(layer, features, dimensions)
    nearest = layer.op("Mul", layer.op("Round", layer.op("Div", elevated, period)), period)
    beyond = layer.op("Round", layer.op("Div", layer.reduce("ReduceSum", nearest, [2]), period))
    rank = layer.op("Add", _rank(layer, layer.op("Sub", elevated, nearest), dimensions),
                    layer.cast(beyond, np.int64))
    low, high = (layer.cast(layer.op(kind, rank, layer.integers(bound)), np.int64)
                 for kind, bound in (("Less", 0), ("Greater", dimensions)))
    turn = layer.op("Mul", layer.op("Sub", low, high), layer.integers(dimensions + 1))
    rank = layer.op("Add", rank, turn)
    nearest = layer.op("Add", nearest, layer.cast(turn, np.float64))
    parts = layer.op("Div", layer.op("Sub", elevated, nearest), period)

    # Of the parts in falling order of rank, each less the one before it; the first also 1 less the last.
    ordered = layer.op("ScatterElements", parts, layer.op("Sub", layer.integers(dimensions), rank), parts, axis=2)
    last = layer.slice(ordered, [dimensions], [END], [2])
    before = layer.op("Concat", layer.op("Sub", last, _double(layer, 1)),
                      layer.slice(ordered, [0], [dimensions], [2]), axis=2)
    weights = layer.op("Sub", ordered, before)

    ranks, nearest = (layer.op("Unsqueeze", layer.slice(x, [0], [dimensions], [2]), layer.integers([2]))
                      for x in (rank, layer.cast(nearest, np.int64)))
    remainders = np.arange(dimensions + 1)[:, np.newaxis]
    wraps = layer.cast(layer.op("Greater", ranks, layer.integers(dimensions - remainders)), np.int64)
    steps = layer.op("Sub", layer.integers(remainders), layer.op("Mul", wraps, layer.integers(dimensions + 1)))
    return layer.op("Add", nearest, steps), weights


def _elevated(layer: LayerWriter, features: str, dimensions: int) -> str:
    """The features in the plane of the lattice, (N, points, d + 1), to the bit as the engine's."""
    counts = np.arange(1, dimensions + 1)
    scaled = layer.op("Mul", features, _double(layer, np.sqrt(2 / 3)))
    scaled = layer.op("Div", layer.op("Mul", scaled, _double(layer, dimensions + 1)),
                      _double(layer, np.sqrt(counts * (counts + 1))))
    behind = layer.op("CumSum", scaled, layer.integers(2), reverse=1)
    less = layer.op("Mul", scaled, _double(layer, counts))
    zero = _double(layer, 0)
    pads = [layer.op("Pad", x, layer.integers(ends), zero)
            for x, ends in ((behind, [0, 0, 0, 0, 0, 1]), (less, [0, 0, 1, 0, 0, 0]))]
    return layer.op("Sub", *pads)


def _rank(layer: LayerWriter, rests: str, dimensions: int) -> str:
    """How many of a point's rests are larger than each, or as large and before it, int64."""
    mine, theirs = (layer.op("Unsqueeze", rests, layer.integers([axis])) for axis in (3, 2))
    is_before = layer.constant(np.tri(dimensions + 1, k=-1), np.bool_)
    ahead = layer.op("Or", layer.op("Greater", theirs, mine),
                     layer.op("And", layer.op("Equal", theirs, mine), is_before))
    return layer.reduce("ReduceSum", layer.cast(ahead, np.int64), [3], keepdims=False)


def _codes(layer: LayerWriter, keys: str, dimensions: int) -> tuple[str, str]:
    """A number for each corner, other ones for those of another image, and the factors (d) of its coordinates."""
    margin = dimensions + 1
    least, largest = (layer.reduce(kind, keys, [0, 1, 2], keepdims=False) for kind in ("ReduceMin", "ReduceMax"))
    lengths = layer.op("Add", layer.op("Sub", largest, least), layer.integers(2 * margin + 1))
    factors = [layer.integers([1])]
    for length in reversed(layer.split(lengths, [1] * dimensions, 0)):
        factors.insert(0, layer.op("Mul", factors[0], length))
    of_images, *of_axes = factors
    joined = layer.op("Concat", *of_axes, axis=0)
    places = layer.op("Add", layer.op("Sub", keys, least), layer.integers(margin))
    codes = layer.reduce("ReduceSum", layer.op("Mul", places, joined), [3], keepdims=False)
    count = layer.op("Squeeze", layer.op("Shape", keys, end=1))
    images = layer.reshape(layer.op("Range", layer.integers(0), count, layer.integers(1)), (-1, 1, 1))
    return layer.op("Add", codes, layer.op("Mul", images, of_images)), joined


def _neighbours(layer: LayerWriter, vertices: str, count: str, factors: str, dimensions: int) -> str:
    """For each axis the numbers of the vertices before and behind each; their count where none is; (d + 1, 2, V)."""
    steps = np.full((dimensions + 1, dimensions), -1)
    steps[np.arange(dimensions), np.arange(dimensions)] = dimensions
    step = layer.reduce("ReduceSum", layer.op("Mul", layer.integers(steps), factors), [1])
    both = layer.op("Mul", layer.op("Unsqueeze", step, layer.integers([2])), layer.integers([[1], [-1]]))
    beside = layer.op("Add", vertices, both)
    every, _, numbers = layer.ops("Unique", 3, layer.op("Concat", vertices, layer.reshape(beside, (-1,)), axis=0))
    own = layer.op("Slice", numbers, layer.integers([0]), count)
    others = layer.op("Slice", numbers, count, layer.integers([END]))
    table = layer.op("Expand", count, layer.op("Shape", every))
    in_order = layer.op("Range", layer.integers(0), layer.op("Squeeze", count), layer.integers(1))
    table = layer.op("ScatterElements", table, own, in_order)
    return layer.reshape(layer.op("Gather", table, others), (dimensions + 1, 2, -1))


def _double(layer: LayerWriter, values) -> str:
    return layer.constant(values, np.float64)
