"""Images in which detectors that people have find what they are for."""

from __future__ import annotations

import cv2
import numpy as np


def qr_codes() -> np.ndarray:
    """A grey image (384, 384) with two codes, one of them turned."""
    image = np.full((384, 384), 190, np.uint8)
    for text, scale, (x, y), turns in (("a first code", 5, (40, 30), 0), ("another one, longer", 4, (190, 200), 1)):
        code = np.kron(cv2.QRCodeEncoder.create().encode(text), np.ones((scale, scale), np.uint8))
        image[y:y + code.shape[0], x:x + code.shape[1]] = np.rot90(code, turns)
    return image
