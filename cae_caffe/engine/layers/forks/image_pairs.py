"""What the data layers have in common that feed images and, of the same places, label images."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch

from ....errors import InputError
from ...layer import exactly
from ..batches import Batch
from ..image_list import ImageList, read_entries


class Pair(NamedTuple):
    """An image (channels, height, width), uint8 or float32, its labels (height, width), uint8, and the image's name."""

    image: np.ndarray
    label: np.ndarray
    what: str
    size: tuple[int, int] = (0, 0)      # height and width, where the layer tells them


class ImagePairs(ImageList):
    """Feeds images and label images (n, 1, height, width), which are mirrored and cropped in the same way.

    Labels are neither scaled nor less the mean. As in Caffe's own layers crops lie at random in phase TRAIN, and in
    the middle in TEST.
    """

    tops = exactly(2)

    def pair(self) -> Pair:
        """The pair of the entry where the reading stands."""
        raise NotImplementedError

    def label_shape(self, pair: Pair) -> tuple[int, int]:
        """Height and width of the labels of a transformed pair."""
        return self.transformer.shape(pair.image, pair.what)[1:]

    def open(self):
        self.open_list()
        first = self.pair()
        self._first_label_shape = self.label_shape(first)
        return self.transformer.shape(first.image, first.what)

    def top_shapes(self, shape):
        return [shape, (shape[0], 1, *self._first_label_shape)]

    def make_batch(self):
        pair = self.pair()
        data = torch.empty((self.batch, *self.transformer.shape(pair.image, pair.what)), pin_memory=self._pins)
        labels = torch.empty((self.batch, 1, *self.label_shape(pair)), pin_memory=self._pins)
        restarts, sizes = 0, []
        for i, (out, label_out) in enumerate(zip(data.numpy(), labels.numpy())):
            if i:
                pair = self.pair()
            self.transformer.transform_pair(pair.image, pair.label, out, label_out[0], pair.what)
            sizes.append(pair.size)
            restarts += self.advance()
        return Batch(data, labels, restarts, self.further(sizes, data))

    def further(self, sizes: list[tuple[int, int]], data: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """The tops behind images and labels."""
        return ()

    def check_sizes(self, image: np.ndarray, path: str, label: np.ndarray, label_path: str) -> None:
        """Raises InputError unless an image and its label image, both (H, W, ...), have one size."""
        if image.shape[:2] != label.shape[:2]:
            raise InputError(f"its image {path} has the size {image.shape[1]}x{image.shape[0]}, and its label image "
                             f"{label_path} {label.shape[1]}x{label.shape[0]}; they must agree.")


def read_pairs(source: str) -> list[tuple[str, str]]:
    """The two paths of each line of a list. Raises InputError for another number of words; empty lines count not."""
    def entries(lines: list[str]) -> list[tuple[str, str]]:
        return [_pair(number, words) for number, words in enumerate(map(str.split, lines), 1) if words]
    return list(read_entries(source, entries, "image label-image"))


def _pair(number: int, words: list[str]) -> tuple[str, str]:
    if len(words) != 2:
        raise ValueError(f"line {number} has {len(words)} word{'s' * (len(words) != 1)} where it should name an image "
                         "and its label image, each without blanks")
    return words[0], words[1]
