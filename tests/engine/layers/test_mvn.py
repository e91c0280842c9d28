"""MVN: zero mean and unit variance within each image."""

from __future__ import annotations

from conformance import Case, examples, values
from hypothesis import given
from hypothesis import strategies as st

# Three values or more for each mean: the gradient of two is zero, and its rounding errors are no measure.
SHAPES = st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(3, 6), st.integers(1, 5))
BOOLS = st.sampled_from(["true", "false"])


@examples(40)
@given(shape=SHAPES, variance=BOOLS, across=BOOLS, eps=st.sampled_from([1e-9, 0.01, 1]), seed=st.integers(0, 1000))
def test_mvn(judge, shape, variance, across, eps, seed):
    judge(Case(f'type: "MVN" mvn_param {{ normalize_variance: {variance} across_channels: {across} eps: {eps} }}',
               [values(*shape, seed=seed)]))


@examples(10)
@given(shape=st.lists(st.integers(3, 5), min_size=2, max_size=3).map(tuple))
def test_fewer_axes_become_four(judge, shape):
    judge(Case('type: "MVN" mvn_param { across_channels: true }', [values(*shape)]))


def test_in_place_forward(judge):
    judge(Case('type: "MVN"', [values(2, 3, 4, 4)], in_place=True, backward=False))


def test_other_shapes(judge):
    judge(Case('type: "MVN"', [values(2, 3, 4, 4)], then=[[values(1, 3, 2, 5)]]))


def test_refuses_five_axes(judge):
    judge.refused(Case('type: "MVN"', [values(1, 2, 2, 2, 2)]), match="at most four axes")


GOLDEN = {
    "by channel": Case('type: "MVN"', [values(2, 2, 2, 3)]),
    "across channels": Case('type: "MVN" mvn_param { across_channels: true eps: 0.1 }', [values(2, 2, 2, 3)]),
    "mean alone": Case('type: "MVN" mvn_param { normalize_variance: false }', [values(2, 2, 2, 3)]),
}
