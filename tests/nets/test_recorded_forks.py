"""Layers of efficient nets in steps that are recorded: the same to the last bit as layer by layer."""

from __future__ import annotations

import io

import numpy as np
import pytest

pytest.importorskip("torch", reason="the embedded engine needs PyTorch")

import torch

from cae_caffe import schema
from cae_caffe.engine import log
from cae_caffe.engine.solvers import solver as solver_module
from cae_caffe.engine.tape import Tape
from cae_caffe.net_spec import NetSpec
from cae_caffe.net_spec import layers as L

STEPS = 12
XAVIER = {"type": "xavier"}


def net():
    """A net of which all layers can be repeated as operations on tensors."""
    net = NetSpec()
    net.data = L.Input(shape={"dim": [4, 4, 6, 6]})
    net.factors = L.Sigmoid(L.Reshape(L.InnerProduct(net.data, num_output=4, weight_filler=XAVIER),
                                      shape={"dim": [0, 4, 1, 1]}))
    net.axpy = L.ReLU6(L.Axpy(net.factors, net.data, net.data), in_place=True)
    net.shuffled = L.ShuffleChannel(L.Permute(L.Permute(net.axpy, order=[0, 2, 3, 1]), order=[0, 3, 1, 2]), group=2)
    net.reorg = L.Reorg(net.shuffled, stride=2)
    net.code = L.InnerProduct(net.reorg, num_output=3, weight_filler=XAVIER)
    net.wanted = L.Input(shape={"dim": [4, 3]})
    net.loss = L.EuclideanLoss(net.code, net.wanted)
    return net.to_proto()


def trained(monkeypatch, recorded):
    """The solver after some steps on random images, and how often a recorded step was repeated."""
    param = schema.parse_solver('base_lr: 0.1 lr_policy: "fixed" momentum: 0.9 random_seed: 7 '
                                'snapshot_after_train: false')
    param.net_param.CopyFrom(net())
    images, replays = np.random.RandomState(3).rand(STEPS, 4, 4, 6, 6), []
    with monkeypatch.context() as patch, log.to(io.StringIO()):
        if recorded:
            replay = Tape.replay
            patch.setattr(Tape, "replay", lambda tape: (replays.append(tape), replay(tape)))
        else:
            patch.setattr(solver_module, "recorder", lambda net: None)
        solver = solver_module.Solver(param)
        for batch in images:
            solver.net.blobs[0].data.copy_(torch.from_numpy(batch))
            solver.step(1)
    return solver, len(replays)


def test_a_recorded_step_is_the_same(monkeypatch):
    ours, replays = trained(monkeypatch, recorded=True)
    wanted, _ = trained(monkeypatch, recorded=False)

    assert replays >= STEPS // 2
    for blob, other in zip(ours.net.blobs, wanted.net.blobs):
        assert torch.equal(blob.data, other.data) and torch.equal(blob.diff, other.diff)
    for parameter, other in zip(ours.net.learnable, wanted.net.learnable):
        assert torch.equal(parameter.blob.data, other.blob.data)
