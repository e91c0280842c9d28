"""Where a layer's keywords go: into which `*_param` messages of its LayerParameter."""

from __future__ import annotations

import functools

from .. import schema
from ..schema import forks

_TAIL = "_param"

# What the names of the messages do not tell: the fields that layers of another name read (src/caffe/layers).
_FURTHER: dict[str, tuple[str, ...]] = {
    "Deconvolution": ("convolution_param",),
    "Im2col": ("convolution_param",),
    "SoftmaxWithLoss": ("loss_param", "softmax_param"),
    "SigmoidCrossEntropyLoss": ("loss_param", "sigmoid_param"),
    "InfogainLoss": ("loss_param",),
    "LSTM": ("recurrent_param",),
    "RNN": ("recurrent_param",),
    "Data": ("transform_param",),
    "ImageData": ("transform_param",),
    "MemoryData": ("transform_param",),
    "WindowData": ("transform_param",),
}


def param_name_dict() -> dict[str, str]:
    """The stem of each `*_param` field of LayerParameter by its message's: {"InnerProduct": "inner_product", ...}."""
    stems: dict[str, str] = {}
    for field in schema.LayerParameter.DESCRIPTOR.fields:
        if field.name.endswith(_TAIL):      # the first of a message's is Caffe's own
            stems.setdefault(field.message_type.name[:-len("Parameter")], field.name[:-len(_TAIL)])
    return stems


_stems = functools.lru_cache(maxsize=None)(param_name_dict)


def add_fields(layer_type: str, *fields: str) -> None:
    """Let the keywords of a layer of this type be looked for in these message fields, too."""
    _FURTHER[layer_type] = (*_FURTHER.get(layer_type, ()), *fields)


def fields_of(layer_type: str) -> tuple[str, ...]:
    """The message fields in which the keywords of a layer of this type are looked for, in this order."""
    own = (_stems()[layer_type] + _TAIL,) if layer_type in _stems() else ()
    of_fork = forks.layers()[layer_type].fields if layer_type in forks.layers() else ()
    return tuple(dict.fromkeys((*own, *of_fork, *_FURTHER.get(layer_type, ()))))
