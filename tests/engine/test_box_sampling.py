"""The windows that SSD's samplers and MobileNet-YOLO's jitter draw, without a data layer."""

from __future__ import annotations

import numpy as np
import pytest
from fork_references.ssd_boxes import jaccard

from cae_caffe import schema
from cae_caffe.engine.box_sampling import BatchSampler, Jitter
from cae_caffe.engine.boxes import WHOLE, Box
from cae_caffe.engine.rng import Stream


def windows(text, boxes=(), seed=1):
    sampler = BatchSampler(schema.view(schema.parse_text(text, schema.BatchSampler)))
    return list(sampler.windows(boxes, Stream(seed)))


SHAPES = "sampler { min_scale: 0.3 max_scale: 0.9 min_aspect_ratio: 0.5 max_aspect_ratio: 2 }"


def test_windows_have_scales_and_ratios_between_the_bounds():
    found = windows(f"{SHAPES} max_trials: 300")

    assert len(found) == 300
    for one in found:
        width, height = one.xmax - one.xmin, one.ymax - one.ymin
        assert 0.3 - 1e-6 <= np.sqrt(width * height) <= 0.9 + 1e-6
        assert 0.5 - 1e-6 <= width / height <= 2 + 1e-6
        assert min(one.xmin, one.ymin) >= 0 and max(one.xmax, one.ymax) <= 1 + 1e-6
    for side in range(2):
        assert min(one[side] for one in found) < 0.05 and max(one[side + 2] for one in found) > 0.95


def test_a_sampler_of_no_words_is_the_whole():
    np.testing.assert_allclose(windows("max_trials: 3"), [WHOLE] * 3)
    assert windows("use_original_image: false") == []


BOX = Box(0.2, 0.3, 0.6, 0.8)


@pytest.mark.parametrize(("constraint", "holds"), [
    ("min_jaccard_overlap: 0.5", lambda one: jaccard(one[:4], BOX[:4]) >= 0.5),
    ("max_jaccard_overlap: 0.2", lambda one: jaccard(one[:4], BOX[:4]) <= 0.2),
    ("min_sample_coverage: 0.5", lambda one: one.coverage(BOX) >= 0.5),
    ("max_sample_coverage: 0.5", lambda one: one.coverage(BOX) <= 0.5),
    ("min_object_coverage: 0.9 max_object_coverage: 0.99", lambda one: 0.9 <= BOX.coverage(one) <= 0.99),
    ("min_object_coverage: 0.5 max_jaccard_overlap: 0.4",
     lambda one: BOX.coverage(one) >= 0.5 and jaccard(one[:4], BOX[:4]) <= 0.4)])
def test_windows_hold_to_the_constraint(constraint, holds):
    """All that hold to it, out of the ones without."""
    every = windows(f"{SHAPES} max_trials: 400")
    found = windows(f"{SHAPES} max_trials: 400 sample_constraint {{ {constraint} }}", [BOX])

    assert 5 < len(found) < 400
    assert found == [one for one in every if holds(one)]
    assert windows(f"{SHAPES} max_trials: 400 max_sample: 2 sample_constraint {{ {constraint} }}", [BOX]) == found[:2]
    assert windows(f"{SHAPES} max_trials: 400 sample_constraint {{ {constraint} }}") == []      # no box


def test_what_of_a_box_another_covers():
    """By areas on a grid of a thousand lines."""
    line = (np.arange(1000) + 0.5) / 1000
    shown = [((line > one.xmin) & (line < one.xmax))[None] & ((line > one.ymin) & (line < one.ymax))[:, None]
             for one in (BOX, Box(0.4, 0.1, 0.9, 0.5))]
    both, one = (shown[0] & shown[1]).sum(), shown[0].sum()

    assert BOX.coverage(Box(0.4, 0.1, 0.9, 0.5)) == pytest.approx(both / one, rel=1e-6)
    assert BOX.coverage(Box(0.7, 0, 1, 1)) == 0


@pytest.mark.parametrize("keeps_shape", [False, True])
def test_yolos_jitter(keeps_shape):
    """A fifth of all windows are the whole image, a fifth have half the jitter at most."""
    stream = Stream(3)
    windows = np.array([Jitter(0.4).window(stream, keeps_shape)[:4] for _ in range(2000)])

    assert windows.min() >= 0 and windows.max() <= 1
    sizes = windows[:, 2:] - windows[:, :2]
    assert 0.6 <= sizes.min() < 0.605 and sizes.max() == 1
    assert 0.17 < (sizes == 1).all(1).mean() < 0.23
    small = 0.6 * (1 / 2 if keeps_shape else 1 - 1 / 4)         # of the windows with all the jitter, below 0.8
    assert abs((sizes < 0.8).any(1).mean() - small) < 0.04
    if keeps_shape:
        np.testing.assert_allclose(sizes[:, 0], sizes[:, 1], atol=1e-6)
