"""Messages said in Python, for those who add to Caffe's schema and have no protoc.

Message("PermuteParameter", Field("order", "uint32", 1, repeated=True))
Message("LayerParameter", Field("permute_param", "PermuteParameter", 202))
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf import descriptor_pb2
from google.protobuf.descriptor import FieldDescriptor

from ..errors import InputError

FieldProto = descriptor_pb2.FieldDescriptorProto
_SCALARS = {name: getattr(FieldDescriptor, f"TYPE_{name.upper()}") for name in (
    "double", "float", "int32", "int64", "uint32", "uint64", "sint32", "sint64", "fixed32", "fixed64", "sfixed32",
    "sfixed64", "bool", "string", "bytes")}


@dataclass(frozen=True)
class Field:
    """A field: `type` is one of protobuf's own (`uint32`, `float`, `string`, ...), or a message's or enum's name.

    `number` is what the field has in the binary files of the Caffe that it comes from; None if there is no such Caffe.
    `default` is None for protobuf's own (0, false, empty); of an enum it is the value's name.
    """

    name: str
    type: str
    number: int | None = None
    repeated: bool = False
    default: Any = None


@dataclass(frozen=True)
class Enum:
    """An enum of the message that it stands in: the names of its values, counted from 0, or names with numbers."""

    name: str
    values: Sequence[str] | Mapping[str, int]

    def numbers(self) -> dict[str, int]:
        """The number of each value."""
        if isinstance(self.values, Mapping):
            return dict(self.values)
        return {name: number for number, name in enumerate(self.values)}


class Message:
    """A message of this name with these fields and enums; of one that Caffe has, those it has beyond Caffe's."""

    def __init__(self, name: str, *parts: Field | Enum):
        self.name = name
        self.fields = [part for part in parts if isinstance(part, Field)]
        self.enums = [part for part in parts if isinstance(part, Enum)]


def to_file(source: str, messages: Sequence[Message], known: descriptor_pb2.FileDescriptorProto):
    """The FileDescriptorProto that says `messages`, whose types may also be messages and enums of the file `known`.

    A field without a number has 0. Raises InputError for a type that is neither.
    """
    file = descriptor_pb2.FileDescriptorProto(package=known.package)
    for message in messages:
        proto = file.message_type.add(name=message.name)
        for enum in message.enums:
            added = proto.enum_type.add(name=enum.name)
            for name, number in enum.numbers().items():
                added.value.add(name=name, number=number)
    types = {**_types(known), **_types(file)}
    for message, proto in zip(messages, file.message_type):
        for field in message.fields:
            proto.field.add().CopyFrom(_field(source, message, field, types, known.package))
    return file


def _types(file) -> dict[str, Any]:
    """Each message's and enum's name in the file, its own behind those around it, and its kind as a field's type."""
    types: dict[str, Any] = {enum.name: FieldDescriptor.TYPE_ENUM for enum in file.enum_type}
    pending = [(message.name, message) for message in file.message_type]
    while pending:
        path, message = pending.pop()
        types[path] = FieldDescriptor.TYPE_MESSAGE
        types.update((f"{path}.{enum.name}", FieldDescriptor.TYPE_ENUM) for enum in message.enum_type)
        pending += [(f"{path}.{nested.name}", nested) for nested in message.nested_type]
    return types


def _field(source: str, message: Message, field: Field, types: dict[str, Any], package: str):
    proto = FieldProto(name=field.name, number=field.number or 0)
    proto.label = FieldProto.LABEL_REPEATED if field.repeated else FieldProto.LABEL_OPTIONAL
    if field.type in _SCALARS:
        proto.type = _SCALARS[field.type]
    else:
        found = _first(types, (f"{message.name}.{field.type}", field.type))
        if found is None:
            raise InputError(f"{source}: the field `{field.name}` of {message.name} has the type {field.type!r}, which "
                             f"is neither a message nor an enum that is known, nor one of {', '.join(_SCALARS)}.")
        proto.type_name, proto.type = f".{package}.{found}", types[found]
    if field.default is not None:
        proto.default_value = str(field.default).lower() if isinstance(field.default, bool) else str(field.default)
    return proto


def _first(known: Iterable[str], names: Iterable[str]) -> str | None:
    return next((name for name in names if name in known), None)
