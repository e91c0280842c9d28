"""A step whose kernels do something that a tape does not hear is not replayed, unless they say so to the tape."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch

from cae_caffe import schema
from cae_caffe.engine import log, lowering, replay_check
from cae_caffe.engine.captured import WARM_UP
from cae_caffe.engine.lowering import Candidate, NativeKernel, rule
from cae_caffe.engine.solvers import Solver
from cae_caffe.engine.solvers import solver as solver_module
from cae_caffe.engine.tape import NotReplayableError, Tape, call

NET = """
layer { name: "input" type: "Input" top: "data" input_param { shape { dim: 4 dim: 1 dim: 6 dim: 6 } } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
        convolution_param { num_output: 2 kernel_size: 3 weight_filler { type: "xavier" } } }
layer { name: "sig" type: "Sigmoid" bottom: "conv" top: "sig" }
layer { name: "code" type: "InnerProduct" bottom: "sig" top: "code"
        inner_product_param { num_output: 36 weight_filler { type: "xavier" } } }
layer { name: "shape" type: "Reshape" bottom: "code" top: "out"
        reshape_param { shape { dim: 0 dim: 1 dim: 6 dim: 6 } } }
layer { name: "loss" type: "EuclideanLoss" bottom: "out" bottom: "data" top: "loss" }
"""
STEPS = WARM_UP + 5


class Foreign(NativeKernel):
    """A kernel that does something more to its top, in one of many ways."""

    replayable = True

    def __init__(self, geometry, way):
        super().__init__(geometry)
        self.way, self.views, self.runs = way, None, 0

    def forward(self, bottom, weight, bias, top):
        super().forward(bottom, weight, bias, top)
        self.views = self.views or (top.numpy(), torch.zeros_like(top))
        self.runs += 1
        self.way(self, top)


def by_numpy(kernel, top):
    top.numpy()[...] *= 0.5


def by_an_older_numpy_view(kernel, top):
    kernel.views[0][...] *= 0.5


def by_address(kernel, top):
    assert top.data_ptr()


def by_dlpack(kernel, top):
    np.from_dlpack(top)[...] *= 0.5


def by_a_number(kernel, top):
    top.mul_(float(top.mean()))


def by_item(kernel, top):
    top.mul_(top.mean().item())


def by_a_comparison(kernel, top):
    top.mul_(0.5 if torch.equal(top, top) else 2)


def by_random_numbers(kernel, top):
    top.mul_(torch.rand(top.shape))


def by_another_array(kernel, top):
    top.add_(torch.from_numpy(kernel.views[0] * np.float32(0.1)))


def by_a_buffer_of_its_own(kernel, top):
    array, buffer = kernel.views
    torch.utils.dlpack.to_dlpack(buffer)        # which no tape hears
    kernel.numpy_of_buffer = getattr(kernel, "numpy_of_buffer", None)
    if kernel.numpy_of_buffer is None:
        kernel.numpy_of_buffer = buffer.numpy()
    np.multiply(array, np.float32(0.1), out=kernel.numpy_of_buffer)
    top.add_(buffer)


def by_a_count_of_its_runs(kernel, top):
    top.mul_(1 / kernel.runs)


def by_a_call_that_the_tape_knows(kernel, top):
    call(lambda: by_numpy(kernel, top), reads=[top], writes=[top])


def by_a_buffer_that_the_tape_knows(kernel, top):
    array, buffer = kernel.views

    def fill():
        np.multiply(array, np.float32(0.1), out=buffer.numpy())

    call(fill, reads=[top], writes=[buffer])
    top.add_(buffer)


REFUSED = {by_numpy: "Tensor.numpy handed", by_address: "Tensor.data_ptr handed", by_dlpack: "Tensor.__dlpack__ handed",
           by_a_number: "aten._local_scalar_dense.default handed a value out", by_item: "Tensor.item handed",
           by_a_comparison: "aten.equal.default handed a value out", by_random_numbers: "drew random numbers"}
FOUND_OUT = (by_an_older_numpy_view, by_another_array, by_a_buffer_of_its_own, by_a_count_of_its_runs)
REPLAYED = (by_a_call_that_the_tape_knows, by_a_buffer_that_the_tape_knows)


@pytest.fixture
def train(monkeypatch):
    """Trains the net with a kernel that goes this way; returns solver, kernel and log."""
    def run(way, recorded=True, constant=False):
        kernels = []
        made = Candidate("foreign", lambda geometry, device: True, lambda geometry: 2.0,
                         lambda geometry, scratch: kernels.append(Foreign(geometry, way)) or kernels[0])
        with monkeypatch.context() as patch:
            patch.setattr(rule, "_candidates", [made])
            if not recorded:
                patch.setattr(solver_module, "recorder", lambda net: None)
            solver = _solver()
            images, said = np.random.RandomState(3).rand(STEPS, 4, 1, 6, 6).astype(np.float32), io.StringIO()
            torch.manual_seed(1)
            with log.to(said):
                for batch in images:
                    solver.net.blobs[0].data.copy_(torch.from_numpy(images[0] if constant else batch))
                    solver.step(1)
        return solver, kernels[0], said.getvalue()
    return run


def _solver():
    param = schema.parse_solver('base_lr: 0.1 lr_policy: "fixed" momentum: 0.9 random_seed: 7 '
                                'snapshot_after_train: false')
    param.net_param.CopyFrom(schema.parse_net(NET))
    return Solver(param)


def _assert_same(solver, other):
    for blob, wanted in zip(solver.net.blobs, other.net.blobs):
        assert torch.equal(blob.data, wanted.data) and torch.equal(blob.diff, wanted.diff)
    for parameter, wanted in zip(solver.net.learnable, other.net.learnable):
        assert torch.equal(parameter.blob.data, wanted.blob.data)


@pytest.mark.parametrize("way", REFUSED)
def test_a_step_that_hands_values_or_memory_out_is_refused_and_goes_on_layer_by_layer(way, train):
    solver, kernel, said = train(way)
    assert kernel.runs == STEPS
    assert said.count("cannot be replayed") == 1
    assert REFUSED[way] in said and "test_tape.py, line " in said and "through tape.call" in said
    _assert_same(solver, train(way, recorded=False)[0])


@pytest.mark.parametrize("way", FOUND_OUT)
def test_what_no_tape_hears_is_found_out_at_the_first_replay(way, train):
    solver, kernel, said = train(way)
    assert kernel.runs == STEPS
    assert said.count("cannot be replayed: the data of blob `conv` is another value than the step's own") == 1
    _assert_same(solver, train(way, recorded=False)[0])


def test_parameters_that_train_are_enough_to_find_it_out(train):
    solver, kernel, said = train(by_a_buffer_of_its_own, constant=True)
    assert kernel.runs == STEPS and "cannot be replayed" in said
    _assert_same(solver, train(by_a_buffer_of_its_own, recorded=False, constant=True)[0])


@pytest.mark.parametrize("way", REPLAYED)
def test_a_call_that_the_tape_knows_is_replayed(way, train):
    solver, kernel, said = train(way)
    assert kernel.runs == WARM_UP + 3       # the first makes the memory; two more to record and to check the step
    assert "cannot be replayed" not in said
    _assert_same(solver, train(way, recorded=False)[0])


def test_calls_write_versions_and_run_at_once_without_a_tape():
    tensor = torch.zeros(2)
    seen = lowering.buffers.Snapshot()
    seen.take(tensor)
    call(lambda: tensor.numpy().fill(3), writes=[tensor])
    assert tensor.tolist() == [3, 3] and not seen.holds(tensor)


def test_versions_are_written_one_by_one(monkeypatch):
    """PyTorch 2.4, the oldest that setup takes, knows no other way; inference tensors have no version."""
    marked: list[torch.Tensor] = []
    monkeypatch.setattr(torch.autograd.graph, "increment_version", marked.append)
    with torch.inference_mode():
        without = torch.zeros(1)
    written = [torch.zeros(1), without, torch.zeros(1)]
    call(lambda: None, writes=written)
    assert [id(tensor) for tensor in marked] == [id(written[0]), id(written[2])]


def test_a_call_within_a_call_is_replayed_once():
    tensor = torch.zeros(1)

    def add():
        tensor.numpy()[...] += 1

    tape = Tape(lambda: call(lambda: call(add, writes=[tensor]), writes=[tensor]))
    tape.replay()
    assert tape.refusal is None and tensor.item() == 2


def test_a_refused_tape_does_not_replay():
    tape = Tape(lambda: torch.ones(1).item())
    with pytest.raises(NotReplayableError, match=r"The step cannot be replayed: Tensor.item handed .*test_tape.py"):
        tape.replay()


def test_operations_that_write_and_return_nothing_are_replayed():
    tensor = torch.zeros(2)
    tape = Tape(lambda: torch._foreach_add_([tensor], [torch.ones(2)]))
    tape.replay()
    assert tensor.tolist() == [2, 2]


def test_lists_of_new_tensors_are_replayed():
    source, target = torch.zeros(2), torch.zeros(2)
    tape = Tape(lambda: target.copy_(sum(torch.ops.aten.unbind_copy.int(source))))
    source.fill_(3)
    tape.replay()
    assert target.tolist() == [6, 6]


def test_the_check_leaves_what_the_step_left_though_both_add_to_it():
    solver = _solver()
    net = solver.net
    net.blobs[0].data.fill_(0.5)
    for _ in range(2):          # the second pass adds to the gradients of the first
        net.forward_backward()
    tape = Tape(net.forward_backward)
    three = [parameter.blob.diff.clone() for parameter in net.learnable]
    assert replay_check.difference(net, tape, net.forward_backward) is None
    for parameter, diff in zip(net.learnable, three):
        torch.testing.assert_close(parameter.blob.diff, diff * 4 / 3)
