"""The oracle of the layers' tests (support/conformance.py): that it can fail, and goes on after a failed CHECK."""

from __future__ import annotations

import re

import conformance
import numpy as np
import pytest
from conformance import Agreement, Case, values

REAL = {"top0.data": np.array([1, -4, np.nan, np.inf], np.float32)}
GOOD = Case('type: "Sigmoid"', [values(2, 3)])
BAD = Case('type: "Flatten" flatten_param { axis: 5 }', [values(2, 3)])


@pytest.mark.parametrize("ours, complaint", [
    ([1, -4 + 3e-5, np.nan, np.inf], None),
    ([1, -4 + 5e-5, np.nan, np.inf], r"at \(1,\), real Caffe has"),
    ([np.nan, -4, 1, np.inf], "at other places"),
    ([1, -4, np.nan, -np.inf], "at other places"),
    ([1, -4, np.nan], r"shape \(3,\)"),
])
def test_difference_is_found_and_named(ours, complaint):
    found = conformance.differences({"top0.data": np.array(ours, np.float32)}, REAL)
    assert len(found) == (complaint is not None)
    for text in found:
        assert re.search(complaint, text)


def test_missing_result_is_found():
    assert conformance.differences({}, REAL) == ["there are ; real Caffe has top0.data"]


def test_exceptions_apply():
    ours, real = {"x": np.array([2e-5], np.float32)}, {"x": np.array([1e-5], np.float32)}
    assert conformance.differences(ours, real)
    assert not conformance.differences(ours, real, Agreement(floor=1))
    assert not conformance.differences(ours, real, Agreement(tolerance=2))
    assert not conformance.differences(ours, real, Agreement(ignore=["x"]))


def test_exceptions_need_a_reason():
    with pytest.raises(ValueError, match="State the reason"):
        conformance.Judge(None)(GOOD, tolerance=1e-3)


def test_real_caffe_goes_on_after_a_failed_check(real_caffe):
    refused, done = conformance.run_real(real_caffe, [BAD, GOOD])
    assert "Check failed" in refused
    assert set(done[0]) == {"top0.data", "bottom0.diff"}


def test_judge_fails_where_real_caffe_refuses(judge):
    with pytest.raises(pytest.fail.Exception, match=r"(?s)Real Caffe refuses.*Check failed.*flatten_param"):
        judge(BAD)


def test_judge_fails_where_real_caffe_does_not_refuse(judge):
    with pytest.raises(pytest.fail.Exception, match="Real Caffe accepts"):
        judge.refused(GOOD, "anything")


def test_bottom_diff_that_nobody_writes_is_told_from_zero():
    result, = conformance.run_embedded(Case('type: "EuclideanLoss"', [values(2), values(2, seed=1)],
                                            force_backward=False))
    assert (result["bottom0.diff"] == 3).all()


def test_second_pass_adds_to_the_parameters_diffs():
    case = Case('type: "InnerProduct" inner_product_param { num_output: 2 }', [values(2, 3)])
    result, = conformance.run_embedded(case)
    np.testing.assert_allclose(result["layer[0].diff twice"], 2 * result["layer[0].diff"], rtol=1e-6)
