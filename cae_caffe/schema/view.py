"""A read-only, typed view of a message with Caffe's defaults filled in: protobuf goes no further than this."""

from __future__ import annotations

from google.protobuf.descriptor import FieldDescriptor

from .. import spelling
from . import messages
from .messages import float32


def view(message) -> View:
    """Return a view of `message`, which must not change as long as the view is in use.

    Its attributes are the message's fields: numbers, truth values, str and bytes as they are (a float is exactly its
    float32), an enum by its name, a sub-message as a view (of the defaults if unset), a repeated field as a tuple.
    Arrays of weights are better read from the message itself, for a tuple of millions of floats is slow.
    """
    return View(message)


class View:
    """See `view`. Values are kept after the first access, which makes later ones plain attribute look-ups."""

    def __init__(self, message):
        self.__dict__["_message"] = message

    def __getattr__(self, name: str):
        if name.startswith("_"):  # protocols such as copying ask for these, perhaps before there is a message
            raise AttributeError(name)
        value = _read(self._message, self._field(name))
        self.__dict__[name] = value
        return value

    def __setattr__(self, name: str, value) -> None:
        raise AttributeError(f"{self._message.DESCRIPTOR.name}.{name} cannot be set: this view is read-only")

    def __delattr__(self, name: str) -> None:
        self.__setattr__(name, None)

    def __dir__(self):
        return [*super().__dir__(), *self._message.DESCRIPTOR.fields_by_name]

    def __repr__(self) -> str:
        fields = [f"{field.name}={getattr(self, field.name)!r}" for field, _ in self._message.ListFields()]
        return f"{self._message.DESCRIPTOR.name}({', '.join(fields)})"

    def has(self, name: str) -> bool:
        """Tell whether the field `name` is set in the message; for a repeated one, whether it has any element."""
        field = self._field(name)
        if messages.is_repeated(field):
            return len(getattr(self._message, name)) > 0
        return self._message.HasField(name)

    def _field(self, name: str):
        descriptor = self._message.DESCRIPTOR
        if name not in descriptor.fields_by_name:
            raise AttributeError(f"{descriptor.name} has no field {name!r}"
                                 f"{spelling.did_you_mean(name, descriptor.fields_by_name)}")
        return descriptor.fields_by_name[name]


def copied(shown: View):
    """A copy of the message that a view shows, which may go into another message."""
    message = vars(shown)["_message"]
    copy = type(message)()
    copy.CopyFrom(message)
    return copy


def _read(message, field):
    """Return the value or the default of `field`, as `view` describes it."""
    value = getattr(message, field.name)
    convert = _convert(field)
    if messages.is_repeated(field):
        return tuple(map(convert, value)) if convert else tuple(value)
    return convert(value) if convert else value


def _convert(field):
    """Return the function that turns a value of `field` as protobuf has it into what a view shows, or None."""
    if field.message_type:
        return View
    if field.enum_type:
        return lambda number: field.enum_type.values_by_number[number].name
    return float32 if field.type == FieldDescriptor.TYPE_FLOAT else None
