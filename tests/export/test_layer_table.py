"""docs/layers.md says what the registry has."""

from __future__ import annotations

from pathlib import Path

from cae_caffe.engine.layers import registry
from cae_caffe.export import layer_table as table
from cae_caffe.schema import forks
from cae_caffe.schema.layer_types import CAFFE_TYPES

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "layers.md"


def test_document_is_the_table():
    assert DOCUMENT.read_text(encoding="utf-8") == table.table(), \
        "the layers have changed: python -m cae_caffe.export.layer_table > docs/layers.md"


def test_every_layer_is_caffes_or_a_forks_and_none_is_missing():
    assert {*registry.registered()} == {*CAFFE_TYPES, *forks.layers()}
    assert not set(CAFFE_TYPES).intersection(forks.layers())
    assert set(table.EXCEPTIONS) <= set(registry.type_names())


def test_whose_a_layer_is_who_judges_it_and_whether_it_trains_stand_there():
    rows = {line.split(" | ")[0].strip("| "): line.split(" | ") for line in table.table().splitlines()}
    assert (rows["Permute"][1], rows["Permute"][7]) == ("SSD", "NumPy")
    assert (rows["Sigmoid"][1], rows["Sigmoid"][7]) == ("Caffe 1.0", "real Caffe")
    assert [rows[name][4] for name in ("Permute", "Accuracy", "Sigmoid")] == ["yes", "", "yes"]


def test_what_becomes_of_a_layer_that_leaves_stands_there():
    rows = {line.split(" | ")[0].strip("| "): line.split(" | ")[5:7] for line in table.table().splitlines()}
    assert {name: rows[name] for name in ("Convolution", "Permute", "Data", "Accuracy", "EuclideanLoss", "Silence",
                                          "Split")} == {
        "Convolution": ["yes", "yes"], "Permute": ["yes", "yes"], "Data": ["is an input"] * 2,
        "Accuracy": ["falls away"] * 2, "EuclideanLoss": ["falls away"] * 2, "Silence": ["falls away"] * 2,
        "Split": ["needs nothing"] * 2}


def test_fields_are_found_in_the_sources():
    rows = {line.split(" | ")[0]: line for line in table.table().replace("| ", "", 1).splitlines()}
    assert "`convolution_param`" in rows["| Im2col"]
    assert "`loss_param`, `softmax_param`" in rows["| SoftmaxWithLoss"]


def test_caffes_types_are_those_it_registers(real_caffe):
    names = real_caffe("import caffe\n\ndef main():\n    return list(caffe.layer_type_list())\n")
    assert names == CAFFE_TYPES
