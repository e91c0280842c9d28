"""FlowNet 2.0's Correlation and Correlation1D."""

from __future__ import annotations

import numpy as np
import pytest
from conformance import Case, distinct, examples, run_embedded, values
from fork_judge import hold
from fork_references.correlation import correlation, correlation1d
from hypothesis import assume, given
from hypothesis import strategies as st

from cae_caffe.errors import InputError

ODD = st.sampled_from([1, 3])
KINDS = st.sampled_from(["MULTIPLY", "SUBTRACT"])


def case(kind, text, *shapes):
    return Case(f'type: "{kind}" correlation_param {{ {text} }}',
                [(0.013 + 0.9**seed * distinct(*shape, seed=seed)).astype(np.float32)
                 for seed, shape in enumerate(shapes)])


@examples(15)
@given(shape=st.tuples(st.integers(1, 2), st.integers(1, 2), st.integers(1, 4), st.integers(1, 4)), kernel=ODD,
       reach=st.integers(0, 3), pad=st.integers(0, 4), stride=st.integers(1, 3), step=st.integers(1, 3), kind=KINDS)
def test_correlation(shape, kernel, reach, pad, stride, step, kind):
    assume(min(shape[2:]) + 2 * pad - 2 * reach >= kernel)

    hold(case("Correlation", f"kernel_size: {kernel} max_displacement: {reach} pad: {pad} stride_1: {stride} stride_2: "
              f"{step} correlation_type: {kind} do_abs: true", shape, shape),
         lambda bottoms, params: [correlation(*bottoms, kernel_size=kernel, max_displacement=reach, pad=pad,
                                              stride_1=stride, stride_2=step, correlation_type=kind)])


@examples(15)
@given(shape=st.tuples(st.integers(1, 2), st.integers(1, 2), st.integers(3, 4), st.integers(1, 4)), kernel=ODD,
       reach=st.integers(0, 3), pad=st.integers(0, 4), stride=st.integers(1, 3), step=st.integers(1, 3),
       direction=st.sampled_from([-1, 0, 1]), kind=KINDS)
def test_correlation_along_the_rows(shape, kernel, reach, pad, stride, step, direction, kind):
    assume(shape[3] + 2 * pad - 2 * reach >= kernel)

    hold(case("Correlation1D", f"kernel_size: {kernel} max_displacement: {reach} pad: {pad} stride_1: {stride} "
              f"stride_2: {step} single_direction: {direction} correlation_type: {kind}", shape, shape),
         lambda bottoms, params: [correlation1d(*bottoms, kernel_size=kernel, max_displacement=reach, pad=pad,
                                                stride_1=stride, stride_2=step, single_direction=direction,
                                                correlation_type=kind)])


@pytest.mark.parametrize(("kind", "text", "match"), [
    ("Correlation", "max_displacement: 1", "no `kernel_size`"), ("Correlation", "kernel_size: 1", "no `max_displ"),
    ("Correlation", "kernel_size: 2 max_displacement: 1", "`kernel_size: 2` is even"),
    ("Correlation", "kernel_size: 1 max_displacement: 1 stride_1: 0", "`stride_1: 0`"),
    ("Correlation", "kernel_size: 1 max_displacement: 1 stride_2: 0", "`stride_2: 0`"),
    ("Correlation", "kernel_size: 3 max_displacement: 2", "give more `pad`"),
    ("Correlation1D", "kernel_size: 1 max_displacement: 1 single_direction: 2", "`single_direction: 2` is none")])
def test_options_that_are_none_are_refused(kind, text, match):
    with pytest.raises(InputError, match=match):
        run_embedded(case(kind, text, (1, 2, 3, 3), (1, 2, 3, 3)))


@pytest.mark.parametrize("second", [(1, 2, 3, 4), (2, 2, 3, 3), (1, 1, 3, 3)])
def test_bottoms_of_other_shapes_are_refused(second):
    with pytest.raises(InputError, match="they must agree"):
        run_embedded(case("Correlation", "kernel_size: 1 max_displacement: 1 pad: 1", (1, 2, 3, 3), second))


def test_a_larger_image_follows():
    found = run_embedded(Case('type: "Correlation" correlation_param { kernel_size: 1 max_displacement: 1 pad: 1 }',
                              [values(1, 2, 3, 3)] * 2, then=[[values(2, 2, 5, 4)] * 2]))

    assert [passed["top0.data"].shape for passed in found] == [(1, 9, 3, 3), (2, 9, 5, 4)]
