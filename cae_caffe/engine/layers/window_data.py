"""WindowData: batches of windows in images, of objects and of the background, as R-CNN trains on them."""

from __future__ import annotations

import os

import numpy as np
import torch

from ...errors import InputError
from .. import decoding, log, window_file
from ..layer import exactly
from ..rng import Stream
from ..window_crop import Cropper
from ..window_file import Window
from .batches import Batch, BatchLayer
from .data_source import found, number, require_same, require_source
from .registry import register

CHANNELS = 3        # of an image as it is decoded


@register("WindowData")
class WindowData(BatchLayer):
    """Random windows of a window file: first those of the background, then `fg_fraction` of the batch of objects.

    Each is cut out with `context_pad` pixels around it and warped to `crop_size`, as it is or, with `crop_mode:
    "square"`, as the smallest square around it; mirrored or not at random with `mirror`. The values are (pixel - mean)
    times the `scale` of window_data_param; what lies beyond the image is 0. `crop_size`, `mirror`, `mean_file` and
    `mean_value` are those of transform_param. Labels are the windows' classes, 0 of the background. Random numbers are
    Caffe's, and pixels those of OpenCV (src/caffe/layers/window_data_layer.cpp).
    """

    tops = exactly(2)
    field = "window_data_param"
    size_place = "window_data_layer.cpp:183"

    def open(self):
        options = self.options
        require_source(options.source, self.field)
        _log_options(options)
        transform = self.param.transform_param
        size = transform.crop_size
        if not size:
            raise InputError("its transform_param has no `crop_size`; give the size to warp windows to.")
        if size <= 2 * options.context_pad:
            raise InputError(f"its `context_pad` is {options.context_pad} on each side of a `crop_size` of {size}, "
                             "which leaves nothing of the windows; take a smaller one.")
        if not 0 <= options.fg_fraction <= 1:
            raise InputError(f"its `fg_fraction` is {options.fg_fraction:g}; give the part of a batch, 0 to 1, that "
                             "shows objects.")
        self._stream = Stream(self.context.stream().word())
        self._mirrors = transform.mirror
        self._cropper = Cropper(size, options.context_pad, options.crop_mode == "square")
        self.windows = window_file.read(options.source, options.root_folder, options.fg_threshold,
                                        options.bg_threshold)
        self._folder = os.getcwd()          # which relative paths stay relative to
        self._cached = [decoding.content(self._path(i)) for i in range(len(self.windows.images))] \
            if options.cache_images else None
        _log_windows(self.windows, options)
        if self.windows.images[-1].channels != CHANNELS:
            raise InputError(f"its `source` {options.source} gives its last image {self.windows.images[-1].channels} "
                             f"channels; images are decoded in colour, so say {CHANNELS}.")
        self._mean = self._mean_window()
        return CHANNELS, size, size

    def setup(self, bottom, top):
        super().setup(bottom, top)
        if self.param.transform_param.has("mean_file"):
            log.info("window_data_layer.cpp:203", f"Loading mean file from: {self.param.transform_param.mean_file}")

    def _mean_window(self) -> np.ndarray | None:
        """The mean of the pixels of a cut window, (channels, size, size), or a number for each channel; or None."""
        size = self._cropper.size
        if self.transformer.mean_values.size:
            values = self.transformer.mean_values
            if values.size not in (1, CHANNELS):
                raise InputError(f"its transform_param gives `mean_value` {values.size} times for {CHANNELS} "
                                 "channels; give it once, or once for each channel.")
            return np.broadcast_to(values[:, np.newaxis, np.newaxis], (CHANNELS, size, size))
        mean = self.transformer.mean
        if mean is None:
            return None
        start = (mean.shape[2] - size) // 2         # Caffe takes it for rows, too
        window = mean[:CHANNELS, start:start + size, start:start + size]
        if start < 0 or window.shape != (CHANNELS, size, size):
            raise InputError(f"its `mean_file` {self.param.transform_param.mean_file} holds an image of "
                             f"{'x'.join(map(str, mean.shape))}, and of it a window of {CHANNELS}x{size}x{size} from "
                             f"row and column {start} on is taken; compute the mean of larger images.")
        return window

    def make_batch(self):
        size = self._cropper.size
        data = torch.zeros((self.batch, CHANNELS, size, size), pin_memory=self._pins)
        labels = torch.empty((self.batch,), pin_memory=self._pins)
        objects = int(np.float32(self.batch) * np.float32(self.options.fg_fraction))
        sources = [self.windows.background] * (self.batch - objects) + [self.windows.foreground] * objects
        for i, (values, windows) in enumerate(zip(data.numpy(), sources)):
            window = Window(*windows[self._stream.word() % len(windows)].tolist())
            labels[i] = window.label
            self._cut(window, self._mirrors and self._stream.word() % 2 == 1, values)
        return Batch(data, labels, 0)

    def _cut(self, window: Window, mirrored: bool, out: np.ndarray) -> None:
        """Write the window into `out`, (channels, size, size)."""
        try:
            part, row, column = self._cropper.cut(self._image(window.image), window, mirrored)
        except ValueError as error:
            raise InputError(f"its `source` {self.options.source}, image {self._path(window.image)}: {error}."
                             ) from None
        place = np.s_[:, row:row + part.shape[0], column:column + part.shape[1]]
        pixels = part.transpose(2, 0, 1).astype(np.float32)
        if self._mean is not None:
            pixels -= self._mean[place]
        out[place] = pixels * np.float32(self.options.scale)

    def _image(self, index: int) -> np.ndarray:
        path = self._path(index)
        content = decoding.content(path) if self._cached is None else self._cached[index]
        return decoding.decode(content, "color", f"The file {path}")

    def _path(self, index: int) -> str:
        return os.path.join(self._folder, self.windows.images[index].path)

    def reading_place(self):
        return {"stream": self._stream.place, **self._counts()}

    def _counts(self) -> dict[str, int]:
        windows = self.windows
        return {"images": len(windows.images), "windows of objects": len(windows.foreground),
                "windows of the background": len(windows.background)}

    def read_from(self, place):
        for what, present in self._counts().items():
            require_same(what, number(place, what), present)
        self._stream.place = found(place, "stream")


def _log_options(options) -> None:
    log.info("window_data_layer.cpp:56", "\n  ".join([
        "Window data layer:",
        f"foreground (object) overlap threshold: {log.number(options.fg_threshold)}",
        f"background (non-object) overlap threshold: {log.number(options.bg_threshold)}",
        f"foreground sampling fraction: {log.number(options.fg_fraction)}",
        f"cache_images: {options.cache_images:d}", f"root_folder: {options.root_folder}"]))


def _log_windows(windows: window_file.WindowFile, options) -> None:
    for image in windows.images:
        if image.number % 100 == 0:
            log.info("window_data_layer.cpp:151", f"num: {image.number} {image.path} {image.channels} {image.height} "
                                                  f"{image.width} windows to process: {image.windows}")
    log.info("window_data_layer.cpp:160", f"Number of images: {windows.images[-1].number + 1}")
    for label, count in sorted(windows.classes.items()):
        log.info("window_data_layer.cpp:164", f"class {label} has {count} samples")
    log.info("window_data_layer.cpp:168", f"Amount of context padding: {options.context_pad}")
    log.info("window_data_layer.cpp:171", f"Crop mode: {options.crop_mode}")
