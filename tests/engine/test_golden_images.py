"""What OpenCV made of one image, also where there is no OpenCV; test_image_changes.py tries many images with it."""

from __future__ import annotations

import image_goldens
import numpy as np
import pytest

# Sums of single precision, in an order that is OpenCV's.
NEARLY = ("AREA", "CUBIC", "LANCZOS4", "locally equalized")


@pytest.mark.parametrize("name", image_goldens.ours())
def test_images_are_opencvs(name):
    with np.load(image_goldens.FILE) as kept:
        wanted = kept[name]
    found = image_goldens.ours()[name]

    assert found.shape == wanted.shape
    assert np.abs(found.astype(int) - wanted).max() <= name.startswith(NEARLY)
