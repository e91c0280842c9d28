"""The weights in a .caffemodel of any Caffe: the layers' blobs by the layers' names, and hardly anything else.

Forks of Caffe give one number to different fields, so what else stands in a layer cannot be read without knowing whose
file it is; the name, the type and the blobs are the same in all of them. Of the types of 2014, which are numbers, those
that Caffe 1.0 knows are.
"""

from __future__ import annotations

import functools
import os
from typing import Any

from google.protobuf import descriptor_pb2

from ..errors import InputError
from . import messages
from .storage import read_binary

# What is read, by message. Older forms have their layers in `layers`, the oldest one more message inside.
_FIELDS = {
    "NetParameter": ("layers", "layer", "Type"),
    "LayerParameter": ("name", "type", "blobs"),
    "V1LayerParameter": ("layer", "name", "type", "blobs", "LayerType"),
    "V0LayerParameter": ("name", "type", "blobs"),
    "BlobProto": None,
    "BlobShape": None,
}


def read_blobs(path: str | os.PathLike) -> list[Any]:
    """Return the layers in the .caffemodel file at `path`: messages with `name`, `type` and `blobs` (BlobProtos) alone.

    Raises InputError if the file cannot be read, is cut off, damaged or something else, or has no layers.
    """
    net = read_binary(path, _net_class())
    layers = [*(old.layer if old.HasField("layer") else old for old in net.layers), *net.layer]
    if not layers:
        raise InputError(f"{path}: the file holds no layers, so it has no weights; a .caffemodel is needed.")
    return layers


def type_of(layer: Any) -> str:
    """Caffe 1.0's name of the type that one of these layers says it has; "" where it says none, or a fork's number."""
    from .upgrade import v0, v1  # where a type is asked for, alone

    name = layer.type
    if isinstance(name, int):
        return v1.TYPES[layer.DESCRIPTOR.fields_by_name["type"].enum_type.values_by_number[name].name]
    return v1.TYPES[v0.TYPES[name]] if layer.DESCRIPTOR.name == "V0LayerParameter" and name in v0.TYPES else name


@functools.cache
def _net_class():
    """NetParameter with the fields and enums of _FIELDS, in a pool of its own."""
    file = messages.compiled_with_forks()
    kept = descriptor_pb2.FileDescriptorProto(name=file.name, package=file.package)
    for message in file.message_type:
        if message.name in _FIELDS:
            copy = kept.message_type.add()
            copy.CopyFrom(message)
            _keep(copy, _FIELDS[message.name])
    return messages.classes(kept)["NetParameter"]


def _keep(message, names: tuple[str, ...] | None) -> None:
    if names is None:
        return
    fields = [field for field in message.field if field.name in names]
    enums = [enum for enum in message.enum_type if enum.name in names]
    del message.field[:], message.enum_type[:]
    message.field.extend(fields)
    message.enum_type.extend(enums)
