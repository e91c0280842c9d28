"""Parameters: shared ones are one parameter in training, and values in the prototxt are taken instead of drawn ones."""

from __future__ import annotations

import numpy as np
import pytest
import two_engines

from cae_caffe.engine.net import Net
from cae_caffe.engine.solvers import Solver
from cae_caffe.engine.solvers.together import Together

INPUTS = 'layer { name: "in" type: "Input" top: "x" top: "y" input_param { shape { dim: 3 dim: 5 } } }\n'
LOSS = 'layer { name: "loss" type: "EuclideanLoss" bottom: "%s" bottom: "y" top: "loss" }\n'
FILL = 'weight_filler { type: "xavier" } bias_filler { type: "uniform" min: -1 max: 1 }'
SOLVER = ('net: "net.prototxt" base_lr: 0.1 lr_policy: "fixed" momentum: 0.5 weight_decay: 0.1 random_seed: 3 '
          'snapshot_prefix: "s"')


def ip(name, bottom, specs, outputs=5, more=""):
    return (f'layer {{ name: "{name}" type: "InnerProduct" bottom: "{bottom}" top: "{name}" {specs} {more} '
            f'inner_product_param {{ num_output: {outputs} {FILL} }} }}\n')


def numbers(values):
    return f"blobs {{ shape {{ {' '.join(f'dim: {n}' for n in np.shape(values))} }} " + " ".join(
        f"data: {value!r}" for value in np.ravel(values).tolist()) + " }"


BOTH = 'param { name: "w" } param { name: "b" }'
NETS = {
    "weights and biases": ip("one", "x", BOTH) + ip("two", "one", BOTH) + LOSS % "two",
    "three sharers": ip("one", "x", BOTH) + ip("two", "one", BOTH) + ip("three", "two", BOTH) + LOSS % "three",
    "only weights": ip("one", "x", 'param { name: "w" }') + ip("two", "one", 'param { name: "w" }') + LOSS % "two",
    "permissive, other shapes": ip("one", "x", 'param { name: "w" }', outputs=10)
    + 'layer { name: "fold" type: "Reshape" bottom: "one" top: "folded" reshape_param { shape { dim: 0 dim: 10 } } }\n'
    + ip("two", "folded", 'param { name: "w" share_mode: PERMISSIVE }') + LOSS % "two",
    "factors from the sharer": ip("one", "x", 'param { name: "w" } param { lr_mult: 2 decay_mult: 0 }')
    + ip("two", "one", 'param { name: "w" lr_mult: 3 decay_mult: 0.5 } param { lr_mult: 0 }') + LOSS % "two",
    "a sharer without a gradient of its own": ip("one", "x", 'param { name: "w" }')
    + ip("two", "one", 'param { name: "w" lr_mult: 0 }') + LOSS % "two",
    "values in the prototxt": ip("one", "x", "", more=numbers(
        np.linspace(-1, 1, 25).reshape(5, 5)) + numbers([0.5] * 5))
    + ip("two", "one", "") + LOSS % "two",
    "double values in the prototxt": ip("one", "x", "", more=(numbers(np.linspace(-1, 1, 25).reshape(5, 5)) + numbers(
        [0.1] * 5)).replace("data:", "double_data:")) + LOSS % "one",
}


def train(caffe, steps):
    solver = caffe.SGDSolver("solver.prototxt")
    found = {"start": [[blob.data.copy() for blob in layer.blobs] for layer in solver.net.layers]}
    random = np.random.RandomState(0)
    for name in ("x", "y"):
        solver.net.blobs[name].data[...] = random.uniform(-1, 1, (3, 5))
    solver.net.clear_param_diffs()
    solver.net.forward()
    solver.net.backward()
    found["gradients"] = [[blob.diff.copy() for blob in layer.blobs] for layer in solver.net.layers]
    solver.step(steps)
    found["end"] = [[blob.data.copy() for blob in layer.blobs] for layer in solver.net.layers]
    found["updates"] = [[blob.diff.copy() for blob in layer.blobs] for layer in solver.net.layers]
    return found


def flat(layers):
    return [blob for layer in layers for blob in layer]


@pytest.mark.parametrize("case", NETS)
def test_shared_and_given_parameters_train_as_in_real_caffe(case, real_caffe, tmp_path):
    (tmp_path / "net.prototxt").write_text(INPUTS + NETS[case], encoding="utf-8")
    (tmp_path / "solver.prototxt").write_text(SOLVER, encoding="utf-8")
    real, embedded = two_engines.on_both(real_caffe, train, tmp_path, steps=4)
    assert [blob.tobytes() for blob in flat(embedded["start"])] == [blob.tobytes() for blob in flat(real["start"])]
    for what in ("gradients", "end", "updates"):
        for ours, caffes in zip(flat(embedded[what]), flat(real[what])):
            # A handful of float32 additions in another order.
            np.testing.assert_allclose(ours, caffes, rtol=0, atol=2e-6 * max(1e-3, np.abs(caffes).max()), err_msg=what)


def test_sharing_layers_look_at_one_memory(tmp_path, silent_log):
    path = tmp_path / "net.prototxt"
    path.write_text(INPUTS + NETS["three sharers"], encoding="utf-8")
    net = Net.from_file(str(path), "TRAIN")
    one, two, three = (net.layers[net.layer_names.index(name)] for name in ("one", "two", "three"))
    one.blobs[0].data.fill_(7)
    three.blobs[1].diff.fill_(8)
    assert two.blobs[0].data.eq(7).all() and two.blobs[1].diff.eq(8).all()
    assert [(p.layer, p.display_name) for p in net.learnable] == [("one", "w"), ("one", "b")]


def test_sharing_layers_follow_runs_that_train_together(tmp_path, monkeypatch, silent_log):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.prototxt").write_text(INPUTS + NETS["three sharers"], encoding="utf-8")
    (tmp_path / "solver.prototxt").write_text(SOLVER, encoding="utf-8")
    solvers = [Solver.from_file("solver.prototxt") for _ in range(2)]
    Together(solvers).step(3)
    for solver in solvers:
        one, _, three = (solver.net.layers[solver.net.layer_names.index(name)] for name in ("one", "two", "three"))
        assert all(a.data.equal(b.data) for a, b in zip(one.blobs, three.blobs))
