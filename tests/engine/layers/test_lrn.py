"""LRN against real Caffe."""

from __future__ import annotations

import numpy as np
import pytest
from conformance import Case, examples, run_embedded, values
from hypothesis import given
from hypothesis import strategies as st


def lrn(text: str, *shape: int, **others) -> Case:
    return Case(f'type: "LRN" lrn_param {{ {text} }}', [values(*shape, low=-3, high=3)], **others)


@examples(40)
@given(region=st.sampled_from(["ACROSS_CHANNELS", "WITHIN_CHANNEL"]), size=st.sampled_from([1, 3, 5, 7]),
       alpha=st.sampled_from([1e-4, 0.05, 1, 3]), beta=st.sampled_from([0.5, 0.75, 1, 2]),
       k=st.sampled_from([1, 2, 0.5]), channels=st.integers(1, 8), height=st.integers(1, 6))
def test_both_regions(judge, region, size, alpha, beta, k, channels, height):
    judge(lrn(f"norm_region: {region} local_size: {size} alpha: {alpha} beta: {beta} k: {k}", 2, channels, height, 5))


@pytest.mark.parametrize("region", ["ACROSS_CHANNELS", "WITHIN_CHANNEL"])
def test_defaults_and_other_sizes_later(judge, region):
    judge(lrn(f"norm_region: {region}", 2, 7, 4, 5, then=[[values(3, 7, 5, 5)], [values(1, 3, 2, 2)]]))


def test_in_place_forward(judge):
    # Everything else is wrong in Caffe when LRN runs in place, for it has overwritten what it needs.
    judge(lrn("norm_region: WITHIN_CHANNEL", 2, 7, 4, 5, in_place=True, backward=False))


@pytest.mark.parametrize("region", ["ACROSS_CHANNELS", "WITHIN_CHANNEL"])
def test_in_place_gives_what_it_gives_elsewhere(region):
    diff = values(2, 7, 4, 5, seed=3)
    apart, in_place = (run_embedded(lrn(f"norm_region: {region}", 2, 7, 4, 5, in_place=flag, top_diffs=[diff],
                                        passes=2))[1] for flag in (False, True))
    np.testing.assert_array_equal(in_place["bottom0.data"], apart["top0.data"])
    np.testing.assert_array_equal(in_place["bottom0.diff"], apart["bottom0.diff"])


def test_batch_of_several_chunks(judge):
    judge(lrn("local_size: 5 alpha: 0.1", 20, 16, 33, 40))


def test_refuses_even_sizes(judge):
    judge.refused(lrn("local_size: 4", 2, 7, 4, 5), "it must be odd")


def test_refuses_other_than_images(judge):
    judge.refused(lrn("", 2, 7, 4), "takes images of 4 axes")


GOLDEN = {region: lrn(f"norm_region: {region} local_size: 3 alpha: 0.3 k: 2", 2, 5, 3, 4)
          for region in ("ACROSS_CHANNELS", "WITHIN_CHANNEL")}
