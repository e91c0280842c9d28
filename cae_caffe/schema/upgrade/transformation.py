"""V1 data layers: scale, mean_file, crop_size and mirror go from the layer's own parameters to transform_param."""

from __future__ import annotations

from ..messages import V1LayerParameter

_FIELDS = ("scale", "mean_file", "crop_size", "mirror")
_PARAMETERS = {
    V1LayerParameter.DATA: "data_param",
    V1LayerParameter.IMAGE_DATA: "image_data_param",
    V1LayerParameter.WINDOW_DATA: "window_data_param",
}


def needs_transformation_upgrade(net) -> bool:
    """Tell whether any V1 data layer of `net` holds one of the fields that moved."""
    data_layers = [layer for layer in net.layers if layer.type in _PARAMETERS]
    return any(getattr(layer, _PARAMETERS[layer.type]).HasField(field) for layer in data_layers for field in _FIELDS)


def upgrade_transformation(net) -> None:
    """Move the fields of every V1 data layer; each such layer gets both messages, be they empty, as from Caffe."""
    for layer in net.layers:
        if layer.type not in _PARAMETERS:
            continue
        old, new = getattr(layer, _PARAMETERS[layer.type]), layer.transform_param
        old.SetInParent()
        new.SetInParent()
        for field in filter(old.HasField, _FIELDS):
            setattr(new, field, getattr(old, field))
            old.ClearField(field)
