"""The campaign of `scripts/fuzz`, and the search by coverage: they find what is wrong, and nothing where nothing is."""

from __future__ import annotations

import importlib.util
import itertools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="some readers are the engine's")
pytest.importorskip("lmdb", reason="databases are made with it")

import fuzz_campaign
import fuzzing

from cae_caffe.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
SUPPORT = ROOT / "tests" / "support"


def reads(path: Path) -> None:
    """A reader with one fault of each kind."""
    faults = {b"foreign": lambda: _raise(IndexError()), b"lines": lambda: _raise(_RawError("two\nlines")),
              b"dies": lambda: os.kill(os.getpid(), signal.SIGKILL), b"stuck": lambda: time.sleep(60),
              b"computes": _compute, b"in C": lambda: max(itertools.repeat(0)),     # which heeds no signal of Python's
              b"told": lambda: _raise(InputError("It is bad."))}
    faults.get(path.read_bytes(), lambda: None)()


def _raise(error: Exception) -> None:
    raise error


def _compute() -> None:
    while True:
        pass


class _RawError(InputError):
    def __str__(self) -> str:
        return str(self.args[0])


def test_each_kind_of_fault_is_counted_told_and_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(fuzz_campaign, "PATIENCE", 0.2)
    seeds = [b"sound", b"foreign", b"dies", b"lines", b"stuck", b"told", b"computes", b"in C", b"sound"]
    one = fuzzing.Reader("it", lambda: seeds, reads, "input", True, ())
    found = fuzz_campaign.campaign(one, range(len(seeds)), tmp_path)
    assert dict(found.kinds) == {"success": 2, "refused": 1, "foreign": 1, "unfit": 1, "stuck": 3, "crash": 1}
    assert sorted(path.read_bytes() for path in tmp_path.iterdir()) == [
        b"computes", b"dies", b"foreign", b"in C", b"lines", b"stuck"]
    shown = fuzz_campaign.table([found])
    assert "| it | 9 | 2 | 1 | 1 | 1 | 3 | 1 |" in shown and "it, input 1: foreign: IndexError" in shown


def test_a_number_is_always_the_same_input():
    one = fuzzing.readers()["net"]
    seeds = one.seeds()
    assert fuzzing.mutated(one, seeds, 7777) == fuzzing.mutated(one, seeds, 7777) != fuzzing.mutated(one, seeds, 7778)


STAND_IN = """
import contextlib, pathlib

def instrument_imports(include):
    return contextlib.nullcontext()

def Setup(words, attempt):
    global given
    given = words, attempt

def Fuzz():
    words, attempt = given
    corpus, dictionary = words[1], words[2].replace("-dict=", "")
    print(sum(attempt(path.read_bytes()) is None for path in pathlib.Path(corpus).iterdir()), words[-1])
    print(pathlib.Path(dictionary).read_text().splitlines()[0])
    import fuzzing
    fuzzing.outcome = lambda *_: fuzzing.Outcome("foreign", "whatever it is")
    attempt(b"")
"""


def test_the_search_by_coverage_tries_the_seeds_and_ends_at_a_fault(tmp_path):
    """With a stand-in for atheris, which `scripts/setup` does not install."""
    (tmp_path / "corpus").mkdir()
    (tmp_path / "atheris.py").write_text(STAND_IN)
    done = search("list of images", tmp_path)
    seeds = len(fuzzing.readers()["list of images"].seeds())
    assert done.stdout == f'{seeds} -max_total_time=60\n"\\x7b"\n'
    assert done.returncode == 1 and done.stderr.endswith("_FoundError: foreign: whatever it is\n")


def search(name, folder):
    """The search for a minute, with corpus/ in the folder, and what else can be imported from it."""
    path = os.pathsep.join([str(folder), str(ROOT), str(SUPPORT), os.environ.get("PYTHONPATH", "")])
    return subprocess.run([sys.executable, "-W", "ignore", "-m", "fuzz_coverage", name, str(folder / "corpus"),
                           "-max_total_time=60"], env={**os.environ, "PYTHONPATH": path}, cwd=folder,
                          capture_output=True, text=True, errors="replace", check=False)


@pytest.mark.long
@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="needs atheris, the extra cae-caffe[fuzz]")
@pytest.mark.parametrize("name", fuzzing.readers())
def test_inputs_chosen_by_coverage(name, tmp_path):
    (tmp_path / "corpus").mkdir()
    done = search(name, tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
