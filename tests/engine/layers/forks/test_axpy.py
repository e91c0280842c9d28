"""SENet's Axpy: Caffe 1.0's Scale with two bottoms and an Eltwise behind it compute the same."""

from __future__ import annotations

import numpy as np
import pytest
from conformance import Case, examples, run_embedded, values
from fork_judge import hold, hold_against_caffe
from fork_references.axpy import axpy
from hypothesis import given
from hypothesis import strategies as st

from cae_caffe.errors import InputError

SCALE_AND_SUM = """
layer { name: "scale" type: "Scale" bottom: "bottom1" bottom: "bottom0" top: "scaled" scale_param { axis: 0 } }
layer { name: "sum" type: "Eltwise" bottom: "scaled" bottom: "bottom2" top: "top0" }
"""


def bottoms(batch: int, channels: int, *spatial: int, factor: tuple[int, ...] = ()) -> list[np.ndarray]:
    return [values(batch, channels, *factor, seed=1), values(batch, channels, *spatial, seed=2),
            values(batch, channels, *spatial, seed=3)]


@examples(30)
@given(shape=st.lists(st.integers(1, 4), min_size=2, max_size=5))
def test_axpy_is_scale_and_sum(judge, shape):
    arrays = bottoms(*shape)

    hold_against_caffe(judge, Case('type: "Axpy"', arrays), Case(SCALE_AND_SUM, arrays))


@pytest.mark.parametrize("factor", [(), (1, 1)])
def test_factors_may_have_two_axes_or_four(factor):
    hold(Case('type: "Axpy"', bottoms(2, 3, 4, 5, factor=factor)), lambda arrays, params: [axpy(*arrays)])


def test_other_sizes_later(judge):
    later = [bottoms(3, 3, 2, 2), bottoms(1, 3, 5, 1)]

    hold_against_caffe(judge, Case('type: "Axpy"', bottoms(2, 3, 4, 5), then=later),
                       Case(SCALE_AND_SUM, bottoms(2, 3, 4, 5), then=later))


@pytest.mark.parametrize(("shapes", "match"), [
    ([(2, 3), (2, 3, 4), (2, 3, 5)], "2 3 4.*2 3 5.*must agree"),
    ([(2, 4), (2, 3, 4), (2, 3, 4)], "one factor for each channel"),
    ([(2, 3, 4), (2, 3, 4), (2, 3, 4)], "one factor for each channel"),
    ([(2,), (2,), (2,)], "one factor for each channel"),
])
def test_shapes_that_do_not_fit_are_refused(shapes, match):
    with pytest.raises(InputError, match=match):
        run_embedded(Case('type: "Axpy"', [values(*shape) for shape in shapes]))


def test_in_place_is_refused():
    with pytest.raises(InputError, match="in place"):
        run_embedded(Case('type: "Axpy"', bottoms(2, 3), in_place=True))
