"""`caffe.io.load_image`: image files as float arrays, by Pillow."""

from __future__ import annotations

import os

import numpy as np

from ..data import pillow
from ..errors import InputError

LUMINANCE = np.array([0.2125, 0.7154, 0.0721])       # of red, green and blue (ITU-R 709, as scikit-image has it)


def load_image(filename, color: bool = True) -> np.ndarray:
    """The image in a file as float32 in [0, 1]: (H, W, 3), red first, or with `color` False its grey, (H, W, 1).

    Grey images become three equal planes. Transparency is dropped; for the grey of a colour image it is put on white
    first, as in scikit-image. Raises InputError for a file that cannot be read, RunError without Pillow.
    """
    pixels = _pixels(os.fsdecode(filename))
    if not color and pixels.shape[2] > 1:
        pixels = _on_white(pixels) @ LUMINANCE[:, np.newaxis]
    if color and pixels.shape[2] == 1:
        pixels = np.repeat(pixels, 3, axis=2)
    return pixels[:, :, :3].astype(np.float32)


def _pixels(filename: str) -> np.ndarray:
    """(H, W, 1), (H, W, 3) or, with transparency, (H, W, 4), as float64 in [0, 1]."""
    def refusal(reason: str) -> InputError:
        return InputError(f"{filename}: this image cannot be read: {reason}.")

    with pillow.opened(filename, refusal) as image:
        array = np.asarray(_plain(image))
        return np.atleast_3d(array / _largest(array.dtype))


def _plain(image):
    """The image in a mode whose array is made of grey, RGB or RGBA pixels."""
    if image.mode == "P":
        if "transparency" in image.info:
            return image.convert("RGBA")
        return image.convert("L") if _is_grey(image) else image.convert("RGB")
    return image.convert(_CONVERSIONS[image.mode]) if image.mode in _CONVERSIONS else image


# Pillow's other modes that are neither grey nor RGB(A); those of 16 and more bits stay as they are.
_CONVERSIONS = {"1": "L", "LA": "RGBA", "PA": "RGBA", "La": "RGBA", "RGBa": "RGBA", "RGBX": "RGB", "CMYK": "RGB",
                "YCbCr": "RGB", "LAB": "RGB", "HSV": "RGB"}


def _is_grey(image) -> bool:
    """Whether all colours that a palette image uses are shades of grey."""
    used = image.convert("RGB").getcolors(256) or []
    return all(red == green == blue for _, (red, green, blue) in used)


def _largest(dtype: np.dtype) -> float:
    """What stands for white; an image of 32-bit integers holds 16-bit ones, and one of floats is in [0, 1]."""
    if dtype.kind == "f":
        return 1.0
    return 255.0 if dtype.itemsize == 1 else 65535.0


def _on_white(pixels: np.ndarray) -> np.ndarray:
    if pixels.shape[2] == 3:
        return pixels
    alpha = pixels[:, :, 3:]
    return np.clip(alpha * pixels[:, :, :3] + (1 - alpha), 0, 1)
