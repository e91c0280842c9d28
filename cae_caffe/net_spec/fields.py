"""Where a layer's keywords go: into which `*_param` messages of its LayerParameter."""

from __future__ import annotations

from ..schema import LayerParameter

_TAIL = "_param"

# What the names of the messages do not tell: the fields that layers of another name read (src/caffe/layers).
_FURTHER = {
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
    fields = [field for field in LayerParameter.DESCRIPTOR.fields if field.name.endswith(_TAIL)]
    return {field.message_type.name[:-len("Parameter")]: field.name[:-len(_TAIL)] for field in fields}


_STEMS = param_name_dict()


def fields_of(layer_type: str) -> tuple[str, ...]:
    """The message fields in which the keywords of a layer of this type are looked for, in this order."""
    own = (_STEMS[layer_type] + _TAIL,) if layer_type in _STEMS else ()
    return own + _FURTHER.get(layer_type, ())
