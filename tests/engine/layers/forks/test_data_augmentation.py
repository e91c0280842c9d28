"""FlowNet 2.0's DataAugmentation, as far as nothing is drawn."""

from __future__ import annotations

import numpy as np
import pytest
from conformance import Case, examples, run_embedded, values
from fork_judge import agree
from hypothesis import given
from hypothesis import strategies as st

from cae_caffe import pycaffe
from cae_caffe.errors import InputError


def augmentation(text, *shape, **further):
    return Case(f'type: "DataAugmentation" augmentation_param {{ {text} }}', [values(*shape)], backward=False,
                force_backward=False, **further)


def naive_cut(images, height, width):
    """A pixel at a time."""
    images = images.astype(np.float64)
    top = np.empty((*images.shape[:2], height, width))
    for y, x in np.ndindex(height, width):
        row, column = (min(i + (whole - part) / 2, max(0, whole - 1.05))
                       for i, whole, part in zip((y, x), images.shape[2:], (height, width)))
        above, left = int(row), int(column)
        below, right = min(above + 1, images.shape[2] - 1), min(left + 1, images.shape[3] - 1)
        down, over = row - above, column - left
        top[:, :, y, x] = ((1 - down) * ((1 - over) * images[:, :, above, left] + over * images[:, :, above, right])
                           + down * ((1 - over) * images[:, :, below, left] + over * images[:, :, below, right]))
    return top


@examples(25)
@given(height=st.integers(1, 6), width=st.integers(1, 6), data=st.data(), phase=st.sampled_from(["TRAIN", "TEST"]))
def test_the_middle(height, width, data, phase):
    cut = data.draw(st.integers(1, height)), data.draw(st.integers(1, width))
    drawn = "mirror { prob: 0.5 }" if phase == "TEST" else ""

    agree(augmentation(f"crop_height: {cut[0]} crop_width: {cut[1]} mean: 0.1 mean: 0.2 mean: 0.3 "
                       f"mean_per_pixel: false {drawn}", 2, 3, height, width, phase=phase),
          {"top0.data": naive_cut(values(2, 3, height, width), *cut) - np.reshape([0.1, 0.2, 0.3], (3, 1, 1))})


def test_without_a_size_images_stay():
    agree(augmentation("crop_width: 2 zoom { spread: 1 }", 2, 1, 3, 4), {"top0.data": values(2, 1, 3, 4)})


@pytest.mark.parametrize("per_pixel", [False, True])
def test_the_mean_of_the_first_passes(per_pixel):
    batches = [values(2, 3, 2, 4, seed=seed) for seed in range(3)]
    case = augmentation(f"recompute_mean: 2 mean_per_pixel: {str(per_pixel).lower()}", 2, 3, 2, 4, params="filled",
                        then=[[batch] for batch in batches[1:]])

    for found, batch, seen in zip(run_embedded(case), batches, ([0], [0, 1], [0, 1])):
        mean = np.concatenate([batches[i] for i in seen]).mean(0, keepdims=True)
        of_channels = mean.mean((2, 3), keepdims=True)
        np.testing.assert_allclose(found["layer[1].data"], mean, atol=1e-6)
        np.testing.assert_allclose(found["layer[2].data"], of_channels, atol=1e-6)
        np.testing.assert_allclose(found["top0.data"], batch - (mean if per_pixel else of_channels), atol=1e-6)


NET = """
layer {{ name: "img" type: "Input" top: "img" input_param {{ shape {{ dim: 2 dim: 3 dim: {0} dim: {0} }} }} }}
layer {{ name: "aug" type: "DataAugmentation" bottom: "img" top: "out" propagate_down: false
  augmentation_param {{ recompute_mean: 1 mean_per_pixel: {1} }} }}
"""


@pytest.mark.parametrize("per_pixel", ["false", "true"])
def test_weights_of_images_of_another_size(tmp_path, per_pixel):
    for size in (4, 6):
        (tmp_path / f"{size}.prototxt").write_text(NET.format(size, per_pixel))
    trained = pycaffe.Net(str(tmp_path / "4.prototxt"), pycaffe.TEST)
    trained.blobs["img"].data[...] = values(2, 3, 4, 4)
    trained.forward()
    trained.save(str(tmp_path / "weights.caffemodel"))
    net = pycaffe.Net(str(tmp_path / "6.prototxt"), pycaffe.TEST, weights=str(tmp_path / "weights.caffemodel"))
    net.blobs["img"].data[...] = values(2, 3, 6, 6, seed=1)

    mean = values(2, 3, 4, 4).mean((0, 2, 3)).reshape(1, 3, 1, 1)
    np.testing.assert_allclose(net.forward()["out"], values(2, 3, 6, 6, seed=1) - mean, atol=1e-6)


@pytest.mark.parametrize(("text", "phase", "match"), [
    ("crop_height: 2 crop_width: 2 mirror { } zoom { spread: 0.1 }", "TRAIN", r"at random \(`mirror`, `zoom`\)"),
    ("crop_height: 2 crop_width: 2 noise { } augment_during_test: true", "TEST", r"at random \(`noise`\)"),
    ("crop_height: 4 crop_width: 2", "TEST", "`crop_height: 4` and"),
    ("crop_height: 0 crop_width: 2", "TEST", "from 1 to"),
    ("mean: 1 mean_per_pixel: false", "TEST", "`mean` 1 times")])
def test_what_is_drawn_or_too_large_is_refused(text, phase, match):
    with pytest.raises(InputError, match=match):
        run_embedded(augmentation(text, 1, 3, 3, 3, phase=phase))
