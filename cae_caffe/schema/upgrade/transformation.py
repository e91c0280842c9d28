"""V1 data layers: scale, mean_file, crop_size and mirror go from the layer's own parameters to transform_param."""

from __future__ import annotations

_FIELDS = ("scale", "mean_file", "crop_size", "mirror")
_PARAMETERS = {
    "DATA": "data_param",
    "IMAGE_DATA": "image_data_param",
    "WINDOW_DATA": "window_data_param",
}


def needs_transformation_upgrade(net) -> bool:
    """Tell whether any V1 data layer of `net` holds one of the fields that moved."""
    return any(parameters.HasField(field) for _, parameters in _data_layers(net) for field in _FIELDS)


def upgrade_transformation(net) -> None:
    """Move the fields of every V1 data layer; each such layer gets both messages, be they empty, as from Caffe."""
    for layer, old in _data_layers(net):
        new = layer.transform_param
        old.SetInParent()
        new.SetInParent()
        for field in filter(old.HasField, _FIELDS):
            setattr(new, field, getattr(old, field))
            old.ClearField(field)


def _data_layers(net):
    """Yield the V1 data layers of `net`, each with the message of its own parameters."""
    for layer in net.layers:
        field = _PARAMETERS.get(layer.LayerType.Name(layer.type))
        if field is not None:
            yield layer, getattr(layer, field)
