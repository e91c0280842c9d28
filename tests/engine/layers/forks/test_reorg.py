"""YOLO's Reorg, against the fork's loops and OpenCV."""

from __future__ import annotations

import opencv_judge
import pytest
from conformance import Case, examples, run_embedded, values
from fork_judge import hold
from fork_references.reorg import reorg
from hypothesis import given
from hypothesis import strategies as st

from cae_caffe.errors import InputError


def case(shape, stride, reverse=False, **further) -> Case:
    return Case(f'type: "Reorg" reorg_param {{ stride: {stride} reverse: {str(reverse).lower()} }}', [values(*shape)],
                **further)


@examples(30)
@given(stride=st.integers(1, 3), few=st.tuples(*[st.integers(1, 3)] * 4), reverse=st.booleans())
def test_order(stride, few, reverse):
    batch, channels, height, width = few
    size = 1 if reverse else stride

    hold(case((batch, channels * stride ** 2, height * size, width * size), stride, reverse),
         lambda bottoms, params: [reorg(bottoms[0], stride=stride, reverse=reverse)])


@pytest.mark.parametrize("reverse", [False, True])
def test_other_sizes_later(reverse):
    hold(case((2, 4, 2, 4), 2, reverse, then=[[values(1, 8, 4, 6)], [values(3, 4, 2, 2)]]),
         lambda bottoms, params: [reorg(bottoms[0], stride=2, reverse=reverse)])


OPENCV = {"stride 2": Case('type: "Reorg" reorg_param { stride: 2 }', [values(1, 8, 4, 6)])}


def test_opencv_computes_the_same():
    opencv_judge.hold("reorg", "stride 2", OPENCV["stride 2"])


@pytest.mark.parametrize(("shape", "stride", "match"), [
    ((1, 4, 2, 2), 0, "`stride`"), ((1, 0, 2, 2), 2, "multiple of 4"),
    ((1, 0, 2, 2), 4294967295, "multiple of"), ((1, 6, 2, 2), 2, "multiple of 4"), ((4, 2, 2), 2, "four axes"),
    ((1, 4, 3, 2), 2, "multiples of its `stride: 2`"), ((1, 4, 2, 5), 2, "multiples of its `stride: 2`"),
])
def test_sizes_that_do_not_fit_are_refused(shape, stride, match):
    with pytest.raises(InputError, match=match):
        run_embedded(case(shape, stride))
