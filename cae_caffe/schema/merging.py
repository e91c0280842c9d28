"""Caffe's schema and what other Caffes add to it, as one.

Forks of Caffe give one number to different fields: nearly each of them has another meaning for LayerParameter's 147.
So here a field's identity is its name. It keeps the number that its Caffe gave it where nobody else uses that number;
elsewhere it gets one of our own, made from its name and so the same in every process, which no Caffe uses: nothing is
ever written under a number that means something else to plain Caffe. The numbers of each Caffe are remembered beside.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from google.protobuf import descriptor_pb2

from ..errors import InputError

PLAIN = "Caffe 1.0"
FIRST_PRIVATE_NUMBER = 300_000_000
_PRIVATE_NUMBERS = range(FIRST_PRIVATE_NUMBER, 500_000_000)      # a field's number may be up to 2^29 - 1
_PROTOBUFS_OWN = range(19000, 20000)
_FieldProto = descriptor_pb2.FieldDescriptorProto
_FLOATS = (_FieldProto.TYPE_FLOAT, _FieldProto.TYPE_DOUBLE)

# By message or enum (its path, `PoolingParameter.PoolMethod`) and number, the name of a field or value.
Numbers = dict[str, dict[int, str]]


class Extension(NamedTuple):
    """What a source (a fork of Caffe, a layer) adds: messages and enums, and fields and values of known ones.

    What one that `yields` says of a name does not count where a later source says something of it.
    """

    source: str
    file: Any       # FileDescriptorProto; a number 0 is none
    yields: bool = False


class Merged(NamedTuple):
    """The whole schema as a FileDescriptorProto, and the numbers that each source has for what it defines."""

    file: Any
    numbers: dict[str, Numbers]


def merge(plain, extensions: Sequence[Extension]) -> Merged:
    """Merge `extensions` into `plain`, Caffe's own FileDescriptorProto.

    Raises InputError where two sources, of which plain Caffe is one, mean different things by a name, and for what
    could not be read beside plain Caffe's files.
    """
    file = descriptor_pb2.FileDescriptorProto()
    file.CopyFrom(plain)
    merger = _Merger(file)
    for source, added, yields in extensions:
        if added.package != plain.package or added.syntax not in ("", "proto2"):
            raise InputError(f"{source}: a file has the package `{added.package}` and the syntax "
                             f"{added.syntax or 'proto2'}; what adds to Caffe's messages has the package "
                             f"`{plain.package}` and the syntax proto2.")
        merger.add(source, added)
        if yields:
            merger.yielding.add(source)
    return Merged(file, merger.number())


class _Claim(NamedTuple):
    """A source's definition of a field or an enum's value: `proto` is the one that stands in the merged file."""

    source: str
    path: str       # of the message or enum
    proto: Any
    number: int


class _Merger:
    def __init__(self, file):
        self.file = file
        self.sources: dict[str, str] = {}       # of what is not plain Caffe's, by path
        self.claims: list[_Claim] = []
        self.homes: dict[str, Any] = {}         # the messages and enums that were added to, by path
        self.yielding: set[str] = set()         # sources

    def add(self, source: str, file) -> None:
        self._add_enums(source, "", self.file.enum_type, file.enum_type)
        self._add_messages(source, "", self.file.message_type, file.message_type)

    def _add_messages(self, source: str, prefix: str, targets, added) -> None:
        for message in added:
            path = prefix + message.name
            target = self._find(source, path, targets, message)
            if message.oneof_decl:
                raise InputError(f"{source}: {path} has a `oneof`, which Caffe's messages have not; make its fields "
                                 "`optional`.")
            self._add_enums(source, f"{path}.", target.enum_type, message.enum_type)
            self._add_messages(source, f"{path}.", target.nested_type, message.nested_type)
            for field in message.field:
                self._add_element(source, path, target.field, field)

    def _add_enums(self, source: str, prefix: str, targets, added) -> None:
        for enum in added:
            path = prefix + enum.name
            target = self._find(source, path, targets, enum)
            for value in enum.value:
                self._add_element(source, path, target.value, value)

    def _find(self, source: str, path: str, targets, added):
        """The message or enum of the name, made if there is none."""
        target = next((target for target in targets if target.name == added.name), None)
        if target is None:
            target = targets.add(name=added.name)
            target.options.CopyFrom(added.options)
            self.sources[path] = source
        self.homes[path] = target
        return target

    def _add_element(self, source: str, path: str, elements, added) -> None:
        """Add a field or a value, or see that the one of its name means the same."""
        name = f"{path}.{added.name}"
        element = next((element for element in elements if element.name == added.name), None)
        yielded = self.sources.get(name) in self.yielding
        if element is None or yielded:
            element = elements.add() if element is None else element
            element.CopyFrom(added)
            self.claims = [claim for claim in self.claims if claim.proto is not element]
            self.sources[name] = source
            if _is_required(added) and path not in self.sources:
                raise InputError(f"{source}: the field `{name}` is `required`, with which plain Caffe's files would "
                                 "not be complete; make it `optional`.")
        elif _meaning(element) != _meaning(added):
            raise InputError(f"{source} means by `{name}` {_described(added)}, and {self.sources.get(name, PLAIN)} "
                             f"means {_described(element)}; a name can have one meaning only, so leave it out of the "
                             "one or the other.")
        self.claims.append(_Claim(source, path, element, added.number))

    def number(self) -> dict[str, Numbers]:
        """Give what was added its numbers in the file, and return those that each source has."""
        for path, home in self.homes.items():
            _give_numbers(path, home, [claim for claim in self.claims if claim.path == path
                                       and f"{path}.{claim.proto.name}" in self.sources])
        numbers: dict[str, Numbers] = {}
        for claim in self.claims:
            if claim.number or not _is_field(claim.proto):
                of_source = numbers.setdefault(claim.source, {})
                of_source.setdefault(claim.path, {})[claim.number] = claim.proto.name
        return numbers


def _give_numbers(path: str, home, claims: list[_Claim]) -> None:
    """Number the claimed fields or values of a message or enum."""
    protos = {claim.proto.name: claim.proto for claim in claims}
    wanted: dict[str, set[int]] = {name: set() for name in protos}
    for claim in claims:
        wanted[claim.proto.name].add(claim.number)
    uses = Counter(number for numbers in wanted.values() for number in numbers)
    elements = home.field if hasattr(home, "field") else home.value
    taken = {element.number for element in elements if element.name not in protos} | _reserved(home)
    for name in sorted(protos):
        number = min(wanted[name])
        alone = len(wanted[name]) == 1 and uses[number] == 1 and number not in taken
        if not alone or (_is_field(protos[name]) and (number < 1 or number in _PROTOBUFS_OWN)):
            number = _private_number(f"{path}.{name}", taken | set(uses))
        protos[name].number = number
        taken.add(number)


def _private_number(name: str, taken: set[int]) -> int:
    offset = zlib.crc32(name.encode())
    candidates = (_PRIVATE_NUMBERS[(offset + i) % len(_PRIVATE_NUMBERS)] for i in range(len(_PRIVATE_NUMBERS)))
    return next(number for number in candidates if number not in taken)


def _reserved(home) -> set[int]:
    return {number for reserved in home.reserved_range for number in range(reserved.start, reserved.end + 1)}


def _is_field(proto) -> bool:
    return isinstance(proto, _FieldProto)


def _is_required(proto) -> bool:
    return _is_field(proto) and proto.label == _FieldProto.LABEL_REQUIRED


def _meaning(proto) -> tuple:
    """What two definitions of a name must have in common: all but the number and how it is stored."""
    if not _is_field(proto):
        return ()
    default: Any = proto.default_value
    if proto.type in _FLOATS and default:
        default = float(default)
    return proto.label, proto.type, proto.type_name, default


def _described(proto) -> str:
    if not _is_field(proto):
        return "a value"
    kind = proto.type_name.rpartition(".")[2] or _FieldProto.Type.Name(proto.type)[len("TYPE_"):].lower()
    default = f" [default = {proto.default_value}]" if proto.HasField("default_value") else ""
    return f"`{_FieldProto.Label.Name(proto.label)[len('LABEL_'):].lower()} {kind}{default}`"
