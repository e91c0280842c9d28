"""What OpenCV makes of one small image, kept in tests/golden/opencv so that it holds where OpenCV is not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from datasets import pixels

from cae_caffe.engine import colors, noise
from cae_caffe.engine.interpolation import MODES, resize_by

FILE = Path(__file__).resolve().parents[1] / "golden" / "opencv" / "image_changes.npz"
SIZES = {"smaller": (7, 5), "larger": (14, 17), "half": (6, 5)}
IMAGE = pixels(12, 10, 3, seed=3) // 2 + np.arange(0, 120, 12, dtype=np.uint8)[:, np.newaxis]


def ours() -> dict[str, np.ndarray]:
    """By name, this package's results."""
    return {**{f"{mode} {name}": resize_by(IMAGE, *size, mode) for mode in MODES for name, size in SIZES.items()},
            "gray": colors.gray(IMAGE), "ycrcb": colors.to_ycrcb(IMAGE), "hsv": colors.to_hsv(IMAGE),
            "from ycrcb": colors.from_ycrcb(IMAGE), "blurred": noise.blurred(IMAGE),
            "equalized": noise.equalized(IMAGE[:, :, 1]), "locally equalized": noise.locally_equalized(IMAGE[:, :, 1]),
            "eroded": noise.eroded(IMAGE)}


def opencvs() -> dict[str, np.ndarray]:
    """By the same names, OpenCV's."""
    import cv2  # an extra of the tests

    plane = np.ascontiguousarray(IMAGE[:, :, 1])
    return {**{f"{mode} {name}": cv2.resize(IMAGE, size[::-1], interpolation=getattr(cv2, f"INTER_{mode}"))
               for mode in MODES for name, size in SIZES.items()},
            "gray": cv2.cvtColor(IMAGE, cv2.COLOR_BGR2GRAY), "ycrcb": cv2.cvtColor(IMAGE, cv2.COLOR_BGR2YCrCb),
            "hsv": cv2.cvtColor(IMAGE, cv2.COLOR_BGR2HSV), "from ycrcb": cv2.cvtColor(IMAGE, cv2.COLOR_YCrCb2BGR),
            "blurred": cv2.GaussianBlur(IMAGE, (7, 7), 1.5), "equalized": cv2.equalizeHist(plane),
            "locally equalized": cv2.createCLAHE(4).apply(plane),
            "eroded": cv2.erode(IMAGE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3)))}


def write() -> None:
    """Make the file anew."""
    np.savez_compressed(FILE, **opencvs())
