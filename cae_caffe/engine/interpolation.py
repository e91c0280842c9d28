"""Images in another size by each of OpenCV's interpolations (cv::resize), for 8-bit images.

LINEAR, NEAREST and AREA's whole factors are OpenCV's to the bit (resizing.py); where it adds up in single precision,
in an order that its version and the processor decide, a value may be one higher or lower.
"""

from __future__ import annotations

from typing import Callable

import numpy as np

from . import resizing

_BITS = 11              # of a weight
_CUBIC = -0.75          # the slope of the cubic convolution at 1
_LOBES = 4              # of Lanczos's window, on each side
_NOTHING = 1e-3         # of a pixel: a smaller part of it does not count


def resize_by(image: np.ndarray, height: int, width: int, mode: str) -> np.ndarray:
    """The image, uint8 (H, W, K), as uint8 (height, width, K); `mode` is one of MODES."""
    return MODES[mode](image, height, width)


def _area(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Each pixel the mean of those that it covers; enlarged, it is nearly NEAREST, with LINEAR's steps between."""
    rows, columns = image.shape[:2]
    if height > rows or width > columns:
        return resizing.combine(image, _steps(rows, height), _steps(columns, width))
    if (rows, columns) == (2 * height, 2 * width):
        return resizing.resize(image, height, width)
    mixed = (_shares(rows, height) @ image.reshape(rows, -1).astype(np.float32)).reshape(height, columns, -1)
    across = _shares(columns, width) @ mixed.swapaxes(0, 1).reshape(columns, -1)
    return _rounded(across.reshape(width, height, -1).swapaxes(0, 1))


def _steps(old: int, new: int) -> tuple[np.ndarray, np.ndarray]:
    """For each new pixel the old one before it, and how much of the next it has."""
    first = np.floor(np.arange(new) * (1 / (new / old))).astype(np.int32)
    share = ((np.arange(new) + 1) - (first + 1) * (new / old)).astype(np.float32)
    share = np.where(share <= 0, 0, share - np.floor(share)).astype(np.float32)
    share[first >= old - 1] = 0
    return np.minimum(first, old - 1), share


def _shares(old: int, new: int) -> np.ndarray:
    """How much of each old pixel a new one is, (new, old), float32."""
    scale = 1 / (new / old)
    begin = np.arange(new)[:, np.newaxis] * scale
    first = np.arange(old)
    shares = np.minimum(begin + scale, first + 1) - np.maximum(begin, first)
    shares[shares <= _NOTHING] = 0
    return (shares / np.minimum(scale, old - begin)).astype(np.float32)


def _cubic(image: np.ndarray, height: int, width: int) -> np.ndarray:
    return _convolved(image, height, width, _cubic_weights, 1)


def _lanczos(image: np.ndarray, height: int, width: int) -> np.ndarray:
    return _convolved(image, height, width, _lanczos_weights, _LOBES - 1)


def _cubic_weights(share: np.ndarray) -> np.ndarray:
    near, far = share, 1 - share
    first = ((_CUBIC * (near + 1) - 5 * _CUBIC) * (near + 1) + 8 * _CUBIC) * (near + 1) - 4 * _CUBIC
    second, third = (((_CUBIC + 2) * x - (_CUBIC + 3)) * x * x + 1 for x in (near, far))
    return np.stack([first, second, third, 1 - first - second - third], axis=1)


def _lanczos_weights(share: np.ndarray) -> np.ndarray:
    distance = share[:, np.newaxis].astype(np.float64) + _LOBES - 1 - np.arange(2 * _LOBES)
    weights = np.sinc(distance) * np.sinc(distance / _LOBES)
    return weights / weights.sum(1, keepdims=True)


def _convolved(image: np.ndarray, height: int, width: int, weights: Callable[[np.ndarray], np.ndarray],
               before: int) -> np.ndarray:
    """Sums of neighbours by `weights`, of which `before` stand before a place; at the edges the outermost repeat."""
    if image.shape[:2] == (height, width):
        return image
    # Both sums are whole numbers, so their order is free: that which leaves less comes first.
    sums: np.ndarray = image
    for axis, new in sorted(enumerate((height, width)), key=lambda one: one[1] / image.shape[one[0]]):
        sums = _summed(sums, axis, new, weights, before)
    return np.clip((sums + (1 << 2 * _BITS - 1)) >> 2 * _BITS, 0, 255).astype(np.uint8)


def _summed(values: np.ndarray, axis: int, new: int, weights: Callable[[np.ndarray], np.ndarray],
            before: int) -> np.ndarray:
    old = values.shape[axis]
    first, share = resizing.places(old, new)
    # Sums of bytes have at most 21 bits, those of such sums more than 32.
    kind = np.int32 if values.dtype == np.uint8 else np.int64
    factors = np.rint(weights(share) * (1 << _BITS)).astype(kind)
    total = 0
    for i in range(factors.shape[1]):
        factor = factors[:, i].reshape(-1, *[1] * (values.ndim - 1 - axis))
        total = total + np.take(values, np.clip(first + i - before, 0, old - 1), axis) * factor
    return np.asarray(total)


def _rounded(values: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


MODES: dict[str, Callable[[np.ndarray, int, int], np.ndarray]] = {
    "LINEAR": resizing.resize, "AREA": _area, "NEAREST": resizing.resize_nearest, "CUBIC": _cubic,
    "LANCZOS4": _lanczos,
}
