"""Numbers of Caffe's as Python source."""

from __future__ import annotations

import numpy as np
import pytest

from cae_caffe.export.torch.literals import literal, plus, times


@pytest.mark.parametrize("value, wanted", [
    (np.float32(0.1), "0.1"), (float(np.float32(0.0001)), "0.0001"), (2.0, "2"), (-1.5, "-1.5"), (0.0, "0"), (3, "3"),
    (float(np.float32(1e-9)), "1e-9"), (3.4e38, "3.4e+38"), (float("inf"), "torch.inf"), (-float("inf"), "-torch.inf"),
    (float("nan"), "torch.nan"), (True, "True"), (None, "None"), ("mode", '"mode"'), ((2,), "(2,)"), ((), "()"),
    ((2, 0.5), "(2, 0.5)")])
def test_as_short_as_one_would_write_them(value, wanted):
    assert literal(value) == wanted


def test_factors_and_terms():
    assert [times("x", factor) for factor in (1, -1, 2, -0.5)] == ["x", "-x", "2 * x", "-0.5 * x"]
    assert [plus("x", term) for term in (0, 1, -0.5)] == ["x", "x + 1", "x - 0.5"]
