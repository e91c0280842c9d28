"""Training through pycaffe's names: what an engine is asked for, told by one that only notes it down."""

from __future__ import annotations

import os
import signal
import sys
from types import SimpleNamespace

import pytest
import small_training

from cae_caffe import load_backend, schema
from cae_caffe.errors import InputError
from cae_caffe.running import signals
from cae_caffe.running.train import train
from cae_caffe.running.train_options import Options


class Solver:
    """Counts iterations; `during` maps iterations to what happens in them."""

    def __init__(self, path, calls, during=None):
        self.param, self.net = schema.read_solver(path), SimpleNamespace(params={})
        self.calls, self.during, self.iter = calls, during or {}, 0

    def add_callback(self, on_start, on_gradients_ready):
        self.on_start, self.on_gradients_ready = on_start, on_gradients_ready

    def restore(self, path):
        self.calls.append(("restore", path))
        self.iter = 4

    def snapshot(self):
        self.calls.append(("snapshot", self.iter))

    def solve(self):
        while self.iter < self.param.max_iter:
            self.on_start()
            self.during.get(self.iter, lambda: None)()
            self.on_gradients_ready()
            self.iter += 1


@pytest.fixture
def engine(tmp_path, monkeypatch):
    """An engine that notes its calls; `engine.solvers` are those it made."""
    monkeypatch.chdir(tmp_path)
    calls, solvers = [], []

    def get_solver(path):
        solvers.append(Solver(path, calls, engine.during))
        return solvers[-1]

    engine = SimpleNamespace(
        calls=calls, solvers=solvers, during={}, get_solver=get_solver, log=lambda text: calls.append(("log", text)),
        set_mode_cpu=lambda: calls.append(("mode", "cpu")), set_mode_gpu=lambda: calls.append(("mode", "gpu")),
        set_device=lambda number: calls.append(("device", number)))
    return engine


def options(folder, fields="", **given):
    return Options(str(small_training.write(folder, "max_iter: 10 " + fields)), **given)


def test_a_run_to_its_end(engine, tmp_path):
    assert train(engine, options(tmp_path)) is True
    assert engine.calls == [("log", "Use CPU."), ("mode", "cpu"), ("log", "Starting Optimization"),
                            ("log", "Optimization Done.")]
    state = engine.solvers[0].param.train_state
    assert state.level == 0 and list(state.stage) == [""]


def test_a_run_clears_away_what_a_killed_one_was_writing(engine, tmp_path):
    left = tmp_path / ".cae-caffe-12345678.part"
    left.mkdir()
    (left / "small_iter_4.caffemodel").write_bytes(b"half of it")
    train(engine, options(tmp_path))
    assert not left.exists()


def test_a_folder_that_cannot_take_the_last_snapshot_is_warned_of(engine, tmp_path, monkeypatch, capsys):
    given = options(tmp_path)
    train(engine, given)
    assert "cannot be written" not in capsys.readouterr().err
    monkeypatch.setattr(os, "access", lambda folder, mode: False)
    train(engine, given)
    assert "The folder . of `snapshot_prefix` cannot be written," in capsys.readouterr().err


def test_level_and_stages_reach_the_train_net(engine, tmp_path):
    train(engine, options(tmp_path, level=3, stage="on-train"))
    state = engine.solvers[0].param.train_state
    assert state.level == 3 and list(state.stage) == ["on-train"]


def test_the_snapshot_prefix_comes_from_the_users_own_file(engine, tmp_path):
    given = options(tmp_path)
    text = (tmp_path / "solver.prototxt").read_text(encoding="utf-8").replace('snapshot_prefix: "small"', "")
    (tmp_path / "solver.prototxt").write_text(text, encoding="utf-8")
    train(engine, given)
    assert engine.solvers[0].param.snapshot_prefix == str(tmp_path / "solver")


@pytest.mark.parametrize("fields, flag, number", [
    ("", "2", 2), ("solver_mode: GPU", "", 0), ("solver_mode: GPU device_id: 3", "", 3), ("solver_mode: CPU", "1", 1),
    ("solver_mode: GPU device_id: 3", "0", 0)])
def test_a_gpu_of_the_flag_or_of_the_solver(fields, flag, number, engine, tmp_path):
    train(engine, options(tmp_path, fields, gpu=flag))
    assert engine.calls[:3] == [("log", f"Use GPU with device ID {number}"), ("device", number), ("mode", "gpu")]


@pytest.mark.parametrize("fields", ["", "solver_mode: CPU", "device_id: 2"])
def test_the_cpu_unless_the_solver_says_gpu_itself(fields, engine, tmp_path):
    train(engine, options(tmp_path, fields))
    assert ("mode", "cpu") in engine.calls and ("mode", "gpu") not in engine.calls


def test_weights_of_the_flag_replace_the_solvers(engine, tmp_path):
    for name in "ab":
        (tmp_path / name).write_bytes(b"")
    train(engine, options(tmp_path, 'weights: "c"', weights="a, b"))
    assert list(engine.solvers[0].param.weights) == ["a, b"]


def test_a_snapshot_replaces_the_solvers_weights(engine, tmp_path):
    (tmp_path / "m").write_bytes(b"")
    schema.write_binary(schema.SolverState(iter=10, learned_net=str(tmp_path / "m")), tmp_path / "s")
    train(engine, options(tmp_path, 'weights: "c"', snapshot="s"))
    assert not engine.solvers[0].param.weights
    assert engine.calls[2:4] == [("log", "Resuming from s"), ("restore", "s")] and engine.solvers[0].iter == 10


def _signal(number):
    return lambda: os.kill(os.getpid(), number)


@pytest.mark.parametrize("fields, expected", [
    ("", [("snapshot", 6)]), ("snapshot: 4", [("snapshot", 6)]), ("snapshot: 3", []),
    ("snapshot_after_train: false", [])])
def test_sigint_stops_before_the_next_iteration(fields, expected, engine, tmp_path):
    engine.during = {5: _signal(signal.SIGINT)}
    assert train(engine, options(tmp_path, fields)) is False
    assert engine.solvers[0].iter == 6
    assert engine.calls[3:] == expected + [("log", "Optimization stopped early."), ("log", "Optimization Done.")]


def test_sighup_makes_a_snapshot(engine, tmp_path):
    engine.during = {2: _signal(signal.SIGHUP), 7: _signal(signal.SIGHUP)}
    assert train(engine, options(tmp_path)) is True
    assert [call for call in engine.calls if call[0] == "snapshot"] == [("snapshot", 3), ("snapshot", 8)]


def test_sigterm_stops_as_sigint_does(engine, tmp_path):
    engine.during = {5: _signal(signal.SIGTERM)}
    assert train(engine, options(tmp_path)) is False
    assert ("snapshot", 6) in engine.calls and engine.solvers[0].iter == 6


def test_a_second_sigterm_at_once_is_the_first_ones_echo_and_a_later_one_acts(engine, tmp_path, monkeypatch):
    """As `timeout` sends it to a process and to its group."""
    def twice():
        _signal(signal.SIGTERM)()
        _signal(signal.SIGTERM)()
    engine.during = {5: twice}
    assert train(engine, options(tmp_path)) is False
    assert ("snapshot", 6) in engine.calls
    engine.calls.clear()
    monkeypatch.setattr(signals, "TOGETHER", -1.0)
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with pytest.raises(SystemExit):
            train(engine, options(tmp_path))
    finally:
        signal.signal(signal.SIGTERM, before)
    assert ("snapshot", 6) not in engine.calls


@pytest.mark.parametrize("effect, expected", [("snapshot", [("snapshot", 6)]), ("none", [])])
def test_sigterm_has_the_effect_asked_for(effect, expected, engine, tmp_path):
    engine.during = {5: _signal(signal.SIGTERM)}
    assert train(engine, options(tmp_path, sigterm_effect=effect)) is True
    assert [call for call in engine.calls if call[0] == "snapshot"] == expected


def test_effects_can_be_changed(engine, tmp_path):
    engine.during = {1: _signal(signal.SIGINT), 3: _signal(signal.SIGHUP)}
    assert train(engine, options(tmp_path, sigint_effect="snapshot", sighup_effect="none")) is True
    assert [call for call in engine.calls if call[0] == "snapshot"] == [("snapshot", 2)]


def test_a_second_sigint_is_pythons_own(engine, tmp_path):
    def twice():
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
    engine.during = {3: twice}
    with pytest.raises(KeyboardInterrupt):
        train(engine, options(tmp_path))
    assert engine.solvers[0].iter == 3


def test_the_handlers_of_before_are_back_afterwards(engine, tmp_path):
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGHUP)
    engine.during = {3: _signal(signal.SIGINT)}
    train(engine, options(tmp_path))
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGHUP)) == before


def test_an_unknown_effect_is_refused(engine, tmp_path):
    with pytest.raises(InputError, match="A signal's effect is `pause`; it must be one of stop, snapshot, none"):
        train(engine, options(tmp_path, sigint_effect="pause"))


@pytest.mark.parametrize("fields", ['train_net: "net.prototxt"', "net_param { NET }", "train_net_param { NET }"])
def test_an_unknown_stage_is_warned_of_however_the_net_is_given(fields, engine, tmp_path, capsys):
    train(engine, options(tmp_path, fields.replace("NET", small_training.net()), stage="on-trian"))
    assert ("no layer of this net knows the stage `on-trian`; the stages of its layers are on-train."
            in capsys.readouterr().err)


def test_an_engines_error_speaks_of_the_users_own_file(engine, tmp_path):
    def solver_from_message(param, name, read_net):
        raise InputError(f"{name}: its weather is bad; wait.")
    engine.solver_from_message = solver_from_message
    given = options(tmp_path)
    with pytest.raises(InputError) as error:
        train(engine, given)
    assert str(error.value) == f"{given.solver}: its weather is bad; wait."


def test_an_engine_that_takes_messages_gets_no_file_and_the_nets_that_were_read(engine, tmp_path, monkeypatch):
    given, read = options(tmp_path, stage="on-train"), []
    taken = {}
    read_net_with_lines = schema.read_net_with_lines
    monkeypatch.setattr(schema, "read_net_with_lines", lambda path: read.append(path) or read_net_with_lines(path))
    monkeypatch.delattr(schema, "write_text")

    def solver_from_message(param, name, read_net):
        taken.update(param=param, name=name, nets=[read_net(param.net) for _ in range(2)])
        return Solver(given.solver, engine.calls)
    engine.solver_from_message, engine.get_solver = solver_from_message, None
    train(engine, given)
    assert taken["name"] == given.solver and list(taken["param"].train_state.stage) == ["on-train"]
    assert read == [taken["param"].net]
    (first, lines), (second, _) = taken["nets"]
    assert first == second == schema.read_net(read[0]) and lines == read_net_with_lines(read[0])[1]
    first.Clear()
    assert second.layer


def test_the_embedded_engine_names_the_users_own_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = options(tmp_path)
    with open(given.solver, "a", encoding="utf-8") as file:
        file.write('\nregularization_type: "L3"\n')
    with pytest.raises(InputError) as error:
        train(load_backend("torch"), given)
    assert str(error.value).startswith(f"{given.solver}: the solver's regularization_type is `L3`")


def test_weights_of_which_none_fit_are_told(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    caffe = load_backend("torch")
    path = small_training.write(tmp_path, "max_iter: 1")
    text = small_training.net()
    (tmp_path / "other.prototxt").write_text(text.replace("code", "rest"), encoding="utf-8")
    caffe.Net("other.prototxt", caffe.TRAIN).save("other.caffemodel")
    caffe.Net("net.prototxt", caffe.TRAIN).save("own.caffemodel")
    train(caffe, Options(str(path), weights="own.caffemodel, other.caffemodel"))
    warnings = [line.split("] ", 1)[1] for line in capfd.readouterr().err.splitlines() if line.startswith("W")]
    said, = warnings
    assert said == ("other.caffemodel: none of these weights is for a layer of the train net, which stays as it is; "
                    "they are for the layers enrest, derest.")


@pytest.mark.parametrize("text, said", [
    ("", r"^net\.prototxt: the net has no layers to run"),
    ('layer { name: "a" type: "Silence" include { phase: TEST } }', "the net has no layers in phase TRAIN to run"),
])
def test_a_net_without_layers_is_not_trained(text, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = small_training.write(tmp_path, "max_iter: 1")
    (tmp_path / "net.prototxt").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=said):
        train(load_backend("torch"), Options(str(path)))
    with pytest.raises(InputError, match=r"^net\.prototxt: the net has no layers in phase TRAIN"):
        load_backend("torch").get_solver(str(path))
