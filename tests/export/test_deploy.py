"""The deploy form of a net: which layers it has, which inputs and outputs, and that it computes what the net does."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from net_zoo import NETS, PAIR, ip, layer, loss

from cae_caffe import to_onnx
from cae_caffe.errors import InputError

pytest.importorskip("torch", reason="the embedded engine needs PyTorch")

from cae_caffe import pycaffe
from cae_caffe.engine import AutogradLayer, log
from cae_caffe.engine.layers import registry
from cae_caffe.engine.rng import streams
from cae_caffe.export import made_inputs, proof
from cae_caffe.export.deploy import deploy
from cae_caffe.schema import layer_types

HDF5 = ('layer { name: "source" type: "HDF5Data" top: "data" top: "label" include { phase: TRAIN } '
        'hdf5_data_param { source: "train.txt" batch_size: 4 } }\n'
        'layer { name: "source" type: "HDF5Data" top: "data" top: "label" include { phase: TEST } '
        'hdf5_data_param { source: "train.txt" batch_size: 2 } }\n')
TRAIN_TEST = (HDF5 + ip("one", "data") + layer("ReLU", "bend", ["one"], ["one"])
              + layer("Dropout", "drop", ["one"], ["one"]) + ip("two", "one", outputs=3)
              + layer("Accuracy", "right", ["two", "label"], ["right"], "include { phase: TEST }")
              + layer("SoftmaxWithLoss", "loss", ["two", "label"], ["loss"]))


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder with images and labels for HDF5Data layers, in which Caffe's log is silent."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(log, "_minimum", log.LEVELS["ERROR"])
    with h5py.File("train.h5", "w") as file:
        file["data"] = np.random.RandomState(0).uniform(-1, 1, (8, 3, 4, 4)).astype(np.float32)
        file["label"] = np.arange(8, dtype=np.float32) % 3
    (tmp_path / "train.txt").write_text("train.h5\n")
    return tmp_path


def net(text, phase=pycaffe.TEST):
    with open("net.prototxt", "w", encoding="utf-8") as file:
        file.write(text)
    pycaffe.set_random_seed(1)
    return pycaffe.Net("net.prototxt", phase)


def form(text, *blobs, phase=pycaffe.TEST):
    return deploy(net(text, phase), blobs)


def ends(deployed):
    return list(deployed.shapes()), list(deployed.outputs)


def types(deployed):
    return [node.type for node in deployed.graph.nodes if node.type != "Input"]


def numbered(deployed):
    return proof.engine_outputs(deployed, made_inputs.make(deployed))


# Inputs and outputs

@pytest.mark.parametrize("phase, batch", [(pycaffe.TRAIN, 4), (pycaffe.TEST, 2)])
def test_data_layers_are_inputs_and_labels_losses_and_accuracies_fall_away(phase, batch):
    found = form(TRAIN_TEST, phase=phase)

    assert ends(found) == (["data"], ["two"])
    assert found.shapes() == {"data": (batch, 3, 4, 4)}
    assert types(found) == ["InnerProduct", "ReLU", "Dropout", "InnerProduct"]
    assert [node.name for node in found.dropped] == ["right", "loss"][phase == pycaffe.TRAIN:]


@pytest.mark.parametrize("layers, inputs, outputs", [
    (layer("Reshape", "labels", ["label"], ["labels"], "reshape_param { shape { dim: -1 } }")
     + ip("one", "data", outputs=3) + layer("SoftmaxWithLoss", "l", ["one", "labels"], ["l"]), ["data"], ["one"]),
    (layer("Flatten", "flat", ["data"], ["flat"]) + ip("one", "data", outputs=48)
     + loss("l", ["one", "flat"], ["l"]), ["data"], ["one"]),
    (ip("one", "data", outputs=3) + ip("two", "one", outputs=3)
     + loss("l", ["two", "one"], ["l"], "propagate_down: true propagate_down: false"), ["data"], ["two"]),
    (ip("one", "data", outputs=3) + ip("two", "data", outputs=3) + loss("l", ["two", "one"], ["l"]), ["data"],
     ["one", "two"]),
    (layer("Flatten", "flat", ["data"], ["flat"]) + layer("SoftmaxWithLoss", "l", ["flat", "label"], ["l"]), ["data"],
     ["flat"]),
    (layer("Flatten", "flat", ["data"], ["flat"]) + ip("one", "data", outputs=48)
     + loss("l", ["one", "flat"], ["l"]) + layer("TanH", "also", ["flat"], ["also"]), ["data"], ["also", "one"]),
], ids=["a label that is changed", "a target out of the data", "a target by propagate_down", "two predictions",
        "no parameters", "a target that is read elsewhere"])
def test_outputs_are_predictions_and_not_targets(layers, inputs, outputs):
    assert ends(form(HDF5 + layers)) == (inputs, outputs)


@pytest.mark.parametrize("layers, outputs, left", [
    (ip("one", "x", outputs=5) + loss("l", ["one", "y"], ["l"]) + layer("Power", "more", ["l"], ["more"]), ["one"],
     ["InnerProduct"]),
    (ip("one", "x") + loss("l", ["one", "y"], ["l"]) + ip("two", "x") + layer("Eltwise", "sum", ["l", "l"], ["sum"]),
     ["one", "two"], ["InnerProduct"] * 2),
    (ip("one", "x") + layer("Reduction", "l", ["one"], ["l"], "loss_weight: 2"), ["one"], ["InnerProduct"]),
    (ip("one", "x") + layer("Reduction", "l", ["one"], ["l"], "loss_weight: 2") + layer("Silence", "s", ["l"]), ["one"],
     ["InnerProduct"]),
    (ip("one", "x") + layer("Reduction", "l", ["one"], ["l"], "loss_weight: 0"), ["l"],
     ["InnerProduct", "Reduction"]),
    (ip("one", "x", more="loss_weight: 0.25") + ip("two", "one"), ["two"], ["InnerProduct"] * 2),
    (ip("one", "x", more="loss_weight: 0.25") + loss("l", ["one", "y"], ["l"]), ["one"], ["InnerProduct"]),
    (ip("one", "x") + layer("ReLU", "bend", ["one"], ["one"], "loss_weight: 0.5") + loss("l", ["one", "y"], ["l"]),
     ["one"], ["InnerProduct", "ReLU"]),
    (ip("one", "x") + ip("two", "x") + layer("Silence", "s", ["one", "y"]), ["two"], ["InnerProduct"]),
    (ip("one", "x") + ip("two", "one") + layer("HDF5Output", "o", ["one", "y"], [],
                                               'hdf5_output_param { file_name: "o.h5" }'), ["two"],
     ["InnerProduct"] * 2),
    (ip("one", "x") + layer("HDF5Output", "o", ["one", "y"], [], 'hdf5_output_param { file_name: "o.h5" }'), ["one"],
     ["InnerProduct"]),
    (layer("Slice", "cut", ["x"], ["a", "b"], "slice_param { slice_point: 2 }") + ip("one", "a"), ["b", "one"],
     ["Slice", "InnerProduct"]),
    (layer("Slice", "cut", ["x"], ["a", "b"], "slice_param { slice_point: 2 }") + ip("one", "a")
     + layer("Silence", "s", ["b"]), ["one"], ["Slice", "InnerProduct"]),
    (layer("Split", "fork", ["x"], ["a", "b", "c"]) + ip("one", "a") + ip("two", "b") + layer("Silence", "s", ["c"]),
     ["one", "two"], ["InnerProduct"] * 2),
    (layer("Split", "fork", ["x"], ["a", "b"]), ["a", "b"], ["Split"]),
    (ip("one", "x") + layer("Split", "fork", ["one"], ["a", "b"]) + ip("two", "b"), ["a", "two"],
     ["InnerProduct", "Split", "InnerProduct"]),
], ids=["a loss is read", "a loss is read twice", "a loss of another type", "a silenced one", "a weight of 0",
        "a weight on a layer that is read", "a weight on what a loss reads", "a weight in place", "silenced",
        "stored and read", "stored", "a top that nobody reads", "a top that is silenced", "written Split",
        "nothing but copies", "a copy that nobody reads"])
def test_what_falls_away_and_what_stays(layers, outputs, left):
    found = form(PAIR + layers)

    assert list(found.outputs) == outputs
    assert types(found) == left
    assert not {"s", "o"}.intersection(node.name for node in found.graph.nodes)


def test_dummy_data_are_inputs_where_they_are_drawn_and_stay_where_they_are_constant():
    text = ('layer { name: "d" type: "DummyData" top: "x" dummy_data_param { shape { dim: 2 dim: 5 } data_filler { '
            'type: "gaussian" std: 1 } } }\n'
            'layer { name: "c" type: "DummyData" top: "c" dummy_data_param { shape { dim: 2 dim: 5 } data_filler { '
            'value: 3 } } }\n' + layer("Eltwise", "sum", ["x", "c"], ["sum"]))
    found = form(text)

    assert ends(found) == (["x"], ["sum"]) and types(found) == ["DummyData", "Eltwise"]
    np.testing.assert_array_equal(proof.engine_outputs(found, {"x": np.eye(2, 5)})["sum"], np.eye(2, 5) + 3)


def test_a_layer_in_place_on_an_input_leaves_both():
    found = form(PAIR + layer("Power", "twice", ["x"], ["x"], "power_param { scale: 2 }"))

    assert ends(found) == (["x"], ["x"])
    np.testing.assert_array_equal(proof.engine_outputs(found, {"x": np.ones((2, 5))})["x"], np.full((2, 5), 2))
    pytest.importorskip("onnxruntime", reason="onnxruntime is not here: pip install cae-caffe[onnx]")
    from cae_caffe.export.onnx import convert, file

    model = file.write(found, "net.onnx", convert.Options(batch="dynamic"))
    assert [[one.name for one in ends] for ends in (model.graph.input, model.graph.output)] == [["x"], ["x/twice"]]


SHARING = {"Split": 'type: "Split" top: "b"', "Flatten": 'type: "Flatten"',
           "Reshape": 'type: "Reshape" reshape_param { shape { dim: 5 dim: 2 } }',
           "Concat": 'type: "Concat"', "Slice": 'type: "Slice"'}


@pytest.mark.parametrize("kind", SHARING)
def test_layers_in_place_on_memory_that_others_read_are_refused(kind):
    """In Caffe they change what the others read; where nobody reads it, or before, all is well."""
    def written(target, top):
        return (PAIR + layer("Power", "p", ["x"], ["p"]) + f'layer {{ name: "f" bottom: "p" top: "a" '
                f'{SHARING[kind]} }}\n' + layer("Power", "twice", ["a"], [top], "power_param { scale: 2 }")
                + layer("Power", "also", [target], ["c"]))

    other = "b" if kind == "Split" else "p"
    assert net(written(other, "a")).forward(x=np.ones((2, 5)), y=np.ones((2, 5)))["c"].max() == 2
    with pytest.raises(InputError, match=r"`also` .* reads `.*` after layer `twice` \(type Power, net.prototxt:4\) has "
                                         "changed it"):
        form(written(other, "a"))
    with pytest.raises(InputError, match=r"net\.prototxt gives `p` after layer `twice`"):
        form(written("a", "a"), "c", "p")
    for text in (written(other, "d"), written("a", "a"), written(other, "a").replace('"Power" bottom: "a"', '"Dropout" '
                 'bottom: "a"').replace("power_param { scale: 2 }", "")):
        deployed = form(text, "c")
        inputs = {name: np.ones((2, 5)) for name in deployed.shapes()}
        wanted = net(text).forward(x=np.ones((2, 5)), y=np.ones((2, 5)))["c"]
        np.testing.assert_array_equal(proof.engine_outputs(deployed, inputs)["c"], wanted)


@pytest.mark.parametrize("lasting", ['type: "Parameter" top: "c" parameter_param { shape { dim: 2 dim: 5 } }',
                                     'type: "DummyData" top: "c" dummy_data_param { shape { dim: 2 dim: 5 } }'])
def test_layers_in_place_on_what_is_written_once_are_refused(lasting):
    """In Caffe they change it further in each pass."""
    def written(top, kind="Power"):
        return (PAIR + f'layer {{ name: "p" {lasting} }}\n' + layer("Flatten", "f", ["c"], ["f"])
                + layer(kind, "twice", ["f"], [top], "power_param { shift: 2 }" if kind == "Power" else "")
                + layer("Eltwise", "sum", ["x", top], ["sum"]))

    original = net(written("f"))
    assert [original.forward(x=np.ones((2, 5)), y=np.ones((2, 5)))["sum"].max() for _ in range(2)] == [3, 5]
    with pytest.raises(InputError, match=r"`twice` \(.*:4\) works in place on what layer `p` \(.*:2\) gives"):
        form(written("f"))
    for text in (written("g"), written("f", "Dropout")):
        assert ends(form(text)) == (["x"], ["sum"])


# Blobs that are named

CHAIN = PAIR + ip("one", "x") + layer("ReLU", "bend", ["one"], ["one"]) + ip("two", "one") + ip("side", "y")


def test_named_blobs_are_the_outputs_in_their_order_and_nothing_else_is_left():
    assert ends(form(CHAIN, "two", "one")) == (["x"], ["two", "one"])
    assert ends(form(CHAIN, "one", "one")) == (["x"], ["one"])
    found = form(CHAIN, "one")
    assert [node.name for node in found.graph.nodes] == ["x", "one", "bend"]
    assert numbered(found)["one"].min() == 0     # the value after the ReLU in place


@pytest.mark.parametrize("blob, match", [
    ("x", "`x` is an input, or only there to train or to score; the blobs that can be outputs are one, two, side"),
    ("l", "`l` is an input, or only there to train"), ("tow", "`tow` is no blob of the net.*two"),
])
def test_other_blobs_cannot_be_outputs(blob, match):
    with pytest.raises(InputError, match=match):
        form(CHAIN + loss("l", ["two", "side"], ["l"]), blob)


def test_a_net_of_which_nothing_is_left_is_refused():
    with pytest.raises(InputError, match="nothing is left of this net without its data, loss and accuracy layers"):
        form(PAIR + loss("l", ["x", "y"], ["l"]))
    with pytest.raises(InputError, match=r"cae_caffe\.pycaffe\.Net"):
        deploy(object())


# Numbers

@pytest.mark.parametrize("name", NETS)
def test_the_form_gives_what_the_net_gives(name):
    """Of nets each of which has something of its own in how it is built; in phase TEST both compute the same."""
    whole = net(NETS[name])
    for blobs in whole.params.values():
        for number, blob in enumerate(blobs):
            blob.data[...] = np.random.RandomState(number).uniform(-1, 1, blob.data.shape)
    try:
        found = deploy(whole)
    except InputError as error:
        assert "nothing is left" in str(error)
        assert not whole.outputs or not whole.params
        return
    inputs = {name: np.random.RandomState(3).uniform(-1, 1, whole.blobs[name].data.shape) for name in whole.inputs}
    given = proof.engine_outputs(found, {name: inputs[name] for name in found.shapes()})
    whole.forward(**inputs)

    assert set(given) <= set(whole.blobs) and given
    for blob, array in given.items():
        np.testing.assert_array_equal(array, whole.blobs[blob].data)


def test_a_training_net_is_as_when_it_is_tested():
    """Dropout passes on, BatchNorm takes its averages, whatever a solver's net has just computed with."""
    text = TRAIN_TEST + layer("BatchNorm", "norm", ["two"], ["norm"])
    train = net(text, pycaffe.TRAIN)
    for _ in range(3):
        train.forward()
    found = deploy(train)
    test = net(text)
    test.share_with(train)
    test.forward()

    given = proof.engine_outputs(found, {"data": np.concatenate([test.blobs["data"].data] * 2)})["norm"]

    np.testing.assert_allclose(given[:2], test.blobs["norm"].data, rtol=1e-5)
    assert np.ptp(given) > 0 and train.params["norm"][2].data > 1


def test_shared_parameters_are_shared_and_one_in_the_file():
    shared = 'param { name: "w" } param { name: "b" }'
    whole = net(PAIR + ip("one", "x", more=shared) + ip("two", "y", more=shared))
    whole.params["two"][0].data[...] = np.arange(25).reshape(5, 5)
    found = deploy(whole)

    given = numbered(found)
    inputs = made_inputs.make(found)
    np.testing.assert_allclose(given["one"], inputs["x"] @ np.arange(25).reshape(5, 5).T, rtol=1e-5)
    assert len([one for one in to_onnx(whole).graph.initializer if len(one.dims) == 2]) == 1
    # The second one alone keeps what it shares.
    alone = deploy(whole, ["two"])
    np.testing.assert_array_equal(alone.net.params["two"][0].data, whole.params["one"][0].data)


def test_parameters_shared_with_another_shape_come_with_their_values():
    whole = net(PAIR + ip("one", "x", outputs=6, more='param { name: "w" }')
                + ip("two", "one", outputs=5, more='param { name: "w" share_mode: PERMISSIVE }'))
    found = deploy(whole, ["two"])
    np.testing.assert_array_equal(found.net.params["two"][0].data, whole.params["two"][0].data)


# The net that it comes from

def test_the_net_and_caffes_random_stream_stay_as_they_are():
    text = TRAIN_TEST + layer("DummyData", "d", [], ["n"],
                              'dummy_data_param { shape { dim: 3 } data_filler { type: "uniform" } }')
    whole = net(text, pycaffe.TRAIN)
    whole.forward()
    whole.backward()
    blobs = [*whole.blobs.values(), *(blob for blobs in whole.params.values() for blob in blobs)]
    arrays = [(blob.data.copy(), blob.diff.copy()) for blob in blobs]
    place = streams.stream().place.copy()

    found = deploy(whole)
    found.set_batch(7)
    numbered(found)
    for parameters in found.net.params.values():
        for parameter in parameters:
            parameter.data[...] = 9
    to_onnx(whole, batch="dynamic")

    assert streams.stream().is_place(place)
    for blob, (data, diff) in zip(blobs, arrays):
        np.testing.assert_array_equal(blob.data, data)
        np.testing.assert_array_equal(blob.diff, diff)
    first = whole.forward()["loss"]
    again = net(text, pycaffe.TRAIN)
    again.forward()
    again.backward()
    assert again.forward()["loss"] == first


def test_caffe_says_nothing_of_the_form(capfd, monkeypatch):
    whole = net(TRAIN_TEST)
    monkeypatch.setattr(log, "_minimum", 0)
    capfd.readouterr()
    deploy(whole)
    assert capfd.readouterr() == ("", "")
    assert log.enabled("INFO")


# Layers of others

def test_python_layers_are_refused_where_they_compute_and_not_where_they_train(folder, monkeypatch):
    monkeypatch.syspath_prepend(str(folder))
    (folder / "export_guest.py").write_text("""
import caffe
class Guest(caffe.Layer):
    def setup(self, bottom, top): pass
    def reshape(self, bottom, top):
        for one in top:
            one.reshape(*(bottom[0].shape if bottom else (2, 5)))
    def forward(self, bottom, top): pass
    def backward(self, top, propagate_down, bottom): pass
""")
    guest = 'python_param { module: "export_guest" layer: "Guest" }'
    text = (layer("Python", "source", [], ["x"], guest) + ip("one", "x")
            + layer("Python", "between", ["one"], ["between"], guest) + ip("two", "between")
            + layer("Python", "l", ["two"], ["l"], "loss_weight: 1 " + guest))
    whole = net(text)

    assert ends(deploy(whole)) == (["x"], ["two"])
    with pytest.raises(InputError, match=r"`between` \(type Python, net.prototxt:3\).*Python"):
        to_onnx(whole)
    assert len(to_onnx(whole, blobs=["one"]).graph.output) == 1


@pytest.mark.parametrize("kind", ["Doubled", "Permute"])
def test_layers_of_plugins_are_refused_until_something_writes_them(monkeypatch, kind):
    """Also where a fork's layer, whose form is here, yields to a plug-in's of its name."""
    from cae_caffe.export.onnx import registry as writers

    class Doubled(AutogradLayer):
        def compute(self, bottoms):
            return [bottoms[0] * 2]

    monkeypatch.setattr(registry, "_TYPES", {name: each for name, each in registry._TYPES.items() if name != kind})
    monkeypatch.setattr(layer_types, "LAYER_TYPES", layer_types.LAYER_TYPES.copy())
    monkeypatch.setattr(writers._registry, "_others", {})
    registry.register(kind)(Doubled)
    whole = net(PAIR + layer(kind, "d", ["x"], ["d"]))
    with pytest.raises(InputError, match=r"`d` .*Doubled of another package comes without a form"):
        to_onnx(whole)
    writers.exports(kind)(lambda w: w.times(w.bottoms[0], 2))
    assert [node.op_type for node in to_onnx(whole).graph.node] == ["Mul"]
