"""fork_references.ssd_images by hand, and with OpenCV where that is what the fork calls."""

import numpy as np
import pytest
from fork_references.ssd_images import (
    adjust_brightness,
    adjust_contrast,
    adjust_hue,
    adjust_saturation,
    blurred,
    equalized,
    eroded,
    expanded,
    gray,
    inverted,
    noise_pixels,
    padded,
    padding,
    posterized,
    top,
    whole,
)

PIXEL = np.array([[[10, 100, 250]]], np.uint8)
IMAGE = np.random.RandomState(3).randint(0, 256, (9, 8, 3)).astype(np.uint8)


def test_colours():
    assert adjust_brightness(PIXEL, 7.5).ravel().tolist() == [18, 108, 255]       # halves to even: 17.5, 107.5
    assert adjust_brightness(PIXEL, -20).ravel().tolist() == [0, 80, 230]
    assert adjust_contrast(PIXEL, 1.25).ravel().tolist() == [12, 125, 255]
    assert adjust_contrast(PIXEL, 1.0005).ravel().tolist() == [10, 100, 250]
    # Red 200, green 100, blue 0: full saturation at hue 30 degrees; half of it is 200, 150, 100.
    assert adjust_saturation(np.array([[[0, 100, 200]]]), 0.5).ravel() == pytest.approx([100, 150, 200])
    # 15 units of 2 degrees on it is yellow.
    assert adjust_hue(np.array([[[0, 100, 200]]]), 15).ravel() == pytest.approx([0, 200, 200])
    assert adjust_hue(np.array([[[0, 100, 200]]]), -99).ravel() == pytest.approx([0, 0, 200])


def test_noise():
    assert gray(PIXEL).ravel().tolist() == [135] * 3        # 1.14 + 58.7 + 74.75
    assert inverted(PIXEL).ravel().tolist() == [245, 155, 5]
    assert posterized(PIXEL).ravel().tolist() == [32, 96, 224]
    assert equalized(np.array([[10, 20], [20, 90]])).tolist() == [[0, 170], [170, 255]]
    assert equalized(np.full((2, 2), 7)).tolist() == [[7, 7], [7, 7]]
    assert eroded(np.array([[5, 9], [9, 1]]).reshape(2, 2, 1)).ravel().tolist() == [5, 1, 1, 1]
    assert noise_pixels(30, 40, 0.1) == 120


def test_as_opencv():
    cv2 = pytest.importorskip("cv2", reason="OpenCV 4 is not here: it computes the same transformations")
    assert abs(whole(blurred(IMAGE)) - cv2.GaussianBlur(IMAGE, (7, 7), 1.5)).max() <= 1
    assert (eroded(IMAGE) == cv2.erode(IMAGE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3)))).all()
    assert (equalized(IMAGE[..., 0]) == cv2.equalizeHist(IMAGE[..., 0])).all()
    assert (gray(IMAGE)[..., 0] == cv2.cvtColor(IMAGE, cv2.COLOR_BGR2GRAY)).all()
    for channel, amount, ours in [(1, lambda s: s * 0.5, adjust_saturation(IMAGE, 0.5)),
                                  (0, lambda h: h + 18, adjust_hue(IMAGE, 18))]:
        hsv = cv2.cvtColor(IMAGE, cv2.COLOR_BGR2HSV)
        hsv[..., channel] = whole(amount(hsv[..., channel].astype(float)))
        assert abs(ours - cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)).max() <= 6
    for mode, border in [("MIRRORED", cv2.BORDER_REFLECT101), ("REPEAT_NEAREST", cv2.BORDER_REPLICATE)]:
        assert (padded(IMAGE, 12, 12, 1, 2, mode) == cv2.copyMakeBorder(IMAGE, 1, 2, 2, 2, border)).all()


def test_frames():
    big = expanded(PIXEL, 2.5, top=1, left=0, mean_value=[104, 117, 123.7])
    assert big.tolist() == [[[104, 117, 124]] * 2, [[10, 100, 250], [104, 117, 124]]]
    assert expanded(PIXEL, 2.0, top=0, left=1)[:, :, 0].tolist() == [[0, 10], [0, 0]]
    assert padding(60, 100, {"height": 30, "width": 31}) == (18, 31, 6, 0)
    assert padding(100, 60, {"height": 31, "width": 31}) == (31, 18, 0, 6)
    assert padded(PIXEL, 1, 3, 0, 1, pad_value=[1, 2, 3]).tolist() == [[[1, 2, 3], [10, 100, 250], [1, 2, 3]]]
    assert padded(PIXEL, 2, 1, 1, 0, pad_value=[9])[0].tolist() == [[9, 9, 9]]


def test_tops():
    cut = top(np.arange(12).reshape(2, 2, 3), 0, 1, 2, 1, mean_value=[1], factor=0.5)
    assert cut.tolist() == [[[1], [4]], [[1.5], [4.5]], [[2], [5]]]
    mirrored = top(np.arange(12).reshape(2, 2, 3), 1, 0, 1, 2, mirror=True, mean_value=[1, 2, 3])
    assert mirrored.tolist() == [[[8, 5]], [[8, 5]], [[8, 5]]]
