"""Caffe's messages as protobuf classes, made from caffe.desc in a pool of their own.

The private pool lets them live beside a real `caffe_pb2` in one process (two files of one name in the default pool
would clash), and making them at import spares generated code, which fails under other versions of protobuf.
Each message class, each enum and each value of a top-level enum is an attribute of this module.
"""

from __future__ import annotations

import types
from pathlib import Path
from typing import Callable

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.internal import enum_type_wrapper

DESCRIPTOR_SET = Path(__file__).with_name("caffe.desc")


def _load():
    """Return the schema's FileDescriptor, in a new pool."""
    files = descriptor_pb2.FileDescriptorSet.FromString(DESCRIPTOR_SET.read_bytes()).file
    pool = descriptor_pool.DescriptorPool()
    for file in files:
        pool.AddSerializedFile(file.SerializeToString())
    return pool.FindFileByName(files[-1].name)


def _class_maker(pool) -> Callable:
    if hasattr(message_factory, "GetMessageClass"):  # since protobuf 4.22; the other way went in 5
        return message_factory.GetMessageClass
    return message_factory.MessageFactory(pool).GetPrototype


def _namespace(file) -> dict[str, object]:
    """Return what a generated module would hold: every message class, enum and enum value by its name."""
    make_class = _class_maker(file.pool)
    names: dict[str, object] = {"DESCRIPTOR": file}
    names.update((name, make_class(descriptor)) for name, descriptor in file.message_types_by_name.items())
    for name, descriptor in file.enum_types_by_name.items():
        names[name] = enum_type_wrapper.EnumTypeWrapper(descriptor)
        names.update((value.name, value.number) for value in descriptor.values)
    return names


NAMESPACE = _namespace(_load())


def __getattr__(name: str):
    if name in NAMESPACE:
        return NAMESPACE[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}, nor has Caffe's schema such a message")


def as_module(name: str = "caffe_pb2") -> types.ModuleType:
    """Return a module object called `name` with all that protoc's Python module of this schema would hold."""
    module = types.ModuleType(name, "Caffe's messages, from a private copy of its schema.")
    module.__dict__.update(NAMESPACE)
    return module


def is_repeated(field) -> bool:
    """Tell whether a field holds a list, whatever this version of protobuf calls that."""
    if hasattr(field, "is_repeated"):  # where this exists, `label` warns
        return field.is_repeated
    return field.label == FieldDescriptor.LABEL_REPEATED
