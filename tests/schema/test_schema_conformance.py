"""Our schema against real Caffe's, field by field."""

from __future__ import annotations

import runpy
from pathlib import Path

from cae_caffe.schema import messages
from cae_caffe.schema.forks import elsewhere
from cae_caffe.schema.merging import FIRST_PRIVATE_NUMBER

GOLDEN = Path(__file__).with_name("golden")
SCRIPT = GOLDEN / "caffe_schema_table.py"
TABLE = GOLDEN / "caffe_schema.txt"


def our_table(file):
    return runpy.run_path(str(SCRIPT))["table"](file)


def test_every_field_is_as_in_caffe():
    assert our_table(messages.plain_file()) == TABLE.read_text().splitlines()


def test_what_forks_add_changes_nothing_of_caffes():
    caffes, ours = our_table(messages.plain_file()), our_table(messages.with_forks())

    assert [line for line in ours if line in set(caffes)] == caffes
    assert len(ours) > len(caffes)


def test_no_field_of_a_fork_has_a_number_that_a_caffe_has():
    caffes = set(our_table(messages.plain_file()))
    added = [line.split() for line in our_table(messages.with_forks()) if line not in caffes]
    in_caffes_messages = {line.split()[0].rpartition(".")[0] for line in caffes}
    numbers = {words[0]: int(words[1]) for words in added
               if words[1].isdigit() and words[0].rpartition(".")[0] in in_caffes_messages}
    stored = {name: numbers.pop(name) for name in ("BlobProto.raw_data", "BlobProto.raw_data_type")}

    assert numbers and min(numbers.values()) >= FIRST_PRIVATE_NUMBER
    assert stored == {"BlobProto.raw_data": 12, "BlobProto.raw_data_type": 10}      # OpenCV's and NVIDIA's


def test_nothing_of_caffes_is_said_to_be_a_forks():
    caffes = {line.split()[0] for line in our_table(messages.plain_file())}

    assert not caffes & elsewhere._owners().keys()


def test_the_committed_table_is_real_caffes(caffe_run):
    assert caffe_run(["python3", SCRIPT]).stdout == TABLE.read_text()
