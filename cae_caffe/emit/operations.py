"""How each operation is written as a LayerParameter of Caffe 1.0; all of an operation stands at one place, its entry.

An operation is a class: of a design's layers (`models/layers.py`) or of those that only files have
(`families/layers.py`). A new one is that class and an entry here, by `register_operation`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ..errors import InputError
from ..families import layers as net
from ..families.recipe import Recipe
from ..models import Convolution, Deconvolution, InnerProduct, MaxPooling, ReLU, Reshape, Sigmoid
from ..models.layers import Pair
from .text import Fields, Word


def no_fields(operation: object) -> Fields:
    """Nothing: the type says it all."""
    return {}


def no_fillers(operation: object, recipe: Recipe) -> Fields:
    """Nothing: no weights."""
    return {}


class Emission(NamedTuple):
    """How an operation is written.

    `type` is Caffe's; `v1_type` is the enum's entry in V1LayerParameter, as the authors' Caffe of June 2015 wants it
    (None: it has none). `parameter` is the field of LayerParameter for what `fields` makes of the operation and, in a
    net to train, for the starts of weights and biases that `fillers` makes of the operation and the family's recipe.
    """

    type: str
    v1_type: str | None
    parameter: str | None = None
    fields: Callable[[Any], Fields] = no_fields
    fillers: Callable[[Any, Recipe], Fields] = no_fillers


_EMISSIONS: dict[type, Emission] = {}


def register_operation(operation: type, emission: Emission) -> None:
    """Say how operations of a class are written. Raises InputError if that has been said already."""
    if operation in _EMISSIONS:
        raise InputError(f"the operation `{operation.__name__}` is registered already, as Caffe's "
                         f"`{_EMISSIONS[operation].type}`; make a class of your own.")
    _EMISSIONS[operation] = emission


def emission_of(layer: net.NetLayer) -> Emission:
    """How the layer's operation is written; raises InputError that names the layer if nobody has said it."""
    operation = type(layer.operation)
    if operation not in _EMISSIONS:
        raise InputError(f"layer `{layer.name}`: nothing says how the operation `{operation.__name__}` is written; "
                         "give it and its `Emission` to `cae_caffe.emit.register_operation`.")
    return _EMISSIONS[operation]


def v1_types() -> dict[str, str | None]:
    """The enum's entry of 2015 (None: there was none) by Caffe's name of today."""
    return {emission.type: emission.v1_type for emission in _EMISSIONS.values()}


def _maps(operation: Convolution | Deconvolution) -> Fields:
    return {"num_output": operation.maps, **_kernel(operation.kernel)}


def _kernel(kernel: Pair) -> Fields:
    height, width = kernel
    return {"kernel_size": height} if height == width else {"kernel_h": height, "kernel_w": width}


def _xavier(operation: object, recipe: Recipe) -> Fields:
    return _starts({"type": "xavier"})


def _sparse_gaussian(operation: InnerProduct, recipe: Recipe) -> Fields:
    if recipe.sparse is None:
        return _xavier(operation, recipe)
    # Caffe draws its mask with the probability sparse / num_output and aborts where that passes 1. At 1 it keeps every
    # weight but still draws; leaving `sparse` out would draw less and so change every random number behind it.
    return _starts({"type": "gaussian", "std": 1, "sparse": min(recipe.sparse, operation.neurons)})


def _starts(weights: Fields) -> Fields:
    return {"weight_filler": weights, "bias_filler": {"type": "constant"}}


register_operation(Convolution, Emission("Convolution", "CONVOLUTION", "convolution_param", _maps, _xavier))
register_operation(Deconvolution, Emission("Deconvolution", "DECONVOLUTION", "convolution_param", _maps, _xavier))
register_operation(InnerProduct, Emission(
    "InnerProduct", "INNER_PRODUCT", "inner_product_param",
    lambda operation: {"num_output": operation.neurons}, _sparse_gaussian))
register_operation(MaxPooling, Emission(
    "Pooling", "POOLING", "pooling_param",
    lambda operation: {"pool": Word("MAX"), "kernel_size": operation.side, "stride": operation.side}))
register_operation(ReLU, Emission("ReLU", "RELU"))
register_operation(Sigmoid, Emission("Sigmoid", "SIGMOID"))
# Of these two 2015 has no layers: an input is a field of the net, and a Reshape is not needed (see legacy.py).
register_operation(Reshape, Emission(
    "Reshape", None, "reshape_param", lambda operation: {"shape": {"dim": [0, 0, 1, 1]}}))
register_operation(net.Input, Emission(
    "Input", None, "input_param", lambda operation: {"shape": {"dim": [1, *operation.shape]}}))
register_operation(net.HDF5Data, Emission(
    "HDF5Data", "HDF5_DATA", "hdf5_data_param",
    lambda operation: {"source": operation.source, "batch_size": operation.batch_size}))
register_operation(net.Flatten, Emission("Flatten", "FLATTEN"))
# Along the channels, which is the default; the field that says so has another name in 2015's Caffe.
register_operation(net.Slice, Emission(
    "Slice", "SLICE", "slice_param", lambda operation: {"slice_point": operation.point}))
register_operation(net.SigmoidCrossEntropyLoss, Emission("SigmoidCrossEntropyLoss", "SIGMOID_CROSS_ENTROPY_LOSS"))
register_operation(net.EuclideanLoss, Emission("EuclideanLoss", "EUCLIDEAN_LOSS"))
register_operation(net.ContrastiveLoss, Emission(
    "ContrastiveLoss", "CONTRASTIVE_LOSS", "contrastive_loss_param", lambda operation: {"margin": operation.margin}))
