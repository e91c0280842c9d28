"""HDF5 files of every kind appear whole or not at all: disks that are full, and writes that fail at each byte."""

from __future__ import annotations

import contextlib
import errno
import resource
import subprocess

import h5py
import numpy as np
import pytest
import small_training
from small_autoencoder import SmallAutoencoder

from cae_caffe import files, load_backend
from cae_caffe.data import Conversion, hdf5_writer
from cae_caffe.errors import InputError, RunError
from cae_caffe.hdf5 import writing

torch = pytest.importorskip("torch", reason="the embedded engine, which writes most of them, needs PyTorch")


def _fill(file):
    file.attrs.update(net="a net", count=3)
    file.create_dataset("numbers", data=np.arange(5000, dtype="<f4"))
    group = file.create_group("group")
    for i in range(40):
        group[str(i)] = np.arange(i)


def test_a_file_made_in_memory_is_the_one_that_hdf5_writes(tmp_path):
    with h5py.File(str(tmp_path / "there.h5"), "w") as file:
        _fill(file)
    assert writing.content(_fill) == (tmp_path / "there.h5").read_bytes()


def test_files_can_be_made_in_memory_one_within_another():
    inner = []
    outer = writing.content(lambda file: (_fill(file), inner.append(writing.content(_fill))))
    assert outer == inner[0]


@pytest.mark.parametrize("rows", [0, 1, 700])
def test_what_is_laid_out_is_read_back(rows, tmp_path):
    values = {"data": np.random.RandomState(0).rand(rows, 3, 5).astype("<f4"), "label": np.arange(rows, dtype=">i2"),
              "none": np.zeros((rows, 0), "<f8"), "last": np.arange(rows, dtype="<f8")}
    with hdf5_writer(tmp_path / "x.h5", rows, {name: array.shape[1:] for name, array in values.items()},
                     {"net": "n\u00e4me"}, {name: array.dtype for name, array in values.items()}) as writer:
        for start in range(0, rows, 300):
            writer.append(**{name: array[start:start + 300] for name, array in values.items()})
    with h5py.File(str(tmp_path / "x.h5"), "r") as file:
        assert file.attrs["net"] == "n\u00e4me" and set(file) == set(values)
        for name, array in values.items():
            assert file[name].dtype == array.dtype and np.array_equal(file[name][()], array)


# ---- every writer

class Writers:
    """What writes HDF5, each as a function of no arguments that writes the file `out`; RunError or OSError if it fails.

    A folder `folder`, in which all input is.
    """

    def __init__(self, folder, monkeypatch):
        from cae_caffe import pycaffe
        from cae_caffe.engine import log
        monkeypatch.setattr(log, "_minimum", log.LEVELS["ERROR"])
        monkeypatch.chdir(folder)
        self.folder, self.pycaffe = folder, pycaffe
        self.small = SmallAutoencoder(folder)

    def make(self, name, out):
        return getattr(self, name)(out)

    def encode(self, out):
        from cae_caffe.running.encode import encode
        return lambda: encode(load_backend("torch"), self.small.net, self.small.weights, self.small.data, out)

    def activations(self, out):
        from cae_caffe.running.activations import dump
        return lambda: dump(load_backend("torch"), self.small.net, self.small.weights, self.small.data, out)

    def data(self, out):
        values = np.arange(900, dtype="<f4").reshape(300, 3)
        conversion = Conversion(out, 300, {"data": (3,)}, "the source")

        def write():
            out.unlink(missing_ok=True)
            conversion.ensure(lambda start, stop: {"data": values[start:stop]})
        return write

    def weights(self, out):
        net = self.pycaffe.Net(str(self.small.net), str(self.small.weights), self.pycaffe.TEST)
        return lambda: net.save_hdf5(str(out))

    def _solver(self):
        solver = self.pycaffe.get_solver(str(small_training.write(self.folder)))
        solver.step(2)
        return solver._engine

    def state(self, out):
        from cae_caffe.engine.solvers import snapshot, state
        solver = self._solver()
        return lambda: files.write_bytes(out, state.to_hdf5(snapshot._state(solver, "w.caffemodel.h5")))

    def data_position(self, out):
        from cae_caffe.engine.solvers import data_position
        solver = self._solver()
        return lambda: files.write_bytes(out, data_position.content(solver, {}))

    def output_layer(self, out):
        net = self.folder / "output.prototxt"
        net.write_text('layer { name: "in" type: "Input" top: "x" top: "y" input_param { shape { dim: 40 dim: 30 } } } '
                       'layer { name: "out" type: "HDF5Output" bottom: "x" bottom: "y" '
                       f'hdf5_output_param {{ file_name: "{out}" }} }}', encoding="utf-8")

        def write():
            self.pycaffe.Net(str(net), self.pycaffe.TEST).forward()
        return write


WRITERS = ("encode", "activations", "data", "weights", "state", "data_position", "output_layer")
WHOLE_AT_ONCE = tuple(name for name in WRITERS if name != "output_layer")     # and not empty first


@pytest.fixture
def writers(tmp_path, monkeypatch):
    (tmp_path / "in").mkdir()
    return Writers(tmp_path / "in", monkeypatch)


@contextlib.contextmanager
def files_up_to(size):
    """The system fails every write beyond byte `size` of a file (EFBIG), as a full disk fails it (ENOSPC)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def _names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("name", WRITERS)
def test_a_write_that_fails_anywhere_leaves_no_file(name, writers, tmp_path):
    (tmp_path / "out").mkdir()
    out = tmp_path / "out" / "x.h5"
    write = writers.make(name, out)
    write()
    whole = out.stat().st_size
    _remove(tmp_path / "out")
    # The output layer writes an empty file first, of 800 bytes.
    for size in [*range(0 if name in WHOLE_AT_ONCE else 800, whole, max(1, whole // 25)), whole - 1]:
        with files_up_to(size), pytest.raises((RunError, InputError, OSError)) as told:
            write()
        assert "\n" not in str(told.value)
        if name in WHOLE_AT_ONCE:
            assert _names(tmp_path / "out") == []
    with files_up_to(whole):
        write()
    assert out.stat().st_size == whole


def _remove(folder):
    for path in folder.iterdir():
        path.unlink()


@pytest.mark.parametrize("name", [name for name in WHOLE_AT_ONCE if name != "data"])
def test_an_earlier_file_stays_as_it_was(name, writers, tmp_path):
    (tmp_path / "out").mkdir()
    out = tmp_path / "out" / "x.h5"
    write = writers.make(name, out)
    write()
    before = out.read_bytes()
    for size in (0, 96, 1000, len(before) // 2, len(before) - 1):
        with files_up_to(size), pytest.raises((RunError, OSError)):
            write()
        assert out.read_bytes() == before and _names(tmp_path / "out") == ["x.h5"]


@pytest.mark.parametrize("name", ["encode", "activations", "weights", "state", "data_position"])
def test_the_same_file_is_written_twice(name, writers, tmp_path):
    for out in (tmp_path / "a.h5", tmp_path / "b.h5"):
        writers.make(name, out)()
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


# ---- a disk that is full indeed

@pytest.fixture
def disk(tmp_path):
    """`disk(kilobytes)`: the folder of a file system of that size, mounted anew at each call."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = []

    def mount(kilobytes):
        unmount()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)],
                              capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip("FULL DISKS ARE NOT TRIED: only root, outside most containers, may mount one "
                        f"({done.stderr.strip()})")
        mounted.append(folder)
        return folder

    def unmount():
        while mounted:
            subprocess.run(["umount", str(mounted.pop())], check=True)
    yield mount
    unmount()


@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk_is_one_sentence_and_changes_nothing(name, writers, disk, tmp_path):
    write_elsewhere = writers.make(name, tmp_path / "x.h5")
    write_elsewhere()
    whole = (tmp_path / "x.h5").read_bytes()
    pages = range(4, len(whole) // 1024 + 12, 4)
    failed = 0
    for kilobytes in pages:
        out = disk(kilobytes) / "x.h5"
        try:
            writers.make(name, out)()
        except (RunError, InputError, OSError) as error:
            failed += 1
            _check_told(error)
            # Of a conversion, it may be the list that there is no more room for.
            assert name == "output_layer" or _names(out.parent) == [] or out.read_bytes() == whole
        else:
            assert out.read_bytes() == whole
    assert 0 < failed < len(pages)


@pytest.mark.parametrize("name", ["encode", "activations", "weights", "state", "data_position"])
def test_a_disk_with_room_for_one_keeps_the_first(name, writers, disk, tmp_path):
    writers.make(name, tmp_path / "x.h5")()
    size = (tmp_path / "x.h5").stat().st_size
    for more in range(0, 2 * size // 1024, 4):
        out = disk(size // 1024 + 8 + more) / "x.h5"
        write = writers.make(name, out)
        write()
        before = out.read_bytes()
        with contextlib.suppress(RunError, OSError):
            write()
        assert out.read_bytes() == before and _names(out.parent) == ["x.h5"]


def _check_told(error):
    assert "\n" not in str(error)
    assert "No space left on device" in str(error) or getattr(error, "errno", None) == errno.ENOSPC
