"""Pixels of a byte each as the numbers that the nets take and give."""

from __future__ import annotations

import numpy as np


def to_unit(pixels: np.ndarray) -> np.ndarray:
    """uint8 values from 0 to 255 as float32 from 0 to 1: divided by 255, in float32."""
    return np.divide(pixels, np.float32(255), dtype=np.float32)
