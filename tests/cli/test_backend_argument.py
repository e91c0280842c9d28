"""--backend: the choice is said, and a command whose Python lacks real Caffe is run by one that has it."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cae_caffe import RunError
from cae_caffe.cli.arguments import add_backend_argument
from cae_caffe.cli.engine import chosen_backend
from cae_caffe.cli.programs import folder_with_the_package_alone

REENTER = ("import sys; from cae_caffe.cli.engine import reenter_with_caffe\n"
           "reenter_with_caffe(sys.argv[1:]); print('returned')")
TELL = '#!/bin/sh\n{first}\nfor word in "$@"; do echo "<$word>"; done; echo "path=$PYTHONPATH"; exit 7\n'


def _script(path: Path, first: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(TELL.format(first=first))
    path.chmod(0o755)
    return path


def _reenter(cwd, words, **variables):
    root = folder_with_the_package_alone()
    environment = {**os.environ, "PYTHONPATH": str(root), "PATH": str(cwd / "bin"), **variables}
    return subprocess.run([sys.executable, "-c", REENTER, *words], cwd=cwd, env=environment, stdout=subprocess.PIPE,
                          text=True, check=False)


def _parse(*words):
    parser = argparse.ArgumentParser()
    add_backend_argument(parser)
    return parser.parse_args(words)


def test_auto_is_the_default_and_one_dash_will_do():
    assert _parse().backend == "auto"
    assert _parse("-backend", "caffe").backend == "caffe"


def test_the_choice_is_said_on_standard_error(capsys):
    assert chosen_backend(_parse("--backend", "torch")).__name__ == "cae_caffe.pycaffe"
    said = capsys.readouterr()
    assert said.err.startswith("Engine: embedded (PyTorch ") and said.err.endswith(") on CPU\n") and not said.out


def test_with_caffe_of_a_folder_above_runs_the_same_command(tmp_path):
    _script(tmp_path / ".caffe" / "with-caffe")
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    done = _reenter(below, ["encode", "a net.prototxt", "--debug"])
    assert done.returncode == 7
    words = ["python3", "-m", "cae_caffe", "encode", "a net.prototxt", "--debug"]
    assert done.stdout.splitlines() == [*(f"<{word}>" for word in words), f"path={folder_with_the_package_alone()}"]


def test_the_users_own_caffe_goes_first_and_keeps_its_pythonpath(tmp_path):
    _script(tmp_path / ".caffe" / "with-caffe")
    _script(tmp_path / "bin" / "python3", first='[ "$1" != -c ] || exit 0')
    root = folder_with_the_package_alone()
    done = _reenter(tmp_path, ["test"], PYTHONPATH=f"{root}{os.pathsep}/opt/caffe/python")
    assert done.stdout.splitlines()[:3] == ["<-m>", "<cae_caffe>", "<test>"]
    assert done.stdout.splitlines()[-1] == f"path={root}:{root}:/opt/caffe/python"


def test_a_python_on_path_without_caffe_is_passed_over(tmp_path):
    _script(tmp_path / ".caffe" / "with-caffe")
    _script(tmp_path / "bin" / "python3", first='[ "$1" != -c ] || exit 1')
    assert _reenter(tmp_path, ["test"]).stdout.startswith("<python3>")


def test_the_new_process_starts_no_further_one(tmp_path):
    _script(tmp_path / ".caffe" / "with-caffe")
    assert _reenter(tmp_path, ["test"], CAE_CAFFE_REENTERED="1").stdout == "returned\n"


def test_real_caffe_runs_the_command_and_its_exit_status_returns(caffe_command, tmp_path):
    words = ["encode", tmp_path / "none.prototxt", "w", "--data", "l", "--out", "o", "--backend", "caffe"]
    done = subprocess.run([sys.executable, "-m", "cae_caffe", *map(str, words)], stderr=subprocess.PIPE,
                          text=True, check=False, cwd=folder_with_the_package_alone())
    assert done.stderr.startswith("Engine: real Caffe 1.0")
    assert done.returncode == 2


def test_a_checkout_is_used_as_it_is(tmp_path):
    assert folder_with_the_package_alone(tmp_path / "repository" / "cae_caffe") == tmp_path / "repository"


def test_an_installed_package_is_linked_from_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    package = tmp_path / "site-packages" / "cae_caffe"
    package.mkdir(parents=True)
    folder = folder_with_the_package_alone(package)
    assert os.listdir(str(folder)) == ["cae_caffe"] and (folder / "cae_caffe").resolve() == package
    assert folder_with_the_package_alone(package) == folder


def test_a_cache_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    (tmp_path / "cache").write_text("a file")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(RunError, match="set XDG_CACHE_HOME"):
        folder_with_the_package_alone(tmp_path / "site-packages" / "cae_caffe")
