"""V0 layers, `layers { layer { type: "relu" } }`, become V1 layers, `layers { type: RELU }`."""

from __future__ import annotations

import logging
from typing import Any

from ...errors import InputError
from .. import messages

_log = logging.getLogger(__name__)

TYPES = {
    "accuracy": "ACCURACY",
    "bnll": "BNLL",
    "concat": "CONCAT",
    "conv": "CONVOLUTION",
    "data": "DATA",
    "dropout": "DROPOUT",
    "euclidean_loss": "EUCLIDEAN_LOSS",
    "flatten": "FLATTEN",
    "hdf5_data": "HDF5_DATA",
    "hdf5_output": "HDF5_OUTPUT",
    "im2col": "IM2COL",
    "images": "IMAGE_DATA",
    "infogain_loss": "INFOGAIN_LOSS",
    "innerproduct": "INNER_PRODUCT",
    "lrn": "LRN",
    "multinomial_logistic_loss": "MULTINOMIAL_LOGISTIC_LOSS",
    "pool": "POOLING",
    "relu": "RELU",
    "sigmoid": "SIGMOID",
    "softmax": "SOFTMAX",
    "softmax_loss": "SOFTMAX_LOSS",
    "split": "SPLIT",
    "tanh": "TANH",
    "window_data": "WINDOW_DATA",
}
_PADDING = "padding"
_CAN_PAD = ("conv", "pool")
_NET_FIELDS = ("name", "input", "input_dim", "force_backward")  # what Caffe keeps of a net with V0 layers


_PARAMETERS = {
    "concat": "concat_param",
    "conv": "convolution_param",
    "data": "data_param",
    "dropout": "dropout_param",
    "hdf5_data": "hdf5_data_param",
    "images": "image_data_param",
    "infogain_loss": "infogain_loss_param",
    "innerproduct": "inner_product_param",
    "lrn": "lrn_param",
    "pool": "pooling_param",
    "window_data": "window_data_param",
}


def _parameter(field: str, *types: str) -> dict[str, str]:
    """Return the path of `field` in the parameters of each of the V0 `types`."""
    return {type_: f"{_PARAMETERS[type_]}.{field}" for type_ in types}


# Where each V0 field goes in a V1 layer, by the V0 type of the layer; in a layer of another type it is left out.
_PLACES = {
    "num_output": _parameter("num_output", "conv", "innerproduct"),
    "biasterm": _parameter("bias_term", "conv", "innerproduct"),
    "weight_filler": _parameter("weight_filler", "conv", "innerproduct"),
    "bias_filler": _parameter("bias_filler", "conv", "innerproduct"),
    "pad": _parameter("pad", "conv", "pool"),
    "kernelsize": _parameter("kernel_size", "conv", "pool"),
    "group": _parameter("group", "conv"),
    "stride": _parameter("stride", "conv", "pool"),
    "pool": _parameter("pool", "pool"),
    "dropout_ratio": _parameter("dropout_ratio", "dropout"),
    "local_size": _parameter("local_size", "lrn"),
    "alpha": _parameter("alpha", "lrn"),
    "beta": _parameter("beta", "lrn"),
    "k": _parameter("k", "lrn"),
    "source": _parameter("source", "data", "hdf5_data", "images", "window_data", "infogain_loss"),
    "batchsize": _parameter("batch_size", "data", "hdf5_data", "images", "window_data"),
    "rand_skip": _parameter("rand_skip", "data", "images"),
    "shuffle_images": _parameter("shuffle", "images"),
    "new_height": _parameter("new_height", "images"),
    "new_width": _parameter("new_width", "images"),
    "concat_dim": _parameter("concat_dim", "concat"),
    "det_fg_threshold": _parameter("fg_threshold", "window_data"),
    "det_bg_threshold": _parameter("bg_threshold", "window_data"),
    "det_fg_fraction": _parameter("fg_fraction", "window_data"),
    "det_context_pad": _parameter("context_pad", "window_data"),
    "det_crop_mode": _parameter("crop_mode", "window_data"),
    "hdf5_output_param": {"hdf5_output": "hdf5_output_param"},
}
# Fields that go to the same place whatever the type of the layer. `type` itself has its own table above; new_num and
# new_channels have no place in any type, and Caffe says nothing of them.
_PLACES_OF_ALL = {
    "name": "name",
    "blobs": "blobs",
    "blobs_lr": "blobs_lr",
    "weight_decay": "weight_decay",
    "scale": "transform_param.scale",
    "meanfile": "transform_param.mean_file",
    "cropsize": "transform_param.crop_size",
    "mirror": "transform_param.mirror",
}


def needs_v0_upgrade(net) -> bool:
    """Tell whether any layer of `net` has a V0 layer inside."""
    return any(layer.HasField("layer") for layer in net.layers)


def is_padding(layer) -> bool:
    """Tell whether `layer` (V1LayerParameter around a V0 layer) only pads; the upgrade leaves such layers out."""
    return layer.layer.type == _PADDING


def upgrade_v0(net, name: str) -> bool:
    """Turn the V0 layers of `net` into V1 layers, in place; return whether everything in it has a place there."""
    old = messages.NetParameter()
    old.CopyFrom(net)
    _fold_padding(old, name)
    net.Clear()
    complete = [_upgrade_layer(layer, net.layers.add(), name) for layer in old.layers]
    lost = []
    for field, value in old.ListFields():
        if field.name in _NET_FIELDS:
            messages.assign(net, field.name, value)
        elif field.name != "layers":
            lost.append(field.name)
    if lost:
        _log.warning("%s: %s of the net has no place beside V0 layers and is left out.", name, ", ".join(lost))
    return all(complete) and not lost


def _fold_padding(net, name: str) -> None:
    """Remove the padding layers of `net`; their `pad` and their bottom go to the layers behind them."""
    source: dict[str, Any] = dict.fromkeys(net.input)  # which layer a blob comes from; None for the net's inputs
    for layer in net.layers:
        for i, blob in enumerate(layer.bottom):
            if blob not in source:
                raise InputError(f"{name}: layer {layer.layer.name!r} takes blob {blob!r}, which no layer before it "
                                 "and no `input` of the net makes.")
            if source[blob] is not None and is_padding(source[blob]):
                _check_padding(source[blob], layer, name)
                layer.layer.pad = source[blob].layer.pad
                layer.bottom[i] = source[blob].bottom[0]
        source.update((top, layer) for top in layer.top)
    for i in reversed(range(len(net.layers))):
        if is_padding(net.layers[i]):
            del net.layers[i]


def _check_padding(padding, layer, name: str) -> None:
    where = f"{name}: padding layer {padding.layer.name!r}"
    if layer.layer.type not in _CAN_PAD:
        raise InputError(f"{where} stands before layer {layer.layer.name!r} of type {layer.layer.type!r}; only a layer "
                         f"of type {' or '.join(_CAN_PAD)} can take its padding over.")
    if not len(layer.bottom) == len(padding.bottom) == len(padding.top) == 1:
        raise InputError(f"{where} and layer {layer.layer.name!r} behind it must each have one bottom, and the padding "
                         "layer one top.")


def _upgrade_layer(connection, new: messages.V1LayerParameter, name: str) -> bool:
    """Fill the V1 layer `new` from the V0 layer in `connection`; return whether everything in it has a place there."""
    new.bottom.extend(connection.bottom)
    new.top.extend(connection.top)
    old = connection.layer
    if not connection.HasField("layer"):
        _log.warning("%s: layer %r is not a V0 layer, as others in this net are; only its bottoms and tops are kept.",
                     name, connection.name)
        return False
    if old.HasField("type"):
        if old.type not in TYPES:
            raise InputError(f"{name}: layer {old.name!r} has the type {old.type!r}, which no V0 layer has.")
        new.type = messages.V1LayerParameter.LayerType.Value(TYPES[old.type])
    lost = [field.name for field, value in old.ListFields() if not _place(field.name, value, old.type, new)]
    if lost:
        _log.warning("%s: %s of layer %r (type %r) has no place in such a layer and is left out.",
                     name, ", ".join(lost), old.name, old.type)
    return not lost


def _place(field: str, value, type_: str, new: messages.V1LayerParameter) -> bool:
    """Give `value` of a V0 field its place in `new`; return False if there is none for this type of layer."""
    path = _PLACES_OF_ALL.get(field) or _PLACES.get(field, {}).get(type_)
    if path is None:
        return field not in _PLACES
    *outer, last = path.split(".")
    target = getattr(new, outer[0]) if outer else new
    messages.assign(target, last, value)
    return True
