"""Caffe's messages as protobuf classes, with what its forks and others add, in a pool of their own.

The private pool lets them live beside a real `caffe_pb2` in one process (two files of one name in the default pool
would clash), and making them here spares generated code, which fails under other versions of protobuf.
Each message class, each enum and each value of a top-level enum is an attribute of this module, and all of them are
in NAMESPACE. They are made when the first of them is asked for; until then `extend` adds to them.
"""

from __future__ import annotations

import functools
import math
import os
import struct
import threading
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.internal import enum_type_wrapper
from google.protobuf.message import DecodeError

from .. import plugins
from ..errors import InputError
from . import forks
from .definitions import Message, to_file
from .merging import Extension, Merged, Numbers, merge

PLAIN_SET = Path(__file__).with_name("caffe.desc")
WHOLE_SET = Path(__file__).with_name("caffe_and_forks.desc")

_lock = threading.RLock()
_extensions: list[Extension] = []
_namespace: dict[str, Any] = {}         # empty until the first message is made


def extend(source: str, *definitions: Message | bytes | str | os.PathLike) -> None:
    """Add messages, enums and fields to Caffe's; text, views, net_spec and writers then know them.

    `source` says where they come from, a fork of Caffe for instance; its fields may have numbers that mean something
    else elsewhere (see `extension_numbers`). Each of `definitions` is a Message, or a descriptor set that
    `protoc --descriptor_set_out` compiled, as bytes or as the path of its file: a fork's whole caffe.proto does, since
    what it has in common with Caffe 1.0 adds nothing.

    Raises InputError if a name has another meaning already, naming both sources; if a definition is not sound; and if
    Caffe's messages are in use already, unless all of it is known.
    """
    with _lock:
        added = list(_extensions)
        messages = [definition for definition in definitions if isinstance(definition, Message)]
        for definition in definitions:
            if not isinstance(definition, Message):
                added += [Extension(source, file) for file in _read_descriptor_set(source, definition)]
        if messages:
            known = _merge(added).file
            added.append(Extension(source, to_file(source, messages, known)))
        merged = _merge(added)
        if _namespace and merged.file != _merged().file:
            raise InputError(f"{source} adds to Caffe's messages when they are in use already, and a message cannot "
                             "change then; add to them earlier: in a script before anything reads or makes a net or a "
                             "solver, in an installed package by an entry point of the group "
                             f"`{plugins.SCHEMA_GROUP}`.")
        if not _namespace:
            _in_new_pool(merged.file, source)
        _extensions[:] = added


def extension_numbers(source: str) -> Numbers:
    """The numbers that fields and enum values have in the binary files of `source`, as it was told to `extend`.

    By message (`"LayerParameter"`, `"PoolingParameter.PoolMethod"`), then by number, the name. Where such a number is
    not the one in our own descriptors, it belongs to something else there or in another extension.
    """
    return _merged().numbers.get(source, {})


def _read_descriptor_set(source: str, definition: bytes | str | os.PathLike) -> list:
    """The files in a compiled descriptor set, or InputError."""
    where = source if isinstance(definition, bytes) else f"{source}: {os.fspath(definition)}"
    try:
        data = definition if isinstance(definition, bytes) else Path(definition).read_bytes()
        files = list(descriptor_pb2.FileDescriptorSet.FromString(data).file)
    except OSError as error:
        raise InputError(f"{where}: the descriptor set cannot be read: {error.strerror}.") from None
    except DecodeError:
        files = []
    if not files:
        raise InputError(f"{where}: this is no compiled descriptor set; make one by `protoc --descriptor_set_out`.")
    return files


def plain_file():
    """The FileDescriptorProto of Caffe 1.0's own messages."""
    return descriptor_pb2.FileDescriptorSet.FromString(PLAIN_SET.read_bytes()).file[-1]


def with_forks():
    """The FileDescriptorProto of Caffe 1.0's messages and what its forks add, merged anew."""
    return _merge([]).file


def compiled_with_forks():
    """The FileDescriptorProto of Caffe 1.0's messages and what its forks add, as it is kept."""
    return descriptor_pb2.FileDescriptorSet.FromString(WHOLE_SET.read_bytes()).file[-1]


def _merge(extensions: list[Extension]) -> Merged:
    """Caffe's messages, what its forks add, and `extensions`, which mean what they say where a fork says otherwise."""
    plain = plain_file()
    from_forks = Extension(forks.SOURCE, to_file(forks.SOURCE, forks.messages(), plain), yields=True)
    return merge(plain, [from_forks, *extensions])


def _merged() -> Merged:
    return _merge(_extensions)


def _whole_file():
    if _extensions:
        return _merged().file
    return compiled_with_forks()


def _in_new_pool(file, source: str = ""):
    """The FileDescriptor of `file` in a new pool. Raises InputError, naming `source`, if the file is not sound."""
    pool = descriptor_pool.DescriptorPool()
    try:
        pool.AddSerializedFile(file.SerializeToString())
        return pool.FindFileByName(file.name)
    except (TypeError, KeyError) as error:
        raise InputError(f"{source}: what it adds to Caffe's messages does not fit together: "
                         f"{' '.join(str(error).split())}.") from None


def _class_maker(pool) -> Callable[[Any], Any]:
    if hasattr(message_factory, "GetMessageClass"):  # since protobuf 4.22; the other way went in 5
        return message_factory.GetMessageClass
    return message_factory.MessageFactory(pool).GetPrototype  # type: ignore[attr-defined]  # protobuf 3 and 4 have it


def namespace() -> dict[str, Any]:
    """What a generated module would hold: every message class, enum and enum value by its name."""
    with _lock:
        if not _namespace:
            _load_plugins()
        if not _namespace:
            _namespace.update(_names(_in_new_pool(_whole_file())))
        return _namespace


@functools.cache
def _load_plugins() -> None:
    """Once only, or a plug-in that asks for a message itself would load all of them again."""
    plugins.load_schema()


def classes(file) -> dict[str, Any]:
    """The message classes of a FileDescriptorProto, by name, from a pool of their own."""
    return _classes(_in_new_pool(file))


def _classes(file) -> dict[str, Any]:
    make_class = _class_maker(file.pool)
    return {name: make_class(descriptor) for name, descriptor in file.message_types_by_name.items()}


def _names(file) -> dict[str, Any]:
    names: dict[str, Any] = {"DESCRIPTOR": file, **_classes(file)}
    for name, descriptor in file.enum_types_by_name.items():
        names[name] = enum_type_wrapper.EnumTypeWrapper(descriptor)
        names.update((value.name, value.number) for value in descriptor.values)
        names[f"_{name.upper()}"] = descriptor
    for message in file.message_types_by_name.values():
        names.update(_descriptors(message))
    return names


def _descriptors(message, outer: str = "") -> Iterator[tuple[str, Any]]:
    """The descriptors of a message and what it holds, as protoc's modules call them: _NETPARAMETER, for instance."""
    name = f"{outer}_{message.name.upper()}"
    yield name, message
    for kind in message.enum_types:
        yield f"{name}_{kind.name.upper()}", kind
    for nested in message.nested_types:
        yield from _descriptors(nested, name)


def __getattr__(name: str) -> Any:
    # Modules are asked for much (`__path__`, `net_state`) that must not make the messages; theirs are capital names.
    if name[:1].isupper():
        names = _namespace or namespace()
        if name == "NAMESPACE":
            return names
        if name in names:
            return names[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}, nor has Caffe's schema such a message")


def as_module(name: str = "caffe_pb2") -> types.ModuleType:
    """Return a module object called `name` with all that protoc's Python module of this schema would hold.

    It is filled when the first of its names is asked for, `__all__` included, which is what `import *` asks for.
    """
    module = types.ModuleType(name, "Caffe's messages, from a private copy of its schema.")

    def fill(attribute: str) -> Any:
        if not attribute.startswith("__") or attribute == "__all__":
            module.__dict__.update(namespace())
            if attribute in module.__dict__:
                return module.__dict__[attribute]
        raise AttributeError(f"module {name!r} has no attribute {attribute!r}")

    module.__dict__["__getattr__"] = fill
    module.__dict__["__dir__"] = lambda: [*module.__dict__, *namespace()]
    return module


def is_repeated(field) -> bool:
    """Tell whether a field holds a list, whatever this version of protobuf calls that."""
    if hasattr(field, "is_repeated"):  # where this exists, `label` warns
        return field.is_repeated
    return field.label == FieldDescriptor.LABEL_REPEATED


def assign(target, field: str, value) -> None:
    """Set `field` of the message `target` to `value`; to a repeated field, add `value` or all of its elements."""
    descriptor = target.DESCRIPTOR.fields_by_name[field]
    if is_repeated(descriptor):
        is_list = hasattr(value, "__len__") and not isinstance(value, str)
        getattr(target, field).extend(value if is_list else [value])
    elif descriptor.message_type:
        getattr(target, field).CopyFrom(value)
    else:
        setattr(target, field, value)


def float32(value: float) -> float:
    """Return the float32 nearest to `value`, infinity where it is too large.

    Protobuf's pure-Python form does not round everywhere.
    """
    try:
        return struct.unpack("<f", struct.pack("<f", value))[0]
    except OverflowError:
        return math.copysign(math.inf, value)
