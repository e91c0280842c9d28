"""All that reads HDF5, each with a whole file of its kind: `Readers(folder).kinds` by name, which are KINDS."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import h5py
import numpy as np
import small_training
from small_autoencoder import SmallAutoencoder

from cae_caffe import load_backend, snapshots
from cae_caffe.analysis import stored_weights
from cae_caffe.analysis.inspection import inspect
from cae_caffe.data import Conversion, HDF5Source
from cae_caffe.engine import hdf5_rows, libc_rand
from cae_caffe.engine.net import Net
from cae_caffe.engine.solvers import Solver, data_position, snapshot
from cae_caffe.engine.solvers import state as states
from cae_caffe.figures import layers, scatter
from cae_caffe.hdf5 import writing
from cae_caffe.running.activations import dump
from cae_caffe.running.encode import encode

KINDS = ("weights", "stored weights", "weights of a snapshot", "state", "position", "data", "data, shuffled",
         "data, streamed", "data, streamed and shuffled", "source", "converted", "codes", "activations")
ROWS_NET = """layer {{ name: "d" type: "HDF5Data" top: "data" top: "label"
  hdf5_data_param {{ source: "{list}" batch_size: 4 shuffle: {shuffle} }} }}"""


@dataclass(frozen=True)
class Kind:
    """A whole file, and what reads the one at `path`, which has that content or another."""

    content: bytes
    path: Path
    read: Callable[[], object]


class Readers:
    """Files and readers in `folder`, the working directory."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.small = SmallAutoencoder(folder)
        self.solver = Solver.from_file(str(small_training.write(folder, "momentum: 0.9 snapshot_format: HDF5")))
        self.solver.step(2)
        self.solver.snapshot()
        model, state = folder / "small_iter_2.caffemodel.h5", folder / "small_iter_2.solverstate.h5"
        rows = self._rows()
        self.kinds = {
            "weights": Kind(model.read_bytes(), model, lambda: self.solver.net.copy_trained_layers_from(str(model))),
            "stored weights": Kind(model.read_bytes(), model, lambda: (stored_weights.shapes_in(model),
                                                                       inspect(model))),
            "weights of a snapshot": Kind(model.read_bytes(), model, lambda: snapshots._read_model(str(model))),
            "state": Kind(state.read_bytes(), state, lambda: (states.read_hdf5(str(state)),
                                                               snapshot.restore(self.solver, str(state)))),
            "position": self._position(state, folder / "small_iter_2.dataposition"),
            "data": Kind(rows, folder / "rows.h5", self._rows_reader("false")),
            "data, shuffled": Kind(self._rows(compression="gzip", shuffle=True, chunks=(3, 4)), folder / "rows.h5",
                                   self._rows_reader("true")),
            "data, streamed": Kind(self._rows(compression="gzip", fletcher32=True, chunks=(2, 2)), folder / "rows.h5",
                                   self._streamed_reader("false")),
            "data, streamed and shuffled": Kind(rows, folder / "rows.h5", self._streamed_reader("true")),
            "source": Kind(rows, folder / "rows.h5", self._source_reader()),
            "converted": self._converted(),
            "codes": self._codes(),
            "activations": self._activations(),
        }

    def _rows(self, **options) -> bytes:
        def fill(file):
            file.create_dataset("data", data=np.arange(40, dtype="<f4").reshape(10, 4), **options)
            file["label"] = np.arange(10, dtype="<f4")
        (self.folder / "rows.txt").write_text("rows.h5", encoding="utf-8")
        return writing.content(fill)

    def _rows_reader(self, shuffle: str) -> Callable[[], object]:
        net = self.folder / f"rows_{shuffle}.prototxt"
        net.write_text(ROWS_NET.format(list="rows.txt", shuffle=shuffle), encoding="utf-8")

        def read():
            built = Net.from_file(str(net), "TRAIN")
            for _ in range(4):
                built.forward()
        return read

    def _streamed_reader(self, shuffle: str) -> Callable[[], object]:
        whole = self._rows_reader(shuffle)

        def read():
            spare, hdf5_rows.spare_memory = hdf5_rows.spare_memory, lambda: 0
            try:
                whole()
            finally:
                hdf5_rows.spare_memory = spare
        return read

    def _source_reader(self) -> Callable[[], object]:
        def read():
            with HDF5Source("rows.txt") as source:
                return list(source.batches(1000))      # some say that they have millions
        return read

    def _position(self, state: Path, path: Path) -> Kind:
        with h5py.File(str(path), "a") as file:
            for name in list(file.attrs):       # without the digests, which would have most of it passed over
                del file.attrs[name]
        whole = state.read_bytes()

        def read():
            state.write_bytes(whole)
            try:
                return data_position.restore(self.solver, str(state))
            finally:
                libc_rand.restart()
        return Kind(path.read_bytes(), path, read)

    def _converted(self) -> Kind:
        values = np.arange(30, dtype="<f4").reshape(10, 3)
        conversion = Conversion(self.folder / "converted", 10, {"data": (3,)}, "the source")
        conversion.ensure(lambda start, stop: {"data": values[start:stop]})
        path = self.folder / "converted.h5"
        return Kind(path.read_bytes(), path, conversion.done)

    def _codes(self) -> Kind:
        path = self.folder / "codes.h5"
        encode(load_backend("torch"), self.small.net, self.small.weights, self.small.data, path)
        return Kind(path.read_bytes(), path, lambda: scatter.read_codes(path))

    def _activations(self) -> Kind:
        path = self.folder / "activations.h5"
        dump(load_backend("torch"), self.small.net, self.small.weights, self.small.data, path)
        return Kind(path.read_bytes(), path, lambda: layers.read_activations(path))
