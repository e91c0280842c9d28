"""`caffe.Detector`: a net that classifies windows of images, as in R-CNN (Girshick et al., arXiv 1311.2524)."""

from __future__ import annotations

import os
from collections.abc import Iterable

import numpy as np

from ..errors import InputError
from . import io
from .net import TEST, Net
from .transformer import image_transformer


class Detector(Net):
    """The net of `model_file` with the weights of `pretrained_file`, in phase TEST.

    `mean`, `input_scale`, `raw_scale` and `channel_swap` are for `transformer` (see io.Transformer). With
    `context_pad`, a border of so many pixels of the net's input shows what surrounds the window in the image; beyond
    the image's edge it shows the mean.
    """

    def __init__(self, model_file, pretrained_file, mean=None, input_scale=None, raw_scale=None, channel_swap=None,
                 context_pad=None):
        super().__init__(model_file, TEST, weights=pretrained_file)
        name = self.inputs[0]
        self.transformer = image_transformer(name, self.blobs[name].shape, mean, input_scale, raw_scale, channel_swap)
        self.configure_crop(context_pad)

    def detect_windows(self, images_windows: Iterable) -> list[dict]:
        """Classify windows of image files: `images_windows` yields pairs of a file and its list of windows.

        A window is ymin, xmin, ymax, xmax in pixels. Returns a dict for each, in order: `filename`, `window` and
        `prediction`, the first output. Raises InputError for an image that cannot be read and an empty window.
        """
        images_windows = list(images_windows)
        name = self.inputs[0]
        inputs = []
        for filename, windows in images_windows:
            image = io.load_image(filename)
            inputs += [self.transformer.preprocess(name, self.crop(image, np.asarray(window))) for window in windows]
        if not inputs:
            return []
        predictions = iter(self.forward_all(**{name: np.stack(inputs)})[self.outputs[0]])
        return [{"window": window, "prediction": next(predictions), "filename": filename}
                for filename, windows in images_windows for window in windows]

    def detect_selective_search(self, image_fnames: Iterable) -> list[dict]:
        """As `detect_windows`, over windows that Selective Search proposes. It is a program for MATLAB, called through
        the package selective_search_ijcv_with_python; raises InputError where that is missing.
        """
        try:
            import selective_search_ijcv_with_python as selective_search
        except ImportError as error:
            raise InputError("Selective Search needs MATLAB and the package selective_search_ijcv_with_python, which "
                             "does not import here; propose windows by other means and call detect_windows.") from error
        files = [os.path.abspath(filename) for filename in image_fnames]      # MATLAB starts in another folder
        return self.detect_windows(zip(files, selective_search.get_windows(files, cmd="selective_search_rcnn")))

    def configure_crop(self, context_pad: int | None) -> None:
        """Set the border of context, in pixels of the net's input; None for no border."""
        self.context_pad = context_pad
        name = self.inputs[0]
        to_image = np.argsort(self.transformer.transpose[name])
        self.crop_dims = np.array(self.blobs[name].shape[1:])[to_image]
        self.crop_mean = np.zeros(self.crop_dims, dtype=np.float32)
        if name in self.transformer.mean:
            self.crop_mean = self._mean_in_the_image(name, to_image)

    def _mean_in_the_image(self, name: str, to_image: np.ndarray) -> np.ndarray:
        """The transformer's mean before swapping and scaling, with an image's axes."""
        mean = self.transformer.mean[name]
        planes = (mean if mean.ndim == 3 else mean[np.newaxis]).transpose(to_image)
        if name in self.transformer.channel_swap:
            planes = planes[:, :, np.argsort(self.transformer.channel_swap[name])]
        return planes / self.transformer.raw_scale.get(name, 1)

    def crop(self, im: np.ndarray, window: np.ndarray) -> np.ndarray:
        """The part of the image (H, W, K) in `window` (ymin, xmin, ymax, xmax), with its border of context if set."""
        top, left, bottom, right = (int(edge) for edge in window)
        if not (0 <= top < bottom and 0 <= left < right and top < im.shape[0] and left < im.shape[1]):
            raise InputError(f"The window {tuple(window)} holds no pixel of the image, which is {im.shape[0]} high and "
                             f"{im.shape[1]} wide; give ymin, xmin, ymax, xmax.")
        if not self.context_pad:
            return im[top:bottom, left:right]
        rows, row_pad, height = self._with_context(self.context_pad, top, bottom, im.shape[0])
        columns, column_pad, width = self._with_context(self.context_pad, left, right, im.shape[1])
        crop = np.ones(self.crop_dims, dtype=np.float32) * self.crop_mean
        crop[row_pad:row_pad + height, column_pad:column_pad + width] = io.resize_image(im[rows, columns],
                                                                                        (height, width))
        return crop

    def _with_context(self, context: int, first: int, last: int, length: int) -> tuple[slice, int, int]:
        """Along one axis: the part of the image to show, where in the crop it starts, and how long it is there."""
        size = self.blobs[self.inputs[0]].width           # the net's input is a square
        half = (last - first + 1) / 2
        reach = half * size / (size - 2 * context)
        start, stop = np.round(first + half - reach), np.round(first + half + reach)
        scale = size / (stop - start + 1)
        pad = round(max(0, -start) * scale)
        start, stop = np.clip((start, stop), 0, length)
        return slice(int(start), int(stop)), pad, min(round((stop - start + 1) * scale), size - pad)
