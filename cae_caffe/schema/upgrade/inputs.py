"""The net's `input` fields become an Input layer, called `input`, in front of all others."""

from __future__ import annotations

from ...errors import InputError
from .. import messages

_AXES = 4  # of an input given by input_dim


def needs_input_upgrade(net) -> bool:
    """Tell whether `net` names its inputs outside of layers."""
    return len(net.input) > 0


def upgrade_inputs(net, name: str) -> None:
    """Turn the input fields of `net` into a layer; without any shape (an old .caffemodel) just remove them.

    Where both are given, input_shape counts and input_dim does not. Raises InputError if an input has no dimensions.
    """
    if net.input_shape or net.input_dim:
        layer = messages.LayerParameter(name="input", type="Input", top=net.input)
        layer.input_param.shape.extend(_shapes(net, name))
        net.layer.insert(0, layer)
    for field in ("input", "input_shape", "input_dim"):
        net.ClearField(field)


def _shapes(net, name: str):
    field, needed = ("input_shape", 1) if net.input_shape else ("input_dim", _AXES)
    given = len(getattr(net, field))
    if given < needed * len(net.input):
        raise InputError(f"{name}: the net has {len(net.input)} `input` fields, so it needs {needed * len(net.input)} "
                         f"`{field}` fields ({needed} for each input), but it has {given}.")
    if field == "input_shape":
        return net.input_shape[:len(net.input)]
    return [messages.BlobShape(dim=net.input_dim[_AXES * i:_AXES * (i + 1)]) for i in range(len(net.input))]
