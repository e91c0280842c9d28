"""Runs trained together must be the runs that each would have been alone."""

import io

import numpy as np
import pytest
import torch
from step_recorder import Recorder

from cae_caffe import schema
from cae_caffe.engine.captured import WARM_UP
from cae_caffe.engine.solvers import Solver
from cae_caffe.engine.solvers import together as together_module
from cae_caffe.engine.solvers.together import Together
from cae_caffe.errors import InputError

NET = """
name: "small"
layer { name: "data" type: "HDF5Data" top: "data" hdf5_data_param { source: "LIST" batch_size: 4 } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
        param { lr_mult: 1 } param { lr_mult: 2 decay_mult: 0 }
        convolution_param { num_output: 3 kernel_size: 4 weight_filler { type: "xavier" } } }
layer { name: "sig" type: "Sigmoid" bottom: "conv" top: "conv" }
layer { name: "code" type: "InnerProduct" bottom: "conv" top: "code"
        inner_product_param { num_output: 7 weight_filler { type: "gaussian" std: 0.1 sparse: 3 } } }
layer { name: "reshape" type: "Reshape" bottom: "code" top: "codesh"
        reshape_param { shape { dim: 0 dim: 0 dim: 1 dim: 1 } } }
layer { name: "deconv" type: "Deconvolution" bottom: "codesh" top: "deconv"
        convolution_param { num_output: 1 kernel_size: 9 weight_filler { type: "xavier" } } }
layer { name: "loss" type: "SigmoidCrossEntropyLoss" bottom: "deconv" bottom: "data" top: "loss" }
layer { name: "recon" type: "Sigmoid" bottom: "deconv" top: "recon" }
layer { name: "error" type: "EuclideanLoss" bottom: "recon" bottom: "data" top: "error" loss_weight: 0 }
"""
SOLVER = """
type: "SGD" base_lr: 0.05 lr_policy: "fixed" momentum: 0.9 weight_decay: 0.001 max_iter: 20 display: 5
snapshot_after_train: false random_seed: SEED
"""
SEEDS = (1, 2, 7)


@pytest.fixture
def make_solver(tmp_path):
    import h5py

    with h5py.File(str(tmp_path / "images.h5"), "w") as file:
        file["data"] = np.random.RandomState(3).rand(10, 1, 9, 9).astype(np.float32)
    (tmp_path / "list.txt").write_text(f"{tmp_path / 'images.h5'}\n")

    def make(seed, net=NET):
        solver = schema.parse_solver(SOLVER.replace("SEED", str(seed)))
        solver.net_param.CopyFrom(schema.parse_net(net.replace("LIST", str(tmp_path / "list.txt"))))
        return Solver(solver, f"seed {seed}")
    return make


# A net that predicts exactly 0, where parts of its loss have a corner; sparse weights give some such predictions too.
PREDICTS_ZERO = NET.replace('kernel_size: 9 weight_filler { type: "xavier" }', "kernel_size: 9")
# A parameter without axes: one scale for all channels.
ONE_SCALE = NET.replace('"Sigmoid" bottom: "conv" top: "conv"', '"Normalize" bottom: "conv" top: "norm" '
                        'norm_param { across_spatial: true }').replace(
    'bottom: "conv" top: "code"', 'bottom: "norm" top: "code"')


@pytest.mark.parametrize("net", [NET, PREDICTS_ZERO, ONE_SCALE], ids=["as drawn", "predictions of 0", "one scale"])
def test_first_gradients_are_those_of_each_run_alone(make_solver, net):
    alone = [make_solver(seed, net) for seed in SEEDS]
    together = Together([make_solver(seed, net) for seed in SEEDS])
    losses = together.compute_gradients()
    for solver, run, loss in zip(alone, together.solvers, losses):
        for parameter, own in zip(run.net.learnable, solver.net.learnable):
            assert torch.equal(parameter.blob.data, own.blob.data)      # from the same initial bytes
        solver.net.clear_param_diffs()
        solver.net.forward_backward()
        assert float(loss) == pytest.approx(solver.net.loss(), rel=1e-6)
        for parameter, own in zip(run.net.learnable, solver.net.learnable):
            largest = own.blob.diff.abs().max()
            assert (parameter.blob.diff - own.blob.diff).abs().max() <= 1e-5 * largest


def test_runs_end_where_each_would_alone_and_log_apart(make_solver):
    alone = [make_solver(seed) for seed in SEEDS]
    runs, logs = [make_solver(seed) for seed in SEEDS], [io.StringIO() for _ in SEEDS]
    Together(runs, logs).solve()
    for solver, run, log in zip(alone, runs, logs):
        solver.solve()
        for parameter, own in zip(run.net.learnable, solver.net.learnable):
            assert (parameter.blob.data - own.blob.data).abs().max() <= 1e-5 * own.blob.data.abs().max()
        for tensor, own in zip(run.rule.history, solver.rule.history):
            assert (tensor - own).abs().max() <= 1e-4 * own.abs().max()
        assert log.getvalue().count("Train net output #0: error") == 4      # iterations 0, 5, 10, 15
        assert "Iteration 20, loss = " in log.getvalue()
    assert len({log.getvalue() for log in logs}) == len(SEEDS)


def test_a_recorded_computation_is_replayed_without_looking_at_a_value(make_solver, monkeypatch):
    plain = Together([make_solver(seed) for seed in SEEDS])
    recorded = Together([make_solver(seed) for seed in SEEDS], record=Recorder)
    monkeypatch.setattr(together_module, "is_capturable", lambda net: net is recorded.solvers[0].net)
    for _ in range(WARM_UP + 4):            # the ten images go round, so that each batch differs from the last one
        plain.step(1)
        recorded.step(1)
        for run, own in zip(recorded.solvers, plain.solvers):
            for parameter, other in zip(run.net.learnable, own.net.learnable):
                assert torch.equal(parameter.blob.data, other.blob.data)
            for (_, blob, _), (_, other, _) in zip(run.net.outputs, own.net.outputs):
                assert torch.equal(blob.data, other.data)


def test_different_nets_are_refused(make_solver):
    other = make_solver(2, NET.replace("num_output: 3", "num_output: 4"))
    with pytest.raises(InputError, match="have different nets"):
        Together([make_solver(1), other])


@pytest.mark.parametrize(("old", "new", "layer"), [
    ("num_output: 7", "num_output: 7 normalize: true", "code"),
    ('"EuclideanLoss" bottom: "recon" bottom: "data"', '"EuclideanLoss" bottom: "recon" bottom: "data" bottom: "data"',
     "error")], ids=["weights that a pass changes", "a gradient that is not the derivative"])
def test_layers_that_a_formula_does_not_tell_are_refused(make_solver, old, new, layer):
    assert NET.count(old) == 1
    together = Together([make_solver(seed, NET.replace(old, new)) for seed in (1, 2)])

    with pytest.raises(InputError, match=f"`{layer}`.* has no formula to train several runs together with"):
        together.step(1)


def test_layers_with_a_state_are_refused(make_solver):
    rescaled = NET + """
layer { name: "label" type: "DummyData" top: "label" dummy_data_param { shape { dim: 4 } } }
layer { name: "rescale" type: "LabelSpecificRescale" bottom: "code" bottom: "label" top: "rescaled"
        label_specific_rescale_param { positive_weight_base: 1 } }"""
    with pytest.raises(InputError, match=r"`rescale` .type LabelSpecificRescale. keeps a state"):
        Together([make_solver(seed, rescaled) for seed in (1, 2)])
