"""Python values into message fields, by the schema."""

from __future__ import annotations

from typing import Any

from ..schema.forks.declaration import FURTHER
from ..schema.messages import is_repeated
from ..spelling import in_brackets
from .errors import UnknownNameError, WrongValueError


def assign_proto(message, name: str, value: Any) -> None:
    """Put `value` into the field `name` of `message`.

    A list, tuple or array fills a repeated field, and a single value makes a list of one; a dict, or a message of the
    field's type, fills a message; an enum takes its constant or its name. Raises UnknownNameError for a field or
    constant that is not there, WrongValueError for a value that does not fit.
    """
    field = _field(message, name)
    value = value.tolist() if hasattr(value, "tolist") else value        # NumPy's arrays and numbers
    if is_repeated(field):
        target = getattr(message, name)
        for item in value if isinstance(value, (list, tuple)) else [value]:
            if field.message_type:
                _fill(target.add(), item, field)
            else:
                _checked(message, field, item, target.append)
    elif field.message_type:
        _fill(getattr(message, name), value, field)
    elif isinstance(value, (list, tuple)) and value and FURTHER + name in message.DESCRIPTOR.fields_by_name:
        assign_proto(message, name, value[0])
        assign_proto(message, FURTHER + name, value[1:])
    else:
        _checked(message, field, value, lambda converted: setattr(message, name, converted))


def _field(message, name: str):
    fields = message.DESCRIPTOR.fields_by_name
    if name not in fields:
        raise UnknownNameError(f"{message.DESCRIPTOR.name} has no field `{name}`{in_brackets(name, fields)}.")
    return fields[name]


def _fill(message, value, field) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            assign_proto(message, key, item)
    elif isinstance(value, type(message)):
        message.CopyFrom(value)
    else:
        raise WrongValueError(f"`{field.name}` is given {value!r}; it is a {field.message_type.name}, so give a dict "
                              "with its fields.")


def _checked(message, field, value, put) -> None:
    """Call `put` with the value as protobuf takes it; what protobuf refuses becomes a sentence."""
    if field.enum_type and isinstance(value, str):
        value = _constant(field, value)
    try:
        put(value)
    except (TypeError, ValueError) as error:
        raise WrongValueError(f"`{field.name}` of {message.DESCRIPTOR.name} is given {value!r}, which does not fit: "
                              f"{error}.") from None


def _constant(field, name: str) -> int:
    constants = field.enum_type.values_by_name
    if name not in constants:
        raise UnknownNameError(f"`{field.name}` is given {name!r}; it is one of {', '.join(constants)}"
                               f"{in_brackets(name, constants)}.")
    return constants[name].number
