"""Every call that writes fails in turn, or is the last of its process: what was there, or what comes, is whole.

The calls are Python's own, in this process; scripts/reliability has strace fail the system's.
"""

from __future__ import annotations

import errno

import numpy as np
import pytest
import small_training
from failing_calls import DeadError, FailingCalls
from small_autoencoder import SmallAutoencoder

from cae_caffe import snapshots
from cae_caffe.data import Conversion
from cae_caffe.errors import CaeCaffeError

pytest.importorskip("torch", reason="the embedded engine trains and encodes")
WAYS = {"ENOSPC": errno.ENOSPC, "EIO": errno.EIO, "kill": None}


def ways(work):
    """Call `work(calls)` for each call that it makes and each way in which that can fail; yields how it ended."""
    counted = FailingCalls()
    work(counted)
    assert counted.made > 5
    for at in range(1, counted.made + 1):
        for name, error in WAYS.items():
            try:
                work(FailingCalls(at, error))
            except (OSError, CaeCaffeError, DeadError) as ended:
                yield f"{name} at call {at}", ended


def check_told(ended, way, name):
    """An error is one sentence that names the user's file."""
    if not isinstance(ended, DeadError):
        told = str(ended) if isinstance(ended, CaeCaffeError) else f"{ended.filename}: {ended.strerror}"
        assert name in told and ".part" not in told and "\n" not in told, f"{way}: {told}"


@pytest.fixture
def engine(tmp_path, monkeypatch):
    from cae_caffe.engine import libc_rand, log
    from cae_caffe.engine.solvers import Solver
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(log, "_minimum", log.LEVELS["ERROR"])
    small_training.write(tmp_path, "momentum: 0.9\n", small_training.net().replace("size: 8", "size: 8 shuffle: true"))

    def make():
        libc_rand.restart()
        return Solver.from_file("solver.prototxt")
    return make


@pytest.mark.parametrize("form", ["BINARYPROTO", "HDF5"])
def test_a_run_ends_the_same_whatever_befell_a_snapshot(form, engine, tmp_path):
    (tmp_path / "solver.prototxt").write_text((tmp_path / "solver.prototxt").read_text() + f"snapshot_format: {form}")
    solver = engine()
    solver.step(2)
    solver.snapshot()
    solver.step(2)

    def work(calls):
        with pytest.MonkeyPatch.context() as patch:
            calls.patch(patch)
            solver.snapshot()

    ends, resumed = [], set()
    for way, ended in ways(work):
        check_told(ended, way, "small_iter_4")
        state = snapshots.newest_whole("small", pytest.fail)
        resumed.add(state.split(".")[0])
        going_on = engine()
        going_on.restore(state)
        assert going_on.restore_data_position(state), way
        going_on.step(6 - going_on.iter)
        ends.append(b"".join(parameter.blob.data.numpy().tobytes() for parameter in going_on.net.learnable))
        for path in tmp_path.glob("small_iter_4.*"):
            path.unlink()
    assert resumed == {"small_iter_2", "small_iter_4"} and len(set(ends)) == 1
    whole = engine()
    whole.step(6)
    assert ends[0] == b"".join(parameter.blob.data.numpy().tobytes() for parameter in whole.net.learnable)
    whole.snapshot()
    assert not list(tmp_path.glob(".cae-caffe*"))       # what the killed left


def test_a_snapshot_of_another_run_is_replaced_whole_or_passed_over(engine, tmp_path):
    def trained(seed):
        (tmp_path / "solver.prototxt").write_text((tmp_path / "solver.prototxt").read_text().replace(
            f"random_seed: {15 - seed}", f"random_seed: {seed}"))
        solver = engine()
        solver.step(4)
        return solver

    older, newer = trained(8), trained(7)

    def weights(solver):
        return solver.net.to_message().SerializeToString(deterministic=True)

    def work(calls):
        older.snapshot()
        with pytest.MonkeyPatch.context() as patch:
            calls.patch(patch)
            newer.snapshot()

    found, told = set(), []
    for way, ended in ways(work):
        check_told(ended, way, "small_iter_4")
        state = snapshots.newest_whole("small", told.append)
        if state is None:
            found.add("none")
        else:
            going_on = engine()
            going_on.restore(state)
            assert going_on.restore_data_position(state), way
            same = [name for name, solver in (("older", older), ("newer", newer))
                    if weights(solver) == weights(going_on)
                    and all(np.array_equal(a, b) for a, b in zip(solver.rule.history, going_on.rule.history))]
            assert len(same) == 1, way
            found.update(same)
    assert found == {"none", "older", "newer"} and all("this snapshot is not whole" in line for line in told)


def test_codes_are_the_old_ones_or_the_new_ones(tmp_path, monkeypatch):
    from cae_caffe import pycaffe
    from cae_caffe.engine import log
    from cae_caffe.running.encode import encode
    monkeypatch.setattr(log, "_minimum", log.LEVELS["ERROR"])
    small, out = SmallAutoencoder(tmp_path), tmp_path / "codes.h5"

    def contents(limit):
        encode(pycaffe, small.net, small.weights, small.data, out, limit=limit)
        return out.read_bytes()

    new, old = contents(6), contents(3)

    def work(calls):
        out.write_bytes(old)
        with pytest.MonkeyPatch.context() as patch:
            calls.patch(patch)
            encode(pycaffe, small.net, small.weights, small.data, out, limit=6)

    found = set()
    for way, ended in ways(work):
        check_told(ended, way, "codes.h5")
        assert out.read_bytes() in (old, new), way
        found.add(out.read_bytes() == new)
    assert found == {True, False}


def test_converted_data_are_listed_only_when_they_are_whole(tmp_path):
    def read(start, stop):
        return {"data": np.arange(start, stop, dtype="f4").reshape(-1, 1)}

    def made(source):
        return Conversion(tmp_path / "x", 6, {"data": (1,)}, source, max_file=8192 + 12)

    made("new").ensure(read)
    new = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    made("old").ensure(read)
    old = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert len(old) == 3

    def work(calls):
        for name, data in old.items():
            (tmp_path / name).write_bytes(data)
        with pytest.MonkeyPatch.context() as patch:
            calls.patch(patch)
            made("new").ensure(read)

    for way, ended in ways(work):
        check_told(ended, way, str(tmp_path / "x"))
        here = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
        if "x.txt" in here:
            assert here in (old, new), way
        assert all(data in (old[name], new[name]) for name, data in here.items()), way
    made("new").ensure(read)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == new


def _write_onnx(deployed, folder):
    pytest.importorskip("onnx", reason="onnx is not here: pip install cae-caffe[onnx]")
    from cae_caffe.export.onnx import convert, file
    file.write(deployed, folder / "small.onnx", convert.Options(), check=False)


def _write_torch(deployed, folder):
    pytest.importorskip("safetensors", reason="safetensors is not here: pip install cae-caffe[safetensors]")
    from cae_caffe.export.torch import files
    files.write(deployed, folder, check=False)


@pytest.mark.parametrize(("write", "number"), [(_write_onnx, 1), (_write_torch, 2)])
def test_an_export_is_the_old_one_or_the_new_one(write, number, tmp_path, monkeypatch):
    from cae_caffe import pycaffe
    from cae_caffe.engine import log
    from cae_caffe.export.deploy import deploy
    monkeypatch.setattr(log, "_minimum", log.LEVELS["ERROR"])
    small, out = SmallAutoencoder(tmp_path), tmp_path / "out"
    net = pycaffe.Net(str(small.net), pycaffe.TEST, weights=str(small.weights))

    def contents():
        return {path.name: path.read_bytes() for path in sorted(out.iterdir()) if path.is_file()}

    write(deploy(net, ["squeeze"]), out)
    old = contents()
    whole = deploy(net)
    write(whole, out)
    new = contents()
    assert len(new) == number and set(old) == set(new) and all(old[name] != new[name] for name in new)

    def work(calls):
        for name, data in old.items():
            (out / name).write_bytes(data)
        with pytest.MonkeyPatch.context() as patch:
            calls.patch(patch)
            write(whole, out)

    found = set()
    for way, ended in ways(work):
        check_told(ended, way, str(out))
        here = contents()
        assert set(here) == set(new) and all(data in (old[name], new[name]) for name, data in here.items()), way
        found.update(here[name] == new[name] for name in here)
    assert found == {True, False}
    write(whole, out)
    assert contents() == new and not list(out.glob(".cae-caffe*"))
