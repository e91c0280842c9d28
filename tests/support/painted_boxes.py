"""Images with painted objects as SSD's databases have them: what is fed is found again in the pixels."""

from __future__ import annotations

import numpy as np
from datasets import annotated, encoded, file_bytes, pixels, write_lmdb

HEIGHT, WIDTH = 48, 64
# Two objects, blue and red on grey: class, number, box of 1/16 steps, whether difficult.
OBJECTS = [(3, 0, 2 / 16, 4 / 16, 8 / 16, 12 / 16, False), (7, 5, 10 / 16, 1 / 16, 15 / 16, 6 / 16, True)]
PAINT = {3: (250, 0, 0), 7: (0, 0, 250)}
GREY = 100


def painted(objects=OBJECTS, shape=(HEIGHT, WIDTH)):
    """The image, blue first, with its objects."""
    image = np.full((*shape, 3), GREY, np.uint8)
    for label, _, xmin, ymin, xmax, ymax, _ in objects:
        rows, columns = (slice(round(low * length), round(high * length)) for low, high, length in (
            (ymin, ymax, shape[0]), (xmin, xmax, shape[1])))
        image[rows, columns] = PAINT[label]
    return image


def png(image):
    return encoded(file_bytes(np.ascontiguousarray(image[:, :, ::-1])))


def write_records(folder):
    """The LMDB `records` of the painted image alone, and `more` of five others."""
    write_lmdb(folder / "records", [annotated(png(painted()), OBJECTS)])
    write_lmdb(folder / "more", [annotated(png(pixels(20, 24, 3, seed=i)), OBJECTS[:i % 3]) for i in range(5)])


def layer(transform="", more="", batch=1, source="records", tops='top: "label"', backend="LMDB"):
    return f"""layer {{ name: "d" type: "AnnotatedData" top: "data" {tops} transform_param {{ {transform} }}
      annotated_data_param {{ {more} }}
      data_param {{ source: "{source}" batch_size: {batch} backend: {backend} }} }}"""


def rows(batch):
    assert batch["label"].shape[:2] == (1, 1) and batch["label"].shape[3] == 8
    return batch["label"][0, 0]


def as_rows(objects, number=0):
    return np.array([(number, *one) for one in objects], np.float32)
