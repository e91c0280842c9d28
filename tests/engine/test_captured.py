"""A recorded training step must compute what the step computes layer by layer, without Python looking at a value.

There may be no GPU here, so the CUDA graph is played by a recorder with the same limits: it notes the tensor operations
of one step and repeats them on the same memory, running none of the layers' Python.
"""

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from cae_caffe import schema
from cae_caffe.engine import captured
from cae_caffe.engine.captured import WARM_UP, CapturedStep
from cae_caffe.engine.net import Net
from cae_caffe.engine.solvers import Solver

READS_A_VALUE = {"aten._local_scalar_dense.default", "aten.is_nonzero.default", "aten.equal.default"}


class Recorder(TorchDispatchMode):
    """Notes operations while they run; a value handed to Python would wait for a GPU, and fails."""

    def __init__(self, function):
        super().__init__()
        self.operations = []
        with self:
            function()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        assert str(function) not in READS_A_VALUE, f"{function} reads a value on the host inside a step"
        result = function(*args, **(kwargs or {}))
        self.operations.append((function, args, kwargs or {}, result))
        return result

    def replay(self):
        for function, args, kwargs, result in self.operations:
            again = function(*args, **kwargs)
            # New memory comes out of a repeated operation; the others read it where it was the first time.
            for old, new in zip(_tensors(result), _tensors(again)):
                if old.data_ptr() != new.data_ptr():
                    old.copy_(new)


def _tensors(result):
    return [result] if isinstance(result, torch.Tensor) else [t for t in result or () if isinstance(t, torch.Tensor)]


SMALL = """
name: "small"
layer { name: "input" type: "Input" top: "data" input_param { shape { dim: 5 dim: 1 dim: 9 dim: 9 } } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
        convolution_param { num_output: 3 kernel_size: 4 weight_filler { type: "xavier" } } }
layer { name: "sig" type: "Sigmoid" bottom: "conv" top: "conv" }
layer { name: "code" type: "InnerProduct" bottom: "conv" top: "code"
        inner_product_param { num_output: 7 weight_filler { type: "gaussian" std: 0.1 } } }
layer { name: "reshape" type: "Reshape" bottom: "code" top: "codesh" reshape_param { shape { dim: 0 dim: 0 dim: 1 dim: 1 } } }
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
@pytest.mark.parametrize("native", [False, True])
def test_a_replayed_step_computes_what_the_layers_do(native):
    images = np.random.RandomState(0).rand(WARM_UP + 4, 5, 1, 9, 9).astype(np.float32)
    plain, recorded = _small_net(native), _small_net(native)
    recorded.share_trained_layers_with(plain)
    step = CapturedStep(recorded, Recorder)
    for wanted, given in zip(_run(plain, plain.forward_backward, images), _run(recorded, step.run, images)):
        assert given[0] == pytest.approx(wanted[0], rel=1e-6)
        for diff, other in zip(given[1:], wanted[1:]):
            assert torch.equal(diff, other)


def test_gradients_add_up_over_passes_as_with_iter_size():
    images = np.random.RandomState(1).rand(2, 5, 1, 9, 9).astype(np.float32)
    net, plain = _small_net(), _small_net()
    net.share_trained_layers_with(plain)
    step = CapturedStep(net, Recorder)
    for _ in range(WARM_UP + 2):
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


SOLVER = """
type: "%s" base_lr: 0.1 lr_policy: "step" gamma: 0.5 stepsize: 1 weight_decay: 0.01 momentum: %g snapshot_after_train: false
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


def test_on_the_cpu_nothing_is_captured():
    assert not captured.is_capturable(_small_net())
