"""What AnnotatedData of SSD does with images: weiliu89/caffe, branch ssd, src/caffe/util/im_transforms.cpp and
data_transformer.cpp. An image is (height, width, channels) in bytes, blue first. What is drawn by lot is an argument.

The fork packs an image as JPEG after each of distort, expand and crop, and resizes only packed ones; not so here.
Interpolation, CLAHE and JPEG are OpenCV's, and not repeated.
"""

from __future__ import annotations

import math

import numpy as np

from .annotated_data import expanded_size

CROSS = [(-1, 0), (0, -1), (0, 0), (0, 1), (1, 0)]     # OpenCV's ellipse of 3 x 3


def whole(values):
    """Values as bytes: rounded, halves to even, and clipped."""
    return np.clip(np.rint(np.asarray(values, float)), 0, 255)


def adjust_brightness(image, delta):
    return whole(np.asarray(image, float) + delta)


def adjust_contrast(image, factor):
    """Unless the factor is 1 by less than .001."""
    return whole(np.asarray(image, float) * factor) if abs(factor - 1) > 1e-3 else np.asarray(image, float)


def adjust_saturation(image, factor):
    """The saturation times `factor`, to 1 at most. In bytes of HSV the fork loses up to some units of each colour."""
    return _in_hsv(image, lambda hue, saturation, value: (hue, min(saturation * factor, 1.0), value))


def adjust_hue(image, delta):
    """The hue, of 180 units, moved by `delta`; below 0 it is 0. As to the loss, see adjust_saturation()."""
    return _in_hsv(image, lambda hue, saturation, value: (max(hue + delta / 180, 0.0), saturation, value))


def expanded(image, ratio, top, left, mean_value=()):
    """The image laid at this row and column into one that is `ratio` times as high and wide, of mean_value or black."""
    height, width, channels = image.shape
    whole_image = np.zeros((*expanded_size(height, width, ratio), channels))
    if len(mean_value):
        whole_image[:] = whole(list(mean_value) * (channels if len(mean_value) == 1 else 1))
    whole_image[top:top + height, left:left + width] = image
    return whole_image


def padding(height, width, resize):
    """With FIT_LARGE_SIZE_AND_PAD: height and width that an image is resized to, and the rows above and columns left of
    it in what it is padded to. What is over is below and right."""
    to_height, to_width = resize["height"], resize["width"]
    aspect = np.float32(width) / np.float32(height)
    if aspect > np.float32(to_width) / np.float32(to_height):
        inner = math.floor(np.float32(to_width) / aspect)
        return inner, to_width, (to_height - inner) // 2, 0
    inner = math.floor(aspect * np.float32(to_height))
    return to_height, inner, 0, (to_width - inner) // 2


def padded(image, height, width, top, left, pad_mode="CONSTANT", pad_value=()):
    """An image within one of this size: around it pad_value or 0, its border, or its mirror (without the border)."""
    below, right = height - image.shape[0] - top, width - image.shape[1] - left
    around = ((top, below), (left, right), (0, 0))
    if pad_mode != "CONSTANT":
        return np.pad(image, around, {"MIRRORED": "reflect", "REPEAT_NEAREST": "edge"}[pad_mode]).astype(float)
    values = list(pad_value) or [0.0]
    colours = values * (image.shape[2] if len(values) == 1 else 1)
    return np.stack([np.pad(image[..., c].astype(float), around[:2], constant_values=whole(colours[c]))
                     for c in range(image.shape[2])], axis=2)


def gray(image):
    """Each pixel's brightness, in all channels: decolorize."""
    return np.repeat(whole(image @ np.array([0.114, 0.587, 0.299]))[..., None], 3, axis=2)


def posterized(image, div=64):
    """Each value in the middle of its quarter."""
    return np.asarray(image, float) // div * div + div // 2


def inverted(image):
    return 255 - np.asarray(image, float)


def eroded(image):
    """Each pixel the least of itself and its four neighbours, in each channel."""
    height, width = image.shape[:2]
    out = np.empty(image.shape)
    for h, w in np.ndindex(height, width):
        near = [image[h + y, w + x] for y, x in CROSS if 0 <= h + y < height and 0 <= w + x < width]
        out[h, w] = np.min(near, axis=0)
    return out


def blurred(image):
    """gauss_blur: 7 x 7, of standard deviation 1.5, the image mirrored at its border. Before rounding."""
    kernel = np.exp(-np.arange(-3, 4) ** 2 / (2 * 1.5 ** 2))
    kernel /= kernel.sum()
    around = np.pad(np.asarray(image, float), ((3, 3), (3, 3), (0, 0)), "reflect")
    height, width = image.shape[:2]
    rows = sum(weight * around[i:i + height] for i, weight in enumerate(kernel))
    return sum(weight * rows[:, i:i + width] for i, weight in enumerate(kernel))


def equalized(plane):
    """hist_eq of a gray image: a value becomes the part of the pixels up to it, of those above the least, by 255."""
    values = np.asarray(plane).astype(int)
    counts = np.bincount(values.ravel(), minlength=256)
    least = values.min()
    if counts[least] == values.size:
        return values.astype(float)
    table = whole((np.cumsum(counts) - counts[least]) * 255.0 / (values.size - counts[least]))
    return table[values]


def noise_pixels(height, width, fraction):
    """How many times saltpepper draws a pixel, to set it."""
    return math.floor(np.float32(fraction) * np.float32(width) * np.float32(height))


def top(image, top_row, left, height, width, *, mirror=False, mean_value=(), factor=1.0):
    """The first top of an item: the crop, mirrored, less the means, by scale: (channels, height, width)."""
    cut = np.asarray(image, float)[top_row:top_row + height, left:left + width].transpose(2, 0, 1)
    means = list(mean_value) or [0.0]
    cut = (cut - np.reshape(means * (len(cut) if len(means) == 1 else 1), (-1, 1, 1))) * factor
    return cut[..., ::-1] if mirror else cut


def _in_hsv(image, change):
    import colorsys

    out = np.empty(image.shape)
    for place in np.ndindex(image.shape[:2]):
        hue, saturation, value = change(*colorsys.rgb_to_hsv(*(np.asarray(image[place], float)[::-1] / 255)))
        out[place] = np.array(colorsys.hsv_to_rgb(hue % 1.0, saturation, value))[::-1] * 255
    return out
