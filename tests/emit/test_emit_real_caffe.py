"""Real Caffe builds, runs and upgrades the emitted files as the designs say."""

from pathlib import Path

import numpy as np
import pytest

from cae_caffe.emit import Settings, write_model
from cae_caffe.families import presets
from cae_caffe.models import PAPER, ClassicAutoencoder, ConvolutionalAutoencoder

ROOT = Path(__file__).resolve().parents[2]
ONE_OF_EACH_FAMILY = ["cae1-n2", "classic-300-150-75-n2"]
OWN = {
    "own-cae": ConvolutionalAutoencoder((3, 20, 26), (6, 4, 3), ((5, 7), 3, 5), hidden=(40, 12), code=5),
    "own-cae-shallow": ConvolutionalAutoencoder((1, 12, 12), maps=(3,), kernels=(5,), hidden=(), code=30),
    "own-classic": ClassicAutoencoder((2, 6, 9), hidden=(20,), code=3),
}

# Four images are enough: HDF5Data goes round and round to fill its batch.
SETUP = """
import os
from pathlib import Path
import caffe, h5py, numpy as np

def set_up(work, input_shape):
    os.chdir(work)
    os.makedirs("data", exist_ok=True)
    for seed, name in enumerate(["mnist_train", "mnist_test"]):
        with h5py.File("data/%s.h5" % name, "w") as file:
            file["data"] = np.random.RandomState(seed).rand(4, *input_shape).astype("f4")
        Path("data/%s.txt" % name).write_text("data/%s.h5\\n" % name)
"""

BUILD = SETUP + """
STATES = [(caffe.TRAIN, []), (caffe.TEST, ["test-on-train"]), (caffe.TEST, ["test-on-test"])]

def facts(net):
    shapes = {name: blob.data.shape[1:] for name, blob in net.blobs.items()}
    parameters = {name: tuple(blob.data.size for blob in blobs) for name, blobs in net.params.items()}
    return shapes, parameters, list(net.outputs)

def main(work, folder, input_shape):
    set_up(work, input_shape)
    nets = [caffe.Net(folder + "/train_test.prototxt", phase, stages=stages) for phase, stages in STATES]
    nets.append(caffe.Net(folder + "/deploy.prototxt", caffe.TEST))
    cuts = sorted(Path(folder, "layers").iterdir())
    return [facts(net) for net in nets], {cut.stem: list(caffe.Net(str(cut), caffe.TEST).blobs) for cut in cuts}
"""


def check_build(real_caffe, work, folder, design):
    nets, cuts = real_caffe(BUILD, work=str(work), folder=str(folder), input_shape=design.input)
    expected_shapes = {layer.top: layer.output for layer in design.layers}
    expected_parameters = {layer.name: (layer.weights, layer.biases) for layer in design.layers if layer.parameters}
    for shapes, parameters, _ in nets:
        assert {name: shapes[name] for name in expected_shapes} == expected_shapes
        assert parameters == expected_parameters
    assert [outputs for *_, outputs in nets] == 3 * [["cross_entropy_loss", "l2_error"]] + [[design.layers[-1].top]]
    assert [blobs[-1] for blobs in cuts.values()] == [name[3:] for name in cuts]


@pytest.mark.parametrize("model", PAPER)
def test_caffe_builds_every_file_with_the_shapes_and_parameters_of_the_design(real_caffe, tmp_path, model):
    check_build(real_caffe, tmp_path, ROOT / "prototxt" / model, PAPER[model])


@pytest.mark.parametrize("model", OWN)
def test_caffe_builds_designs_of_ones_own(real_caffe, tmp_path, model):
    write_model(model, OWN[model], Settings(out=tmp_path.as_posix()))
    check_build(real_caffe, tmp_path, tmp_path / model, OWN[model])


LAYER_BY_LAYER = SETUP + """
def main(work, folder, input_shape):
    set_up(work, input_shape)
    caffe.set_random_seed(7)
    caffe.Net(folder + "/train_test.prototxt", caffe.TRAIN).save("start.caffemodel")
    image = np.random.RandomState(2).rand(1, *input_shape)

    def run(path):
        net = caffe.Net(str(path), caffe.TEST, weights="start.caffemodel")
        net.blobs["data"].data[...] = image
        net.forward()
        return {name: blob.data.copy() for name, blob in net.blobs.items()}

    whole = run(folder + "/deploy.prototxt")
    return whole, {path.stem: run(path)[path.stem[3:]] for path in Path(folder, "layers").iterdir()}
"""


@pytest.mark.parametrize("model", ["cae1-n2", "cae2-n30", "classic-300-150-75-n10"])
def test_each_layer_net_yields_the_blob_of_the_deploy_net(real_caffe, tmp_path, model):
    folder = str(ROOT / "prototxt" / model)
    whole, cuts = real_caffe(LAYER_BY_LAYER, work=str(tmp_path), folder=folder, input_shape=PAPER[model].input)
    assert len(cuts) == 15
    for name, values in cuts.items():
        blob = name[3:]
        np.testing.assert_array_equal(values, whole[blob], err_msg=name)    # the same work in the same order
        assert values.size == 1 or values.std() > 0, f"{name} says nothing, all of its values are equal"


SOLVER = SETUP + """
def first_image(net):
    net.forward()
    return net.blobs["data"].data[0].copy()

def main(work, model):
    set_up(work, (1, 28, 28))
    solver = caffe.get_solver("prototxt/%s/solver.prototxt" % model)
    files = [h5py.File("data/%s.h5" % name, "r")["data"][0] for name in ("mnist_train", "mnist_test")]
    reads = [[np.array_equal(image, first_image(net)) for image in files] for net in solver.test_nets]
    return type(solver).__name__, solver.param.max_iter, reads
"""


@pytest.mark.parametrize("model, max_iter", list(zip(ONE_OF_EACH_FAMILY, [20000, 5000])))
def test_caffe_takes_the_solver_where_it_says_it_runs(real_caffe, tmp_path, monkeypatch, model, max_iter):
    monkeypatch.chdir(tmp_path)
    write_model(model, PAPER[model])
    train_then_test = [[True, False], [False, True]]
    assert real_caffe(SOLVER, work=str(tmp_path), model=model) == ("SGDSolver", max_iter, train_then_test)


# `$1 FROM TO FROM TO ...`: one shell for many files, for each program costs less than each wrapper.
UPGRADE = 'tool=$1; shift; while [ $# -gt 0 ]; do "$tool" "$1" "$2" || exit 1; shift 2; done'

COMPARE_NETS = """
from caffe.proto import caffe_pb2
from google.protobuf import text_format

def read(path):
    with open(path) as file:
        return text_format.Parse(file.read(), caffe_pb2.NetParameter())

def without_reshape(net):
    before = {layer.top[0]: layer.bottom[0] for layer in net.layer if layer.type == "Reshape"}
    layers = [layer for layer in net.layer if layer.type != "Reshape"]
    for layer in layers:
        layer.bottom[:] = [before.get(blob, blob) for blob in layer.bottom]
    del net.layer[:]
    net.layer.extend(layers)
    return net

def main(pairs):
    return [current for upgraded, current in pairs if read(upgraded) != without_reshape(read(current))]
"""


def check_upgrade(caffe_run, real_caffe, tmp_path, names):
    upgraded = [tmp_path / str(number) for number in range(len(names))]
    words = [str(path) for name, to in zip(names, upgraded) for path in (ROOT / "prototxt/legacy" / name, to)]
    caffe_run(["sh", "-c", UPGRADE, "sh", "upgrade_net_proto_text", *words])
    pairs = [(str(path), str(ROOT / "prototxt" / name)) for path, name in zip(upgraded, names)]
    assert real_caffe(COMPARE_NETS, pairs=pairs) == []


def nets_of(model):
    folder = ROOT / "prototxt" / model
    names = [path.relative_to(folder.parent).as_posix() for path in sorted(folder.rglob("*.prototxt"))]
    return [name for name in names if not name.endswith("/solver.prototxt")]


def test_caffe_upgrades_the_legacy_nets_to_the_current_ones(caffe_run, real_caffe, tmp_path):
    names = [f"{model}/{net}.prototxt" for model in presets() for net in ("train_test", "deploy")]
    check_upgrade(caffe_run, real_caffe, tmp_path, names)


@pytest.mark.parametrize("model", ONE_OF_EACH_FAMILY)
def test_caffe_upgrades_the_legacy_layer_nets_to_the_current_ones(caffe_run, real_caffe, tmp_path, model):
    names = nets_of(model)
    assert len(names) == 17
    check_upgrade(caffe_run, real_caffe, tmp_path, names)


@pytest.mark.long
@pytest.mark.parametrize("model", PAPER)
def test_caffe_upgrades_every_legacy_net_to_the_current_one(caffe_run, real_caffe, tmp_path, model):
    check_upgrade(caffe_run, real_caffe, tmp_path, nets_of(model))


COMPARE_SOLVERS = """
from caffe.proto import caffe_pb2
from google.protobuf import text_format

def main(upgraded, current):
    with open(upgraded) as ours, open(current) as theirs:
        a, b = (text_format.Parse(file.read(), caffe_pb2.SolverParameter()) for file in (ours, theirs))
    paths = (a.net, a.snapshot_prefix), (b.net, b.snapshot_prefix)
    for message in (a, b):
        message.ClearField("net")
        message.ClearField("snapshot_prefix")
    return a == b, paths
"""


@pytest.mark.parametrize("model", [*ONE_OF_EACH_FAMILY, "siamese"])
def test_caffe_upgrades_the_legacy_solver_to_the_current_one_but_for_its_folder(caffe_run, real_caffe, tmp_path, model):
    upgraded = tmp_path / "solver.prototxt"
    caffe_run(["upgrade_solver_proto_text", ROOT / f"prototxt/legacy/{model}/solver.prototxt", upgraded])
    same, (legacy, current) = real_caffe(COMPARE_SOLVERS, upgraded=str(upgraded),
                                         current=str(ROOT / f"prototxt/{model}/solver.prototxt"))
    assert same
    assert tuple(path.replace("/legacy/", "/") for path in legacy) == current != legacy
