"""Image files as OpenCV decodes them for Caffe: 8 bits a value, blue first (cv::imread, cv::imdecode of OpenCV 4.5).

The pixels are equal to OpenCV's, but for the grey of colour PNG files of 16 bits, which may be one lower or higher.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from ..data import pillow
from ..errors import InputError

if TYPE_CHECKING:
    from PIL import Image  # an extra, imported where it is needed

# How the libraries behind OpenCV weigh red, green and blue to a grey: bits to shift right by, the weights, and what is
# added before; libpng cuts off, the others round.
_GREY = {"PNG": (15, (9797, 19234, 3737), 0), "WEBP": (15, (9798, 19235, 3735), 1 << 14)}
_OTHER_GREY = (14, (4899, 9617, 1868), 1 << 13)
_ONE_CHANNEL = {"1", "L"}           # Pillow's modes that OpenCV reads as one channel, and those it reads as four
_WITH_ALPHA = {"RGBA", "LA", "PA"}
_SIXTEEN_BITS = ("I", "F")          # how the names of such modes start


def read(path: str, color: bool) -> np.ndarray:
    """The image in the file `path`, uint8 (H, W, 3), or with `color` False its grey, (H, W, 1).

    Raises InputError if there is none or Pillow cannot read it, RunError without Pillow.
    """
    return decode(content(path), "color" if color else "gray", f"The file {path}")


def content(path: str) -> bytes:
    """The bytes of the image file `path`; raises InputError if it cannot be read."""
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except (OSError, ValueError, MemoryError) as error:     # ValueError: a zero byte in the path
        reason = getattr(error, "strerror", None) or str(error) or "it does not fit into the memory"
        raise InputError(f"The image {path} cannot be read: {reason}.") from None


def decode(content: bytes, mode: str, what: str) -> np.ndarray:
    """The image in `content`, the bytes of a file, as uint8 (H, W, channels), blue first.

    `mode` is "color" (three channels, transparency dropped), "gray" (one) or "native": one, three or, with
    transparency, four, as the file has them, whatever way it says is up. `what` begins error messages. Raises
    InputError if Pillow cannot read it or, native, if it has more than 8 bits a value; RunError without Pillow.
    """
    def refusal(reason: str) -> InputError:
        return InputError(f"{what} holds no image that Pillow can read ({reason}).")

    with pillow.opened(io.BytesIO(content), refusal) as image:
        return _MODES[mode](image, what)


def _color(image: Image.Image, what: str) -> np.ndarray:
    return _blue_first(_rgb(_upright(image)))


def _gray(image: Image.Image, what: str) -> np.ndarray:
    bits, weights, rounding = _GREY.get(image.format or "", _OTHER_GREY)
    image.draft("L", image.size)        # a JPEG file holds grey and colour apart, and its grey is taken as it is
    image = _upright(image)
    if image.mode in _ONE_CHANNEL or image.mode == "LA":
        return _one_channel(image)
    if image.mode.startswith(_SIXTEEN_BITS):
        return _upper_bits(image)[:, :, np.newaxis]
    total = _rgb(image).astype(np.int32) @ np.array(weights, np.int32) + rounding
    return (total >> bits).astype(np.uint8)[:, :, np.newaxis]


def _native(image: Image.Image, what: str) -> np.ndarray:
    if image.mode.startswith(_SIXTEEN_BITS):
        raise InputError(f"{what} has more than 8 bits a value, and Caffe takes 8; store it so, or set `force_color` "
                         "or `force_gray` in the layer's transform_param.")
    if image.mode in _ONE_CHANNEL:
        return _one_channel(image)
    if image.mode in _WITH_ALPHA or "transparency" in image.info:
        return _blue_first(np.asarray(image.convert("RGBA")))
    return _blue_first(_rgb(image))


_MODES = {"color": _color, "gray": _gray, "native": _native}


def _upright(image: Image.Image) -> Image.Image:
    """The image turned as its Exif data say, which OpenCV reads in JPEG files alone."""
    from PIL import ImageOps
    return ImageOps.exif_transpose(image) if image.format == "JPEG" else image


def _one_channel(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("L"))[:, :, np.newaxis]


def _rgb(image: Image.Image) -> np.ndarray:
    if image.mode == "CMYK":
        ink = np.asarray(image).astype(np.int32)
        light = 255 - ink[:, :, 3:]
        return (light - (ink[:, :, :3] * light >> 8)).astype(np.uint8)
    if image.mode.startswith(_SIXTEEN_BITS):
        return np.stack([_upper_bits(image)] * 3, axis=2)
    return np.asarray(image.convert("RGB"))


def _upper_bits(image: Image.Image) -> np.ndarray:
    return (np.asarray(image).astype(np.int32) >> 8).astype(np.uint8)


def _blue_first(pixels: np.ndarray) -> np.ndarray:
    return np.concatenate([pixels[:, :, 2::-1], pixels[:, :, 3:]], axis=2)
