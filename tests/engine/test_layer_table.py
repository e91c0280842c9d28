"""docs/layers.md says what the registry has."""

from __future__ import annotations

from pathlib import Path

from cae_caffe.engine.layers import registry, table

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "layers.md"


def test_document_is_the_table():
    assert DOCUMENT.read_text(encoding="utf-8") == table.table(), \
        "the layers have changed: python -m cae_caffe.engine.layers.table > docs/layers.md"


def test_every_layer_is_one_of_caffes():
    assert set(registry.type_names()) <= set(table.CAFFE_TYPES)
    assert set(table.EXCEPTIONS) <= set(registry.type_names())


def test_fields_are_found_in_the_sources():
    rows = {line.split(" | ")[0]: line for line in table.table().replace("| ", "", 1).splitlines()}
    assert "`convolution_param`" in rows["| Im2col"]
    assert "`loss_param`, `softmax_param`" in rows["| SoftmaxWithLoss"]


def test_caffes_types_are_those_it_registers(real_caffe):
    names = real_caffe("import caffe\n\ndef main():\n    return list(caffe.layer_type_list())\n")
    assert names == table.CAFFE_TYPES
