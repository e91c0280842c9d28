"""caffe.desc, which the package loads, against caffe.proto, which people read."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from google.protobuf import descriptor_pb2

from cae_caffe.schema import messages

PROTO = messages.PLAIN_SET.with_suffix(".proto")
COMPILE = Path(__file__).resolve().parents[2] / "scripts" / "compile-schema"
FIELD = re.compile(r"\s*(optional|required|repeated) (\w+) (\w+) = (\d+)(?: \[(\w+) = (\S+)\])?;")
OPENING = re.compile(r"\s*(?:message|enum) (\w+) \{")
VALUE = re.compile(r"\s*(\w+) = (-?\d+);")


def compiled():
    return descriptor_pb2.FileDescriptorSet.FromString(messages.PLAIN_SET.read_bytes())


def written_fields():
    """Yield (message, label, type, name, number) and (enum, name, number) as they stand in caffe.proto."""
    path = []
    for line in PROTO.read_text().splitlines():
        if OPENING.match(line):
            path.append(OPENING.match(line).group(1))
        elif line.strip() == "}":
            path.pop()
        elif FIELD.match(line):
            label, kind, name, number, _, _ = FIELD.match(line).groups()
            yield (".".join(path), label, kind, name, int(number))
        elif path and VALUE.match(line):
            name, number = VALUE.match(line).groups()
            yield (".".join(path), name, int(number))


def compiled_fields(message, prefix=""):
    """Yield the same of a DescriptorProto."""
    kinds = descriptor_pb2.FieldDescriptorProto
    path = prefix + message.name
    for enum in message.enum_type:
        yield from ((f"{path}.{enum.name}", value.name, value.number) for value in enum.value)
    for field in message.field:
        kind = field.type_name.split(".")[-1] or kinds.Type.Name(field.type)[len("TYPE_"):].lower()
        yield (path, kinds.Label.Name(field.label)[len("LABEL_"):].lower(), kind, field.name, field.number)


def test_every_field_of_the_source_is_compiled():
    file = compiled().file[0]
    phase = [("Phase", value.name, value.number) for enum in file.enum_type for value in enum.value]
    fields = [entry for message in file.message_type for entry in compiled_fields(message)]

    assert sorted(map(str, written_fields())) == sorted(map(str, phase + fields))


def test_the_compiled_schema_is_protocs(tmp_path):
    pytest.importorskip("grpc_tools", reason="protoc is not here: pip install grpcio-tools")

    subprocess.run([COMPILE, tmp_path], check=True, env={**os.environ, "PYTHON": sys.executable})

    fresh = descriptor_pb2.FileDescriptorSet.FromString((tmp_path / "caffe.desc").read_bytes())
    assert fresh == compiled()


def test_what_forks_add_is_merged_as_it_is_declared():
    merged = descriptor_pb2.FileDescriptorSet.FromString(messages.WHOLE_SET.read_bytes())

    assert merged.file[0] == messages.with_forks(), "run python -m cae_caffe.schema.forks"


def test_there_is_no_source_information_in_the_package():
    assert not compiled().file[0].HasField("source_code_info")
