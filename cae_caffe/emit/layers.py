"""A design's layers, and those that only training needs, as LayerParameter messages of Caffe 1.0."""

from __future__ import annotations

from collections.abc import Iterable

from ..models import Convolution, Deconvolution, InnerProduct, Layer, MaxPooling, ReLU, Reshape, Sigmoid
from ..models.layers import Operation, Pair, Shape
from .recipes import Recipe
from .text import Fields, Word

WEIGHTS_AND_BIASES = [{"lr_mult": 1, "decay_mult": 1}, {"lr_mult": 1, "decay_mult": 0}]


def design_layer(layer: Layer, recipe: Recipe | None = None) -> Fields:
    """A layer of a design; with a recipe it learns (multipliers and fillers), without one it waits for weights."""
    type_name, parameter_name, parameters = _OPERATIONS[type(layer.operation)]
    fields = _head(layer.name, type_name, [layer.bottom], layer.top)
    learns = recipe is not None and layer.parameters > 0
    if learns:
        fields["param"] = WEIGHTS_AND_BIASES
    if parameter_name:
        fillers = _fillers(layer.operation, recipe) if learns else {}
        fields[parameter_name] = {**parameters(layer.operation), **fillers}
    return fields


def input_layer(blob: str, shape: Shape) -> Fields:
    """One image of `shape` at a time; named as Caffe names the layer that it makes of a net's `input_dim`."""
    return {"name": "input", "type": "Input", "top": blob, "input_param": {"shape": {"dim": [1, *shape]}}}


def hdf5_layer(blob: str, source: str, batch_size: int, phase: str, stage: str | None = None) -> Fields:
    """Batches of the dataset called `blob` in the HDF5 files that the file `source` lists."""
    rule = {"phase": Word(phase), **({"stage": stage} if stage else {})}
    return {"name": blob, "type": "HDF5Data", "top": blob, "include": rule,
            "hdf5_data_param": {"source": source, "batch_size": batch_size}}


def flatten_layer(name: str, bottom: str) -> Fields:
    """Rows of numbers from images."""
    return _head(name, "Flatten", [bottom], name)


def loss_layer(type_name: str, top: str, bottoms: tuple[str, str], weight: int) -> Fields:
    """A loss, named after its top: Caffe's example calls both of its losses `loss`, and pycaffe then shows only one."""
    return {**_head(top, type_name, bottoms, top), "loss_weight": weight}


def _head(name: str, type_name: str, bottoms: Iterable[str], top: str) -> dict[str, object]:
    return {"name": name, "type": type_name, "bottom": list(bottoms), "top": top}


def _fillers(operation: Operation, recipe: Recipe) -> Fields:
    return {"weight_filler": recipe.weight_filler(operation), "bias_filler": {"type": "constant"}}


def _maps(operation) -> Fields:
    return {"num_output": operation.maps, **_kernel(operation.kernel)}


def _kernel(kernel: Pair) -> Fields:
    height, width = kernel
    return {"kernel_size": height} if height == width else {"kernel_h": height, "kernel_w": width}


def _neurons(operation: InnerProduct) -> Fields:
    return {"num_output": operation.neurons}


def _largest_of_squares(operation: MaxPooling) -> Fields:
    return {"pool": Word("MAX"), "kernel_size": operation.side, "stride": operation.side}


def _to_maps_of_one_element(operation: Reshape) -> Fields:
    return {"shape": {"dim": [0, 0, 1, 1]}}


# The layer's type, and where its parameters go and come from.
_OPERATIONS = {
    Convolution: ("Convolution", "convolution_param", _maps),
    Deconvolution: ("Deconvolution", "convolution_param", _maps),
    InnerProduct: ("InnerProduct", "inner_product_param", _neurons),
    MaxPooling: ("Pooling", "pooling_param", _largest_of_squares),
    ReLU: ("ReLU", None, None),
    Reshape: ("Reshape", "reshape_param", _to_maps_of_one_element),
    Sigmoid: ("Sigmoid", None, None),
}
