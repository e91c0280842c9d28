"""Caffe's command line as gflags and glog read it: what real Caffe's tool takes, `cae-caffe` takes and does."""

from __future__ import annotations

import os
import re

import pytest
import small_training

from cae_caffe import glog
from cae_caffe.cli import caffe_flags
from cae_caffe.cli.main import main
from cae_caffe.errors import InputError


@pytest.fixture(autouse=True)
def own_log(monkeypatch):
    """Neither settings nor files of other tests, nor any left for them."""
    monkeypatch.setattr(glog, "_program", None)
    for name in caffe_flags.GLOG:
        monkeypatch.setenv(f"GLOG_{name}", "")          # noted first, so that what the test sets is undone
        monkeypatch.delenv(f"GLOG_{name}")
    yield
    glog.begin("caffe")     # closes the files


def read(line):
    return caffe_flags.read(line.split())


@pytest.mark.parametrize("line, words", [
    ("train -solver a", "train -solver=a"),
    ("-solver a train", "train -solver=a"),
    ("--solver=train train", "train -solver=train"),
    ("-solver train -gpu test train", "train -solver=train -gpu=test"),
    ("-level -2 device-query", "device_query -level=-2"),
    ("train -sigint-effect none --seeds 1,2 --stage=", "train -sigint_effect=none --seeds 1,2 -stage="),
    ("-solver a -- train", "train -solver=a"),
    ("train -foo=1 -solver=a -undefok=foo,bar", "train -solver=a"),
    ("test -nofoo -help", "test -nofoo --help"),
    ("train -solver a -version", "--version"),
    ("-version", "--version"),
    ("-help", "--help"),
    ("summary -solver a", "summary -solver a"),
])
def test_words_for_argparse(line, words):
    assert read(line) == words.split()


def test_flags_come_from_files_and_variables(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "flags").write_text("# a comment\n\n-solver=a b\n-flagfile=more\nother ca[ef]e\n-level=3\n"
                                    "caf*\n-gpu=1\n")
    (tmp_path / "more").write_text("--stage=x\n--log_dir=logs\n-v=2\n")
    monkeypatch.setenv("FLAGS_weights", "w")
    assert read("train -flagfile flags -tryfromenv=weights,model -level 2") == [
        "train", "-solver=a b", "-stage=x", "-gpu=1", "-weights=w", "-level=2"]
    assert glog.number_set("v", 0) == 2 and glog.has_folder()


@pytest.mark.parametrize("line, said", [
    ("train -solver", "The flag -solver is without its value; write -solver=VALUE."),
    ("train -minloglevel=x", "-minloglevel=x: the flag takes a whole number, such as 1."),
    ("train -logtostderr=maybe", "-logtostderr=maybe: the flag is on or off; give true or false."),
    ("train -flagfile nowhere", "-flagfile=nowhere: the file cannot be read (No such file or directory)."),
    ("train -flagfile spaced", "spaced:1: `-solver a` is no flag; in a flag file write -name=value."),
    ("train -flagfile itself", "-flagfile=itself: flag files name each other without end; take one of them out."),
    ("train -fromenv=model", "-fromenv=model: there is no variable FLAGS_model; set it, or say -tryfromenv."),
])
def test_mistakes_are_told(line, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "spaced").write_text("-solver a\n")
    (tmp_path / "itself").write_text("-flagfile=itself\n")
    with pytest.raises(InputError) as raised:
        read(line)
    assert str(raised.value) == said


def test_a_mistake_is_one_line_and_status_2(capsys):
    assert main(["train", "-v=x"]) == 2
    assert capsys.readouterr().err == "cae-caffe: -v=x: the flag takes a whole number, such as 1.\n"


@pytest.mark.parametrize("text, is_on", [
    ("-logtostderr", True), ("-logtostderr=F", False), ("-nologtostderr", False), ("--logtostderr=Yes", True)])
def test_switches_as_gflags_reads_them(text, is_on):
    read(f"train {text}")
    assert glog.switch_set("logtostderr", not is_on) == is_on


CASES = {
    "a folder": (["-log_dir", "logs"], {}),
    "a folder of the environment": ([], {"GLOG_log_dir": "logs"}),
    "a folder that is not there": (["-log_dir=nowhere"], {}),
    "standard error alone": (["-log_dir=logs", "-logtostderr"], {}),
    "files alone": (["-log_dir=logs", "-alsologtostderr=false"], {}),
    "files, and standard error from INFO on": (["-log_dir=logs", "-noalsologtostderr", "-stderrthreshold", "0"], {}),
    "no switch of the environment": (["-log_dir=logs"], {"GLOG_alsologtostderr": "0"}),
    "nothing below a warning": (["-log_dir=logs", "-minloglevel=1"], {}),
    "a flag goes before the environment": (["-minloglevel=0"], {"GLOG_minloglevel": "2", "GLOG_log_dir": "logs"}),
    "messages alone": (["-log_dir=logs", "-log_prefix=false"], {}),
    "what has no effect": (["-iterations=3", "-model", "x", "-colorlogtostderr", "-v=2", "-vmodule=a=1"], {}),
    "an error": (["-log_dir=logs", "-solver=nowhere.prototxt"], {}),
}


@pytest.mark.parametrize("case", CASES)
def test_logs_go_where_caffe_writes_them(case, tmp_path, caffe_run, capfd, monkeypatch):
    pytest.importorskip("torch", reason="the embedded engine needs PyTorch")
    words, variables = CASES[case]
    words = ["-solver", "solver.prototxt", "train", *words]
    written = {}
    for engine in ("real", "embedded"):
        folder = tmp_path / engine
        (folder / "logs").mkdir(parents=True)
        small_training.write(folder, "max_iter: 1 display: 1 snapshot_after_train: false")
        log_dir = {"GLOG_log_dir": str(folder / "elsewhere"), "GLOG_minloglevel": "0"}
        if engine == "real":
            done = caffe_run(["caffe", *words], cwd=folder, env={**log_dir, **variables}, check=False)
            status, error = done.returncode, done.stderr
        else:
            for name, value in {**log_dir, **variables}.items():
                monkeypatch.setenv(name, value)
            monkeypatch.chdir(folder)
            capfd.readouterr()
            status, error = main([*words, "--backend", "torch"]), capfd.readouterr().err
        written[engine] = (status == 0, "Optimization Done." in error, files(folder / "logs"))
    if case == "an error":      # FATAL is what Caffe calls one, for it aborts
        written["real"][-1].pop("FATAL")
    assert written["embedded"] == written["real"]


def files(folder):
    """The folder's log files by level: their names without times, whether the link points there, lines of the head."""
    found = {}
    for path in sorted(folder.iterdir()):
        if not path.is_symlink():
            name = re.fullmatch(r"(caffe\.[^.]+\.[^.]+\.log)\.([A-Z]+)\.\d{8}-\d{6}\.\d+", path.name)
            lines = path.read_text().splitlines()
            link = folder / f"caffe.{name[2]}"
            found[name[2]] = (name[1], os.readlink(str(link)) == path.name, re.sub(r"\d", "", lines[0]), lines[1:3],
                              "Done." in lines[-1], bool(re.match(r"[IEF]\d{4} ", lines[3])))
    return found
