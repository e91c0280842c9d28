"""`caffe.io`: arrays to and from Caffe's messages, images to a net's input."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..errors import InputError, RunError
from ..schema.blob_values import shape_of, stored_values
from .errors import WrongValueError
from .image_files import load_image
from .proto import caffe_pb2
from .resampling import resize_image
from .transformer import Transformer

__all__ = ["Transformer", "array_to_blobproto", "array_to_datum", "arraylist_to_blobprotovector_str",
           "blobproto_to_array", "blobprotovector_str_to_arraylist", "datum_to_array", "load_image", "oversample",
           "resize_image"]

# What Caffe's module imports for itself and scripts take from it: the module, what to take of it, and its package.
_OTHERS = {"skimage": ("skimage.io", "", "scikit-image"), "resize": ("skimage.transform", "resize", "scikit-image"),
           "zoom": ("scipy.ndimage", "zoom", "scipy")}


def __getattr__(name: str) -> Any:
    """scikit-image's `resize` and `skimage`, SciPy's `zoom`; RunError where those are missing."""
    if name not in _OTHERS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute, package = _OTHERS[name]
    try:
        found = importlib.import_module(module)
    except ImportError as error:
        raise RunError(f"caffe.io.{name} is {package}'s, which does not import here ({error}); run `pip install "
                       f"{package}`" + (", or take caffe.io.resize_image." if name == "resize" else ".")) from error
    return getattr(found, attribute) if attribute else importlib.import_module(name)


def blobproto_to_array(blob, return_diff: bool = False) -> np.ndarray:
    """The data of a BlobProto, or its diff, as a float64 array of its shape (four axes if it states the old fields)."""
    values = stored_values(blob, "diff" if return_diff else "data")
    return values.astype(np.float64).reshape(shape_of(blob))


def array_to_blobproto(arr: np.ndarray, diff: np.ndarray | None = None):
    """A BlobProto of the array's shape and values, and of `diff`'s, an array of the same shape."""
    blob = caffe_pb2.BlobProto()
    blob.shape.dim.extend(arr.shape)
    blob.data.extend(arr.astype(float).flat)
    if diff is not None:
        blob.diff.extend(diff.astype(float).flat)
    return blob


def arraylist_to_blobprotovector_str(arraylist: Iterable[np.ndarray]) -> bytes:
    """The arrays as a serialized BlobProtoVector."""
    vector = caffe_pb2.BlobProtoVector()
    vector.blobs.extend(array_to_blobproto(array) for array in arraylist)
    return vector.SerializeToString()


def blobprotovector_str_to_arraylist(data: bytes) -> list[np.ndarray]:
    """The arrays of a serialized BlobProtoVector."""
    return [blobproto_to_array(blob) for blob in caffe_pb2.BlobProtoVector.FromString(data).blobs]


def array_to_datum(arr: np.ndarray, label: int | None = None):
    """A Datum of an array (channels, height, width): its bytes if they are uint8, else its values as floats."""
    if arr.ndim != 3:
        raise WrongValueError(f"array_to_datum is given an array of shape {arr.shape}; a Datum has three axes, "
                              "(channels, height, width).")
    datum = caffe_pb2.Datum(channels=arr.shape[0], height=arr.shape[1], width=arr.shape[2])
    if arr.dtype == np.uint8:
        datum.data = arr.tobytes()
    else:
        datum.float_data.extend(arr.astype(float).flat)
    if label is not None:
        datum.label = label
    return datum


def datum_to_array(datum) -> np.ndarray:
    """The values of a Datum, (channels, height, width): uint8 if it holds bytes, else float64. The label is apart."""
    if datum.encoded:
        raise InputError("datum_to_array is given a Datum that holds an image file (`encoded`); write it to a file, or "
                         "decode its `data` with Pillow.")
    shape = datum.channels, datum.height, datum.width
    if datum.data:
        return np.frombuffer(datum.data, dtype=np.uint8).reshape(shape).copy()
    return np.array(datum.float_data, dtype=np.float64).reshape(shape)


def oversample(images: Sequence[np.ndarray] | np.ndarray, crop_dims) -> np.ndarray:
    """Ten crops of each image (H, W, K): the corners (upper left, upper right, lower left, lower right) and the
    centre, then the mirror images of the five. float32, (10 n, crop_dims[0], crop_dims[1], K).

    Raises InputError for crops larger than the images.
    """
    height, width = images[0].shape[:2]
    crop_height, crop_width = (int(length) for length in crop_dims)
    if crop_height > height or crop_width > width:
        raise InputError(f"oversample is to cut {crop_height} x {crop_width} crops from images of {height} x {width}; "
                         "take smaller crops, or resize the images first.")
    below, beside = height - crop_height, width - crop_width
    starts = [(0, 0), (0, beside), (below, 0), (below, beside), (below // 2, beside // 2)]
    plain = [[image[y:y + crop_height, x:x + crop_width] for y, x in starts] for image in images]
    crops = np.array(plain, dtype=np.float32)
    return np.concatenate([crops, crops[:, :, :, ::-1]], axis=1).reshape(-1, *crops.shape[2:])
