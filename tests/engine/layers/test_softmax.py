"""Softmax against real Caffe."""

from __future__ import annotations

from conformance import Case, examples, values
from hypothesis import given
from hypothesis import strategies as st


def softmax(axis: int, *shape: int, scale: float = 3, **others) -> Case:
    return Case(f'type: "Softmax" softmax_param {{ axis: {axis} }}', [values(*shape, low=-scale, high=scale)], **others)


@examples(40)
@given(shape=st.lists(st.integers(1, 6), min_size=1, max_size=5).map(tuple), data=st.data())
def test_every_axis(judge, shape, data):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    judge(softmax(axis, *shape))


def test_large_values_do_not_overflow(judge):
    judge(softmax(1, 3, 5, scale=300))


def test_in_place(judge):
    judge(softmax(1, 3, 5, 4, in_place=True))


def test_refuses_an_axis_that_is_not_there(judge):
    judge.refused(softmax(2, 3, 5), "axis 2 is out of range")


def test_refuses_a_bottom_of_one_axis_by_default(judge):
    judge.refused(Case('type: "Softmax"', [values(5)]), "axis 1 is out of range")


GOLDEN = {"rows": softmax(1, 3, 5), "channels": softmax(-3, 2, 3, 2, 2), "in place": softmax(0, 4, 2, in_place=True)}
