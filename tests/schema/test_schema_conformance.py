"""Our schema against real Caffe's, field by field."""

from __future__ import annotations

import runpy
from pathlib import Path

from google.protobuf import descriptor_pb2

from cae_caffe.schema import messages

GOLDEN = Path(__file__).with_name("golden")
SCRIPT = GOLDEN / "caffe_schema_table.py"
TABLE = GOLDEN / "caffe_schema.txt"
# The Caffe fork's Unpooling layer of 2015 is ours alone.
FORK = {"V1LayerParameter.unpooling_param", "V1LayerParameter.LayerType.UNPOOLING"}


def our_table():
    compiled = descriptor_pb2.FileDescriptorSet.FromString(messages.DESCRIPTOR_SET.read_bytes())
    return runpy.run_path(str(SCRIPT))["table"](compiled.file[0])


def of_the_fork(line):
    name = line.split()[0]
    return name in FORK or name.split(".")[0] == "UnpoolingParameter"


def test_every_field_is_as_in_caffe():
    ours = [line for line in our_table() if not of_the_fork(line)]

    assert ours == TABLE.read_text().splitlines()


def test_the_forks_unpooling_is_there():
    ours = [line for line in our_table() if of_the_fork(line)]

    assert "V1LayerParameter.LayerType.UNPOOLING = 42" in ours
    assert "V1LayerParameter.unpooling_param 44 optional .caffe.UnpoolingParameter" in ours
    assert "UnpoolingParameter.UnpoolMethod.TILE = 2" in ours
    assert len(ours) == 24  # the message, 14 fields, 2 enums with 5 values, and the two in V1LayerParameter


def test_the_committed_table_is_real_caffes(caffe_run):
    assert caffe_run(["python3", SCRIPT]).stdout == TABLE.read_text()
