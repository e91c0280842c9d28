"""Processes that a script starts: forked ones use its nets and build their own, spawned ones import the engine."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from datasets import numbered_lmdb

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 60            # far beyond what any of these takes, so that a hang ends

# Large enough for PyTorch to run it on several threads, its fillers too.
NET = """
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 4 dim: 3 dim: 64 dim: 64 } } }
layer { name: "c" type: "Convolution" bottom: "data" top: "c"
        convolution_param { num_output: 64 kernel_size: 7 weight_filler { type: "xavier" } } }
layer { name: "ip" type: "InnerProduct" bottom: "c" top: "ip"
        inner_product_param { num_output: 20 weight_filler { type: "xavier" } } }
layer { name: "p" type: "Softmax" bottom: "ip" top: "p" }
"""
FORKS = """
import multiprocessing
import numpy as np
import caffe
net = caffe.Net("net.prototxt", caffe.TEST)
def sum_of(whose):
    used = net if whose == "parent's" else caffe.Net("net.prototxt", caffe.TEST)
    return round(float(used.forward(data=np.ones((4, 3, 64, 64), np.float32))["p"].sum()))
def in_children():
    with multiprocessing.get_context("fork").Pool(1) as pool:
        return pool.map(sum_of, ["parent's", "own"])
print(in_children(), sum_of("parent's"), in_children())
"""
SPAWNS = """
import multiprocessing
import subprocess
import sys
def work(number):
    import numpy as np
    import caffe, caffe.io
    net = caffe.Net("net.prototxt", caffe.TEST)
    return caffe.__name__, float(net.forward(data=np.full((1, 4), number, np.float32))["p"].sum())
if __name__ == "__main__":
    import caffe
    with multiprocessing.get_context(sys.argv[1]).Pool(1) as pool:
        print(pool.map(work, range(3)))
    print(subprocess.run([sys.executable, "-c", "from caffe import io; import caffe; print(caffe.__name__)"],
                         stdout=subprocess.PIPE, text=True, check=True).stdout.strip())
"""
ONE = """layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 4 } } }
layer { name: "p" type: "Power" bottom: "data" top: "p" }"""


@pytest.fixture
def run_script(tmp_path):
    """`run_script(text, net, *arguments, **variables)`: what a script under `cae-caffe run` prints."""
    def run(text, net, *arguments, **variables):
        (tmp_path / "script.py").write_text(text)
        (tmp_path / "net.prototxt").write_text(net)
        plain = {name: value for name, value in os.environ.items() if "OMP" not in name}
        script = subprocess.Popen([sys.executable, "-m", "cae_caffe", "run", "script.py", *arguments], cwd=tmp_path,
                                  env={**plain, "PYTHONPATH": str(ROOT), "GLOG_minloglevel": "2", **variables},
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
        try:
            out, said = script.communicate(timeout=SECONDS)
        finally:
            with contextlib.suppress(ProcessLookupError):       # a hang of its children ends with it
                os.killpg(script.pid, signal.SIGKILL)
        assert script.returncode == 0, said
        return out
    return run


@pytest.mark.parametrize("threads", [{}, {"OMP_NUM_THREADS": "2"}], ids=["unsaid", "two"])
def test_forked_processes_compute(run_script, threads):
    assert run_script(FORKS, NET, **threads) == "[4, 4] 4 [4, 4]\n"


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_spawned_processes_import_the_engine(run_script, method):
    assert run_script(SPAWNS, ONE, method) == (
        "[('cae_caffe.pycaffe', 0.0), ('cae_caffe.pycaffe', 4.0), ('cae_caffe.pycaffe', 8.0)]\ncae_caffe.pycaffe\n")


def test_real_caffes_python_still_imports_real_caffe(run_script, caffe_command):
    text = ("import subprocess\n"
            f"print(subprocess.run({[*caffe_command, 'python3', '-c', 'import caffe; print(caffe.__name__)']!r},"
            " stdout=subprocess.PIPE, text=True, check=True).stdout)")
    assert run_script(text, ONE).strip() == "caffe"


READS_AHEAD = """
import os
import caffe
from cae_caffe.engine.layers import batches
batches.MANY_VALUES = 1
net = caffe.Net("net.prototxt", caffe.TRAIN)
def labels(times):
    return [net.forward()["label"].tolist() for _ in range(times)]
print(labels(2), flush=True)
child = os.fork()
if child == 0:
    print(labels(3), flush=True)
    os._exit(0)
os.waitpid(child, 0)
print(labels(3))
"""


def test_data_read_ahead_go_on_in_a_forked_process(run_script, tmp_path):
    (tmp_path / "rows").mkdir()
    (tmp_path / "rows" / "data.mdb").write_bytes(numbered_lmdb(5, 1, 3, 4))
    net = ('layer { name: "d" type: "Data" top: "data" top: "label" '
           'data_param { source: "rows" backend: LMDB batch_size: 2 } }')
    before, child, parent = run_script(READS_AHEAD, net).splitlines()
    assert len(json.loads(before)) == 2 and child == parent
