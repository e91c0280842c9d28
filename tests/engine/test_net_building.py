"""Building nets: the layers, blobs, splits and shapes of a spread of nets, and the log of it, are real Caffe's."""

from __future__ import annotations

import subprocess
import sys

import caffe_process
import pytest
import two_engines
from net_zoo import NETS, RULES
from two_engines import LOG_ALL

STATES = [("TRAIN", 0, ()), ("TEST", 0, ()), ("TEST", 1, ("a",)), ("TEST", 2, ("b",)), ("TRAIN", 3, ("a", "b")),
          ("TEST", -1, ("c", "a"))]
CASES = [*((name, ("TRAIN", 0, ())) for name in NETS), *(("rules", state) for state in STATES)]
IDS = [name if name != "rules" else f"rules: {state}" for name, state in CASES]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("nets")
    for name, text in {**NETS, "rules": RULES}.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def structures(caffe, cases):
    return [structure(caffe, name, *state) for name, state in cases]


structure = two_engines.structure


@pytest.fixture(scope="module")
def both_structures(folder, real_caffe):
    real, embedded = two_engines.on_both(real_caffe, structures, folder, uses=[structure], cases=CASES)
    return dict(zip(IDS, zip(real, embedded)))


@pytest.mark.parametrize("case", IDS)
def test_nets_are_built_as_in_real_caffe(case, both_structures):
    real, embedded = both_structures[case]
    assert embedded == real


def saved(caffe, cases):
    """The bytes of each net's .caffemodel, its weights drawn from the same seed."""
    found = []
    for name, (phase, level, stages) in cases:
        caffe.set_random_seed(11)
        caffe.Net(name, getattr(caffe, phase), level=level, stages=list(stages)).save("saved.caffemodel")
        with open("saved.caffemodel", "rb") as file:
            found.append(file.read())
    return found


@pytest.fixture(scope="module")
def both_saved(folder, real_caffe):
    real, embedded = two_engines.on_both(real_caffe, saved, folder, cases=CASES)
    return dict(zip(IDS, zip(real, embedded)))


@pytest.mark.parametrize("case", IDS)
def test_saved_nets_have_real_caffes_bytes(case, both_saved):
    real, embedded = both_saved[case]
    assert embedded == real


BUILD_ALL = """
import sys
{import_caffe}
for number, (name, (phase, level, stages)) in enumerate({cases!r}):
    print("CASE", number, file=sys.stderr, flush=True)
    caffe.Net(name, getattr(caffe, phase), level=level, stages=list(stages))
"""


def _logs(text):
    """The log of each case, by its number, from what a process printed that built them all."""
    pieces = text.split("CASE ")[1:]
    return {int(piece.split("\n", 1)[0]): piece for piece in pieces}


@pytest.fixture(scope="module")
def both_logs(folder, caffe_run):
    real = caffe_run(["python3", "-c", BUILD_ALL.format(import_caffe="import caffe", cases=CASES)], cwd=folder,
                     env=LOG_ALL).stderr
    script = BUILD_ALL.format(import_caffe="from cae_caffe import pycaffe as caffe", cases=CASES)
    embedded = subprocess.run([sys.executable, "-c", script], cwd=str(folder), stderr=subprocess.PIPE, text=True,
                              env=caffe_process.environment(folder, LOG_ALL), check=True).stderr
    return _logs(real), _logs(embedded)


# A blob that no layer gave a shape has, for Caffe, no value, and here one, as a scalar has.
@pytest.mark.parametrize("case", [case for case in IDS if case != "an input without a shape"])
def test_the_log_says_what_real_caffes_says(case, both_logs):
    real, embedded = (logs[IDS.index(case)] for logs in both_logs)
    lines = two_engines.assert_same_log(embedded, real, tolerance=0)
    assert any("backward computation" in line for line in lines)
