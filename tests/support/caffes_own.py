"""Which fields and values of the schema are Caffe 1.0's, and not of a fork: what real Caffe can be asked about."""

from __future__ import annotations

import functools

from cae_caffe.schema import messages


def fields(descriptor) -> list:
    """The fields of a message that Caffe 1.0 has."""
    own = _names()
    return [field for field in descriptor.fields if f"{descriptor.full_name}.{field.name}" in own]


def values(enum) -> list:
    """The values of an enum that Caffe 1.0 has."""
    own = _names()
    return [value for value in enum.values if f"{enum.full_name}.{value.name}" in own]


def only(message):
    """`message`, and the messages in it, without what is not Caffe 1.0's."""
    own = {field.name for field in fields(message.DESCRIPTOR)}
    for field, content in message.ListFields():
        if field.name not in own or (field.enum_type and not _known(field, content)):
            message.ClearField(field.name)
        elif field.message_type:
            for part in content if messages.is_repeated(field) else [content]:
                only(part)
    return message


def _known(field, content) -> bool:
    numbers = {value.number for value in values(field.enum_type)}
    return numbers.issuperset(content if messages.is_repeated(field) else [content])


@functools.cache
def _names() -> frozenset[str]:
    file = messages.plain_file()
    names = {f"caffe.{enum.name}.{value.name}" for enum in file.enum_type for value in enum.value}
    for message in file.message_type:
        path = f"caffe.{message.name}"
        names |= {f"{path}.{field.name}" for field in message.field}
        names |= {f"{path}.{enum.name}.{value.name}" for enum in message.enum_type for value in enum.value}
    return frozenset(names)
