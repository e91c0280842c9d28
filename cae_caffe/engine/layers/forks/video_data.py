"""VideoData: batches of frames out of videos, which are folders of image files."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ....errors import InputError
from ...layer import exactly
from ...resizing import resize
from ...rng import Stream
from ..batches import Example
from ..data_source import found
from ..image_list import ImageList, LogPlaces, read_entries
from ..registry import register

_PATTERNS = {"RGB": "image_%04d.jpg", "FLOW": "flow_%c_%04d.jpg"}
_RATIOS = (1.0, 0.875, 0.75, 0.66)      # of windows to the image, unless `scale_ratios` are given
_NEAR = 3       # pixels by which a window must differ from the crop, or it is the crop


class Video(NamedTuple):
    """A line of the list: the folder of its frames, their number, and its label."""

    folder: str
    length: int
    label: int


@register("VideoData")
class VideoData(ImageList):
    """The videos of the lines `folder frames label` in the file `source`: of each of `num_segments` equal parts,
    `new_length` frames one after the other, all of them in the channels of one image; labels are (n, 1, 1, 1).
    (Temporal Segment Networks' src/caffe/layers/video_data_layer.cpp; arXiv:1608.00859)

    In phase TRAIN the frames begin anywhere in their part, in TEST in its middle; at the video's beginning where a part
    has too few. Frames are numbered from 1; `name_pattern` is C's of their names. With the modality FLOW each frame is
    two grey images, whose names have an x and a y for `%c`.

    In TRAIN, `multi_scale` draws the height and the width of a window among the `scale_ratios` of the image's shorter
    side, no more than `max_distort` apart in their list, and makes of it an image of `crop_size`; `fix_crop` draws its
    place among the corners and the middle, `more_fix_crop` among eight more. With `is_flow`, in an image that is
    mirrored, each second channel (the flows to the side, from the first on) is turned round. Fewer `mean_value`s than
    channels hold for all groups of so many.

    A frame that cannot be read is an error; TSN's layer logs it, and feeds what was there.
    """

    tops = exactly(2)
    field = "video_data_param"
    size_place = "video_data_layer.cpp:91"
    log_places = LogPlaces(*(f"video_data_layer.cpp:{line}" for line in (31, 40, 46, 46)))
    transformations = ("fix_crop", "more_fix_crop", "multi_scale", "scale_ratios", "max_distort", "is_flow")

    @classmethod
    def unsupported(cls, param):
        transform = param.transform_param
        if transform.has("mean_file") and (transform.fix_crop or transform.multi_scale):
            return ["its `mean_file` beside `fix_crop` or `multi_scale`; give `mean_value`"]
        return []

    def open(self):
        options = self.options
        for name in ("new_length", "num_segments"):
            if getattr(options, name) < 1:
                raise InputError(f"its `{name}` is 0; give at least 1.")
        self._pattern = options.name_pattern or _PATTERNS[options.modality]
        self._name(1, "x")
        self._windows = _Windows(self.param.transform_param) if self.param.phase == "TRAIN" else None
        self.open_list()
        self._drawing = Stream(self.context.stream().word())
        self._spread_means()
        video = self.entry()
        first = self._frame(video, 1)
        image = np.broadcast_to(first[:1], (self._channels(), *first.shape[1:]))
        return self.transformer.shape(image, video.folder)

    def _channels(self) -> int:
        of_frame = 2 if self.options.modality == "FLOW" else 1 if self.options.grayscale else 3
        return of_frame * self.options.new_length * self.options.num_segments

    def _spread_means(self) -> None:
        means = self.transformer.mean_values
        if means.size > 1 and self._channels() % means.size == 0:
            self.transformer.mean_values = np.tile(means, self._channels() // means.size)

    def read_lines(self, source):
        return read_entries(source, lambda lines: [_video(number, line.split()) for number, line
                                                   in enumerate(lines, 1) if line.split()], "folder frames label")

    def top_shapes(self, shape):
        return [shape, (shape[0], 1, 1, 1)]

    def make_batch(self):
        batch = super().make_batch()
        return batch._replace(labels=batch.labels.view(-1, 1, 1, 1))

    def example(self):
        video = self.entry()
        frames = [self._frame(video, 1 + start + i) for start in self._starts(video) for i in
                  range(self.options.new_length)]
        for frame in frames:
            if frame.shape != frames[0].shape:
                raise InputError(f"frames of {video.folder} have the sizes {_size(frames[0])} and {_size(frame)}; give "
                                 "`new_height` and `new_width`, which resize them.")
        image = np.concatenate(frames)
        if self._windows is not None and self._windows.draws:
            image = self._windows.cut(image, self._drawing, video.folder)
        return Example(image, video.label, video.folder, self.advance())

    def _starts(self, video: Video) -> list[int]:
        """How many frames come before those of each part."""
        part, length = video.length // self.options.num_segments, self.options.new_length
        if part < length:
            return [0] * self.options.num_segments
        spare = part - length + 1
        return [i * part + (self._drawing.word() % spare if self.param.phase == "TRAIN" else spare // 2)
                for i in range(self.options.num_segments)]

    def _frame(self, video: Video, number: int) -> np.ndarray:
        """The frame of this number, (channels, H, W)."""
        is_flow = self.options.modality == "FLOW"
        names = [self._name(number, axis) for axis in (("x", "y") if is_flow else ("x",))]
        images = [self.resized(self.read_image(f"{video.folder}/{name}", not is_flow and not self.options.grayscale))
                  for name in names]
        if images[0].shape != images[-1].shape:
            raise InputError(f"{names[0]} and {names[1]} in {video.folder} are of two sizes; give `new_height` and "
                             "`new_width`, which resize them.")
        return np.concatenate([image.transpose(2, 0, 1) for image in images])

    def _name(self, number: int, axis: str) -> str:
        try:
            return self._pattern % ((axis, number) if self.options.modality == "FLOW" else (number,))
        except (TypeError, ValueError):
            needs = "%c for x or y and one like %04d" if self.options.modality == "FLOW" else "one place like %04d"
            raise InputError(f"its `name_pattern` is {self._pattern!r}; it must have {needs} for a frame's number."
                             ) from None

    def reading_place(self):
        return {**super().reading_place(), "drawing": self._drawing.place}

    def read_from(self, place):
        super().read_from(place)
        self._drawing.place = found(place, "drawing")


class _Windows:
    """Which part of an image is fed, as transform_param's `multi_scale` and `fix_crop` draw it."""

    def __init__(self, param):
        self._crop, self._scales, self._fixed = param.crop_size, param.multi_scale, param.fix_crop
        self._more, self._apart = param.more_fix_crop, param.max_distort
        self._ratios = param.scale_ratios or _RATIOS
        self.draws = self._scales or self._fixed
        if self.draws and not self._crop:
            raise InputError("its transform_param has `multi_scale` or `fix_crop` and no `crop_size`; give the size "
                             "that windows are to have.")
        if self._scales and not all(0 < ratio <= 1 for ratio in self._ratios):
            raise InputError(f"its `scale_ratios` are {', '.join(f'{ratio:g}' for ratio in self._ratios)}; give ratios "
                             "above 0 and up to 1.")

    def cut(self, image: np.ndarray, stream: Stream, what: str) -> np.ndarray:
        """A window of the image (channels, H, W), in the size of the crop."""
        _, rows, columns = image.shape
        if min(rows, columns) < self._crop:
            raise InputError(f"{what} has frames {rows} pixels high and {columns} wide, too small for `crop_size: "
                             f"{self._crop}`; take a smaller crop or larger frames.")
        height, width = self._size(rows, columns, stream)
        row, column = self._place(rows - height, columns - width, stream)
        window = image[:, row:row + height, column:column + width]
        if (height, width) == (self._crop, self._crop):
            return window
        return resize(window.transpose(1, 2, 0), self._crop, self._crop).transpose(2, 0, 1)

    def _size(self, rows: int, columns: int, stream: Stream) -> tuple[int, int]:
        if not self._scales:
            return self._crop, self._crop
        lengths = [max(1, int(np.float32(min(rows, columns)) * np.float32(ratio))) for ratio in self._ratios]
        lengths = [self._crop if abs(length - self._crop) < _NEAR else length for length in lengths]
        sizes = [(height, width) for i, height in enumerate(lengths) for j, width in enumerate(lengths)
                 if abs(i - j) <= self._apart]
        return sizes[stream.word() % len(sizes)]

    def _place(self, rows: int, columns: int, stream: Stream) -> tuple[int, int]:
        """Row and column of a window that leaves so many of each."""
        if not self._fixed:
            return stream.word() % (rows + 1), stream.word() % (columns + 1)
        row, column = rows // 4, columns // 4
        quarters = [(0, 0), (0, 4), (4, 0), (4, 4), (2, 2)]
        if self._more:
            quarters += [(0, 2), (4, 2), (2, 0), (2, 4), (1, 1), (1, 3), (3, 1), (3, 3)]
        down, right = quarters[stream.word() % len(quarters)]
        return down * row, right * column


def _video(number: int, words: list[str]) -> Video:
    if len(words) != 3 or not all(word.lstrip("-").isdecimal() for word in words[1:]):
        raise ValueError(f"line {number} is not a video's folder, the number of its frames and its label, without "
                         "blanks in them")
    return Video(words[0], int(words[1]), int(words[2]))


def _size(frame: np.ndarray) -> str:
    return f"{frame.shape[2]}x{frame.shape[1]}"
