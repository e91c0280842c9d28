"""Images in another size, with the values that `caffe.io.resize_image` gives.

Caffe leaves the work to scikit-image (images of 1 or 3 channels) and to SciPy (all others), whose conventions differ:

* scikit-image aligns the outer edges of the pixels, blurs before it shrinks, takes what lies outside for 0, and clips
  the result to the range of what it interpolated (skimage.transform.resize of version 0.18, mode "constant");
* SciPy aligns the centres of the corner pixels, and does not blur (scipy.ndimage.zoom).

Both work along rows and columns independently, so each is a matrix for the rows and one for the columns here.
"""

from __future__ import annotations

import numpy as np

from ..errors import InputError

TRUNCATE = 4.0       # of the blur, in standard deviations


def resize_image(im: np.ndarray, new_dims, interp_order: int = 1) -> np.ndarray:
    """The image `im` (H, W, K) as float32 of shape (new_dims[0], new_dims[1], K).

    `interp_order` is 0 (nearest), 1 (linear, the default) or up to 5; orders above 1 need SciPy, except 3 for images
    of 1 or 3 channels. Raises InputError for an array of another shape, and where SciPy is missing.
    """
    rows, columns = (int(length) for length in new_dims)
    if im.ndim != 3 or not im.size or min(rows, columns) < 1:
        raise InputError(f"resize_image is given an array of shape {im.shape} for the size {rows} x {columns}; it "
                         "takes (height, width, channels), none of them 0.")
    if im.shape[-1] not in (1, 3):
        return _corner_aligned(im, (rows, columns), interp_order).astype(np.float32)
    low, high = im.min(), im.max()
    if not high > low:
        return np.full((rows, columns, im.shape[-1]), low, dtype=np.float32)
    unit = (im - low) / (high - low)
    return (_edge_aligned(unit, (rows, columns), interp_order) * (high - low) + low).astype(np.float32)


def _edge_aligned(image: np.ndarray, shape: tuple[int, int], order: int) -> np.ndarray:
    factors = [image.shape[axis] / shape[axis] for axis in range(2)]
    sigmas = [max(0.0, (factor - 1) / 2) for factor in factors]
    # In the image's own precision, as scikit-image has it.
    coordinates = [np.arange(length, dtype=image.dtype) * image.dtype.type(factor) + image.dtype.type(factor / 2 - 0.5)
                   for length, factor in zip(shape, factors)]
    if order in _TAPS:
        resized = _apply(image, *(_weights(c, length, order, sigma)
                                  for c, length, sigma in zip(coordinates, image.shape, sigmas)))
        within = all(c[0] >= 0 and c[-1] <= length - 1 for c, length in zip(coordinates, image.shape))
        if order == 0 or (order == 1 and within):
            return resized          # nothing to clip: these are means of values of the image
    filtered = image if not any(sigmas) else _apply(image, *(_weights(np.arange(length), length, 0, sigma)
                                                             for length, sigma in zip(image.shape, sigmas)))
    if order not in _TAPS:
        resized = _spline(filtered, coordinates, order)
    return _clipped(resized, filtered.min(), filtered.max())


def _clipped(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """`values` between `low` and `high`; a 0 from beyond the image stays one."""
    clipped = np.clip(values, low, high)
    return clipped if low <= 0 <= high else np.where(values == 0, values, clipped)


def _corner_aligned(image: np.ndarray, shape: tuple[int, int], order: int) -> np.ndarray:
    coordinates = [np.linspace(0, length - 1, new) if new > 1 else np.zeros(1)
                   for length, new in zip(image.shape, shape)]
    if order > 1:
        return _spline(image, coordinates, order)
    resized = _apply(image, *(_weights(c, length, order) for c, length in zip(coordinates, image.shape)))
    # SciPy's results are of the image's own type.
    return resized if image.dtype.kind == "f" else np.trunc(resized + np.copysign(0.5, resized))


def _apply(image: np.ndarray, row_weights: np.ndarray, column_weights: np.ndarray) -> np.ndarray:
    narrowed = np.tensordot(row_weights, image, axes=(1, 0))
    return np.tensordot(column_weights, narrowed, axes=(1, 1)).transpose(1, 0, 2)


def _weights(coordinates: np.ndarray, length: int, order: int, sigma: float = 0.0) -> np.ndarray:
    """The matrix (coordinates, length) that blurs `length` values and interpolates between them at `coordinates`."""
    first, taps = _TAPS[order](coordinates.astype(np.float64))
    blur = _blur(sigma)
    weights = np.zeros((len(coordinates), length))
    for i, tap in enumerate(taps):
        source = first + i
        inside = np.where((source >= 0) & (source < length), tap, 0)        # beyond the image all is 0
        distance = np.abs(source[:, np.newaxis] - np.arange(length))
        weights += inside[:, np.newaxis] * blur[np.minimum(distance, len(blur) - 1)]
    return weights


def _blur(sigma: float) -> np.ndarray:
    """The Gaussian's weights at distances 0, 1, ..., and a last 0 for all that lie beyond."""
    if not sigma:
        return np.array([1.0, 0.0])
    distances = np.arange(int(TRUNCATE * sigma + 0.5) + 1)
    bell = np.exp(-0.5 * (distances / sigma) ** 2)
    return np.append(bell / (2 * bell.sum() - bell[0]), 0.0)


def _nearest(x: np.ndarray):
    return np.floor(x + 0.5).astype(int), [np.ones_like(x)]


def _linear(x: np.ndarray):
    first = np.floor(x)
    return first.astype(int), [1 - (x - first), x - first]


def _cubic(x: np.ndarray):
    """Cubic convolution (Catmull-Rom)."""
    first = np.floor(x)
    t = x - first
    taps = [((2 - t) * t - 1) * t, (3 * t - 5) * t * t + 2, ((4 - 3 * t) * t + 1) * t, (t - 1) * t * t]
    return first.astype(int) - 1, [tap / 2 for tap in taps]


# By the order: the first of the pixels to combine, and the weight of each from there on.
_TAPS = {0: _nearest, 1: _linear, 3: _cubic}


def _spline(image: np.ndarray, coordinates: list[np.ndarray], order: int) -> np.ndarray:
    try:
        from scipy import ndimage
    except ImportError as error:
        raise InputError(f"resize_image of order {order} for an image of {image.shape[-1]} channels needs SciPy: run "
                         "`pip install scipy`, or take the default order, 1.") from error
    grid = np.meshgrid(*coordinates, indexing="ij")
    planes = [ndimage.map_coordinates(image[..., k], grid, order=order) for k in range(image.shape[-1])]
    return np.stack(planes, axis=-1)
