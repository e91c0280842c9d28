"""The log of training: line by line what `caffe train` says of the same solver, losses compared as numbers."""

from __future__ import annotations

from pathlib import Path

import pytest
import small_captions
import small_training
import two_engines
from two_engines import LOG_ALL

from cae_caffe.cli.main import main
from cae_caffe.engine import libc_rand, log

# Ten iterations of float32 rounding, in numbers that are printed with six digits.
TOLERANCE = 3e-5
SOLVERS = {
    "display": "max_iter: 6 display: 2",
    "no display": "max_iter: 3",
    "display at the end": "max_iter: 5 display: 5 snapshot_after_train: false",
    "average of losses": "max_iter: 12 display: 3 average_loss: 5 momentum: 0.9",
    "average of more losses than there are": "max_iter: 4 display: 1 average_loss: 100",
    "iter_size": "max_iter: 4 display: 1 iter_size: 3",
    "two test nets": 'max_iter: 6 display: 4 test_iter: 3 test_iter: 2 test_interval: 3 '
                     'test_state { stage: "on-train" } test_state { stage: "on-test" }',
    "test losses": "max_iter: 4 test_iter: 3 test_interval: 2 test_compute_loss: true",
    "no test at first": "max_iter: 4 test_iter: 3 test_interval: 2 test_initialization: false display: 2",
    "a last test only": "max_iter: 4 test_iter: 1 test_interval: 4 test_initialization: false",
    "snapshots": "max_iter: 5 snapshot: 2 display: 5",
    "snapshot at the end once": "max_iter: 4 snapshot: 2",
    "no snapshot": "max_iter: 4 snapshot_after_train: false",
    "steps": 'max_iter: 8 display: 1 lr_policy: "multistep" gamma: 0.1 stepvalue: 2 stepvalue: 3 stepvalue: 7',
    "clipping": "max_iter: 4 display: 2 clip_gradients: 0.8",
    "debug_info": "max_iter: 3 display: 2 debug_info: true test_iter: 1 test_interval: 3",
    "train_net and test_net": 'train_net: "net.prototxt" test_net: "net.prototxt" test_net: "net.prototxt" '
                              'test_iter: 1 test_iter: 2 max_iter: 2 test_interval: 1 display: 1 '
                              'test_state { stage: "on-train" } test_state { level: 1 }',
    "test_net and net": 'test_net: "net.prototxt" test_iter: 1 test_iter: 2 max_iter: 2 test_interval: 2',
    "train_state": 'max_iter: 2 display: 1 train_state { level: 2 stage: "more" }',
    "GPU of another mode": "max_iter: 1 display: 1 solver_mode: CPU device_id: 3",
    "old solver_type": "max_iter: 1 display: 1 solver_type: SGD",
}
BRANCHES = """
layer { name: "twin" type: "InnerProduct" bottom: "encodesig" top: "twin"
  param { name: "w" } param { name: "b" lr_mult: 0 }
  inner_product_param { num_output: 3 weight_filler { type: "xavier" } } }
layer { name: "twin2" type: "InnerProduct" bottom: "encodesig" top: "twin2"
  param { name: "w" } param { name: "b" lr_mult: 0 }
  inner_product_param { num_output: 3 weight_filler { type: "xavier" } } }
layer { name: "apart" type: "EuclideanLoss" bottom: "twin" bottom: "twin2" }
layer { name: "quiet" type: "Silence" bottom: "flat" }
"""


@pytest.fixture
def train(tmp_path, caffe_run, capfd, monkeypatch):
    """Train by the same words on both engines, and hold one log against the other."""
    def train(*words, **variables):
        real = caffe_run(["caffe", "train", "-solver", "solver.prototxt", *words], cwd=tmp_path,
                         env={**LOG_ALL, **variables}).stderr
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(log, "_minimum", 0)
        monkeypatch.setattr(log, "_printed_once", set())
        libc_rand.restart()
        capfd.readouterr()
        assert main(["train", "--backend", "torch", "-solver", "solver.prototxt", *words]) == 0
        lines = two_engines.assert_same_log(capfd.readouterr().err, real, TOLERANCE)
        assert lines[-1] == "I tool] Optimization Done."
    return train


@pytest.mark.parametrize("case", SOLVERS)
def test_training_says_what_caffe_train_says(case, train, tmp_path):
    small_training.write(tmp_path, SOLVERS[case])
    train()


def test_every_kind_of_layer_speaks_in_debug_info(train, tmp_path):
    small_training.write(tmp_path, "max_iter: 2 display: 1 debug_info: true", small_training.net() + BRANCHES)
    train()


OF_TWO_LAYERS = """
layer { name: "scale" type: "Scale" bottom: "encodesig" top: "scaled" scale_param { bias_term: true } }
layer { name: "class" type: "ArgMax" bottom: "scaled" top: "class" argmax_param { axis: 1 } }
layer { name: "softmaxloss" type: "SoftmaxWithLoss" bottom: "scaled" bottom: "class" top: "softmaxloss"
  propagate_down: true propagate_down: false }
"""


def test_layers_made_of_two(train, tmp_path):
    small_training.write(tmp_path, "max_iter: 2 display: 1", small_training.net() + OF_TWO_LAYERS)
    train()


QUIET_IN_TESTS = 'layer { name: "quiet" type: "Silence" %s include { phase: TEST } }\n'


def test_test_nets_without_outputs(train, tmp_path):
    text = small_training.net().replace('bottom: "flat" top: "', 'bottom: "flat" include { phase: TRAIN } top: "')
    quiet = QUIET_IN_TESTS % 'bottom: "flat" bottom: "decodesig"'
    small_training.write(tmp_path, "max_iter: 2 display: 1 test_iter: 3 test_interval: 1", text + quiet)
    train()


SIZED = """layer { name: "sized" type: "Python" bottom: "flat" top: "sized" include { phase: TEST }
  python_param { module: "other_sizes" layer: "OtherSizes" } }
"""
# Before the losses, whose values come to other places as the first output changes its size.
SIZED_FIRST = small_training.net().replace('layer { name: "entropy"', SIZED + 'layer { name: "entropy"')


def test_test_outputs_that_change_their_size(train, tmp_path):
    small_training.write(tmp_path, "max_iter: 2 display: 1 test_iter: 5 test_interval: 1", SIZED_FIRST)
    train(PYTHONPATH=str(Path(two_engines.__file__).parent))


@pytest.mark.parametrize("type_name", ["RNN", "LSTM"])
@pytest.mark.parametrize("debug_info", ["true", "false"])
def test_nets_inside_recurrent_layers(type_name, debug_info, train, tmp_path):
    small_captions.write(tmp_path, type_name, "max_iter: 3 display: 1 test_iter: 1 test_interval: 2 snapshot: 2 "
                         "debug_info: true", f"debug_info: {debug_info}")
    train()


def test_nets_inside_the_solver(train, tmp_path):
    net = small_training.net()
    small_training.write(tmp_path, f"train_net_param {{ {net} }} test_net_param {{ {net} }} test_iter: 2 "
                         "test_interval: 1 max_iter: 2 display: 1")
    train()
    small_training.write(tmp_path, f"net_param {{ {net} }} test_iter: 2 test_iter: 1 test_interval: 1 max_iter: 2")
    train()


def test_stages_and_levels_of_the_command_line(train, tmp_path):
    text = small_training.net().replace('name: "l2"', 'name: "l2" include { stage: "both" min_level: 1 }')
    small_training.write(tmp_path, "max_iter: 2 display: 1", text)
    train("-stage", "both,on-train", "-level", "3")
    train("--stage=both")


def test_resuming(train, tmp_path):
    small_training.write(tmp_path, "max_iter: 4 display: 2 snapshot: 2 momentum: 0.9 test_iter: 1 test_interval: 2")
    train()
    # Without the position in the data, which the embedded engine wrote beside real Caffe's files of the same name.
    (tmp_path / "small_iter_2.dataposition").unlink()
    train("-snapshot", "small_iter_2.solverstate")


def test_fine_tuning(train, tmp_path):
    small_training.write(tmp_path, "max_iter: 2 display: 1 test_iter: 1 test_interval: 2")
    train()
    renamed = small_training.net().replace('name: "decode"', 'name: "another"')
    small_training.write(tmp_path, "max_iter: 3 display: 1 test_iter: 1 test_interval: 3", renamed)
    train("-weights", "small_iter_2.caffemodel,small_iter_2.caffemodel")


def test_weights_that_the_solver_names(train, tmp_path):
    small_training.write(tmp_path, "max_iter: 2 display: 1 test_iter: 1 test_interval: 2")
    train()
    small_training.write(tmp_path, 'max_iter: 3 display: 1 weights: "small_iter_2.caffemodel"')
    train()


@pytest.mark.parametrize("value, lowest", [
    (None, "INFO"), ("", "INFO"), ("0", "INFO"), ("1", "WARNING"), (" 2", "ERROR"), ("3", "FATAL"), ("-1", "INFO"),
    ("2x", "ERROR"), ("0x2", "INFO"), ("none", "INFO")])
def test_the_environment_says_the_lowest_level_as_strtol_reads_it(value, lowest, monkeypatch):
    monkeypatch.setattr(log, "_minimum", None)
    if value is not None:
        monkeypatch.setenv("GLOG_minloglevel", value)
    assert next(level for level in log.LEVELS if log.enabled(level)) == lowest


def test_a_level_of_the_environment_is_kept_no_longer_than_it_stands_there(monkeypatch):
    monkeypatch.setattr(log, "_minimum", None)
    monkeypatch.setenv("GLOG_minloglevel", "2")
    assert not log.enabled()
    monkeypatch.delenv("GLOG_minloglevel")
    assert log.enabled()


@pytest.mark.parametrize("value, shown", [(float("nan"), "nan"), (-float("nan"), "-nan"), (-float("inf"), "-inf"),
                                          (-0.0, "-0"), (1 / 3, "0.333333"), (1e-7, "1e-07")])
def test_numbers_are_those_of_a_stream_of_c_plus_plus(value, shown):
    assert log.number(value) == shown
