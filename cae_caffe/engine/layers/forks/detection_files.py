"""DetectionOutput's files: all detections of a test set, as PASCAL VOC, MS COCO or ILSVRC takes them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from .... import files, schema
from ....errors import InputError, RunError
from ... import log
from ..data_source import Place, number
from . import boxes, image_sizes
from .image_sizes import Image

FORMATS = ("VOC", "COCO", "ILSVRC")


@dataclass(frozen=True)
class Detection:
    """One box of an image, the `number`th: xmin, ymin, width and height in its pixels, to the hundredth."""

    number: int
    image: str
    label: int
    score: np.float32
    box: list[float]

    @property
    def corners(self) -> str:
        """The box's corners in whole pixels: what is behind the points of all four numbers is cut off first."""
        x, y, width, height = map(int, self.box)
        return f"{x} {y} {x + width} {y + height}"


@dataclass
class DetectionFiles:
    """Collects the detections of images in the order of `images`; when the last has come, writes them, and begins anew.

    VOC: for each class PREFIX + its name + `.txt`, of lines `image score xmin ymin xmax ymax`. COCO: PREFIX + `.json`,
    an array of objects with `image_id`, `category_id`, `bbox` and `score`. ILSVRC: PREFIX + `.txt`, of lines `image
    label score xmin ymin xmax ymax`.
    """

    layer: str
    stem: str               # the folder and the prefix
    form: str
    names: dict[int, str]   # of the classes to be written
    images: list[Image]
    resize: object
    seen: int = 0           # images of this round
    rounds: int = 0         # through all images
    lost: bool = False      # whether images of this round came before this run went on from a snapshot
    detections: list[Detection] = field(default_factory=list)

    @classmethod
    def of(cls, param, labels: Iterable[int], layer: str) -> DetectionFiles | None:
        """What a SaveOutputParameter's view asks for, with these classes; None if it names no folder, or, with a
        warning, as in the fork, not both of the files with names.

        Raises InputError for files that cannot be read, a folder that cannot be made, and a format that is none.
        """
        if not param.output_directory:
            return None
        if not (param.label_map_file and param.name_size_file):
            log.warning("detection_output_layer.cpp:56", "Provide label_map_file and name_size_file if output results "
                                                         "to files.")
            return None
        if param.output_format not in FORMATS:
            raise InputError(f"its `output_format` is {param.output_format or 'missing'}; give one of "
                             f"{', '.join(FORMATS)}.")
        images = image_sizes.read(param.name_size_file)
        number = param.num_test_image if param.has("num_test_image") else len(images)
        if not 0 < number <= len(images):
            raise InputError(f"its `num_test_image` is {number}, and {param.name_size_file} has {len(images)} images; "
                             "give 1 to so many.")
        resize = param.resize_param if param.has("resize_param") else None
        image_sizes.check_resize(resize)
        names = _names(param.label_map_file, labels)
        try:
            os.makedirs(param.output_directory, exist_ok=True)
        except OSError as error:
            raise InputError(f"its `output_directory` {param.output_directory} cannot be made ({error.strerror}); name "
                             "a folder that can be written into, or leave `save_output_param` out.") from None
        stem = os.path.abspath(os.path.join(param.output_directory, param.output_name_prefix))
        if not param.output_name_prefix:
            stem = os.path.join(stem, "")
        return cls(layer, stem, param.output_format, names, images[:number], resize)

    def add(self, rows: np.ndarray) -> None:
        """Take an image's rows of label, score, xmin, ymin, xmax, ymax. Raises RunError if files cannot be written."""
        image = self.images[self.seen]
        corners = boxes.in_pixels(rows[:, 2:6], image.height, image.width, self.resize)
        sides = np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], 1)
        hundreds = sides.astype(np.float64) * 100
        rounded = np.copysign(np.floor(np.abs(hundreds) + 0.5), hundreds) / 100         # halves away from 0, as C does
        self.detections += [Detection(self.seen, image.name, int(row[0]), row[1], box.tolist())
                            for row, box in zip(rows, rounded)]
        self.seen += 1
        if self.seen == len(self.images):
            if self.lost:
                log.warning("detection_files.py", f"{self.layer}: no files are written of this round through the "
                                                  "images, for it began before the snapshot that the run goes on from.")
            else:
                self._write()
            self.seen, self.rounds, self.lost, self.detections = 0, self.rounds + 1, False, []

    def place(self) -> Place:
        """Where in the images it stands, as data layers tell it."""
        return {"seen": np.array(self.seen), "rounds": np.array(self.rounds)}

    def go_to(self, place: Place) -> None:
        """Go on from `place`; back in the same round, with what had come before it."""
        seen, rounds = number(place, "seen", len(self.images)), number(place, "rounds")
        self.lost = seen > 0 and (self.lost or rounds != self.rounds or seen > self.seen)
        self.seen, self.rounds = seen, rounds
        self.detections = [found for found in self.detections if found.number < seen and not self.lost]

    def _write(self) -> None:
        try:
            with files.together() as batch:
                for path, text in self._contents().items():
                    batch.write(path, text.encode())
        except OSError as error:
            raise RunError(f"{self.layer}: its detections cannot be written to {error.filename or self.stem}: "
                           f"{error.strerror or error}; free the disk or change `output_directory`.") from error

    def _contents(self) -> dict[str, str]:
        if self.form == "COCO":
            return {f"{self.stem}.json": "[\n" + ",\n".join(map(self._object, self.detections)) + "\n]\n"}
        if self.form == "ILSVRC":
            return {f"{self.stem}.txt": "".join(f"{found.image} {found.label} {found.score:.6g} {found.corners}\n"
                                                for found in self.detections)}
        lines: dict[str, list[str]] = {name: [] for name in self.names.values()}
        for found in self.detections:
            lines[self.names[found.label]].append(f"{found.image} {found.score:.6g} {found.corners}\n")
        return {f"{self.stem}{name}.txt": "".join(its) for name, its in lines.items()}

    def _object(self, found: Detection) -> str:
        return json.dumps({"image_id": _identity(found.image), "category_id": _identity(self.names[found.label]),
                           "bbox": found.box, "score": float(str(found.score))}, ensure_ascii=False)


def _names(path: str, labels: Iterable[int]) -> dict[int, str]:
    """The names of these labels in a file of a LabelMap."""
    items = schema.read_text(path, schema.LabelMap).item
    names = {item.label: item.name for item in items}
    if len(names) < len(items):
        raise InputError(f"{path} names a label twice; leave each of its `item`s one of its own.")
    found = {}
    for label in labels:
        if label not in names:
            raise InputError(f"{path} has no name for the label {label}; add an `item` with it, or correct "
                             "`num_classes`.")
        found[label] = names[label]
    return found


def _identity(name: str) -> int | str:
    """The name as COCO's programs take it: a number where it is one."""
    return int(name) if name.isascii() and name.isdecimal() else name
