"""Concat and Slice: blobs joined along an axis, and taken apart."""

from __future__ import annotations

import pytest
from conformance import Case, examples, run_embedded, values
from hypothesis import given
from hypothesis import strategies as st

from cae_caffe.errors import InputError


@st.composite
def pieces(draw):
    """A shape, an axis of it, and several lengths along that axis."""
    shape = draw(st.lists(st.integers(1, 4), min_size=1, max_size=5).map(tuple))
    axis = draw(st.integers(0, len(shape) - 1))
    return shape, axis, draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))


def with_length(shape, axis, length):
    return shape[:axis] + (length,) + shape[axis + 1:]


@examples(30)
@given(pieces=pieces(), field=st.sampled_from(["axis", "from end", "concat_dim"]), seed=st.integers(0, 1000))
def test_concat(judge, pieces, field, seed):
    shape, axis, lengths = pieces
    option = {"axis": f"axis: {axis}", "from end": f"axis: {axis - len(shape)}", "concat_dim": f"concat_dim: {axis}"}
    bottoms = [values(*with_length(shape, axis, length), seed=seed + i) for i, length in enumerate(lengths)]
    judge(Case(f'type: "Concat" concat_param {{ {option[field]} }}', bottoms))


@examples(30)
@given(pieces=pieces(), field=st.sampled_from(["axis", "from end", "slice_dim"]), seed=st.integers(0, 1000))
def test_slice_at_points(judge, pieces, field, seed):
    shape, axis, lengths = pieces
    option = {"axis": f"axis: {axis}", "from end": f"axis: {axis - len(shape)}", "slice_dim": f"slice_dim: {axis}"}
    points = " ".join(f"slice_point: {sum(lengths[:i])}" for i in range(1, len(lengths)))
    judge(Case(f'type: "Slice" slice_param {{ {option[field]} {points} }}',
               [values(*with_length(shape, axis, sum(lengths)), seed=seed)], tops=len(lengths)))


@examples(15)
@given(pieces=pieces(), tops=st.integers(1, 4))
def test_slice_evenly(judge, pieces, tops):
    shape, axis, lengths = pieces
    judge(Case(f'type: "Slice" slice_param {{ axis: {axis} }}',
               [values(*with_length(shape, axis, tops * lengths[0]))], tops=tops))


def test_other_shapes(judge):
    judge(Case('type: "Concat"', [values(2, 3), values(2, 1)], then=[[values(4, 2), values(4, 5)]]))
    judge(Case('type: "Slice"', [values(2, 4)], tops=2, then=[[values(3, 6)]]))


def test_concat_of_one_blob_with_itself(judge):
    judge(Case('layer { name: "c" type: "Concat" bottom: "a" bottom: "a" top: "c" }', {"a": values(2, 3)}))


def test_concat_refuses_other_lengths(judge):
    judge.refused(Case('type: "Concat"', [values(2, 3), values(3, 3)]), match="but that of axis 1 must agree")
    judge.refused(Case('type: "Concat"', [values(2, 3), values(2, 3, 1)]), match="but that of axis 1 must agree")


@pytest.mark.parametrize("kind, old", [("Concat", "concat_dim"), ("Slice", "slice_dim")])
def test_refuses_both_names_of_the_axis(judge, kind, old):
    judge.refused(Case(f'type: "{kind}" {kind.lower()}_param {{ axis: 0 {old}: 0 }}', [values(2, 3)]),
                  match=f"both `axis` and the older `{old}`")


@pytest.mark.parametrize("kind, old", [("Concat", "concat_dim"), ("Slice", "slice_dim")])
def test_refuses_axes_the_bottom_has_not(judge, kind, old):
    for option in ("axis: 2", "axis: -3", f"{old}: 2"):
        judge.refused(Case(f'type: "{kind}" {kind.lower()}_param {{ {option} }}', [values(2, 3)]),
                      match="out of range")


@pytest.mark.parametrize("points", [[3, 2], [0, 2], [2, 2]])
def test_slice_refuses_points_that_do_not_rise(judge, points):
    options = " ".join(f"slice_point: {point}" for point in points)
    judge.refused(Case(f'type: "Slice" slice_param {{ {options} }}', [values(2, 5)], tops=3), match="must rise")


def test_slice_refuses_the_wrong_number_of_points(judge):
    judge.refused(Case('type: "Slice" slice_param { slice_point: 1 }', [values(2, 5)], tops=3), match="one less")


def test_slice_refuses_uneven_parts(judge):
    judge.refused(Case('type: "Slice"', [values(2, 5)], tops=2), match="share evenly")


def test_concat_refuses_to_run_in_place():
    with pytest.raises(InputError, match="runs in place"):
        run_embedded(Case('type: "Concat"', [values(2, 3), values(2, 3)], in_place=True))


GOLDEN = {
    "Concat": Case('type: "Concat"', [values(2, 3, 2), values(2, 1, 2, seed=1)]),
    "Concat, first axis": Case('type: "Concat" concat_param { axis: 0 }', [values(2, 3), values(1, 3, seed=1)]),
    "Slice": Case('type: "Slice" slice_param { axis: -1 slice_point: 1 slice_point: 3 }', [values(2, 6)], tops=3),
    "Slice evenly": Case('type: "Slice" slice_param { slice_dim: 0 }', [values(4, 2)], tops=2),
}


@pytest.mark.parametrize("kind", ["Concat", "Slice"])
def test_one_blob_alone_is_the_same_memory(judge, kind):
    """What works in place on it changes what others read of the bottom."""
    judge(Case(f'layer {{ name: "c" type: "{kind}" bottom: "a" top: "c" }}\n'
               'layer { name: "p" type: "ReLU" bottom: "c" top: "c" }\n'
               'layer { name: "z" type: "AbsVal" bottom: "a" top: "z" }', {"a": values(2, 3)},
               then=[{"a": values(4, 3)}]))
