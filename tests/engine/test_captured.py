"""A recorded training step must compute what the step computes layer by layer, without Python looking at a value.

There may be no GPU here, so the CUDA graph is played by a recorder with the same limits (support/step_recorder.py).
"""

import subprocess
import sys

import numpy as np
import pytest
import torch
from step_recorder import Recorder

from cae_caffe import schema
from cae_caffe.engine import captured
from cae_caffe.engine.captured import WARM_UP, CapturedStep
from cae_caffe.engine.net import Net
from cae_caffe.engine.solvers import Solver
from cae_caffe.engine.solvers import solver as solver_module
from cae_caffe.engine.tape import Tape

SMALL = """
name: "small"
layer { name: "input" type: "Input" top: "data" input_param { shape { dim: 5 dim: 1 dim: 9 dim: 9 } } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
        convolution_param { num_output: 3 kernel_size: 4 weight_filler { type: "xavier" } } }
layer { name: "sig" type: "Sigmoid" bottom: "conv" top: "conv" }
layer { name: "code" type: "InnerProduct" bottom: "conv" top: "code"
        inner_product_param { num_output: 7 weight_filler { type: "gaussian" std: 0.1 } } }
layer { name: "reshape" type: "Reshape" bottom: "code" top: "codesh"
        reshape_param { shape { dim: 0 dim: 0 dim: 1 dim: 1 } } }
layer { name: "deconv" type: "Deconvolution" bottom: "codesh" top: "deconv"
        convolution_param { num_output: 1 kernel_size: 9 weight_filler { type: "xavier" } } }
layer { name: "loss" type: "SigmoidCrossEntropyLoss" bottom: "deconv" bottom: "data" top: "loss" }
layer { name: "recon" type: "Sigmoid" bottom: "deconv" top: "recon" }
layer { name: "error" type: "EuclideanLoss" bottom: "recon" bottom: "data" top: "error" loss_weight: 0 }
"""


def _small_net(native_kernels=False):
    net = schema.parse_net(SMALL)
    net.state.phase = schema.TRAIN
    return Net(net, native_kernels=native_kernels)


def _run(net, step, images):
    """Losses and gradients of a step on each batch of images."""
    outcomes = []
    for batch in images:
        net.clear_param_diffs()
        net.blobs[0].data.copy_(torch.from_numpy(batch))
        step()
        outcomes.append([net.loss()] + [p.blob.diff.clone() for p in net.learnable])
    return outcomes


# On a GPU the native kernels run, on a CPU the lowered ones; neither may look at a value.
@pytest.mark.parametrize("native, record", [(False, Recorder), (True, Recorder), (False, Tape), (True, Tape)])
def test_a_replayed_step_computes_what_the_layers_do(native, record):
    images = np.random.RandomState(0).rand(WARM_UP + 4, 5, 1, 9, 9).astype(np.float32)
    plain, recorded = _small_net(native), _small_net(native)
    recorded.share_trained_layers_with(plain)
    step = CapturedStep(recorded, record)
    for wanted, given in zip(_run(plain, plain.forward_backward, images), _run(recorded, step.run, images)):
        assert given[0] == pytest.approx(wanted[0], rel=1e-6)
        for diff, other in zip(given[1:], wanted[1:]):
            assert torch.equal(diff, other)


@pytest.mark.parametrize("record", [Recorder, Tape])
def test_gradients_add_up_over_passes_as_with_iter_size(record):
    images = np.random.RandomState(1).rand(2, 5, 1, 9, 9).astype(np.float32)
    net, plain = _small_net(), _small_net()
    net.share_trained_layers_with(plain)
    step = CapturedStep(net, record)
    for _ in range(WARM_UP + 2):        # both passes are run, recorded (which counts once) and replayed
        for n, run in ((net, step.run), (plain, plain.forward_backward)):
            n.clear_param_diffs()
            for batch in images:
                n.blobs[0].data.copy_(torch.from_numpy(batch))
                run()
        for p, q in zip(net.learnable, plain.learnable):
            assert torch.equal(p.blob.diff, q.blob.diff)


def test_another_shape_of_the_input_is_recorded_anew():
    net, plain = _small_net(), _small_net()
    net.share_trained_layers_with(plain)
    step = CapturedStep(net, Recorder)
    for batch in (5, 3, 5):
        for n in (net, plain):
            n.blobs[0].reshape((batch, 1, 9, 9))
        images = np.random.RandomState(batch).rand(WARM_UP + 2, batch, 1, 9, 9).astype(np.float32)
        for wanted, given in zip(_run(plain, plain.forward_backward, images), _run(net, step.run, images)):
            assert given[0] == pytest.approx(wanted[0], rel=1e-6)
            assert all(torch.equal(a, b) for a, b in zip(given[1:], wanted[1:]))


def _look(memory):
    """What a numpy array handed to a user leaves behind on an accelerator: a copy that may have been written into."""
    memory.host, memory.unsettled = memory.flat.clone().numpy(), True
    return memory.host


def test_a_replay_computes_with_what_a_user_wrote_and_is_seen_by_who_looks_again():
    images = np.random.RandomState(2).rand(WARM_UP + 3, 5, 1, 9, 9).astype(np.float32)
    net, plain = _small_net(), _small_net()
    net.share_trained_layers_with(plain)
    step = CapturedStep(net, Recorder)
    for batch in images:
        for n in (net, plain):
            n.clear_param_diffs()
            n.blobs[0].data.copy_(torch.from_numpy(batch))
        step.run()
        plain.forward_backward()
        for blob, other in zip(net.blobs, plain.blobs):
            assert torch.equal(blob.data, other.data)
        for blob in net.blobs:
            _look(blob.data_memory)
        _look(net.learnable[0].blob.data_memory)[:] += 0.5     # which the nets share: both compute with it next


SOLVER = """
type: "%s" base_lr: 0.1 lr_policy: "step" gamma: 0.5 stepsize: 1 weight_decay: 0.01 momentum: %g
snapshot_after_train: false
"""


@pytest.mark.parametrize("solver_type, momentum", [("SGD", 0), ("SGD", 0.9)])
def test_an_update_reads_no_value_on_the_host(solver_type, momentum):
    solver = schema.parse_solver(SOLVER % (solver_type, momentum))
    solver.net_param.CopyFrom(schema.parse_net(SMALL))
    solver = Solver(solver)
    solver.net.blobs[0].data.fill_(0.5)
    solver.step(1)
    solver.net.forward_backward()
    Recorder(solver.apply_update)
    assert solver.iter == 2


def test_an_update_starts_from_what_a_user_wrote():
    solver = schema.parse_solver(SOLVER % ("SGD", 0.9))
    solver.net_param.CopyFrom(schema.parse_net(SMALL))
    solver = Solver(solver)
    solver.net.clear_param_diffs()
    bias = solver.net.learnable[1].blob
    _look(bias.data_memory)[:] = 100
    solver.apply_update()
    assert bias.data.min() > 99 and bias.data_memory.host is None


def _solver(net=SMALL, **fields):
    solver = schema.parse_solver(SOLVER % ("SGD", 0.9))
    solver.net_param.CopyFrom(schema.parse_net(net))
    for name, value in {"random_seed": 5, **fields}.items():
        setattr(solver, name, value)
    return Solver(solver)


def test_a_solver_on_the_cpu_replays_to_the_same_bits(monkeypatch):
    replayed = _solver()
    assert captured.recorder(replayed.net) is Tape
    plain, passes = _solver(), []
    run_layer_forward = replayed.net.run_layer_forward
    monkeypatch.setattr(replayed.net, "run_layer_forward", lambda i: passes.append(i) or run_layer_forward(i))
    images = np.random.RandomState(4).rand(12, 5, 1, 9, 9).astype(np.float32)
    for batch in images:
        for solver in (replayed, plain):
            solver.net.blobs[0].data.copy_(torch.from_numpy(batch))
        replayed.step(1)
        with monkeypatch.context() as patch:
            patch.setattr(solver_module, "recorder", lambda net: None)
            plain.step(1)
        for blob, other in zip(replayed.net.blobs, plain.net.blobs):
            assert torch.equal(blob.data, other.data) and torch.equal(blob.diff, other.diff)
        for p, q in zip(replayed.net.learnable, plain.net.learnable):
            assert torch.equal(p.blob.data, q.blob.data) and torch.equal(p.blob.diff, q.blob.diff)
    assert passes.count(0) == len(images) and passes.count(1) < len(images)     # the input always, the others not


def test_parameters_that_move_are_followed():
    solver, other = _solver(), _small_net()
    for _ in range(WARM_UP + 3):
        solver.net.blobs[0].data.fill_(0.5)
        solver.step(1)
    solver.net.share_trained_layers_with(other)
    other.learnable[0].blob.data.fill_(0)
    solver.net.clear_param_diffs()
    solver._pass()
    assert solver.net.blobs[1].data.eq(0.5).all()       # the sigmoid of a convolution by zeros


@pytest.mark.parametrize("why", ["a layer without the flag", "a native kernel", "a listener", "debug_info"])
def test_what_python_must_see_each_time_is_not_recorded(why, monkeypatch):
    other = "BNLL" if why == "a layer without the flag" else "Sigmoid"
    text = SMALL.replace('"Sigmoid" bottom: "conv"', f'"{other}" bottom: "conv"')
    if why == "a native kernel":
        monkeypatch.setenv("CAE_CAFFE_KERNELS", "native")
    net = _solver(text).net
    if why == "a listener":
        net.after_forward.append(lambda layer: None)
    net.debug_info = why == "debug_info"
    assert captured.recorder(net) is None


def test_on_the_cpu_no_graph_is_captured():
    assert not captured.is_capturable(_small_net())


def test_recording_does_not_load_pytorchs_compiler():
    """Which takes as long as PyTorch itself, in every training process."""
    program = ("import sys, torch; from cae_caffe.engine.tape import Tape; tensor = torch.ones(2)\n"
               "Tape(lambda: tensor.add_(1)).replay()\n"
               "print(tensor.tolist(), 'torch._dynamo' in sys.modules)")
    found = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, check=True)
    assert found.stdout == "[3.0, 3.0] False\n"
