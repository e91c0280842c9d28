"""What is done to images before a net, put into its graph: from RGB to BGR, minus the mean, times a scale."""

from __future__ import annotations

import numbers
import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ... import schema
from ...engine import blob_proto
from ...errors import InputError
from ...printing import counted, shown
from ...schema.blob_values import shape_of
from ..deploy import Deployed, names_given
from .graph import WrittenGraph

IMAGE_AXES = 4
COLOURS = 3


@dataclass(frozen=True)
class Preprocessing:
    """(x - mean) * scale, as Caffe's transform_param has it, of the images `inputs`, whose channels are turned first if
    `rgb`. `mean` is (1, C, H, W) or (1, C, 1, 1), float32, in the net's order of channels; `source` says where from.
    """

    inputs: tuple[str, ...]
    mean: np.ndarray | None
    scale: float
    rgb: bool
    source: str = ""

    def insert(self, graph: WrittenGraph) -> None:
        """Let the graph take pixels: its inputs keep their names, and what reads them reads what is made of them."""
        builder = graph.builder
        readers = list(builder.operations)
        for name in self.inputs:
            before, prepared = len(builder.operations), name
            for kind, constant, attributes in self._steps():
                inputs = [prepared, builder.constant(constant, f"{name}/{kind.lower()}")]
                prepared, = builder.add(kind, inputs, 1, name, attributes)
            builder.insert_at_front(len(builder.operations) - before)
            for operation in readers:
                operation.read_instead(name, prepared)

    def _steps(self):
        if self.rgb:
            yield "Gather", np.array([2, 1, 0], np.int64), {"axis": 1}
        if self.mean is not None:
            yield "Sub", self.mean, {}
        if self.scale != 1:
            yield "Mul", np.float32(self.scale), {}

    def prepare(self, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """What the net itself takes, of arrays of pixels: the same in NumPy."""
        return {name: self._prepared(array) if name in self.inputs else array for name, array in arrays.items()}

    def _prepared(self, array: np.ndarray) -> np.ndarray:
        if self.rgb:
            array = array[:, ::-1]
        if self.mean is not None:
            array = array - self.mean
        return array * np.float32(self.scale)

    @property
    def words(self) -> str:
        """What it does, in words."""
        steps = ["RGB to BGR"] if self.rgb else []
        steps += [f"minus the mean {self.source}"] if self.mean is not None else []
        steps += [f"times {self.scale:g}"] if self.scale != 1 else []
        return ", ".join(steps)


def preprocessing(deployed: Deployed, mean=None, scale: float = 1, rgb: bool = False,
                  inputs: Sequence[str] = ()) -> Preprocessing | None:
    """What is to be done to images before the net, or None if nothing.

    `mean` is the path of a .binaryproto or a .npy, or numbers, one for each channel in the net's order (blue, green,
    red in Caffe's nets) or one for all; as a string, with commas between them. `inputs` are the inputs of images:
    by default the one input of four axes. Raises InputError for what does not fit them.
    """
    inputs = names_given(inputs, "inputs")
    if mean is None and np.array_equal(scale, 1) and not rgb:
        if inputs:
            raise InputError(f"`{inputs[0]}` is named as an input of images, but no mean, scale or rgb is given that "
                             "would change them.")
        return None
    if not _is_factor(scale):
        told = f"{scale:g}" if isinstance(scale, numbers.Real) else scale
        raise InputError(f"The scale {told} is given; it must be a number other than 0 that float32 holds.")
    names = _image_inputs(deployed, inputs)
    shapes = deployed.shapes()
    values, source = _read(mean) if mean is not None else (None, "")
    for name in names:
        if rgb and shapes[name][1] != COLOURS:
            raise InputError(f"{deployed.file}: the input `{name}` has {counted(shapes[name][1], 'channel')}, and RGB "
                             f"images have {COLOURS}; leave out --rgb.")
        if values is not None:
            _require_fit(values, shapes[name], name, source)
    if values is not None and values.ndim == 1:
        values = values.reshape(1, -1, 1, 1)
    return Preprocessing(names, None if values is None else values.reshape((1,) * (4 - values.ndim) + values.shape),
                         float(scale), rgb, source)


def _is_factor(scale) -> bool:
    with np.errstate(over="ignore"):
        return isinstance(scale, numbers.Real) and bool(np.isfinite(np.float32(scale)) and np.float32(scale) != 0)


def _image_inputs(deployed: Deployed, inputs: Sequence[str]) -> tuple[str, ...]:
    shapes = deployed.shapes()
    images = [name for name, shape in shapes.items() if len(shape) == IMAGE_AXES]
    for name in inputs:
        if name not in images:
            raise InputError(f"{deployed.file}: `{name}` is no input of images; those of four axes are "
                             f"{', '.join(images) or '(none)'}.")
    if not inputs and len(images) != 1:
        raise InputError(f"{deployed.file}: mean, scale and rgb are for the input that takes images, and the net has "
                         f"{len(images)} inputs of four axes ({', '.join(images) or 'none'})"
                         + ("; name those that they are for, such as --input " + images[0] if images else "") + ".")
    return tuple(inputs) or tuple(images)


def _read(mean) -> tuple[np.ndarray, str]:
    """The mean's values, (C,) or (C, H, W), and where they are from."""
    if isinstance(mean, (str, bytes, os.PathLike)):
        path = os.fsdecode(mean)
        if not path:
            raise InputError("The mean's path is empty; leave --mean out, or give a file or a number for each channel.")
        found = _numbers(path)
        if found is None:
            return _read_file(path), shown(os.path.basename(path))
        mean = found
    try:
        with np.errstate(over="ignore"):
            values = np.atleast_1d(np.asarray(mean, np.float32))
    except (TypeError, ValueError):
        values = np.empty(0, np.float32)
    if values.ndim not in (1, 3) or not values.size or not np.isfinite(values).all():
        told = f"an array of {_times(mean.shape)}" if isinstance(mean, np.ndarray) and mean.ndim > 1 else mean
        raise InputError(f"The mean {told} is given; give the path of a .binaryproto, or a finite number for each "
                         "channel in the net's order, such as 104,117,123 for blue, green and red.")
    return values, ", ".join(f"{value:g}" for value in values) if values.ndim == 1 else "of an array"


def _numbers(text: str) -> list[float] | None:
    """The numbers of `104,117,123`; None for a path."""
    try:
        return [float(word) for word in text.split(",")]
    except ValueError:
        return None


def _read_file(path: str) -> np.ndarray:
    if not os.path.exists(path):
        raise InputError(f"{path}: the mean's file is not there; give the path of a .binaryproto, or a number for each "
                         "channel in the net's order, such as 104,117,123 for blue, green and red.")
    if path.endswith(".npy"):
        return _read_npy(path)
    message = schema.read_binary(path, schema.BlobProto)
    values = blob_proto.array(message, name=path)
    if values is None or not values.size or values.ndim not in (3, IMAGE_AXES) or values.shape[:-3] not in ((), (1,)):
        count = blob_proto.values(message, name=path).size
        raise InputError(f"{path}: this is no mean of images: it holds {count} values in the shape "
                         f"{_times(shape_of(message)) or 'of none'}, and one image, 1xCxHxW, is needed; compute the "
                         "mean anew, or give a number for each channel.")
    if not np.isfinite(values).all():
        raise InputError(f"{path}: {np.count_nonzero(~np.isfinite(values))} of the mean's {values.size} values are no "
                         "finite numbers; compute the mean anew, or give a number for each channel.")
    return values.reshape(values.shape[-3:])


def _read_npy(path: str) -> np.ndarray:
    """A mean as pycaffe's scripts load it: (C, H, W) or (C,)."""
    try:
        values = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"{path}: this is no array of NumPy's ({error}); give the mean anew, as a .npy or a "
                         ".binaryproto, or a number for each channel.") from None
    if values.dtype.kind not in "fiu" or values.ndim not in (1, 3) or not values.size or not np.isfinite(values).all():
        raise InputError(f"{path}: this is no mean of images: it holds {values.dtype} in the shape "
                         f"{_times(values.shape) or 'of one number'}, and finite numbers, CxHxW or C of them, are "
                         "needed; compute the mean anew, or give a number for each channel.")
    return values.astype(np.float32)


def _require_fit(values: np.ndarray, shape: Sequence[int], name: str, source: str) -> None:
    if values.ndim == 1 and len(values) not in (1, shape[1]):
        raise InputError(f"The mean {source} has {counted(len(values), 'number')}, and the input `{name}` has "
                         f"{counted(shape[1], 'channel')}; give one for each, in the net's order (blue, green, red in "
                         "Caffe's nets), or one for all.")
    if values.ndim == 3 and values.shape != tuple(shape[1:]):
        channels = ",".join(f"{value:.6g}" for value in values.mean(axis=(1, 2), dtype=np.float64))
        raise InputError(f"The mean {source} is of images of {_times(values.shape)}, and the input `{name}` takes "
                         f"{_times(shape[1:])}; give a mean of that size (at test time Caffe cuts the middle out of a "
                         f"larger one), or the mean of each channel: --mean {channels}.")


def _times(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape))
