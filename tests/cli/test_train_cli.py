"""`cae-caffe train`: Caffe's flags, signals, exit statuses, and errors of one line."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading

import caffe_process
import pytest
import small_training
from two_engines import LOG_ALL

from cae_caffe import locks, schema
from cae_caffe.cli.main import main
from cae_caffe.engine import log

pytest.importorskip("torch", reason="the embedded engine needs PyTorch")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(log, "_minimum", 0)
    return tmp_path


@pytest.fixture
def train(folder, capfd):
    """Run `cae-caffe train` on the embedded engine in this process; returns its status and standard error."""
    def train(*words):
        capfd.readouterr()
        status = main(["train", *words, "--backend", "torch"])
        return status, capfd.readouterr().err
    return train


@pytest.mark.parametrize("words", [["-solver", "solver.prototxt"], ["--solver", "solver.prototxt"],
                                   ["-solver=solver.prototxt"], ["--solver=solver.prototxt"]], ids=" ".join)
def test_flags_have_one_dash_or_two_and_perhaps_an_equals_sign(words, train, folder):
    small_training.write(folder, "max_iter: 2 display: 1")
    status, error = train(*words)
    assert status == 0 and "Iteration 2, loss = " in error
    assert (folder / "small_iter_2.caffemodel").exists()


def test_all_flags_at_once(train, folder):
    text = small_training.net().replace('name: "l2"', 'name: "l2" include { stage: "both" min_level: 2 }')
    small_training.write(folder, "max_iter: 2", text)
    assert train("-solver", "solver.prototxt")[0] == 0
    small_training.write(folder, "max_iter: 3", text)
    status, error = train("-solver=solver.prototxt", "--weights=small_iter_2.caffemodel,small_iter_2.caffemodel",
                          "-stage=both", "--level=2", "-sigint_effect", "none", "--sighup_effect=stop")
    assert status == 0
    assert error.count("Finetuning from small_iter_2.caffemodel") == 2 and "Creating Layer l2" in error
    assert (folder / "small_iter_3.solverstate").exists()


def test_resuming_goes_on_where_the_state_was_made(train, folder):
    small_training.write(folder, "max_iter: 6 snapshot: 3 display: 1 momentum: 0.9")
    train("-solver", "solver.prototxt")
    (folder / "small_iter_6.caffemodel").unlink()
    status, error = train("-solver", "solver.prototxt", "-snapshot", "small_iter_3.solverstate")
    assert status == 0 and "Resuming from small_iter_3.solverstate" in error
    assert "Iteration 3 " in error and "Iteration 2 " not in error
    assert (folder / "small_iter_6.caffemodel").exists()


@pytest.mark.parametrize("words, exactly", [([], True), (["--data-position", "recorded"], True),
                                            (["-data-position=caffe"], False)], ids=str)
def test_a_resumed_run_goes_on_in_its_data_unless_told(words, exactly, train, folder):
    small_training.write(folder, "max_iter: 6 snapshot: 3 momentum: 0.9")
    train("-solver", "solver.prototxt")
    whole = (folder / "small_iter_6.caffemodel").read_bytes()
    status, error = train("-solver", "solver.prototxt", "-snapshot", "small_iter_3.solverstate", *words)
    assert status == 0 and ("the position in the data from small_iter_3.dataposition" in error) == exactly
    assert ((folder / "small_iter_6.caffemodel").read_bytes() == whole) == exactly


def test_auto_resumes_from_the_newest_whole_snapshot(train, folder):
    small_training.write(folder, "max_iter: 6 snapshot: 2 momentum: 0.9")
    status, error = train("-solver", "solver.prototxt", "-snapshot", "auto")
    assert status == 0 and "There is no whole snapshot of small to resume from; the run starts from scratch." in error
    whole = (folder / "small_iter_6.caffemodel").read_bytes()
    (folder / "small_iter_6.solverstate").unlink()
    os.truncate(folder / "small_iter_4.caffemodel", 100)
    status, error = train("-solver", "solver.prototxt", "-snapshot=auto")
    assert status == 0 and "Resuming from small_iter_2.solverstate" in error
    assert "The snapshot small_iter_4.solverstate is passed over: " in error
    assert (folder / "small_iter_6.caffemodel").read_bytes() == whole


def test_auto_fine_tunes_until_there_is_a_snapshot(train, folder):
    small_training.write(folder, "max_iter: 2")
    assert train("-solver", "solver.prototxt")[0] == 0
    (folder / "small_iter_2.caffemodel").rename(folder / "start.caffemodel")
    (folder / "small_iter_2.solverstate").unlink()
    words = ["-solver", "solver.prototxt", "-weights", "start.caffemodel", "-snapshot", "auto"]
    status, error = train(*words)
    assert status == 0 and "the run starts from the weights start.caffemodel." in error
    assert "Finetuning from start.caffemodel" in error
    status, error = train(*words)
    assert status == 0 and "Resuming from small_iter_2.solverstate" in error and "Finetuning" not in error


def test_so_many_snapshots_are_kept(train, folder):
    small_training.write(folder, "max_iter: 5 snapshot: 1")
    assert train("-solver", "solver.prototxt", "--keep", "2")[0] == 0
    assert _snapshots(folder) == [4, 5] and len(list(folder.glob("small_iter_*"))) == 6


def test_a_second_run_with_the_same_prefix_is_told_of_the_first(train, folder):
    small_training.write(folder, "max_iter: 1")
    with locks.of_snapshots("small"):
        status, error = train("-solver", "solver.prototxt")
    assert status == 1 and re.search("^cae-caffe train: Another run writes snapshots to `snapshot_prefix` small: "
                                     rf"process {os.getpid()} on host .* since ", error, re.MULTILINE)
    assert train("-solver", "solver.prototxt")[0] == 0 and not list(folder.glob(".*"))


NO_DATA = "none.txt"
WRONG = {
    "no such solver": (["-solver", "none.prototxt"], "", "none.prototxt: there is no such file"),
    "no such net": ([], 'net: "none.prototxt"', "none.prototxt: there is no such file"),
    "no such weights": (["-weights", "a.caffemodel"], "", "a.caffemodel: there is no such file"),
    "one of the weights missing": (["-weights", "net.prototxt,none"], "", "none: there is no such file"),
    "no such state": (["-snapshot", "a.solverstate"], "", "a.solverstate: there is no such file"),
    "weights and snapshot": (["-weights", "a", "-snapshot", "b"], "", "Both -weights and -snapshot are given"),
    "a field of another type": ([], "base_lr: fast", r"solver.prototxt:\d+:\d+: `base_lr` takes a decimal number"),
    "an unknown field": ([], "max_iters: 5", r"solver.prototxt:\d+:\d+: .*max_iters"),
    "a policy": ([], 'lr_policy: "linear"', "solver.prototxt: .*lr_policy is `linear`"),
    "a prefix": ([], 'snapshot: 1 snapshot_prefix: "none/x"', "solver.prototxt: snapshots cannot be written to"),
    "two nets": ([], 'net: "net.prototxt" train_net: "net.prototxt"',
                 "solver.prototxt: the solver gives `net`, `train_net`"),
    "a type": ([], 'type: "Newton"', "solver.prototxt: .*type is `Newton`"),
    "several GPUs": (["-gpu", "0,1"], "", "-gpu 0,1 is not the number of one GPU"),
    "all GPUs": (["-gpu", "all"], "", "-gpu all is not the number of one GPU"),
    "weights that are none": (["-weights", "net.prototxt"], "", "net.prototxt: this is not a whole NetParameter"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_mistake_is_one_line_and_status_2(case, train, folder, monkeypatch):
    words, fields, message = WRONG[case]
    small_training.write(folder, fields)
    monkeypatch.setattr(log, "_minimum", log.LEVELS["ERROR"])
    status, error = train(*(words if "-solver" in words else ["-solver", "solver.prototxt", *words]))
    engine, line = error.splitlines()
    assert status == 2 and engine.startswith("Engine: embedded")
    assert re.search(f"^cae-caffe train: .*{message}", line), line
    assert "cae-caffe-" not in line


def test_states_that_the_net_does_not_know_run_with_a_warning(train, folder):
    """As Caffe runs them, without one."""
    small_training.write(folder, "max_iter: 1")
    status, error = train("-solver", "solver.prototxt", "-stage", "on-train,on-trian", "-level", "3")
    warnings = [line.split("] ")[1] for line in error.splitlines() if line.startswith("W")]
    assert status == 0 and "Optimization Done." in error and warnings == [
        "net.prototxt: no layer of this net knows the stage `on-trian`; the stages of its layers are on-train.",
        "net.prototxt: no layer of this net asks for a level, so level 3 changes nothing."]


def test_a_missing_stage_is_told_with_those_that_the_net_has(train, folder):
    text = small_training.net().replace("phase: TRAIN }", 'phase: TRAIN stage: "day" }')
    small_training.write(folder, "max_iter: 1", text)
    status, error = train("-solver", "solver.prototxt")
    assert status == 2
    assert ("net.prototxt: in phase TRAIN, level 0 and no stage, no layer produces `data`, a bottom of layer `flat`; "
            "give -stage with one of day, on-train.") in error
    assert train("-solver", "solver.prototxt", "-stage", "day")[0] == 0
    small_training.write(folder, 'max_iter: 1 train_state { stage: "day" }', text)
    assert train("-solver", "solver.prototxt")[0] == 0


def test_missing_data_is_told_with_its_layer(train, folder, monkeypatch):
    small_training.write(folder)
    (folder / "train.txt").unlink()
    monkeypatch.setattr(log, "_minimum", log.LEVELS["ERROR"])
    status, error = train("-solver", "solver.prototxt")
    assert status == 2
    assert re.search(r"layer `data` \(type HDF5Data, net.prototxt:\d+\): its `source` train.txt, the list of HDF5 "
                     "files, cannot be read", error)


def test_without_a_gpu_the_mistake_is_told(train, folder, monkeypatch):
    monkeypatch.setattr("cae_caffe.engine.device.accelerator", lambda: None)
    small_training.write(folder, "solver_mode: GPU")
    assert train("-solver", "solver.prototxt", "-gpu", "0")[0] == 2
    status, error = train("-solver", "solver.prototxt")
    assert status == 2 and "PyTorch sees neither a CUDA device nor Apple's MPS" in error


@pytest.mark.parametrize("words", [
    [], ["-solver"], ["-solver", "s", "-level", "high"], ["-solver", "s", "-sigint_effect", "x"],
    ["-solver", "s", "-iterations", "many"]], ids=" ".join)
def test_wrong_use_shows_the_usage(words, train):
    with pytest.raises(SystemExit) as ended:
        train(*words)
    assert ended.value.code == 2


# ---- signals, to processes of their own

class Run:
    """`cae-caffe train` in a process of its own, whose log is followed."""

    def __init__(self, folder, *words, command=(sys.executable,), backend="torch", sigint=signal.SIG_DFL):
        """`sigint` is what the process inherits: a shell's background has it ignored, whatever runs these tests."""
        self.lines = []
        arguments = [*command, "-m", "cae_caffe", "train", "-solver", "solver.prototxt", "--backend", backend, *words]
        ours = signal.signal(signal.SIGINT, sigint)
        self.process = subprocess.Popen(arguments, cwd=str(folder), stderr=subprocess.PIPE, text=True,
                                        env=caffe_process.environment(folder, {**LOG_ALL, "CAE_CAFFE_REENTERED": "1"}))
        signal.signal(signal.SIGINT, ours)
        self.watchdog = threading.Timer(caffe_process.TIMEOUT, self.process.kill)
        self.watchdog.start()

    def wait_for(self, text):
        for line in self.process.stderr:
            self.lines.append(line)
            if text in line:
                return
        pytest.fail(f"the run ended before it said {text!r}:\n" + "".join(self.lines[-20:]))

    def send(self, number):
        os.kill(self.process.pid, number)

    def end(self):
        """Its exit status and whole log."""
        self.lines += self.process.stderr
        return self.process.wait(), "".join(self.lines)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.watchdog.cancel()
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()


ENDLESS = "max_iter: 100000000 display: 50 momentum: 0.9 "


def _snapshots(folder):
    return sorted(int(path.stem.split("_")[-1]) for path in folder.glob("small_iter_*.solverstate"))


def _ended_by(number, folder, **run):
    """The exit status and log of an endless run that got the signal after iteration 100."""
    small_training.write(folder, ENDLESS)
    with Run(folder, **run) as started:
        started.wait_for("Iteration 100 ")
        started.send(number)
        return started.end()


def test_sigint_stops_with_a_snapshot_to_resume_from(tmp_path):
    status, text = _ended_by(signal.SIGINT, tmp_path)
    assert status == 0
    said = re.findall(r"\] (Snapshotting|Optimization)[^\n]*", text)
    assert said == ["Snapshotting", "Snapshotting", "Optimization", "Optimization"]
    assert "Optimization stopped early." in text and "Traceback" not in text
    stopped, = _snapshots(tmp_path)
    assert stopped > 100
    small_training.write(tmp_path, f"max_iter: {stopped + 3} display: 1 momentum: 0.9")
    with Run(tmp_path, "-snapshot", f"small_iter_{stopped}.solverstate") as run:
        status, text = run.end()
    assert status == 0 and f"Iteration {stopped} " in text and _snapshots(tmp_path) == [stopped, stopped + 3]


def test_sighup_makes_a_snapshot_and_training_goes_on(tmp_path):
    small_training.write(tmp_path, ENDLESS + "snapshot_after_train: false")
    with Run(tmp_path) as run:
        run.wait_for("Iteration 50 ")
        run.send(signal.SIGHUP)
        run.wait_for("Snapshotting solver state")
        run.wait_for("Iteration ")
        run.send(signal.SIGINT)
        status, _ = run.end()
    assert status == 0 and len(_snapshots(tmp_path)) == 1
    state, = tmp_path.glob("*.solverstate")
    assert schema.read_binary(state, schema.SolverState).iter == _snapshots(tmp_path)[0]


def test_signals_have_the_effects_asked_for(tmp_path):
    small_training.write(tmp_path, ENDLESS)
    with Run(tmp_path, "-sigint_effect", "none", "-sighup_effect=stop") as run:
        run.wait_for("Iteration 50 ")
        run.send(signal.SIGINT)
        run.wait_for("Iteration ")
        run.wait_for("Iteration ")
        run.send(signal.SIGHUP)
        status, text = run.end()
    assert status == 0 and "Optimization stopped early." in text and len(_snapshots(tmp_path)) == 1


@pytest.mark.parametrize("inherited", [signal.SIG_DFL, signal.SIG_IGN], ids=["foreground", "background"])
def test_a_second_sigint_ends_the_run_at_once(tmp_path, inherited):
    """While an iteration of hours keeps the first one waiting."""
    small_training.write(tmp_path, "max_iter: 2 iter_size: 1000000000 test_iter: 1 test_interval: 1")
    with Run(tmp_path, sigint=inherited) as run:
        run.wait_for("Test net output #1")
        run.send(signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            run.process.wait(timeout=0.5)
        run.send(signal.SIGINT)
        status, text = run.end()
    assert status == 130 and text.endswith("cae-caffe train: interrupted\n") and not _snapshots(tmp_path)


def test_sigterm_stops_with_a_snapshot(tmp_path):
    status, text = _ended_by(signal.SIGTERM, tmp_path)
    assert status == 0 and "Optimization stopped early." in text and len(_snapshots(tmp_path)) == 1


def test_sigint_stops_during_a_test(tmp_path):
    """Which Caffe heeds between batches; the run stands before the test again."""
    small_training.write(tmp_path, ENDLESS + "test_iter: 1000000000 test_interval: 60 test_initialization: false")
    with Run(tmp_path) as run:
        run.wait_for("Iteration 60, Testing net")
        run.send(signal.SIGINT)
        status, text = run.end()
    lines = [line.split("] ", 1)[1] for line in text.splitlines()[-5:]]
    assert status == 0 and lines == [
        "Test interrupted.", "Snapshotting to binary proto file small_iter_60.caffemodel",
        "Snapshotting solver state to binary proto file small_iter_60.solverstate", "Optimization stopped early.",
        "Optimization Done."]


def test_sigint_stops_real_caffe_too(tmp_path, caffe_command):
    status, text = _ended_by(signal.SIGINT, tmp_path, command=[*caffe_command, "python3"], backend="caffe")
    assert status == 0 and "Optimization stopped early." in text and "Traceback" not in text
    assert len(_snapshots(tmp_path)) == 1
