"""TSN's BatchReduction, against the fork's formula and the values of its own tests."""

from __future__ import annotations

import numpy as np
import pytest
from conformance import Case, distinct, examples, run_embedded, values
from fork_judge import hold
from fork_references.batch_reduction import batch_reduction
from hypothesis import given
from hypothesis import strategies as st

from cae_caffe.errors import InputError


def case(bottom, operation="SUM", axis=0, k=1, level=(), pos=False, **further) -> Case:
    levels = " ".join(f"level: {one}" for one in level)
    return Case(f'type: "BatchReduction" batch_reduction_param {{ {levels} pos: {str(pos).lower()} reduction_param {{ '
                f'operation: {operation} axis: {axis} k: {k} }} }}', [bottom], **further)


@examples(40)
@given(before=st.lists(st.integers(1, 3), max_size=2), behind=st.lists(st.integers(1, 3), max_size=2),
       level=st.lists(st.integers(1, 2), max_size=3), whole=st.integers(1, 5),
       operation=st.sampled_from(["SUM", "MEAN"]))
def test_sums_and_means(before, behind, level, whole, operation):
    length = whole if level in ([], [1]) else sum(one ** 2 for one in level)
    options = {"operation": operation, "axis": len(before), "level": level}

    hold(case(values(*before, length, *behind), **options),
         lambda bottoms, params: [batch_reduction(bottoms[0], **options)])


@examples(20)
@given(before=st.lists(st.integers(1, 3), max_size=2), behind=st.lists(st.integers(1, 3), max_size=2),
       level=st.sampled_from([[], [1], [2]]), k=st.integers(1, 4))
def test_the_largest(before, behind, level, k):
    options = {"operation": "TOPK", "axis": -1 - len(behind), "level": level, "k": k}

    hold(case(distinct(*before, 4, *behind), **options),
         lambda bottoms, params: [batch_reduction(bottoms[0], **options)])


@pytest.mark.parametrize("operation", ["SUM", "MEAN"])
@pytest.mark.parametrize("level", [[], [2]])
def test_the_diagonal(operation, level):
    options = {"operation": operation, "axis": 1, "level": level, "pos": True}

    hold(case(values(2, 4, 4, 3), **options), lambda bottoms, params: [batch_reduction(bottoms[0], **options)])


def test_other_sizes_later():
    hold(case(values(3, 2), operation="MEAN", then=[[values(5, 4)], [values(1, 2)]]),
         lambda bottoms, params: [batch_reduction(bottoms[0], operation="MEAN")])


@pytest.mark.parametrize(("operation", "top", "diff"), [
    ("MEAN", [1.8, 2.8], [[0.1, 0.3]] * 5),
    ("TOPK", [7 / 3, 10 / 3], [[0, 0], [1 / 6, 0.5], [1 / 6, 0.5], [1 / 6, 0.5], [0, 0]])])
def test_the_values_of_the_forks_own_test(operation, top, diff):
    bottom = np.array([[[[1, 2], [2, 3], [3, 4], [2, 3], [1, 2]]]], np.float32)

    found, = run_embedded(case(bottom, operation, axis=2, k=3, top_diffs=[np.array([[[0.5, 1.5]]], np.float32)]))

    np.testing.assert_allclose(found["top0.data"], [[top]], rtol=1e-6)
    np.testing.assert_allclose(found["bottom0.diff"], [[diff]], rtol=1e-6)


@pytest.mark.parametrize(("options", "shape", "match"), [
    ({"operation": "ASUM"}, (3, 2), "`operation: ASUM`"), ({"operation": "SUMSQ"}, (3, 2), "`operation: SUMSQ`"),
    ({"level": [2]}, (5, 2), "take 4 entries of axis 0.* has 5"), ({"level": [0]}, (5, 2), "at least 1"),
    ({"level": [1, 1], "pos": True}, (2, 2), "`pos: true`, which takes one"),
    ({"level": [1, 1], "operation": "TOPK"}, (2, 2), "`operation: TOPK`, which takes one"),
    ({"operation": "TOPK", "pos": True}, (2, 2), "`pos` takes SUM or MEAN"),
    ({"pos": True}, (2, 3), "equally long"), ({"pos": True}, (2,), "equally long"),
    ({"operation": "TOPK", "k": 3}, (2, 2), "`k` is 3.*2 entries"),
    ({"operation": "TOPK", "k": 0}, (2, 2), "`k` is 0"), ({"axis": 2}, (2, 2), "axis"),
])
def test_what_does_not_fit_is_refused(options, shape, match):
    with pytest.raises(InputError, match=match):
        run_embedded(case(values(*shape), **options))


def test_a_coefficient_is_refused():
    with pytest.raises(InputError, match="`coeff: 2`"):
        run_embedded(Case('type: "BatchReduction" batch_reduction_param { reduction_param { coeff: 2 } }',
                          [values(2, 2)]))


def test_reduction_takes_no_largest():
    with pytest.raises(InputError, match="`operation: TOPK`"):
        run_embedded(Case('type: "Reduction" reduction_param { operation: TOPK }', [values(2, 2)]))
