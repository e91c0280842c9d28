"""Data: batches of the records of a LevelDB or an LMDB."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from ...errors import InputError
from .. import datum, log
from ..database_records import DatabaseRecords
from ..layer import between
from ..leveldb_records import LevelDbRecords
from ..lmdb_records import LmdbRecords
from .batches import BatchLayer, Example
from .data_source import found, require_source
from .registry import register


@register("Data")
class Data(BatchLayer):
    """Images and labels of a database's Datum messages, in the order of their keys, starting again at the end.

    `rand_skip` and `prefetch` have no effect on the batches, as in Caffe (src/caffe/layers/data_layer.cpp).
    """

    tops = between(1, 2)
    field = "data_param"
    transformations: ClassVar[tuple[str, ...]] = ("resize_param", "noise_param")
    size_place = "data_layer.cpp:45"

    @classmethod
    def unsupported(cls, param):
        if param.data_param.shuffle:
            return [("its data_param asks for `shuffle`, by which NVIDIA's Caffe mixes the records in its memory, "
                     "and records come in the order of their keys here; shuffle when the database is made "
                     "(convert_imageset -shuffle)")]
        return []

    def __init__(self, param, context):
        super().__init__(param, context)
        require_source(param.data_param.source, self.field)
        records = LmdbRecords if param.data_param.backend == "LMDB" else LevelDbRecords
        self.records: DatabaseRecords = records(param.data_param.source)

    def open(self):
        first, what = self._read()
        return self.transformer.shape(self.begin(first, what), what)

    def begin(self, first, what: str) -> np.ndarray:
        """See by the first Datum how images are decoded; returns its image, (channels, height, width)."""
        transform = self.param.transform_param
        self.mode = "color" if transform.force_color else "gray" if transform.force_gray else "native"
        self.decodes = first.encoded
        if first.encoded and transform.force_color and transform.force_gray:
            raise InputError("its transform_param sets both `force_color` and `force_gray`; set one of them.")
        if not first.encoded and self.mode != "native":
            log.error("data_transformer.cpp:152", "force_color and force_gray only for encoded datum")
        return datum.image(first, self.mode, what)

    def example(self):
        message, what = self._read()
        return Example(datum.image(message, self.mode, what), message.label, what, self.records.advance())

    def reading_place(self):
        return {"key": np.frombuffer(self.records.record()[0], np.uint8)}

    def read_from(self, place):
        self.records.go_to(found(place, "key").astype(np.uint8).tobytes())

    def log_restarts(self, number):
        for _ in range(number):
            log.info("data_layer.cpp:73", "Restarting data prefetching from start.")

    def _read(self):
        """The message where the reading stands, and what it is called in error messages."""
        key, value = self.records.record()
        what = f"Record `{key.decode('utf-8', 'replace')}` of the {self.records.kind} {self.records.folder}"
        return self.parse(value, what), what

    @staticmethod
    def parse(value: bytes, what: str):
        """The message of a record, here a Datum; `what` begins the InputError if it is none."""
        return datum.parse(value, what)
