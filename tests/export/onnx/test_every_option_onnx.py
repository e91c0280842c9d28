"""Every option of every layer in ONNX: random layers, by reflection over the schema."""

from __future__ import annotations

import onnx_sweep
import pytest
from conformance import examples
from hypothesis import given
from hypothesis import strategies as st

from cae_caffe.export.onnx import registry
from cae_caffe.schema.layer_types import CAFFE_TYPES


@pytest.mark.parametrize("type_name", onnx_sweep.EXPORTED)
def test_random_layers(type_name):
    taken = []

    @examples(6)
    @given(data=st.data())
    def hold(data):
        taken.append(onnx_sweep.hold(data.draw(onnx_sweep.cases(type_name))))

    hold()
    assert any(taken)


def test_no_layer_is_forgotten():
    assert {*CAFFE_TYPES} - {*registry.types()} <= {*onnx_sweep.WITHOUT_FORM}
