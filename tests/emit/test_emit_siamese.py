"""The siamese net's files: what stands in them, and that both engines build them and train them alike."""

from pathlib import Path

import example_nets
import h5py
import numpy as np
import pytest

from cae_caffe import schema
from cae_caffe.analysis.log import read_log
from cae_caffe.cli.main import main
from cae_caffe.emit import PairSource, mnist_pairs, siamese_net, write_model
from cae_caffe.models import MODELS, SiameseNetwork

ROOT = Path(__file__).resolve().parents[2]
DESIGN = MODELS["siamese"]


def by_name(net):
    return {layer["name"]: layer for layer in net["layer"]}


def test_both_towers_have_the_names_of_the_same_parameters_and_biases_learn_twice_as_fast():
    layers = by_name(siamese_net("siamese", DESIGN))
    for layer, twin in zip(DESIGN.layers, DESIGN.twin):
        shared = [{"name": f"{layer.name}_w", "lr_mult": 1}, {"name": f"{layer.name}_b", "lr_mult": 2}]
        assert layers[layer.name].get("param") == layers[twin.name].get("param") == (
            shared if layer.parameters else None)


def test_a_pair_is_taken_apart_and_its_codes_compared():
    layers = by_name(siamese_net("siamese", SiameseNetwork(input=(3, 28, 28), margin=2)))
    assert layers["slice_pair"] == {"name": "slice_pair", "type": "Slice", "bottom": ["pair_data"],
                                    "top": ["data", "data_p"], "slice_param": {"slice_point": 3}}
    assert layers["loss"]["bottom"] == ["feat", "feat_p", "sim"]
    assert layers["loss"]["contrastive_loss_param"] == {"margin": 2}


def test_pairs_come_from_lists_of_their_own():
    data = [layer for layer in siamese_net("m", DESIGN, mnist_pairs("/there"))["layer"] if layer["type"] == "HDF5Data"]
    assert [(layer["include"], layer["hdf5_data_param"]) for layer in data] == [
        ({"phase": phase.upper()}, {"source": f"/there/mnist_siamese_{phase}.txt", "batch_size": batch})
        for phase, batch in (("train", 64), ("test", 100))]
    assert PairSource(test_pairs=101).test_iterations() == [2]


def test_the_solver_is_that_of_caffes_example():
    solver = schema.read_solver(ROOT / "prototxt/siamese/solver.prototxt")
    found = {name: getattr(solver, name) for name in ("lr_policy", "max_iter", "test_interval", "weight_decay", "type")}
    assert found == {"lr_policy": "inv", "max_iter": 50000, "test_interval": 500, "weight_decay": 0, "type": "SGD"}
    rates = [solver.base_lr, solver.momentum, solver.gamma, solver.power]
    np.testing.assert_allclose(rates, [0.01, 0.9, 0.0001, 0.75], rtol=1e-6)         # float32 in the message
    assert list(solver.test_iter) == [100]


def write_pairs(folder, rows):
    """Pairs of images, about half of them of one class, in both of the lists that the net looks for."""
    images, labels = example_nets.classes("siamese", 2 * rows)
    order = np.argsort(labels, kind="stable")       # neighbours are mostly of one class
    order[1::4] = np.roll(order[1::4], 7)
    order = order.reshape(rows, 2)[np.random.RandomState(5).permutation(rows)]
    (folder / "data").mkdir()
    for half in ("train", "test"):
        with h5py.File(str(folder / f"data/mnist_siamese_{half}.h5"), "w") as file:
            file["pair_data"] = images[order][:, :, 0]
            file["sim"] = (labels[order[:, 0]] == labels[order[:, 1]]).astype(np.float32)
        (folder / f"data/mnist_siamese_{half}.txt").write_text(f"data/mnist_siamese_{half}.h5\n")


BUILD = """
import os
import caffe

def main(work, folder):
    os.chdir(work)
    train, test, deploy = (caffe.Net(folder + name, phase) for name, phase in (
        ("/train_test.prototxt", caffe.TRAIN), ("/train_test.prototxt", caffe.TEST), ("/deploy.prototxt", caffe.TEST)))
    shapes = [{name: blob.data.shape for name, blob in net.blobs.items()} for net in (train, test, deploy)]
    sizes = {name: [blob.data.size for blob in blobs] for name, blobs in train.params.items()}
    one = [(train.params["conv1"][i].data.ctypes.data == train.params["conv1_p"][i].data.ctypes.data) for i in (0, 1)]
    return shapes, sizes, one, list(deploy.outputs), list(train.outputs)
"""


def test_caffe_builds_the_committed_files_as_the_design_says(real_caffe, tmp_path):
    write_pairs(tmp_path, 4)
    shapes, sizes, one, outputs, losses = real_caffe(BUILD, work=str(tmp_path), folder=str(ROOT / "prototxt/siamese"))
    for found, batch, layers in zip(shapes, (64, 100, 1), (DESIGN.layers + DESIGN.twin,) * 2 + (DESIGN.layers,)):
        assert {layer.top: found[layer.top] for layer in layers} == {
            layer.top: (batch,) + layer.output for layer in layers}
    assert {name: sum(size) for name, size in sizes.items()} == {
        layer.name: layer.parameters for layer in DESIGN.layers + DESIGN.twin if layer.parameters}
    assert all(one), "the towers do not share their memory"
    assert (outputs, losses) == (["feat"], ["loss"])


ITERATIONS = 10
TOLERANCE = 1e-3        # relative; both round in float32, in different orders


def test_both_engines_train_it_alike(caffe_run, tmp_path, monkeypatch, capsys):
    pytest.importorskip("torch", reason="the embedded engine needs PyTorch")
    monkeypatch.chdir(tmp_path)
    write_pairs(tmp_path, 128)
    write_model("siamese", DESIGN)
    solver = schema.read_solver("prototxt/siamese/solver.prototxt")
    solver.max_iter, solver.display, solver.test_interval = ITERATIONS, 1, ITERATIONS
    del solver.test_iter[:]
    solver.test_iter.append(1)
    schema.write_text(solver, "solver.prototxt")
    Path("real.log").write_text(caffe_run(["caffe", "train", "-solver", "solver.prototxt"], cwd=tmp_path).stderr)
    real, real_weights = read_log("real.log"), stored_weights()
    capsys.readouterr()
    assert main(["train", "-solver", "solver.prototxt", "--backend", "torch"]) == 0
    Path("ours.log").write_text(capsys.readouterr().err)
    ours = read_log("ours.log")
    np.testing.assert_allclose(loss_in_tests(ours), loss_in_tests(real), rtol=TOLERANCE)
    assert list(real.loss.iterations) == list(ours.loss.iterations) == list(range(ITERATIONS + 1))
    np.testing.assert_allclose(ours.loss.values, real.loss.values, rtol=TOLERANCE)
    assert real.loss.values[-1] < 0.8 * real.loss.values[0], "there was nothing to learn"
    for name, values in stored_weights().items():
        # The towers' gradients of the last two layers' biases cancel, so nothing but rounding is in those.
        largest = max(np.abs(real_weights[name]).max(), 1e-3)
        np.testing.assert_allclose(values, real_weights[name], rtol=0, atol=TOLERANCE * largest, err_msg=name)


def loss_in_tests(log):
    """The test loss at the start and at the end."""
    (curve,) = log.test[0].values()
    return curve.values


def stored_weights():
    net = schema.read_weights(f"prototxt/siamese/siamese_iter_{ITERATIONS}.caffemodel")
    return {f"{layer.name} {at}": np.array(blob.data) for layer in net.layer for at, blob in enumerate(layer.blobs)}
