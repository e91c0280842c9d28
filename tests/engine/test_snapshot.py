"""Snapshots: the files of one engine are the other's, from the same weights the same bytes; both resume from either."""

from __future__ import annotations

import functools
import os

import h5py
import numpy as np
import pytest
import small_training
import two_engines
from small_training import parameters

from cae_caffe import pycaffe, schema
from cae_caffe.engine import log
from cae_caffe.errors import InputError, RunError

FORMATS = {"BINARYPROTO": "", "HDF5": ".h5"}
SOLVER = "momentum: 0.9 weight_decay: 0.01 snapshot_format: "


def files(stem, ending=""):
    return f"{stem}.caffemodel{ending}", f"{stem}.solverstate{ending}"


def all_files(stem):
    """Caffe's two, and where the run stood in its data."""
    return *files(stem), f"{stem}.dataposition"


def snapshot(caffe, iterations):
    """Make a solver, train it and write a snapshot; what each of the files that Caffe knows holds, in bytes."""
    solver = caffe.SGDSolver("solver.prototxt")
    solver.step(iterations)
    solver.snapshot()
    found = {}
    for name in sorted(name for name in os.listdir(".") if name.startswith(f"small_iter_{iterations}.")
                       and not name.endswith(".dataposition")):
        with open(name, "rb") as file:
            found[name] = file.read()
    return found


@pytest.mark.parametrize("diff", ["", " snapshot_diff: true"])
def test_a_snapshot_of_the_same_weights_has_the_same_bytes(diff, real_caffe, tmp_path):
    small_training.write(tmp_path, SOLVER + "BINARYPROTO" + diff)
    real, embedded = two_engines.on_both(real_caffe, snapshot, tmp_path, iterations=0)
    assert tuple(real) == files("small_iter_0")
    assert embedded == real


def test_a_parameter_without_axes_has_no_shape_in_the_file(real_caffe, tmp_path):
    slope = 'layer { name: "slope" type: "PReLU" bottom: "encode" top: "slope" prelu_param { channel_shared: true } }'
    small_training.write(tmp_path, SOLVER + "BINARYPROTO", small_training.net() + slope)
    real, embedded = two_engines.on_both(real_caffe, snapshot, tmp_path, iterations=0)

    assert embedded == real


def contents(path):
    """All groups and datasets of an HDF5 file by name: their kind of number, shape and values."""
    found = {}
    with h5py.File(str(path), "r") as file:
        file.visititems(lambda name, item: found.update({name: (
            (item.id.get_type().get_class(), item.id.get_type().get_size(), item.shape, item[()])
            if isinstance(item, h5py.Dataset) else "group")}))
    return found


SHARING = """
layer { name: "twin" type: "InnerProduct" bottom: "encodesig" top: "twin" param { name: "w" }
  inner_product_param { num_output: 3 weight_filler { type: "xavier" } } }
layer { name: "twin2" type: "InnerProduct" bottom: "encodesig" top: "twin2" param { name: "w" }
  inner_product_param { num_output: 3 weight_filler { type: "xavier" } } }
layer { name: "apart" type: "EuclideanLoss" bottom: "twin" bottom: "twin2" top: "apart" }
"""


@pytest.mark.parametrize("net", ["plain", "sharing"])
@pytest.mark.parametrize("diff", ["", " snapshot_diff: true"])
def test_an_hdf5_snapshot_is_laid_out_as_real_caffes(diff, net, real_caffe, tmp_path):
    sides = {}
    for name, run in (("real", functools.partial(two_engines.on_real, real_caffe)), ("ours", two_engines.on_embedded)):
        folder = tmp_path / name
        folder.mkdir()
        text = small_training.net() + (SHARING if net == "sharing" else "")
        small_training.write(folder, SOLVER + "HDF5" + diff, text)
        run(snapshot, folder, iterations=0)
        sides[name] = [contents(folder / file) for file in files("small_iter_0", ".h5")]
    for ours, real in zip(sides["ours"], sides["real"]):
        assert sorted(ours) == sorted(real)
        for name, item in real.items():
            assert item == "group" or ours[name][:3] == item[:3], name
            assert item == "group" or np.array_equal(ours[name][3], item[3]), name
    assert ("diff/encode/1" in sides["ours"][0]) == bool(diff)


def resume(caffe, state, iterations):
    """Go on from a state; the losses that follow, and where that ends."""
    solver = caffe.SGDSolver("solver.prototxt")
    solver.restore(state)
    losses = [solver.iter]
    for _ in range(iterations):
        solver.step(1)
        losses += [float(solver.net.blobs[name].data) for name in ("entropy", "l2")]
    return losses, parameters(solver.net), solver.iter, solver.lr


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("writer", ["real", "embedded"])
def test_both_engines_go_on_from_either_ones_snapshot(writer, form, real_caffe, tmp_path):
    small_training.write(tmp_path, SOLVER + form + ' lr_policy: "multistep" gamma: 0.5 stepvalue: 5 stepvalue: 9')
    if writer == "real":
        two_engines.on_real(real_caffe, snapshot, tmp_path, iterations=7)
    else:
        two_engines.on_embedded(snapshot, tmp_path, iterations=7)
    state = files("small_iter_7", FORMATS[form])[1]
    real, embedded = two_engines.on_both(real_caffe, resume, tmp_path, uses=[parameters], state=state, iterations=20)
    # Twenty iterations of float32 rounding.
    np.testing.assert_allclose(embedded[0], real[0], rtol=1e-5)
    small_training.assert_close(embedded[1], real[1], 1e-5)
    assert embedded[2:] == real[2:] and embedded[2] == 27 and embedded[3] == np.float32(0.05 / 4)


def test_the_history_is_carried_over(tmp_path):
    small_training.write(tmp_path, SOLVER + "BINARYPROTO")
    two_engines.on_embedded(snapshot, tmp_path, iterations=7)
    state = schema.read_binary(tmp_path / "small_iter_7.solverstate", schema.SolverState)
    assert (state.iter, state.learned_net, len(state.history)) == (7, "small_iter_7.caffemodel", 4)
    assert [tuple(blob.shape.dim) for blob in state.history] == [(6, 12), (6,), (12, 6), (12,)]
    assert all(np.any(blob.data) for blob in state.history)


# ---- without real Caffe

@pytest.fixture
def solver(tmp_path, monkeypatch):
    """Makes a solver of pycaffe's in the test's folder."""
    monkeypatch.setattr(log, "_minimum", log.LEVELS["ERROR"])
    monkeypatch.chdir(tmp_path)

    def make(text, net=None):
        small_training.write(tmp_path, text, net)
        return pycaffe.get_solver("solver.prototxt")
    return make


def test_snapshots_fall_due_and_one_follows_training(solver, tmp_path):
    solver("snapshot: 2 max_iter: 5").solve()
    assert sorted(path.name for path in tmp_path.glob("small_*")) == sorted(
        name for i in (2, 4, 5) for name in all_files(f"small_iter_{i}"))


def test_a_snapshot_that_has_just_been_made_is_not_made_again(solver, tmp_path):
    solver("snapshot: 2 max_iter: 4 snapshot_after_train: true").solve()
    assert sorted(path.name for path in tmp_path.glob("small_*")) == sorted(
        name for i in (2, 4) for name in all_files(f"small_iter_{i}"))


def test_snapshot_after_train_can_be_left_out(solver, tmp_path):
    solver("max_iter: 2 snapshot_after_train: false").solve()
    assert not list(tmp_path.glob("small_*"))


def test_snapshot_diff_adds_the_last_updates(solver, tmp_path):
    small = solver("snapshot_diff: true max_iter: 2")
    small.solve()
    blobs = {layer.name: layer.blobs for layer in schema.read_weights(tmp_path / "small_iter_2.caffemodel").layer}
    diff = blobs["encode"][0].diff
    assert np.array_equal(diff, small.net.params["encode"][0].diff.ravel()) and np.any(diff)


def test_a_prefix_without_a_folder_is_refused_before_training(solver):
    with pytest.raises(InputError, match=r"solver.prototxt: snapshots cannot be written to `snapshot_prefix` none/x; "
                                         "the folder none must exist"):
        solver('snapshot: 2 max_iter: 4 snapshot_prefix: "none/x"')


def test_a_disk_that_refuses_is_told(solver, tmp_path, monkeypatch):
    small = solver("max_iter: 1")

    def full(*_):
        raise OSError(28, "No space left on device")
    monkeypatch.setattr("os.replace", full)
    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(RunError, match=r"small_iter_0 cannot be written: No space left on device\. Free the disk"):
        small.snapshot()
    assert not list(tmp_path.glob("*small_iter*"))


@pytest.mark.parametrize("form", FORMATS)
def test_a_state_without_its_weights_is_refused(form, solver, tmp_path):
    small = solver("snapshot_format: " + form)
    small.snapshot()
    model, state = files("small_iter_0", FORMATS[form])
    os.remove(model)
    with pytest.raises(InputError, match=f"{state} goes on from the weights in {model}, which do not exist"):
        small.restore(state)


@pytest.mark.parametrize("replaced", [0, 1], ids=["weights", "state"])
@pytest.mark.parametrize("form", FORMATS)
def test_a_mixture_of_two_snapshots_is_refused_and_changes_nothing(form, replaced, solver, tmp_path):
    text = "momentum: 0.9 snapshot_format: " + form
    one, other = solver(text), solver(text + " random_seed: 8")
    for small in (other, one):
        small.step(2)
        small.snapshot()
        name = files("small_iter_2", FORMATS[form])[replaced]
        if small is other:
            os.rename(name, "other")
    os.rename("other", name)
    before = parameters(other.net)
    state = files("small_iter_2", FORMATS[form])[1]
    with pytest.raises(InputError, match=f"{state}: this snapshot is not whole, for {name} is not the file that was "
                       "written with small_iter_2.dataposition.*auto.*or delete small_iter_2.dataposition to go on"):
        other.restore(state)
    small_training.assert_close(parameters(other.net), before, 0)
    os.remove("small_iter_2.dataposition")
    other.restore(state)


def test_an_hdf5_snapshot_stores_no_times(solver):
    """So that equal ones have equal bytes."""
    solver("snapshot_format: HDF5").snapshot()
    times = {}
    for name in (*files("small_iter_0", ".h5"), "small_iter_0.dataposition"):
        with h5py.File(name, "r") as file:
            file.visit(lambda item, file=file, name=name: times.update(
                {f"{name}/{item}": h5py.h5g.get_objinfo(file.id, item.encode()).mtime}))
    assert len(times) > 10 and not any(times.values()), times


@pytest.mark.parametrize("form", FORMATS)
def test_the_state_comes_last_to_its_place(form, solver, tmp_path, monkeypatch):
    """Its being there says that the snapshot is whole, wherever the writer was killed."""
    seen, replace = [], os.replace

    def watched(source, target):
        seen.append(os.path.basename(target))
        replace(source, target)
    monkeypatch.setattr(os, "replace", watched)
    solver("snapshot_format: " + form).snapshot()
    model, state = files("small_iter_0", FORMATS[form])
    assert seen == [model, "small_iter_0.dataposition", state]


@pytest.mark.parametrize("form", FORMATS)
def test_a_state_of_another_net_is_refused_and_changes_nothing(form, solver, tmp_path):
    small = solver("snapshot_format: " + form)
    small.snapshot()
    state = files("small_iter_0", FORMATS[form])[1]
    larger = solver("", small_training.net().replace("num_output: 6", "num_output: 7"))
    before = parameters(larger.net)
    with pytest.raises(InputError, match=r"history blob 0 has shape 6 12 \(72\), and the net's parameter 7 12 \(84\)"):
        larger.restore(state)
    small_training.assert_close(parameters(larger.net), before, 0)
    fewer = solver("", small_training.net().replace("num_output: 12", "num_output: 12 bias_term: false"))
    with pytest.raises(InputError, match="holds 4 history blobs, and this solver, of type SGD, keeps 3"):
        fewer.restore(state)


@pytest.mark.parametrize("name", ["none.solverstate", "none.solverstate.h5"])
def test_a_missing_state_is_refused(name, solver):
    with pytest.raises(InputError, match=f"{name}: there is no such file"):
        solver("").restore(name)


def test_a_damaged_hdf5_state_is_refused(solver, tmp_path):
    (tmp_path / "bad.solverstate.h5").write_bytes(b"\x89HDF nothing")
    with h5py.File(str(tmp_path / "empty.solverstate.h5"), "w"):
        pass
    small = solver("")
    for name, message in (("bad", "this is not a readable HDF5 file"), ("empty", "the file has no group `history`")):
        with pytest.raises(InputError, match=f"{name}.solverstate.h5: {message}.*; a .solverstate.h5 is needed"):
            small.restore(f"{name}.solverstate.h5")
