"""transform_param: crop, mirror, mean and scale of images on their way into a net (src/caffe/data_transformer.cpp)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Callable, NamedTuple

import numpy as np

from .. import schema
from ..errors import InputError
from ..printing import counted
from . import blob_proto, log
from .noise import Noise
from .resize_policy import ResizePolicy, policies_of
from .rng import Stream


class Placement(NamedTuple):
    """Whether an image is mirrored, and the row and column where its crop begins."""

    mirrored: bool
    row: int
    column: int


_AS_IT_IS = Placement(False, 0, 0)      # with no crop


class DataTransformer:
    """What a TransformationParameter asks for in a phase: (pixel - mean) * scale, in float32.

    Images are arrays (channels, height, width) of uint8 or float32. In phase TRAIN crops lie at random, in TEST in the
    middle. Random numbers come from a generator of its own, which `draw_seed` seeds; each image takes a word for its
    mirroring, if `mirror` is set, and then, in TRAIN, one for the row and one for the column of its crop. Before
    these come those for SSD's `resize_param` and `noise_param`, which change an image of uint8 first.

    `mean_values` are those given, and `mean` is the image of `mean_file`, (channels, height, width), or None. `policy`
    is the number of the `resize_param` that counts, if there are several.

    Raises InputError for a mean that cannot be read, or is given twice, and for options that do not fit.
    """

    def __init__(self, param: schema.View, phase: str):
        self.crop_height, self.crop_width = _crop(param)
        self.crops = self.crop_height > 0
        self._mirror: bool = param.mirror
        self._scale = np.float32(param.scale)
        self._scale_factors: tuple[float, ...] = param.scale_factors
        self.policies = [ResizePolicy(policy) for policy in policies_of(param)]
        self.policy = 0
        self._is_flow: bool = param.is_flow      # every other channel is a motion to the right
        self._noise = Noise(param.noise_param) if param.has("noise_param") else None
        self._crops_at_random = self.crops and phase == "TRAIN"
        self._own: Stream | None = None
        if param.has("mean_file") and param.mean_value:
            raise InputError("its transform_param gives both `mean_file` and `mean_value`; give one of them.")
        self.mean_values = np.array(param.mean_value, np.float32)
        self._mean_file: str = param.mean_file
        self.mean = _read_mean(param.mean_file) if param.has("mean_file") else None

    def draw_seed(self, stream: Callable[[], Stream]) -> None:
        """Seed the transformer's own generator with a word of Caffe's stream, if it will need any number."""
        if (self._mirror or self._crops_at_random or self._scale_factors or (self._noise and self._noise.draws)
                or any(policy.draws for policy in self.policies)):
            self._own = Stream(stream().word())

    def place(self) -> np.ndarray | None:
        """Where its own generator stands, as `Stream.place` says it; None if it has none."""
        return None if self._own is None else self._own.place

    def go_to(self, place: np.ndarray) -> None:
        """Draw on from such a place."""
        if self._own is not None:
            self._own.place = place

    def scale_factor(self) -> float:
        """One of the `scale_factors`, drawn; 1 if there are none."""
        return self._scale_factors[self._word() % len(self._scale_factors)] if self._scale_factors else 1.0

    def shape(self, image: np.ndarray, what: str) -> tuple[int, int, int]:
        """The shape that `image` will have; `what` begins error messages.

        Raises InputError if the crop is larger than the image.
        """
        channels, height, width = image.shape
        height, width = self.prepared_size(height, width, what)
        return self._cropped(channels, height, width, what)

    def prepared_size(self, height: int, width: int, what: str) -> tuple[int, int]:
        """The size that an image of this one has before it is cropped; `what` begins error messages."""
        return self.policies[self.policy].size(height, width, what) if self.policies else (height, width)

    def _cropped(self, channels: int, height: int, width: int, what: str) -> tuple[int, int, int]:
        if self.crop_height > height or self.crop_width > width:
            crop = f"`crop_size: {self.crop_height}`" if self.crop_height == self.crop_width else \
                f"a crop of {self.crop_height} and {self.crop_width}"
            raise InputError(f"{what} is {height} pixels high and {width} wide, too small for {crop}; take a smaller "
                             "crop or larger images.")
        return (channels, self.crop_height, self.crop_width) if self.crops else (channels, height, width)

    def transform(self, image: np.ndarray, out: np.ndarray, what: str) -> Placement:
        """Write the transformed image into `out`, float32 of its `shape`; returns how it lies in the prepared image.

        The numbers for it are drawn. Raises InputError if its shape, or the mean's, does not fit; `what` begins the
        message.
        """
        if self.policies or self._noise is not None:
            image = self._prepared(image, what)
        self._check_shape(image, out, what)
        mean = self._mean_for(image, what)
        placed = self._draw(image)
        if self._is_flow and placed.mirrored:
            image = image.copy()
            image[::2] = 255 - image[::2]
        self._write(image, mean, placed, out)
        return placed

    def _prepared(self, image: np.ndarray, what: str) -> np.ndarray:
        """The image resized and with noise."""
        if image.dtype != np.uint8:
            raise InputError(f"{what} has values of single precision, and its transform_param a `resize_param` or "
                             "`noise_param`, which are for bytes.")
        pixels = image.transpose(1, 2, 0)
        if self.policies:
            pixels = self.policies[self.policy].apply(pixels, self._own, what)
        if self._noise is not None:
            pixels = self._noise.apply(pixels, self._own, what)
        return pixels.transpose(2, 0, 1)

    def transform_pair(self, image: np.ndarray, label: np.ndarray, out: np.ndarray, label_out: np.ndarray,
                       what: str) -> None:
        """As `transform`, and write into `label_out` what `label` (height, width) has at the places of these pixels.

        A label of another size than the prepared image must not be cropped.
        """
        placed = self.transform(image, out, what)
        height, width = label_out.shape
        target = label_out[:, ::-1] if placed.mirrored else label_out
        target[...] = label[placed.row:placed.row + height, placed.column:placed.column + width]

    def _check_shape(self, image: np.ndarray, out: np.ndarray, what: str) -> None:
        if image.shape == out.shape and not self.crops:
            return
        shape = self._cropped(image.shape[0], image.shape[1], image.shape[2], what)
        if shape != out.shape:
            raise InputError(f"{what} has shape {_times(shape)}, and the first of its batch {_times(out.shape)}; all "
                             "of a batch must agree, so resize or crop them, or take a `batch_size` of 1.")

    def _write(self, image: np.ndarray, mean: np.ndarray | None, placed: Placement, out: np.ndarray) -> None:
        target = out[:, :, ::-1] if placed.mirrored else out
        if placed is not _AS_IT_IS:
            window = np.s_[:, placed.row:placed.row + out.shape[1], placed.column:placed.column + out.shape[2]]
            image = image[window]
            mean = None if mean is None else mean[window]
        if mean is None:
            target[...] = image
        else:
            np.subtract(image, mean, out=target, dtype=np.float32)
        if self._scale != 1:
            out *= self._scale

    def _draw(self, image: np.ndarray) -> Placement:
        mirrored = self._mirror and self._word() % 2 == 1
        if not self.crops:
            return Placement(True, 0, 0) if mirrored else _AS_IT_IS
        spare = [image.shape[1] - self.crop_height, image.shape[2] - self.crop_width]
        row, column = [self._word() % (s + 1) if self._crops_at_random else s // 2 for s in spare]
        return Placement(mirrored, row, column)

    def _word(self) -> int:
        if self._own is None:
            raise RuntimeError("The transformer's own generator is not seeded: draw_seed comes before the first image.")
        return self._own.word()

    def _mean_for(self, image: np.ndarray, what: str) -> np.ndarray | None:
        channels = image.shape[0]
        if self.mean is not None:
            if self.mean.shape != image.shape:
                raise InputError(f"{what} has shape {_times(image.shape)}, and the mean of `mean_file` "
                                 f"{self._mean_file} {_times(self.mean.shape)}; compute the mean from images of "
                                 "this size.")
            return self.mean
        if not self.mean_values.size:
            return None
        if self.mean_values.size not in (1, channels):
            raise InputError(f"{what} has {counted(channels, 'channel')}, and transform_param gives `mean_value` "
                             f"{self.mean_values.size} times; give it once, or once for each channel.")
        return np.broadcast_to(self.mean_values[:, np.newaxis, np.newaxis], image.shape)


def _crop(param: schema.View) -> tuple[int, int]:
    """Height and width of the crop, 0 for none: `crop_size`, or DeepLab's or SSD's two fields for the two lengths."""
    crops = {"`crop_size`": (param.crop_size, param.crop_size),
             "`crop_height` and `crop_width`": (param.crop_height, param.crop_width),
             "`crop_h` and `crop_w`": (param.crop_h, param.crop_w)}
    given = {names: crop for names, crop in crops.items() if any(crop)}
    if len(given) > 1 or not all(map(all, given.values())):
        raise InputError("its transform_param has " + ", ".join(
            f"{names} of {crop[0]} and {crop[1]}" for names, crop in given.items()) + "; give `crop_size`, or a height "
            "and a width above 0.")
    return next(iter(given.values()), (0, 0))


def _read_mean(path: str) -> np.ndarray:
    """The mean image in a binaryproto file, (channels, height, width)."""
    log.info("data_transformer.cpp:25", f"Loading mean file from: {path}")
    message = schema.read_binary(path, schema.BlobProto)
    mean = blob_proto.array(message, name=f"its `mean_file` {path}")
    if mean is None or mean.ndim > 4 or not mean.size:
        raise InputError(f"its `mean_file` {path} holds {blob_proto.values(message).size} values in the shape "
                         f"{_times(blob_proto.shape_of(message))}; it must hold one image, 1xCxHxW. Compute the mean "
                         "anew.")
    return mean.reshape(mean.shape + (1,) * (4 - mean.ndim))[0]


def _times(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape))
