"""Images in other systems of colours, in OpenCV's whole numbers (cv::cvtColor of 8-bit images, blue first).

All images are uint8 (H, W, 3). Of the sums that OpenCV takes in whole numbers each bit is its own.
"""

from __future__ import annotations

import numpy as np

_GREY_BITS, _GREY = 15, (3735, 19235, 9798)             # the shares of blue, green and red
_LUMA_BITS, _LUMA = 14, (1868, 9617, 4899)
_TO_RED, _TO_BLUE = 11682, 9241                         # of red and blue less the luma, for Cr and Cb
_FROM_CR, _FROM_CB = (22987, -11698), (-5636, 29049)    # red and green of Cr, green and blue of Cb
_HUE_BITS = 12
_HUES = 180             # of a circle
_SECTORS = 6
# Which of value, p, q and t are blue, green and red in each sector of the hues.
_BY_SECTOR = np.array([[1, 3, 0], [1, 0, 2], [3, 0, 1], [0, 2, 1], [0, 1, 3], [2, 1, 0]])
# Rows: X, Y and Z of blue, green and red, divided by those of white (D65).
_WHITE = np.array([0.950456, 1.0, 1.088754])
_TO_XYZ = np.array([[0.180423, 0.357580, 0.412453], [0.072169, 0.715160, 0.212671], [0.950227, 0.119193, 0.019334]])


def gray(image: np.ndarray) -> np.ndarray:
    """The grey, (H, W)."""
    return _descaled(image.astype(np.int32) @ np.array(_GREY), _GREY_BITS)


def to_ycrcb(image: np.ndarray) -> np.ndarray:
    """Luma, red difference and blue difference."""
    wide = image.astype(np.int32)
    luma = _shifted(wide @ np.array(_LUMA), _LUMA_BITS)
    middle = 128 << _LUMA_BITS
    differences = [_shifted((wide[:, :, channel] - luma) * factor + middle, _LUMA_BITS)
                   for channel, factor in ((2, _TO_RED), (0, _TO_BLUE))]
    return _bytes(np.stack([luma, *differences], axis=2))


def from_ycrcb(image: np.ndarray) -> np.ndarray:
    """What `to_ycrcb` was given, nearly."""
    luma, red, blue = (image[:, :, i].astype(np.int32) for i in range(3))
    red, blue = red - 128, blue - 128
    return _bytes(np.stack([luma + _shifted(blue * _FROM_CB[1], _LUMA_BITS),
                            luma + _shifted(blue * _FROM_CB[0] + red * _FROM_CR[1], _LUMA_BITS),
                            luma + _shifted(red * _FROM_CR[0], _LUMA_BITS)], axis=2))


def to_hsv(image: np.ndarray) -> np.ndarray:
    """Hue, 0 to 179 for a circle, saturation and value, both 0 to 255."""
    blue, green, red = (np.ascontiguousarray(image[:, :, i]) for i in range(3))
    value = np.maximum(np.maximum(blue, green), red)
    spread = value - np.minimum(np.minimum(blue, green), red)
    saturation = _shifted(spread * _parts(255)[value], _HUE_BITS)
    blue, green, red, wide = (plane.astype(np.int32) for plane in (blue, green, red, spread))
    hue = np.where(value == red, green - blue, np.where(value == green, blue - red + 2 * wide, red - green + 4 * wide))
    hue = _shifted(hue * _parts(_HUES / _SECTORS)[spread], _HUE_BITS)
    return np.stack([np.where(hue < 0, hue + _HUES, hue).astype(np.uint8), _bytes(saturation), value], axis=2)


def from_hsv(image: np.ndarray) -> np.ndarray:
    """The colours of hues (those from 180 on begin again), saturations and values."""
    hue, saturation, value = (image[:, :, i].astype(np.float32) for i in range(3))
    hue, saturation, value = (x * np.float32(f) for x, f in zip((hue, saturation, value), (
        _SECTORS / _HUES, 1 / 255, 1 / 255)))
    sector = np.floor(hue)
    beyond = hue - sector
    parts = [_bytes(np.rint(part * 255)) for part in (
        value, value * (1 - saturation), value * (1 - saturation * beyond), value * (1 - saturation * (1 - beyond)))]
    # Which part each pixel takes is looked up in all of them, one after the other.
    whole, pixels = np.stack(parts).ravel(), np.arange(sector.size).reshape(sector.shape)
    chosen = (_BY_SECTOR * sector.size)[sector.astype(np.intp) % _SECTORS]
    return np.take(whole, chosen + pixels[:, :, np.newaxis])


def to_lab(image: np.ndarray) -> np.ndarray:
    """Lightness 0 to 100, and a and b of CIE 1976 L*a*b*, float32, of sRGB under D65."""
    linear = image / 255
    linear = np.where(linear <= 0.04045, linear / 12.92, ((linear + 0.055) / 1.055) ** 2.4)
    xyz = linear @ _TO_XYZ.T / _WHITE
    roots = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    x, y, z = (roots[:, :, i] for i in range(3))
    lightness = np.where(xyz[:, :, 1] > 0.008856, 116 * y - 16, 903.3 * xyz[:, :, 1])
    return np.stack([lightness, 500 * (x - y), 200 * (y - z)], axis=2).astype(np.float32)


def _parts(whole: float) -> np.ndarray:
    """A table of `whole` / i in OpenCV's bits, for i from 0 (0) to 255."""
    table = np.zeros(256, np.int32)
    table[1:] = np.rint(whole * (1 << _HUE_BITS) / np.arange(1, 256))
    return table


def _shifted(sums: np.ndarray, bits: int) -> np.ndarray:
    return (sums + (1 << bits - 1)) >> bits


def _descaled(sums: np.ndarray, bits: int) -> np.ndarray:
    return _bytes(_shifted(sums, bits))


def _bytes(values: np.ndarray) -> np.ndarray:
    return np.clip(values, 0, 255).astype(np.uint8)
