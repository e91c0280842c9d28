"""How many threads a net gets: by its work alone, and only where nobody has said it."""

import subprocess
import sys

import pytest
import torch

from cae_caffe import pycaffe, schema
from cae_caffe.engine import threads
from cae_caffe.engine.net import Net

NET = """
layer {{ name: "input" type: "Input" top: "data" input_param {{ shape {{ dim: 100 dim: {inputs} }} }} }}
layer {{ name: "ip" type: "InnerProduct" bottom: "data" top: "ip" inner_product_param {{ num_output: {outputs} }} }}
"""


@pytest.mark.parametrize("inputs, outputs, wanted", [(10, 10, 1), (1000, 1000, 3)])
def test_small_nets_get_one_thread_and_large_ones_the_cores(monkeypatch, inputs, outputs, wanted):
    monkeypatch.setattr(threads.os, "sched_getaffinity", lambda _: {0, 1, 2}, raising=False)
    assert threads.choose(Net(schema.parse_net(NET.format(inputs=inputs, outputs=outputs)))) == wanted


def test_a_net_without_a_solver_gets_its_threads_too(monkeypatch, tmp_path):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    (tmp_path / "net.prototxt").write_text(NET.format(inputs=10, outputs=10), encoding="utf-8")
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        pycaffe.Net(str(tmp_path / "net.prototxt"), pycaffe.TEST)
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


def test_no_more_than_four_threads(monkeypatch):
    monkeypatch.setattr(threads.os, "sched_getaffinity", lambda _: set(range(64)), raising=False)
    assert threads.choose(Net(schema.parse_net(NET.format(inputs=1000, outputs=1000)))) == 4


@pytest.mark.parametrize("given, policy", [({}, "passive"), ({"OMP_WAIT_POLICY": "active"}, "active"),
                                           ({"GOMP_SPINCOUNT": "5"}, "None")])
def test_threads_wait_passively_unless_told(given, policy):
    code = "import os, cae_caffe.pycaffe; print(os.environ.get('OMP_WAIT_POLICY'))"
    plain = {name: value for name, value in threads.os.environ.items() if "OMP" not in name}
    done = subprocess.run([sys.executable, "-c", code], env={**plain, **given}, stdout=subprocess.PIPE, text=True,
                          check=True)
    assert done.stdout.strip() == policy
