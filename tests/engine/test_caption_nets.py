"""Nets of words through time train as in real Caffe, with their hidden states, and go on from each other's files."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
import small_captions
import two_engines
from small_training import assert_close, assert_goes_on, parameters

from cae_caffe import InputError, pycaffe
from cae_caffe.engine.captured import recorder
from cae_caffe.engine.tape import Tape

TYPES = ["RNN", "LSTM"]
TOLERANCE = 3e-5        # some iterations of float32 rounding
TESTS = "test_iter: 2 test_interval: 3 "


def trained(caffe, iterations, weights=None, state=None):
    """The parameters and outputs after some iterations, the files of a snapshot written, and what the net then tells.

    Both nets' hidden states show in what they compute next.
    """
    solver = caffe.get_solver("solver.prototxt")
    if weights:
        solver.net.copy_from(weights)
    if state:
        solver.restore(state)
    solver.step(iterations)
    solver.snapshot()
    nets = [solver.net, *solver.test_nets]
    for net in nets:
        net.forward()
    return [parameters(solver.net), *([net.blobs[name].data.copy() for name in ("memory", "loss")] for net in nets)]


def on_both(real_caffe, folder, **kwargs):
    return two_engines.on_both(real_caffe, trained, folder, uses=[parameters], **kwargs)


@pytest.mark.parametrize("type_name", TYPES)
@pytest.mark.parametrize("solver", ["", "iter_size: 2 weight_decay: 0.01", 'type: "Adam" momentum2: 0.99'])
def test_trains_as_real_caffe(type_name, solver, real_caffe, tmp_path):
    small_captions.write(tmp_path, type_name, TESTS + solver)
    real, ours = on_both(real_caffe, tmp_path, iterations=7)
    assert_close(ours, real, TOLERANCE)


@pytest.mark.parametrize("type_name", TYPES)
@pytest.mark.parametrize("solver", ["", "iter_size: 2"])
def test_recorded_steps_train_as_real_caffe(type_name, solver, real_caffe, tmp_path, monkeypatch, silent_log):
    small_captions.write(tmp_path, type_name, solver, net=small_captions.NUMBERS)
    real, ours = on_both(real_caffe, tmp_path, iterations=9)
    assert_close(ours, real, TOLERANCE)
    monkeypatch.chdir(tmp_path)
    solver = pycaffe.get_solver("solver.prototxt")
    solver.step(9)
    assert recorder(solver.net._engine) is Tape and solver._engine._captured._recordings


def generated(caffe, weights):
    """The most likely words after a first one, and how likely all were, for two pictures, word by word."""
    net = caffe.Net("deploy.prototxt", caffe.TEST, weights=weights)
    found = []
    for picture in np.random.RandomState(4).uniform(-1, 1, (2, 4)):
        word = 0
        for step in range(6):
            net.blobs["in"].data[...], net.blobs["cont"].data[...] = word, step > 0
            net.blobs["still"].data[...] = picture
            found.append(net.forward()["probs"].copy())
            word = int(found[-1].argmax())
    return found


@pytest.mark.parametrize("type_name", TYPES)
def test_sentences_are_made_word_by_word(type_name, real_caffe, tmp_path):
    small_captions.write(tmp_path, type_name, "base_lr: 0.3 snapshot_format: HDF5")
    two_engines.on_embedded(trained, tmp_path, iterations=10)
    real, ours = two_engines.on_both(real_caffe, generated, tmp_path, weights="small_iter_10.caffemodel.h5")
    assert_close(ours, real, TOLERANCE)


@pytest.mark.parametrize("type_name", TYPES)
@pytest.mark.parametrize("writer", [two_engines.on_real, two_engines.on_embedded])
def test_files_of_either_engine_go_on_in_both(writer, type_name, real_caffe, tmp_path):
    small_captions.write(tmp_path, type_name)
    if writer is two_engines.on_real:
        two_engines.on_real(real_caffe, trained, tmp_path, uses=[parameters], iterations=3)
    else:
        two_engines.on_embedded(trained, tmp_path, iterations=3)
    for what in ({"weights": "small_iter_3.caffemodel"}, {"state": "small_iter_3.solverstate"}):
        real, ours = on_both(real_caffe, tmp_path, iterations=4, **what)
        assert_close(ours, real, TOLERANCE, f"{what}")


@pytest.mark.parametrize("type_name", TYPES)
def test_a_run_that_goes_on_ends_as_one_that_never_stopped(type_name, tmp_path, monkeypatch, silent_log):
    monkeypatch.chdir(tmp_path)
    small_captions.write(tmp_path, type_name, TESTS)
    assert_goes_on(pycaffe, 4, 9)


@pytest.mark.parametrize("hidden, said", [(None, "it has no `hidden`"), ((3, 6, 1), "its `hidden` has shape")])
def test_a_hidden_state_of_another_net_is_refused(hidden, said, tmp_path, monkeypatch, silent_log):
    monkeypatch.chdir(tmp_path)
    small_captions.write(tmp_path, "RNN", TESTS)
    solver = pycaffe.get_solver("solver.prototxt")
    solver.snapshot()
    with h5py.File("small_iter_0.dataposition", "r+") as file:
        (name,) = (f"nets/0/{number}" for number, group in file["nets/0"].items() if "hidden" in group)
        values = file[f"{name}/hidden"][()]
        del file[f"{name}/hidden"]
        if hidden:
            file[f"{name}/hidden"] = values.reshape(hidden)
    with pytest.raises(InputError, match=said):
        solver.restore_data_position("small_iter_0.solverstate")
