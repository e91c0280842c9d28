"""Flatten, Reshape, Split and Silence against real Caffe."""

from __future__ import annotations

import pytest
from conformance import Case, examples, values
from hypothesis import given
from hypothesis import strategies as st

SHAPES = st.lists(st.integers(1, 4), min_size=1, max_size=5).map(tuple)


@examples(30)
@given(shape=SHAPES, data=st.data())
def test_flatten(judge, shape, data):
    first = data.draw(st.integers(0, len(shape) - 1))
    last = data.draw(st.integers(first, len(shape) - 1))
    from_end = data.draw(st.booleans())
    axis, end = (first - len(shape), last - len(shape)) if from_end else (first, last)
    judge(Case(f'type: "Flatten" flatten_param {{ axis: {axis} end_axis: {end} }}', [values(*shape)]))


def test_flatten_of_no_axes(judge):
    judge(Case('type: "Flatten" flatten_param { axis: 2 end_axis: 1 }', [values(2, 3, 4)]))


def test_flatten_by_default(judge):
    judge(Case('type: "Flatten"', [values(2, 3, 4, 5)], then=[[values(3, 2, 2, 2)]]))


@pytest.mark.parametrize("text, shape, match", [
    ("axis: 4", (2, 3, 4, 5), "axis 4 is out of range"), ("axis: 2 end_axis: 0", (2, 3, 4, 5), "comes before"),
])
def test_flatten_refusals(judge, text, shape, match):
    judge.refused(Case(f'type: "Flatten" flatten_param {{ {text} }}', [values(*shape)]), match)


@pytest.mark.parametrize("text", [
    "shape { dim: 0 dim: -1 }", "shape { dim: -1 }", "shape { dim: 2 dim: 60 }", "shape { dim: 0 dim: 0 dim: 20 }",
    "shape { dim: 6 dim: -1 dim: 2 dim: 5 }", "shape { dim: 12 } axis: 1 num_axes: 2",
    "shape { dim: 1 dim: 1 } axis: 2 num_axes: 0", "shape { dim: 2 dim: 2 } axis: 2 num_axes: 1",
    "shape { dim: -1 } axis: -2", "shape { dim: 5 dim: 4 } axis: -3 num_axes: 2",
    "shape { dim: 1 } axis: -1 num_axes: 0", "shape { } axis: 1 num_axes: 0",
])
def test_reshape(judge, text):
    judge(Case(f'type: "Reshape" reshape_param {{ {text} }}', [values(2, 3, 4, 5)]))


def test_reshape_of_other_sizes_later(judge):
    judge(Case('type: "Reshape" reshape_param { shape { dim: 0 dim: -1 } }', [values(2, 3, 4)],
               then=[[values(3, 2, 2)], [values(6, 4, 2)]]))


@pytest.mark.parametrize("text, match", [
    ("", "the counts in brackets must agree"), ("shape { dim: 7 }", "the counts in brackets must agree"),
    ("shape { dim: -1 dim: -1 }", "several -1"),
    ("shape { dim: 7 dim: -1 }", "cannot be worked out"), ("shape { dim: 2 } axis: 5", "out of range"),
    ("shape { dim: 2 dim: 3 dim: 4 dim: 5 dim: 0 }", "no axis 4 to copy"),
    ("shape { dim: 2 } axis: 2 num_axes: 3", "reach beyond"), ("shape { dim: 2 } num_axes: -2", "reach beyond"),
])
def test_reshape_refusals(judge, text, match):
    judge.refused(Case(f'type: "Reshape" reshape_param {{ {text} }}', [values(2, 3, 4, 5)]), match)


@pytest.mark.parametrize("type_name", ["Reshape", "Flatten"])
def test_neither_runs_in_place(judge, type_name):
    judge.refused(Case(f'type: "{type_name}"', [values(2, 3)], in_place=True), "in place")


def split(tops: int) -> Case:
    return Case('type: "Split"', [values(2, 3, 4)], tops=tops)


@pytest.mark.parametrize("tops", [1, 2, 3, 5])
def test_split_sums_the_diffs(judge, tops):
    judge(split(tops))


def test_split_that_the_net_puts_in(judge):
    branch = ("layer {{ name: 'ip{0}' type: 'InnerProduct' bottom: 'h' top: 'ip{0}' "
              "inner_product_param {{ num_output: 2 }} }}")
    judge(Case("layer { name: 'h' type: 'Sigmoid' bottom: 'x' top: 'h' }" + branch.format(1) + branch.format(2),
               {"x": values(3, 4)}))


def test_silence(judge):
    judge(Case('type: "Silence"', [values(2, 3), values(4)], tops=0))


GOLDEN = {
    "flatten": Case('type: "Flatten" flatten_param { axis: 1 end_axis: 2 }', [values(2, 2, 3, 2)]),
    "reshape": Case('type: "Reshape" reshape_param { shape { dim: 0 dim: -1 dim: 3 } }', [values(2, 2, 3)]),
    "split": split(3),
    "silence": Case('type: "Silence"', [values(2, 3), values(4)], tops=0),
}
