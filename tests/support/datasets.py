"""Small databases and images for the tests of data layers, always the same bytes for the same arguments."""

from __future__ import annotations

import contextlib
import functools
import importlib
import io
import tempfile
from pathlib import Path

import lmdb
import numpy as np
import pytest
from PIL import Image

from cae_caffe.schema import AnnotatedDatum, BlobProto, Datum


def pixels(*shape: int, seed: int = 0) -> np.ndarray:
    """Random uint8 values."""
    return np.random.RandomState(seed).randint(0, 256, shape).astype(np.uint8)


def raw(image: np.ndarray, label: int = 0):
    """The Datum of an array (channels, height, width): bytes if it is of uint8, else floats."""
    datum = Datum(channels=image.shape[0], height=image.shape[1], width=image.shape[2], label=label)
    if image.dtype == np.uint8:
        datum.data = image.tobytes()
    else:
        datum.float_data.extend(image.ravel().tolist())
    return datum


def encoded(content: bytes, label: int = 0):
    """The Datum of an image file's bytes."""
    return Datum(data=content, label=label, encoded=True)


def annotated(picture, objects=(), typed: bool = True):
    """The AnnotatedDatum of a Datum, with boxes: (class, instance, xmin, ymin, xmax, ymax, difficult) of each."""
    message = AnnotatedDatum(datum=picture)
    if typed:
        message.type = AnnotatedDatum.BBOX
    for label, instance, xmin, ymin, xmax, ymax, difficult in objects:
        if not message.annotation_group or message.annotation_group[-1].group_label != label:
            message.annotation_group.add(group_label=label)
        one = message.annotation_group[-1].annotation.add(instance_id=instance)
        one.bbox.xmin, one.bbox.ymin, one.bbox.xmax, one.bbox.ymax = xmin, ymin, xmax, ymax
        one.bbox.difficult = difficult
    return message


def file_bytes(image: np.ndarray, kind: str = "PNG", mode: str | None = None, **options) -> bytes:
    """An image file of an array (height, width) or (height, width, channels); `kind` and `mode` are Pillow's."""
    stream = io.BytesIO()
    picture = Image.fromarray(image)
    (picture.convert(mode) if mode else picture).save(stream, kind, **options)
    return stream.getvalue()


def mean_file(image: np.ndarray) -> bytes:
    """A mean image (channels, height, width) as compute_image_mean writes it."""
    message = BlobProto(num=1, channels=image.shape[0], height=image.shape[1], width=image.shape[2])
    message.data.extend(image.astype(np.float32).ravel().tolist())
    return message.SerializeToString()


def write_lmdb(folder: Path, records) -> None:
    """An LMDB of `records`, by key or in their order."""
    keyed = records if isinstance(records, dict) else {b"%08d" % i: record for i, record in enumerate(records)}
    with lmdb.open(str(folder), map_size=1 << 24) as environment, environment.begin(write=True) as transaction:
        for key, record in keyed.items():
            transaction.put(key, record if isinstance(record, bytes) else record.SerializeToString())


def lmdb_bytes(records) -> bytes:
    """The data.mdb of `write_lmdb`: a folder that holds it is an LMDB."""
    with tempfile.TemporaryDirectory() as folder:
        write_lmdb(Path(folder), records)
        return (Path(folder) / "data.mdb").read_bytes()


@functools.cache
def numbered_lmdb(count: int, channels: int, height: int, width: int, floats: bool = False) -> bytes:
    """An LMDB of random images, each labelled with its number."""
    return lmdb_bytes(numbered(count, channels, height, width, floats))


def numbered(count: int, channels: int, height: int, width: int, floats: bool = False) -> list:
    """Random images, each labelled with its number, as Datum messages."""
    images = (pixels(channels, height, width, seed=i) for i in range(count))
    return [raw(image / np.float32(7) if floats else image, i) for i, image in enumerate(images)]


def plyvel():
    """The package that reads LevelDB, or the test is skipped."""
    for name in ("plyvel", "plyvel_next"):
        with contextlib.suppress(ImportError):
            return importlib.import_module(name)
    return pytest.skip("LevelDBs are read by the plyvel package, which is not here", allow_module_level=True)


def write_leveldb(folder: Path, records, in_tables: bool = False, **options) -> None:
    """A LevelDB of `records`, by key or in their order: in its log, as it is written, or sorted into tables.

    `options` are those of plyvel.DB.
    """
    keyed = records if isinstance(records, dict) else {b"%08d" % i: record for i, record in enumerate(records)}
    database = plyvel().DB(str(folder), create_if_missing=True, **options)
    for key, record in keyed.items():
        database.put(key, record if isinstance(record, bytes) else record.SerializeToString())
    if in_tables:
        database.compact_range()
    database.close()


def leveldb_files(records, **options) -> dict[str, bytes]:
    """The files of `write_leveldb`: a folder that holds them is a LevelDB."""
    with tempfile.TemporaryDirectory() as folder:
        write_leveldb(Path(folder), records, **options)
        return {path.name: path.read_bytes() for path in Path(folder).iterdir() if path.name[:3] not in ("LOC", "LOG")}


def read_round(records) -> list[tuple[bytes, bytes]]:
    """What the reader of a database (`DatabaseRecords`) gives from where it stands to its last record."""
    found = []
    while True:
        found.append(records.record())
        if records.advance():
            return found
