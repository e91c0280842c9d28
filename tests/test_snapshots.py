"""Which snapshot is the newest that is whole, and which are kept."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import small_training

from cae_caffe import snapshots
from cae_caffe.errors import InputError

pytest.importorskip("torch", reason="the embedded engine makes the snapshots")

FORMATS = {"BINARYPROTO": "", "HDF5": ".h5"}


@pytest.fixture(params=FORMATS)
def made(request, tmp_path, monkeypatch):
    """Snapshots of iterations 2, 4 and 6 in the working folder; the ending of their format."""
    from cae_caffe.engine import log
    from cae_caffe.engine.solvers import Solver
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(log, "_minimum", log.LEVELS["ERROR"])
    small_training.write(tmp_path, f"momentum: 0.9 snapshot: 2 snapshot_format: {request.param}")
    Solver.from_file("solver.prototxt").step(6)
    return FORMATS[request.param]


def newest():
    said = []
    return snapshots.newest_whole("small", said.append), said


def test_the_highest_iteration_is_the_newest(made):
    assert newest() == (f"small_iter_6.solverstate{made}", [])
    assert snapshots.newest_whole("small", print, lambda iteration: iteration < 6) == f"small_iter_4.solverstate{made}"
    assert snapshots.newest_whole("smal", print) is None
    assert snapshots.newest_whole("none/small", print) is None


ANY_WRITER = [(part, damage, digests) for part in ("caffemodel", "solverstate")
              for damage in ("missing", "empty", "cut") for digests in (True, False)]
WITH_DIGESTS = [("caffemodel", "a bit", True), ("solverstate", "a bit", True), ("caffemodel", "of another", True)]


@pytest.mark.parametrize("part, damage, digests", ANY_WRITER + WITH_DIGESTS)
def test_one_that_is_not_whole_is_told_and_passed_over(part, damage, digests, made):
    name, whole = f"small_iter_6.{part}{made}", f"small_iter_4.solverstate{made}"
    with open(name, "rb") as file:
        data = file.read()
    os.remove(name)
    if not digests:
        os.remove("small_iter_6.dataposition")
    with open(f"small_iter_4.{part}{made}", "rb") as file:
        other = file.read()
    if damage != "missing":
        with open(name, "wb") as file:
            file.write({"empty": b"", "cut": data[:len(data) // 2], "a bit": data[:-1] + bytes([data[-1] ^ 1]),
                        "of another": other}[damage])
    found, said = newest()
    assert found == whole
    if part == "solverstate" and damage == "missing":       # then there is no snapshot, but the parts of one
        assert not said
    else:
        assert len(said) == 1 and said[0].startswith(f"The snapshot small_iter_6.solverstate{made} is passed over: ")


def test_real_caffes_and_those_of_version_0_1_0_count(made):
    for iteration in (2, 4, 6):
        os.remove(f"small_iter_{iteration}.dataposition")
    assert newest() == (f"small_iter_6.solverstate{made}", [])


def test_so_many_of_the_newest_are_kept(made):
    """The broken one does not count, and that of a later iteration is another run's."""
    os.truncate(f"small_iter_4.caffemodel{made}", 10)
    with open("small_iter_7.solverstate", "wb"), open("small2_iter_1.solverstate", "wb"):
        pass
    keeper = snapshots.Keeper("small", 2)
    keeper.written(f"small_iter_6.solverstate{made}", 6)
    assert {name.split(".")[0] for name in os.listdir(".") if "_iter_" in name} == {
        "small_iter_2", "small_iter_4", "small_iter_6", "small_iter_7", "small2_iter_1"}
    snapshots.Keeper("small", 1).written(f"small_iter_6.solverstate{made}", 6)
    assert sorted(name for name in os.listdir(".") if name.startswith("small_iter_")) == sorted([
        "small_iter_7.solverstate", f"small_iter_6.caffemodel{made}", "small_iter_6.dataposition",
        f"small_iter_6.solverstate{made}"])


def test_of_two_formats_the_one_that_was_written_last_is_the_newest_and_stays(made):
    """They share the .dataposition."""
    from cae_caffe.engine.solvers import Solver
    other = next(name for name in FORMATS if FORMATS[name] != made)
    small_training.write(Path.cwd(), f"momentum: 0.9 snapshot: 6 snapshot_format: {other}")
    Solver.from_file("solver.prototxt").step(6)
    state = f"small_iter_6.solverstate{FORMATS[other]}"
    assert newest() == (state, [])
    snapshots.Keeper("small", 1).written(state, 6)
    assert sorted(name for name in os.listdir(".") if "_iter_6." in name) == sorted([
        f"small_iter_6.caffemodel{FORMATS[other]}", "small_iter_6.dataposition", state])


def test_a_zero_byte_in_the_prefix_is_told(made):
    from cae_caffe.engine.solvers import Solver
    small_training.write(Path.cwd(), 'snapshot_prefix: "sma\\000ll"')
    with pytest.raises(InputError, match=r"solver.prototxt: the `snapshot_prefix` sma\\x00ll has a zero byte in it"):
        Solver.from_file("solver.prototxt")
