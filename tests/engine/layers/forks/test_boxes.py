"""SSD's arithmetic of boxes, against loops over single boxes."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from conformance import examples
from fork_references import ssd_boxes
from hypothesis import given
from hypothesis import strategies as st

from cae_caffe.engine.layers.forks import boxes
from cae_caffe.errors import InputError

SEEDS = st.integers(0, 10_000)
CODES = ["CORNER", "CENTER_SIZE", "CORNER_SIZE"]


def some(number: int, seed: int, low: float = -0.2) -> np.ndarray:
    """Boxes, a part of them outside the image; of some sizes so that many overlap."""
    random = np.random.RandomState(seed)
    center, half = random.uniform(low, 1 - low, (number, 2)), random.uniform(0.05, 0.4, (number, 2))
    return np.concatenate([center - half, center + half], 1).astype(np.float32)


def touching(first, second) -> bool:
    return bool((first[:2] <= second[2:]).all() and (second[:2] <= first[2:]).all())


@examples(30)
@given(seed=SEEDS, pixels=st.booleans())
def test_overlaps(seed, pixels):
    scale = 20 if pixels else 1
    first, second = some(6, seed) * scale, some(5, seed + 1) * scale
    first[0] = first[0, [2, 3, 0, 1]]       # inside out

    found = boxes.overlaps(first, second, pixels)

    wanted = [[ssd_boxes.jaccard(a, b, not pixels) if touching(a, b) else 0
               for b in second] for a in first]
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(boxes.areas(first, pixels), [ssd_boxes.box_size(a, not pixels) for a in first],
                               rtol=1e-5)


def test_boxes_of_one_pixel_that_do_not_touch_share_nothing():
    assert boxes.overlaps(np.float32([[1, 1, 1, 1]]), np.float32([[5, 5, 5, 5]]), pixels=True) == 0


@examples(40)
@given(seed=SEEDS, kind=st.sampled_from(CODES), in_target=st.booleans())
def test_codes(seed, kind, in_target):
    priors, targets = some(7, seed), some(7, seed + 1)
    variances = np.random.RandomState(seed).uniform(0.1, 0.5, (7, 4)).astype(np.float32)
    code = boxes.Code(kind, in_target)

    coded = code.encode(priors, variances, targets)

    wanted = [ssd_boxes.encode(*row, kind, in_target) for row in zip(priors, variances, targets)]
    np.testing.assert_allclose(coded, wanted, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(code.decode(priors, variances, coded), targets, rtol=1e-4, atol=1e-5)
    wanted = [ssd_boxes.decode(*row, kind, in_target) for row in zip(priors, variances, targets)]
    np.testing.assert_allclose(code.decode(priors, variances, targets), wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", CODES[1:])
def test_a_prior_without_a_size_is_refused(kind):
    flat = np.float32([[0, 0, 0, 1]])
    with pytest.raises(InputError, match="no width or no height"):
        boxes.Code(kind, False).decode(flat, flat + 1, flat)


def test_a_variance_of_0_is_refused():
    with pytest.raises(InputError, match="variance of 0"):
        boxes.Code("CORNER", False).encode(some(1, 0), np.zeros((1, 4), np.float32), some(1, 1))


@examples(60)
@given(seed=SEEDS, truths=st.integers(0, 5), number=st.integers(1, 30), per_prediction=st.booleans(),
       threshold=st.sampled_from([0.0, 0.25, 0.5]), ignore=st.booleans())
def test_matching(seed, truths, number, per_prediction, threshold, ignore):
    given, priors = some(truths, seed, low=0.2), some(number, seed + 1, low=0.1)

    found, shared = boxes.Matching(per_prediction, threshold, ignore).match(given, priors)

    wanted, overlaps = ssd_boxes.match([(1, box) for box in given], priors, overlap_threshold=threshold,
                                       match_type="PER_PREDICTION" if per_prediction else "BIPARTITE",
                                       ignore_cross_boundary_bbox=ignore)
    assert found.tolist() == wanted
    np.testing.assert_allclose(shared, overlaps, rtol=1e-4, atol=1e-6)


@examples(60)
@given(seed=SEEDS, number=st.integers(0, 40), threshold=st.sampled_from([0.0, 0.3, 0.7, 0.9]),
       eta=st.sampled_from([1.0, 0.8]), top_k=st.sampled_from([-1, 0, 5, 100]), least=st.sampled_from([-1.0, 0.4]))
def test_suppression(seed, number, threshold, eta, top_k, least):
    candidates = some(number, seed, low=0.3)
    candidates[:3, 2] = candidates[:3, 0]       # no area
    scores = np.random.RandomState(seed).permutation(np.linspace(0, 1, number)).astype(np.float32)
    scores[:2] = scores[-2:]                    # equal ones
    limit = float(np.float32(threshold))

    fast = boxes.suppress_fast(candidates, scores, least, threshold, eta, top_k)
    plain = boxes.suppress(candidates, scores, threshold, top_k)

    assert fast.tolist() == ssd_boxes.nms_fast(candidates, scores, least, limit, eta, top_k)
    assert plain.tolist() == ssd_boxes.nms(candidates, scores, limit, top_k)


@examples(40)
@given(seed=SEEDS, height=st.integers(20, 60), width=st.integers(20, 60),
       mode=st.sampled_from([None, "WARP", "FIT_SMALL_SIZE", "FIT_LARGE_SIZE_AND_PAD"]), scale=st.sampled_from([0, 70]))
def test_pixels_of_the_image_before_it_was_resized(seed, height, width, mode, scale):
    resize = mode and {"resize_mode": mode, "height": 30, "width": 40, "height_scale": scale, "width_scale": scale}

    found = boxes.in_pixels(some(9, seed), height, width, SimpleNamespace(**resize) if resize else None)

    wanted = [ssd_boxes.output_box(box, height, width, resize) for box in some(9, seed)]
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)


def test_boxes_without_an_end_are_boxes():
    """As a net predicts them that is not trained: the fork keeps them, for they overlap nothing."""
    endless = np.float32([[-np.inf, -np.inf, np.inf, np.inf], [0, 0, 1, 1]])

    assert boxes.suppress_fast(endless, np.float32([0.9, 0.8]), 0.1, 0.5).tolist() == [0, 1]
    assert np.isinf(boxes.Code("CENTER_SIZE", False).decode(endless[1:2], endless[1:2] + 1, endless[1:2] + 1e9)).all()
