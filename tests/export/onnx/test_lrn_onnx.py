"""LRN in ONNX."""

from __future__ import annotations

import pytest
from conformance import Case, examples, values
from hypothesis import given
from hypothesis import strategies as st
from onnx_judge import hold

REGIONS = ["ACROSS_CHANNELS", "WITHIN_CHANNEL"]


def lrn(text: str, *shape: int, **others) -> Case:
    return Case(f'type: "LRN" lrn_param {{ {text} }}', [values(*shape, low=-3, high=3)], **others)


@examples(30)
@given(region=st.sampled_from(REGIONS), size=st.sampled_from([1, 3, 5, 7]),
       alpha=st.sampled_from([1e-4, 0.05, 1, 3]), beta=st.sampled_from([0.5, 0.75, 1, 2]),
       k=st.sampled_from([1, 2, 0.5]), channels=st.integers(1, 8), height=st.integers(1, 6))
def test_both_regions(region, size, alpha, beta, k, channels, height):
    hold(lrn(f"norm_region: {region} local_size: {size} alpha: {alpha} beta: {beta} k: {k}", 2, channels, height, 5))


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("text", ["", "alpha: 0 k: 2", "beta: 0", "alpha: 0.5 beta: -1", "alpha: -0.01",
                                  "alpha: 0 beta: 0"])
def test_defaults_and_numbers_that_the_operator_does_not_take(region, text):
    hold(lrn(f"norm_region: {region} {text}", 2, 7, 4, 5))


@pytest.mark.parametrize("region", REGIONS)
def test_in_place(region):
    hold(lrn(f"norm_region: {region}", 2, 7, 4, 5, in_place=True))
