"""Images in another size, to the bit as OpenCV interpolates 8-bit ones linearly (cv::resize of OpenCV 4.5).

Outer edges of the pixels are aligned, and nothing is blurred before shrinking. OpenCV works in whole numbers: each of
the two pixels to combine weighs a share of 2**11; the sums along the rows lose their last 4 bits, their products with
the weights of the columns 16, and the total is rounded from what is left, 2 bits.
"""

from __future__ import annotations

import numpy as np

WEIGHT_BITS, ROW_BITS, PRODUCT_BITS = 11, 4, 16
LAST_BITS = 2 * WEIGHT_BITS - ROW_BITS - PRODUCT_BITS


def resize(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """The image, uint8 (H, W, K), as uint8 (height, width, K)."""
    rows, columns = image.shape[:2]
    if (rows, columns) == (height, width):
        return image
    if (rows, columns) == (2 * height, 2 * width):
        return _halved(image.astype(np.int32))
    left, share = places(columns, width)
    # Beyond an edge OpenCV takes the outermost pixel alone along a row; in a column it combines it with itself.
    share[(left < 0) | (left >= columns - 1)] = 0
    return combine(image, places(rows, height), (left, share))


def combine(image: np.ndarray, rows: tuple[np.ndarray, np.ndarray], columns: tuple[np.ndarray, np.ndarray]
            ) -> np.ndarray:
    """The image, uint8 (H, W, K), with each new pixel between two rows and two columns.

    Of either are given, for each new pixel, the number of the old one before it and the next one's share, 0 to 1.
    """
    height, width = image.shape[:2]
    above, share = rows
    upper, lower = _within(above, height), _within(above + 1, height)
    if 2 * len(above) < height:         # of most rows nothing is seen
        above_lines, below_lines = (_along(image[lines], columns, width) for lines in (upper, lower))
    else:
        lines = _along(image, columns, width)
        above_lines, below_lines = lines[upper], lines[lower]
    near, far = _weights(share[:, np.newaxis, np.newaxis])
    return _rounded((above_lines * near >> PRODUCT_BITS) + (below_lines * far >> PRODUCT_BITS), LAST_BITS)


def _along(image: np.ndarray, columns: tuple[np.ndarray, np.ndarray], width: int) -> np.ndarray:
    """The rows of an image of this width, with new pixels between two columns."""
    left, share = columns
    near, far = _weights(share[:, np.newaxis])
    pixels = image.astype(np.int32)
    return (pixels[:, _within(left, width)] * near + pixels[:, _within(left + 1, width)] * far) >> ROW_BITS


def resize_nearest(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """The image (H, W, ...) with the pixel before each new one's place, as OpenCV's INTER_NEAREST takes it."""
    rows, columns = (np.minimum(np.floor(np.arange(new) * (1 / (new / old))).astype(np.intp), old - 1)
                     for new, old in ((height, image.shape[0]), (width, image.shape[1])))
    return image[rows[:, np.newaxis], columns]


def _halved(pixels: np.ndarray) -> np.ndarray:
    """Means of four pixels."""
    rows = pixels[::2] + pixels[1::2]
    return _rounded(rows[:, ::2] + rows[:, 1::2], 2)


def _rounded(total: np.ndarray, bits: int) -> np.ndarray:
    return ((total + (1 << bits - 1)) >> bits).astype(np.uint8)


def places(length: int, new_length: int) -> tuple[np.ndarray, np.ndarray]:
    """For each new pixel, the number of the old one before it and how far beyond that it is, 0 to 1, in float32."""
    scale = 1 / (new_length / length)
    places = ((np.arange(new_length) + 0.5) * scale - 0.5).astype(np.float32)
    first = np.floor(places)
    return first.astype(np.int32), places - first


def _weights(share: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    one = np.float32(1 << WEIGHT_BITS)
    return np.rint((1 - share) * one).astype(np.int32), np.rint(share * one).astype(np.int32)


def _within(places: np.ndarray, length: int) -> np.ndarray:
    return np.clip(places, 0, length - 1)
