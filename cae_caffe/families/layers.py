"""The layers of a net as a family lists them: a design's, and those that stand in files only (data, losses).

Here stands which layers a net has and how they are connected; `emit/operations.py` says how each is written.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from ..models import Layer
from ..models.layers import Shape
from .recipe import Recipe


class Parameter(NamedTuple):
    """What the solver is told of a parameter (Caffe's ParamSpec); parameters of one `name` are one. None: unsaid."""

    name: str | None = None
    lr_mult: float | None = None
    decay_mult: float | None = None


WEIGHTS_AND_BIASES = (Parameter(lr_mult=1, decay_mult=1), Parameter(lr_mult=1, decay_mult=0))


class NetLayer(NamedTuple):
    """An operation in its place in a net: the layer's name and blobs, and what training says of it.

    `recipe` says how its weights start; without one it waits for trained weights. `phase` (TRAIN or TEST) and `stage`
    say when the layer is there (None: always), `loss_weight` what its top counts in the loss (None: Caffe's default).
    """

    name: str
    operation: object
    bottoms: tuple[str, ...]
    tops: tuple[str, ...]
    parameters: tuple[Parameter, ...] = ()
    recipe: Recipe | None = None
    phase: str | None = None
    stage: str | None = None
    loss_weight: float | None = None


def deploy_layers(layers: Iterable[Layer]) -> tuple[NetLayer, ...]:
    """A design's layers as they stand in a net to deploy: they wait for weights."""
    return tuple(NetLayer(layer.name, layer.operation, (layer.bottom,), (layer.top,)) for layer in layers)


def training_layer(layer: Layer, recipe: Recipe, parameters: tuple[Parameter, ...] = WEIGHTS_AND_BIASES) -> NetLayer:
    """A design's layer as it stands in a net to train; one without parameters learns nothing."""
    place = layer.name, layer.operation, (layer.bottom,), (layer.top,)
    return NetLayer(*place, parameters, recipe) if layer.parameters else NetLayer(*place)


class Input(NamedTuple):
    """One image of `shape` at a time, from whoever runs the net."""

    shape: Shape


class HDF5Data(NamedTuple):
    """Batches of the datasets, called as the tops are, in the HDF5 files that the file `source` lists."""

    source: str
    batch_size: int


@dataclass(frozen=True)
class _WithoutFields:
    """What operations share of which nothing is to be said but their class."""


class Flatten(_WithoutFields):
    """Rows of numbers from images."""


class Slice(NamedTuple):
    """The bottom cut in two along its channels, before channel `point`."""

    point: int


class SigmoidCrossEntropyLoss(_WithoutFields):
    """The cross entropy between the sigmoid of the first bottom and the second, per image."""


class EuclideanLoss(_WithoutFields):
    """Half the squared distance between two bottoms, per image."""


class ContrastiveLoss(NamedTuple):
    """Draws codes of one class together and pushes others `margin` apart: codes, codes, whether of one class."""

    margin: float
