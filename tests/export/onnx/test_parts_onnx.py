"""Concat, Slice, Crop, Tile and Split in ONNX."""

from __future__ import annotations

import pytest
from conformance import Case, examples, values
from hypothesis import given
from hypothesis import strategies as st
from onnx_judge import engine_run, hold

from cae_caffe.export.onnx import convert

SEEDS = st.integers(0, 1000)


@examples(10)
@given(shape=st.lists(st.integers(1, 4), min_size=1, max_size=5), lengths=st.lists(st.integers(1, 3), min_size=1,
                                                                                   max_size=3), data=st.data())
def test_concat_along_any_axis(shape, lengths, data):
    axis = data.draw(st.integers(0, len(shape) - 1))
    bottoms = [values(*shape[:axis], length, *shape[axis + 1:], seed=i) for i, length in enumerate(lengths)]
    hold(Case(f'type: "Concat" concat_param {{ axis: {axis - data.draw(st.sampled_from([0, len(shape)]))} }}', bottoms))


@pytest.mark.parametrize("text, tops, shape", [
    ("axis: 1", 3, (2, 6, 2)), ("slice_dim: 1 slice_point: 1", 2, (2, 3)), ("axis: -1 slice_point: 2 slice_point: 3", 3,
                                                                          (2, 3, 5)), ("axis: 1", 1, (2, 3)),
])
def test_slice(text, tops, shape):
    hold(Case(f'type: "Slice" slice_param {{ {text} }}', [values(*shape)], tops=tops))


def test_slice_of_a_batch_at_points():
    hold(Case('type: "Slice" slice_param { axis: 0 slice_point: 1 slice_point: 3 }', [values(7, 2)], tops=3))


@pytest.mark.parametrize("text, shape, wanted", [
    ("", (2, 3, 5, 6), (2, 3, 4, 4)), ("offset: 1", (2, 3, 5, 6), (1, 1, 3, 5)), ("offset: 2 offset: 0", (2, 3, 5, 6),
                                                                                 (1, 1, 3, 6)),
    ("axis: 1 offset: 1 offset: 2 offset: 3", (2, 3, 5, 6), (2, 2, 3, 3)), ("axis: -1 offset: 2", (2, 7), (2, 3)),
    ("axis: 3 offset: 1", (2, 3, 2, 2, 4), (1, 1, 1, 1, 2)), ("", (2, 3, 4, 4), (2, 3, 4, 4)), ("axis: 0", (2, 3),
                                                                                              (2, 1)),
])
def test_crop(text, shape, wanted):
    hold(Case(f'type: "Crop" crop_param {{ {text} }}', [values(*shape), values(*wanted)]))


@pytest.mark.parametrize("axis, tiles, shape", [(1, 3, (2, 3)), (0, 2, (2, 3)), (1, 1, (2, 3)),
                                               (-1, 2, (2, 3, 2, 1, 2))])
def test_tile(axis, tiles, shape):
    hold(Case(f'type: "Tile" tile_param {{ axis: {axis} tiles: {tiles} }}', [values(*shape)]))


def test_one_blob_for_several():
    hold(Case('layer { name: "abs" type: "AbsVal" bottom: "x" top: "a" }\n'
              'layer { name: "split" type: "Split" bottom: "a" top: "b" top: "c" }\n'
              'layer { name: "sum" type: "Eltwise" bottom: "b" bottom: "c" top: "y" }', {"x": values(2, 3)}))


def test_copies_that_are_outputs():
    hold(Case('layer { name: "split" type: "Split" bottom: "x" top: "a" top: "b" }', {"x": values(2, 3)}))
    hold(Case('layer { name: "abs" type: "AbsVal" bottom: "x" top: "a" }\n'
              'layer { name: "split" type: "Split" bottom: "a" top: "b" top: "c" }\n'
              'layer { name: "shifted" type: "Power" bottom: "b" top: "y" power_param { shift: 1 } }',
              {"x": values(2, 3)}))
def test_outputs_keep_their_names_whatever_the_values_between_are_called():
    """What `bend` writes, before `again` works in place, would be `a/bend`, if there were no blob of that name."""
    case = Case('layer { name: "bend" type: "AbsVal" bottom: "x" top: "a" }\n'
                'layer { name: "again" type: "TanH" bottom: "a" top: "a" }\n'
                'layer { name: "constant" type: "Power" bottom: "a" top: "a/bend" power_param { shift: 2 } }',
                {"x": values(2, 3)})
    hold(case)
    model = convert.to_onnx(engine_run(case)[0], blobs=["a/bend", "a"])
    assert [one.name for one in model.graph.output] == ["a/bend", "a"]
