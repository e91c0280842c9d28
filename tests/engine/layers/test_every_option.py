"""Every option of every layer against real Caffe: random layers, by reflection over the schema."""

from __future__ import annotations

import caffes_own
import conformance_sweep as sweep
import pytest
from conformance import examples
from conformance_fields import messages_of
from hypothesis import given
from hypothesis import strategies as st

from cae_caffe.schema import LayerParameter
from cae_caffe.schema.layer_types import CAFFE_TYPES

# Options of data layers, whose own tests try them.
ELSEWHERE = {"window_data_param", "transform_param", "data_param", "hdf5_data_param",
             "hdf5_output_param", "image_data_param", "memory_data_param", "python_param"}


@pytest.mark.parametrize("type_name", sweep.SWEPT)
@examples(10)
@given(data=st.data())
def test_random_layers(judge, type_name, data):
    sweep.hold(judge, data.draw(sweep.cases(type_name)))


@pytest.mark.parametrize("type_name", sweep.SWEPT)
@examples(3)
@given(data=st.data())
def test_empty_batches_after_others(judge, type_name, data):
    case = sweep.emptied(data.draw(sweep.cases(type_name)), 0)
    real = judge.real(case)
    # Of many layers of no rows Caffe dies; whoever asks for one here gets no values, or a sentence.
    found = sweep.parting(case, real) if not isinstance(real, str) else sweep.foreign_error(case)
    assert found is None, f"{found}\n{case}"


@pytest.mark.parametrize("type_name", sweep.SWEPT)
@examples(6)
@given(data=st.data(), axis=st.integers(0, 3), at_first=st.booleans())
def test_axes_of_no_length_end_in_no_error_of_pytorchs(type_name, data, axis, at_first):
    case = sweep.emptied(data.draw(sweep.cases(type_name)), axis, at_first)
    assert sweep.foreign_error(case) is None, case


def test_every_message_of_options_is_tried():
    tried = {message for type_name in sweep.SWEPT for message in messages_of(type_name)}
    options = {field.name for field in caffes_own.fields(LayerParameter.DESCRIPTOR) if field.name.endswith("_param")}
    assert options - tried == ELSEWHERE


def test_only_the_layers_left_out_on_purpose_are_not_tried():
    assert {*sweep.SWEPT, *sweep.NOT_SWEPT} == {*CAFFE_TYPES}
