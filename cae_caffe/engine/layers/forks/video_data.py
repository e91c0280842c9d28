"""VideoData: batches of frames out of videos."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ....errors import InputError
from ...layer import exactly
from ...resizing import resize
from ...rng import Stream
from ..batches import Example
from ..image_data import atoi
from ..image_list import ImageList, LogPlaces, read_entries
from ..registry import register

_PATTERNS = {"RGB": "image_%04d.jpg", "FLOW": "flow_%c_%04d.jpg"}
_FORMS = {modality: re.compile(rf"[^%]*{axis}%[0-9]{{0,2}}[di][^%]*") for modality, axis in (
    ("RGB", ""), ("FLOW", "%c[^%]*"))}
_RATIOS = (1.0, 0.875, 0.75, 0.66)
_NEAR = 3               # pixels: a length as near to that of the crop is that
_FOURTHS = ((0, 0), (0, 4), (4, 0), (4, 4), (2, 2))         # rows and columns of fixed crops, in fourths of the rest
_MORE_FOURTHS = ((0, 2), (4, 2), (2, 0), (2, 4), (1, 1), (1, 3), (3, 1), (3, 3))


class Video(NamedTuple):
    """What a line of the list says: a folder of frames, how many there are, and the label."""

    folder: str
    frames: int
    label: int


@register("VideoData")
class VideoData(ImageList):
    """Frames of the videos of the lines `folder frames label` in the file `source` (TSN's
    src/caffe/layers/video_data_layer.cpp and data_transformer.cpp).

    A video is cut into `num_segments` parts of one length, and each gives `new_length` frames in a row, from a random
    one on in phase TRAIN, else from the middle; of a part that is too short they are the video's first. The channels
    are those of all these frames one after the other: blue, green and red (RGB, or grey with `grayscale`), or the
    motion to the right and down (FLOW), which are two files. Frames are called by `name_pattern`, as printf has it,
    from 1 on. `mean_value`s are repeated for the frames.

    In phase TRAIN, `multi_scale` draws the size of the crop out of `scale_ratios` of the shorter side, for height and
    width those at most `max_distort` places apart, and what is cut out is resized to `crop_size`; `fix_crop` draws its
    place out of the corners and the middle, and eight more with `more_fix_crop`. A `mean_file` is of the size of the
    crop then. Mirrored, motions to the right are turned, with `is_flow`.
    """

    tops = exactly(2)
    field = "video_data_param"
    size_place = "video_data_layer.cpp:88"
    log_places = LogPlaces(*(f"video_data_layer.cpp:{line}" for line in (34, 43, 49, 50)))
    transformations = ("is_flow", "fix_crop", "more_fix_crop", "multi_scale")

    def open(self):
        options = self.options
        if min(options.new_length, options.num_segments) < 1:
            raise InputError(f"its `new_length` is {options.new_length} and its `num_segments` {options.num_segments}; "
                             "give at least 1.")
        transform = self.param.transform_param
        self._reframes = self.param.phase == "TRAIN" and (transform.fix_crop or transform.multi_scale)
        if self._reframes and not self.transformer.crops:
            raise InputError("its transform_param has `fix_crop` or `multi_scale`, and no `crop_size`; give the size "
                             "of what is fed.")
        self._ratios = tuple(transform.scale_ratios) or _RATIOS
        if not all(0 < ratio <= 1 for ratio in self._ratios):
            raise InputError(f"its `scale_ratios` are {', '.join(f'{ratio:g}' for ratio in self._ratios)}; give "
                             "numbers above 0 and up to 1.")
        self.open_list()
        self._drawing = Stream(self.context.stream().word())
        video = self.entry()
        image = self._frames(video, [0] * options.num_segments)
        self._repeat_means(len(image))
        return self.transformer.shape(image, self._what(video))

    def read_lines(self, source):
        return read_videos(source)

    def _repeat_means(self, channels: int) -> None:
        means = self.transformer.mean_values
        if means.size and channels % means.size == 0:
            self.transformer.mean_values = np.tile(means, channels // means.size)

    def example(self):
        video = self.entry()
        image = self._frames(video, self._offsets(video.frames))
        if self._reframes:
            image = self._reframed(image, self._what(video))
        return Example(image, video.label, self._what(video), self.advance())

    @staticmethod
    def _what(video: Video) -> str:
        return f"The video {video.folder}"

    def _offsets(self, frames: int) -> list[int]:
        """How many frames come before those of each part."""
        length, parts = self.options.new_length, self.options.num_segments
        part = frames // parts
        if part < length:
            return [0] * parts
        spare = part - length + 1
        return [i * part + (self._drawing.word() % spare if self.param.phase == "TRAIN" else spare // 2)
                for i in range(parts)]

    def _frames(self, video: Video, offsets: list[int]) -> np.ndarray:
        """The channels of all frames, (channels, height, width)."""
        flow = self.options.modality == "FLOW"
        found: list[np.ndarray] = []
        for number in (offset + i + 1 for offset in offsets for i in range(self.options.new_length)):
            for name in [self._name("x", number), self._name("y", number)] if flow else [self._name(number)]:
                path = f"{video.folder}/{name}"
                image = self.resized(self.read_image(path, color=not (flow or self.options.grayscale)))
                if found and image.shape != found[0].shape:
                    raise InputError(f"{path} is {image.shape[0]} pixels high and {image.shape[1]} wide, and the "
                                     f"frames before {found[0].shape[0]} and {found[0].shape[1]}; resize them by "
                                     "`new_height` and `new_width`.")
                found.append(image)
        return np.concatenate(found, axis=2).transpose(2, 0, 1)

    def _name(self, *values: str | int) -> str:
        pattern = self.options.name_pattern or _PATTERNS[self.options.modality]
        if not _FORMS[self.options.modality].fullmatch(pattern):
            raise InputError(f"its `name_pattern` `{pattern}` does not name a frame; of {self.options.modality} one is "
                             f"such as `{_PATTERNS[self.options.modality]}`.")
        return pattern % values

    def _reframed(self, image: np.ndarray, what: str) -> np.ndarray:
        """What is cut out of an image, in the size of the crop."""
        transform = self.param.transform_param
        height, width = wanted = self.transformer.crop_height, self.transformer.crop_width
        rows, columns = image.shape[1:]
        if height > rows or width > columns:
            raise InputError(f"{what} is {rows} pixels high and {columns} wide, too small for a crop of {height} and "
                             f"{width}; take a smaller crop or larger frames.")
        if transform.multi_scale:
            sizes = crop_sizes(min(rows, columns), wanted, self._ratios, transform.max_distort)
            if not sizes:
                raise InputError(f"its `max_distort` is {transform.max_distort}, which leaves no crop; give 0 or more.")
            height, width = sizes[self._drawing.word() % len(sizes)]
        spare = rows - height, columns - width
        if transform.fix_crop:
            places = _FOURTHS + _MORE_FOURTHS if transform.more_fix_crop else _FOURTHS
            row, column = (fourths * (rest // 4) for fourths, rest in zip(
                places[self._drawing.word() % len(places)], spare))
        else:
            row, column = (self._drawing.word() % (rest + 1) for rest in spare)
        part = image[:, row:row + height, column:column + width]
        return part if (height, width) == wanted else resize(part.transpose(1, 2, 0), *wanted).transpose(2, 0, 1)

    def reading_place(self):
        return {**super().reading_place(), "drawing": self._drawing.place}

    def read_from(self, place):
        super().read_from(place)
        if "drawing" in place:
            self._drawing.place = place["drawing"]


def crop_sizes(side: int, wanted: tuple[int, int], ratios: tuple[float, ...],
               max_distort: int) -> list[tuple[int, int]]:
    """The heights and widths of crops of an image whose shorter side is `side`; `wanted` is what they are fed as."""
    def length(ratio: float, near: int) -> int:
        found = max(int(np.float32(side) * np.float32(ratio)), 1)
        return near if abs(found - near) < _NEAR else found

    return [(length(one, wanted[0]), length(other, wanted[1])) for i, one in enumerate(ratios)
            for j, other in enumerate(ratios) if abs(i - j) <= max_distort]


def read_videos(source: str) -> Sequence[Video]:
    """The videos of a list; empty lines count not. Raises InputError, naming the line, for one that names none."""
    def entries(lines: list[str]) -> list[Video]:
        return [_video(number, words) for number, words in enumerate(map(str.split, lines), 1) if words]
    return read_entries(source, entries, "folder frames label")


def _video(number: int, words: list[str]) -> Video:
    if len(words) != 3 or not words[1].isascii() or not words[1].isdigit() or len(words[1]) > 9:
        raise ValueError(f"line {number} is `{' '.join(words)[:80]}`, and needs a folder, the number of its frames, "
                         "and a label")
    return Video(words[0], int(words[1]), atoi(words[2]))
