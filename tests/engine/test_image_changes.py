"""What transform_param of forks does to an image before Caffe's own part: sizes, colours and noise, as OpenCV's."""

from __future__ import annotations

import numpy as np
import pytest
from conformance import examples
from datasets import pixels
from hypothesis import given
from hypothesis import strategies as st

from cae_caffe import schema
from cae_caffe.engine import colors, distortion, noise
from cae_caffe.engine.distortion import Distortion
from cae_caffe.engine.interpolation import MODES, resize_by
from cae_caffe.engine.noise import Noise
from cae_caffe.engine.resize_policy import ResizePolicy
from cae_caffe.engine.rng import Stream
from cae_caffe.errors import InputError

cv2 = pytest.importorskip("cv2", reason="OpenCV 4 is not here: pip install 'opencv-python-headless<5'")

SIDES = st.integers(1, 40)


def smooth(height, width, seed=0):
    """An image with edges and with even places."""
    return cv2.GaussianBlur(pixels(height, width, 3, seed=seed), (3, 3), 1)


def within(found, wanted, most):
    assert found.shape == wanted.shape
    assert np.abs(found.astype(np.float64) - wanted).max() <= most


def options(message, text):
    return schema.view(schema.parse_text(text, message))


@pytest.mark.parametrize("mode", MODES)
@examples(80)
@given(old=st.tuples(SIDES, SIDES), new=st.tuples(SIDES, SIDES), channels=st.sampled_from([1, 3]),
       whole=st.integers(0, 4))
def test_every_interpolation_in_every_size(mode, old, new, channels, whole):
    if whole > 1:       # whole factors have sums of their own in OpenCV
        old = tuple(length * whole for length in new)
    image = pixels(*old, channels, seed=old[0])
    wanted = cv2.resize(image, new[::-1], interpolation=getattr(cv2, f"INTER_{mode}")).reshape(*new, channels)

    # AREA, CUBIC and LANCZOS4 add up in single precision there, in an order that depends on the version.
    within(resize_by(image, *new, mode), wanted, 0 if mode in ("LINEAR", "NEAREST") else 1)


def test_colours_in_other_systems():
    image = np.concatenate([pixels(60, 50, 3), pixels(20, 50, 3) % 3, np.repeat(pixels(10, 50, 1), 3, axis=2)])

    np.testing.assert_array_equal(colors.gray(image), cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))
    np.testing.assert_array_equal(colors.to_hsv(image), cv2.cvtColor(image, cv2.COLOR_BGR2HSV))
    np.testing.assert_array_equal(colors.to_ycrcb(image), cv2.cvtColor(image, cv2.COLOR_BGR2YCrCb))
    np.testing.assert_array_equal(colors.from_ycrcb(image), cv2.cvtColor(image, cv2.COLOR_YCrCb2BGR))


def test_colours_of_hues():
    """Single pixels, for which OpenCV rounds; of many at a time its newer versions cut off what is behind the point."""
    image = pixels(30, 30, 3)
    wanted = [cv2.cvtColor(pixel.reshape(1, 1, 3), cv2.COLOR_HSV2BGR) for pixel in image.reshape(-1, 3)]

    np.testing.assert_array_equal(colors.from_hsv(image).reshape(-1, 3), np.reshape(wanted, (-1, 3)))


def test_lab():
    """OpenCV interpolates in a table of 33 steps a channel, which the formula is not far from."""
    image = pixels(60, 50, 3)

    within(colors.to_lab(image), cv2.cvtColor((image / np.float32(255)).astype(np.float32), cv2.COLOR_BGR2Lab), 0.6)


@pytest.mark.parametrize("shape", [(61, 83), (64, 80), (64, 83), (9, 11), (1, 5)])
def test_noise_of_a_whole_image(shape):
    image = smooth(*shape)
    plane = np.ascontiguousarray(image[:, :, 1])
    clahe = cv2.createCLAHE(4)

    np.testing.assert_array_equal(noise.blurred(image), cv2.GaussianBlur(image, (7, 7), 1.5).reshape(image.shape))
    np.testing.assert_array_equal(noise.equalized(plane), cv2.equalizeHist(plane))
    np.testing.assert_array_equal(noise.equalized(np.full((3, 4), 7, np.uint8)), np.full((3, 4), 7))
    cross = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
    np.testing.assert_array_equal(noise.eroded(image), cv2.erode(image, cross).reshape(image.shape))
    within(noise.locally_equalized(plane), clahe.apply(plane), 1)       # sums of single precision, one in a hundred


@pytest.mark.parametrize(("text", "wanted"), [
    ("decolorize: true", lambda image: cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)),
    ("posterize: true inverse: true", lambda image: 255 - (image // 64 * 64 + 32)),
    ("gauss_blur: true inverse: true", lambda image: 255 - cv2.GaussianBlur(image, (7, 7), 1.5)),
    ("erode: true convert_to_hsv: true", lambda image: cv2.cvtColor(
        cv2.erode(image, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))), cv2.COLOR_BGR2HSV)),
    ("prob: 0", lambda image: image),
])
def test_noise_by_its_options(text, wanted):
    image = smooth(31, 44)
    np.testing.assert_array_equal(Noise(options(schema.NoiseParameter, text)).apply(image, None, "x"), wanted(image))


def test_equalized_colours_keep_their_differences():
    image = smooth(31, 44)
    parts = cv2.cvtColor(image, cv2.COLOR_BGR2YCrCb)
    parts[:, :, 0] = cv2.equalizeHist(parts[:, :, 0])
    found = Noise(options(schema.NoiseParameter, "hist_eq: true")).apply(image, None, "x")

    np.testing.assert_array_equal(found, cv2.cvtColor(parts, cv2.COLOR_YCrCb2BGR))


@pytest.mark.parametrize("quality", [1, 30, 90])
def test_noise_of_jpeg(quality):
    """The libraries behind Pillow and OpenCV may differ in the last bit."""
    image = smooth(31, 44)
    _, content = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    found = Noise(options(schema.NoiseParameter, f"jpeg: {quality}")).apply(image, None, "x")

    within(found, cv2.imdecode(content, cv2.IMREAD_COLOR), 2)
    grey = image[:, :, :1]
    assert Noise(options(schema.NoiseParameter, "jpeg: 50")).apply(grey, None, "x").shape == grey.shape


def test_salt_and_pepper():
    salt = Noise(options(schema.NoiseParameter, "saltpepper: true saltpepper_param { fraction: 0.3 value: 7 value: 300 "
                                                "value: 9 }"))
    assert salt.draws
    image = np.full((20, 30, 3), 100, np.uint8)
    one, two = (salt.apply(image, Stream(5), "x") for _ in range(2))

    np.testing.assert_array_equal(one, two)
    changed = (one != 100).any(2)
    assert 0.3 * 600 * 0.6 < changed.sum() <= 0.3 * 600     # some places are drawn twice
    assert {tuple(pixel) for pixel in one[changed].tolist()} == {(7, 300 - 256, 9)}


@pytest.mark.parametrize(("text", "wanted"), [
    ("brightness_prob: 1 brightness_delta: 30", lambda image, drawn: np.clip(np.rint(image + drawn), 0, 255)),
    ("contrast_prob: 1 contrast_lower: 0.5 contrast_upper: 1.5",
     lambda image, drawn: np.clip(np.rint(image * drawn), 0, 255)),
])
def test_brightness_and_contrast(text, wanted):
    """Of a line of all values it is seen what was drawn."""
    image = np.repeat(np.arange(256, dtype=np.uint8).reshape(1, 256, 1), 3, axis=2)
    found = Distortion(options(schema.DistortionParameter, text)).apply(image, Stream(3), "x").astype(np.float64)
    candidates = np.linspace(-30, 30, 24001) if "brightness" in text else np.linspace(0.5, 1.5, 24001)

    assert min(np.abs(wanted(image.astype(np.float64), drawn) - found).max() for drawn in candidates[::3]) <= 1
    assert not np.array_equal(found, image)


@pytest.mark.parametrize("delta", [-20.5, 13.25, 100])
def test_the_hue_is_turned(delta):
    image = smooth(20, 30)
    hsv = cv2.cvtColor(image, cv2.COLOR_BGR2HSV)
    hsv[:, :, 0] = np.clip(np.rint(hsv[:, :, 0].astype(np.float32) + np.float32(delta)), 0, 255)

    within(distortion.turned(image, delta), cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR), 1)      # see test_colours_of_hues


@pytest.mark.parametrize("factor", [0, 0.5, 1.0, 1.7])
def test_the_saturation_is_multiplied(factor):
    image = smooth(20, 30)
    hsv = cv2.cvtColor(image, cv2.COLOR_BGR2HSV)
    hsv[:, :, 1] = np.clip(np.rint(hsv[:, :, 1].astype(np.float32) * np.float32(factor)), 0, 255)

    within(distortion.saturated(image, factor), cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR), 1)


def test_the_channels_change_places():
    image = smooth(5, 6)
    distort = Distortion(options(schema.DistortionParameter, "random_order_prob: 1"))
    stream = Stream(1)
    orders = set()
    for _ in range(60):
        found = distort.apply(image, stream, "x")
        orders.add(tuple(next(i for i in range(3) if np.array_equal(found[:, :, j], image[:, :, i]))
                         for j in range(3)))

    assert len(orders) == 6


def test_a_distortion_without_probabilities_changes_nothing():
    image = smooth(5, 6)
    np.testing.assert_array_equal(Distortion(options(schema.DistortionParameter, "")).apply(image, Stream(1), "x"),
                                  image)


PAD_MODES = {"CONSTANT": cv2.BORDER_CONSTANT, "MIRRORED": cv2.BORDER_REFLECT101, "REPEAT_NEAREST": cv2.BORDER_REPLICATE}


@pytest.mark.parametrize("pad_mode", PAD_MODES)
@examples(40)
@given(old=st.tuples(st.integers(2, 40), st.integers(2, 40)), new=st.tuples(st.integers(8, 40), st.integers(8, 40)))
def test_the_whole_image_in_the_middle(pad_mode, old, new):
    policy = ResizePolicy(options(schema.ResizeParameter, f"""resize_mode: FIT_LARGE_SIZE_AND_PAD height: {new[0]}
        width: {new[1]} pad_mode: {pad_mode} pad_value: 3 pad_value: 4 pad_value: 5 interp_mode: NEAREST"""))
    image = pixels(*old, 3)
    aspect = np.float32(old[1]) / np.float32(old[0])
    if aspect > np.float32(new[1]) / np.float32(new[0]):
        height, width = max(int(np.float32(new[1]) / aspect), 1), new[1]
    else:
        height, width = new[0], max(int(aspect * np.float32(new[0])), 1)
    above, left = (new[0] - height) // 2, (new[1] - width) // 2
    inner = cv2.resize(image, (width, height), interpolation=cv2.INTER_NEAREST)
    wanted = cv2.copyMakeBorder(inner, above, new[0] - height - above, left, new[1] - width - left,
                                PAD_MODES[pad_mode], value=(3, 4, 5))

    assert policy.size(*old, "x") == new
    np.testing.assert_array_equal(policy.apply(image, None, "x"), wanted)


@pytest.mark.parametrize(("old", "wanted"), [((30, 60), (20, 40)), ((60, 30), (48, 24)), ((50, 60), (20, 24))])
def test_the_smaller_side_fits(old, wanted):
    policy = ResizePolicy(options(schema.ResizeParameter, "resize_mode: FIT_SMALL_SIZE height: 20 width: 24"))
    image = pixels(*old, 3)

    assert policy.size(*old, "x") == wanted
    np.testing.assert_array_equal(policy.apply(image, None, "x"), cv2.resize(image, wanted[::-1]))


def test_interpolations_are_drawn():
    policy = ResizePolicy(options(schema.ResizeParameter, "height: 7 width: 9 " + " ".join(
        f"interp_mode: {mode}" for mode in MODES)))
    image, stream = pixels(20, 30, 3), Stream(1)
    wanted = {resize_by(image, 7, 9, mode).tobytes() for mode in MODES}

    assert {policy.apply(image, stream, "x").tobytes() for _ in range(60)} == wanted
    assert not ResizePolicy(options(schema.ResizeParameter, "height: 7 width: 9 interp_mode: AREA")).draws


@pytest.mark.parametrize(("message", "text", "match"), [
    (ResizePolicy, "height: 3", "`height` of 3 and a `width` of 0"),
    (ResizePolicy, "height: 300000 width: 300000", "268435456 pixels at most"),
    (Noise, "saltpepper: true", "`saltpepper`, and a saltpepper_param with 0 `value`s"),
    (Noise, "saltpepper: true saltpepper_param { value: 1 fraction: 2 }", "a `fraction` of 2"),
    (Noise, "convert_to_hsv: true convert_to_lab: true", "give one of them"),
    (Distortion, "brightness_delta: -1", "`brightness_delta` of -1"),
    (Distortion, "contrast_prob: 1 contrast_lower: 2 contrast_upper: 1", "`contrast_lower` of 2"),
    (Distortion, "saturation_prob: 1 saturation_lower: -2", "`saturation_lower` of -2"),
])
def test_options_that_cannot_be_are_refused(message, text, match):
    kind = {ResizePolicy: schema.ResizeParameter, Noise: schema.NoiseParameter,
            Distortion: schema.DistortionParameter}[message]
    with pytest.raises(InputError, match=match):
        message(options(kind, text))


@pytest.mark.parametrize(("apply", "match"), [
    (lambda image: Noise(options(schema.NoiseParameter, "decolorize: true")).apply(image, None, "Record 3"),
     "Record 3 has 1 channel, and its noise_param changes colours"),
    (lambda image: Distortion(options(schema.DistortionParameter, "hue_prob: 1")).apply(image, Stream(1), "Record 3"),
     "Record 3 has 1 channel, and its distort_param changes colours"),
    (lambda image: ResizePolicy(options(schema.ResizeParameter, "height: 9 width: 2 pad_value: 1 pad_value: 2 "
                                        "resize_mode: FIT_LARGE_SIZE_AND_PAD")).apply(image, None, "Record 3"),
     "Record 3 has 1 channel, and its resize_param 2 `pad_value`s"),
    (lambda image: ResizePolicy(options(schema.ResizeParameter, "height: 16000 width: 16000 "
                                        "resize_mode: FIT_SMALL_SIZE")).apply(image, None, "Record 3"),
     "Record 3 is 4 pixels high and 5 wide, of which FIT_SMALL_SIZE makes"),
])
def test_images_that_do_not_fit_are_refused(apply, match):
    with pytest.raises(InputError, match=match):
        apply(pixels(4, 5, 1))
