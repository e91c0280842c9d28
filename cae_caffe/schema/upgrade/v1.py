"""V1 layers, `layers { type: RELU blobs_lr: 1 }`, become `layer { type: "ReLU" param { lr_mult: 1 } }`."""

from __future__ import annotations

from ...errors import InputError
from .. import forks, messages

TYPES = {
    "NONE": "",
    "ABSVAL": "AbsVal",
    "ACCURACY": "Accuracy",
    "ARGMAX": "ArgMax",
    "BNLL": "BNLL",
    "CONCAT": "Concat",
    "CONTRASTIVE_LOSS": "ContrastiveLoss",
    "CONVOLUTION": "Convolution",
    "DATA": "Data",
    "DECONVOLUTION": "Deconvolution",
    "DROPOUT": "Dropout",
    "DUMMY_DATA": "DummyData",
    "ELTWISE": "Eltwise",
    "EUCLIDEAN_LOSS": "EuclideanLoss",
    "EXP": "Exp",
    "FLATTEN": "Flatten",
    "HDF5_DATA": "HDF5Data",
    "HDF5_OUTPUT": "HDF5Output",
    "HINGE_LOSS": "HingeLoss",
    "IM2COL": "Im2col",
    "IMAGE_DATA": "ImageData",
    "INFOGAIN_LOSS": "InfogainLoss",
    "INNER_PRODUCT": "InnerProduct",
    "LRN": "LRN",
    "MEMORY_DATA": "MemoryData",
    "MULTINOMIAL_LOGISTIC_LOSS": "MultinomialLogisticLoss",
    "MVN": "MVN",
    "POOLING": "Pooling",
    "POWER": "Power",
    "RELU": "ReLU",
    "SIGMOID": "Sigmoid",
    "SIGMOID_CROSS_ENTROPY_LOSS": "SigmoidCrossEntropyLoss",
    "SILENCE": "Silence",
    "SLICE": "Slice",
    "SOFTMAX": "Softmax",
    "SOFTMAX_LOSS": "SoftmaxWithLoss",
    "SPLIT": "Split",
    "TANH": "TanH",
    "THRESHOLD": "Threshold",
    "WINDOW_DATA": "WindowData",
}
# A V1 list with one element for each array of weights, and where today's ParamSpec has it. STRICT and PERMISSIVE
# have the same numbers in both.
_PARAM_FIELDS = {"param": "name", "blob_share_mode": "share_mode", "blobs_lr": "lr_mult", "weight_decay": "decay_mult"}
_HANDLED = {"type", "layer", *_PARAM_FIELDS}


def needs_v1_upgrade(net) -> bool:
    """Tell whether `net` has `layers` blocks."""
    return len(net.layers) > 0


def upgrade_v1(net, name: str) -> None:
    """Turn the `layers` of `net` into `layer` blocks, in place; everything that V1 has is there today."""
    if net.layer:
        raise InputError(f"{name}: the net has both `layer` blocks (such as {net.layer[0].name!r}) and `layers` blocks "
                         f"(such as {net.layers[0].name!r}), which Caffe refuses; write all of them as `layer`.")
    for old in net.layers:
        _upgrade_layer(old, net.layer.add(), name)
    net.ClearField("layers")


def _upgrade_layer(old, new: messages.LayerParameter, name: str) -> None:
    kind = old.LayerType.Name(old.type)
    if old.HasField("type"):
        today = TYPES[kind] if kind in TYPES else forks.v1_types().get(kind)
        if today is None:
            raise InputError(f"{name}: layer {old.name!r} has the type {kind}, which another Caffe adds; what it "
                             "is called today is not known, so write the net in today's form, of `layer` blocks.")
        new.type = today
    _upgrade_params(old, new)
    for field, value in old.ListFields():
        if field.name not in _HANDLED:
            _move(field.name, value, new, name)


def _move(field: str, value, new: messages.LayerParameter, name: str) -> None:
    """Give `new` the value of a field that has the same name today, as all of Caffe's own have."""
    if field not in new.DESCRIPTOR.fields_by_name:
        raise InputError(f"{name}: layer {new.name!r} has `{field}`, which another Caffe adds to V1LayerParameter and "
                         "not to LayerParameter; leave it out, or write the net in today's form.")
    messages.assign(new, field, value)


def _upgrade_params(old, new: messages.LayerParameter) -> None:
    for source, target in _PARAM_FIELDS.items():
        for i, value in enumerate(getattr(old, source)):
            if i == len(new.param):
                new.param.add()
            setattr(new.param[i], target, value)
