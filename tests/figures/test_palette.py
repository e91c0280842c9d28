import io

import numpy as np
import pytest
from PIL import Image

from cae_caffe.figures.palette import in_few_colours


def png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "png")
    return file.getvalue()


def pixels(data):
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def opaque(colours):
    return np.concatenate([colours, np.full(colours.shape[:-1] + (1,), 255, np.uint8)], -1)


def test_a_picture_of_256_colours_keeps_each_of_them():
    random = np.random.default_rng(1)
    colours = random.integers(0, 256, (256, 3), dtype=np.uint8)
    picture = colours[random.integers(0, 256, (64, 64))]
    whole = png(opaque(picture))
    reduced = in_few_colours(whole)
    np.testing.assert_array_equal(pixels(reduced), picture)
    assert len(reduced) < len(whole) / 2


def test_more_colours_become_256_near_them():
    picture = np.random.default_rng(1).integers(0, 256, (128, 128, 3), dtype=np.uint8)
    picture[..., 2] = 0
    reduced = in_few_colours(png(picture))
    assert len(np.unique(pixels(reduced).reshape(-1, 3), axis=0)) <= 256
    assert in_few_colours(reduced) is reduced
    # 256 boxes of a plane of two shades are 16 x 16 where shades are even: a mean of 4 from their middles in each.
    assert np.abs(pixels(reduced)[..., :2].astype(int) - picture[..., :2]).mean() < 4.5


@pytest.mark.parametrize("picture", [
    np.dstack([np.random.default_rng(1).integers(0, 256, (32, 32, 3)), np.full((32, 32), 128)]).astype(np.uint8),
    np.zeros((2, 2), np.uint8),
], ids=["transparent", "smaller as it is"])
def test_others_stay_as_they_are(picture):
    assert in_few_colours(png(picture)) == png(picture)
