"""pycaffe's Net: each call returns and leaves behind what real pycaffe's does."""

from __future__ import annotations

import numpy as np
import pytest
import two_engines

from cae_caffe import pycaffe
from cae_caffe.engine import log
from cae_caffe.errors import InputError

NET = """
name: "surface"
force_backward: true
layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 4 dim: 2 dim: 3 dim: 3 } } }
layer { name: "conv" type: "Convolution" bottom: "x" top: "conv" convolution_param { num_output: 3 kernel_size: 2
  weight_filler { type: "xavier" } bias_filler { type: "uniform" min: -1 max: 1 } } }
layer { name: "bend" type: "TanH" bottom: "conv" top: "conv" }
layer { name: "ip" type: "InnerProduct" bottom: "conv" top: "ip" inner_product_param { num_output: 5
  weight_filler { type: "xavier" } bias_filler { type: "uniform" min: -1 max: 1 } } }
layer { name: "sig" type: "Sigmoid" bottom: "ip" top: "sig" }
layer { name: "two" type: "InnerProduct" bottom: "ip" top: "two" inner_product_param { num_output: 2
  weight_filler { type: "xavier" } } include { stage: "two" } }
layer { name: "high" type: "TanH" bottom: "sig" top: "high" include { min_level: 1 } }
"""


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "net.prototxt"
    path.write_text(NET, encoding="utf-8")
    return path


@pytest.fixture
def net(path, monkeypatch):
    monkeypatch.setattr(log, "_minimum", log.LEVELS["ERROR"])
    return pycaffe.Net(str(path), pycaffe.TEST)


def images(rows, seed=0):
    return np.random.RandomState(seed).uniform(-1, 1, (rows, 2, 3, 3)).astype(np.float32)


def seeded(caffe, **options):
    """A net with real Caffe's weights of seed 2 and images in its input."""
    caffe.set_random_seed(2)
    net = caffe.Net("net.prototxt", caffe.TEST, **options)
    net.blobs["x"].data[...] = images(4)
    return net


def assert_same(ours, real):
    """Two nests of dicts, lists, arrays and plain values agree; arrays within float32 rounding of short sums."""
    if isinstance(real, dict):
        assert sorted(ours) == sorted(real)
        for key in real:
            assert_same(ours[key], real[key])
    elif isinstance(real, (list, tuple)):
        assert len(ours) == len(real)
        for a, b in zip(ours, real):
            assert_same(a, b)
    elif isinstance(real, np.ndarray):
        assert ours.shape == real.shape and ours.dtype == real.dtype
        np.testing.assert_allclose(ours, real, rtol=1e-5, atol=2e-6)
    else:
        assert ours == real


@pytest.fixture
def compare(real_caffe, path):
    """Run a probe on both engines, and hold one result against the other; returns real Caffe's."""
    def compare(probe, **kwargs):
        uses = [images, seeded]
        real, embedded = two_engines.on_both(real_caffe, probe, path.parent, uses=uses, **kwargs)
        assert_same(embedded, real)
        return real
    return compare


# ---- what a net shows

def show(caffe, options):
    net = seeded(caffe, **options)
    return {
        "blobs": [(name, tuple(blob.shape), blob.count, blob.num, blob.channels) for name, blob in net.blobs.items()],
        "sides": [(blob.height, blob.width) for blob in net.blobs.values()],
        "params": [(name, [(tuple(b.shape), b.data.copy(), b.diff.copy()) for b in blobs])
                   for name, blobs in net.params.items()],
        "inputs": list(net.inputs), "outputs": list(net.outputs),
        "layers": [(name, layer.type, len(layer.blobs)) for name, layer in net.layer_dict.items()],
        "list": [layer.type for layer in net.layers],
        "tops": [(name, list(tops)) for name, tops in net.top_names.items()],
        "bottoms": [(name, list(bottoms)) for name, bottoms in net.bottom_names.items()],
        "weights": [(name, float(weight)) for name, weight in net.blob_loss_weights.items()],
        "ids": [list(net._inputs), list(net._outputs), list(net._blob_names), list(net._layer_names)],
        "dtypes": [str(blob.data.dtype) for blob in net.blobs.values()],
    }


@pytest.mark.parametrize("options", [{}, {"stages": ["two"]}, {"level": 1}, {"level": 3, "stages": ["two", "other"]}],
                         ids=str)
def test_a_net_shows_its_parts(options, compare):
    shown = compare(show, options=options)
    assert shown["inputs"] == ["x"]
    assert len(shown["list"]) == 5 + bool(options.get("level")) + 2 * bool(options.get("stages"))


# ---- forward and backward

def forward(caffe, steps):
    """Forward calls one after the other; what each returns, and all blobs in the end."""
    net = seeded(caffe)
    found = []
    for arguments in steps:
        if arguments.get("x") is not None:
            arguments["x"] = images(4, arguments["x"])
        found.append({name: data.copy() for name, data in net.forward(**arguments).items()})
    return found, {name: blob.data.copy() for name, blob in net.blobs.items()}


@pytest.mark.parametrize("steps", [
    [{}], [{"blobs": ["conv", "ip"]}], [{"x": 3}], [{"x": 3, "blobs": ["x"]}], [{"end": "ip"}], [{"end": "conv"}],
    [{"end": "bend"}, {"start": "bend"}], [{"end": "conv"}, {"start": "bend", "end": "ip", "blobs": ["conv"]}],
    [{}, {"start": "ip"}, {"start": "sig", "end": "sig"}], [{"start": "sig"}], [{}, {"x": 5, "end": "ip"}]], ids=str)
def test_forward_runs_the_layers_asked_for(steps, compare):
    compare(forward, steps=steps)


def backward(caffe, steps):
    """Forward, then backward calls one after the other; what each returns, and all gradients in the end."""
    net = seeded(caffe)
    net.forward()
    net.blobs["sig"].diff[...] = np.arange(20).reshape(4, 5) / 20
    found = []
    for arguments in steps:
        if "sig" in arguments:
            arguments["sig"] = np.full((4, 5), arguments["sig"])
        found.append({name: diff.copy() for name, diff in net.backward(**arguments).items()})
    return (found, {name: blob.diff.copy() for name, blob in net.blobs.items()},
            {name: [blob.diff.copy() for blob in blobs] for name, blobs in net.params.items()})


@pytest.mark.parametrize("steps", [
    [{}], [{}, {}], [{"sig": 0.5}], [{"diffs": ["conv", "ip"]}], [{"sig": 0.25, "diffs": ["sig"]}], [{"end": "ip"}],
    [{"end": "sig"}, {"start": "ip"}], [{"end": "sig"}, {"start": "ip", "end": "bend"}, {"start": "conv"}],
    [{"start": "conv"}], [{"end": "bend", "diffs": ["sig"]}]], ids=str)
def test_backward_runs_the_layers_asked_for(steps, compare):
    compare(backward, steps=steps)


def gradients_add_up(caffe):
    net = seeded(caffe)
    found = []
    for _ in range(2):
        net.forward()
        net.backward(sig=np.ones((4, 5)))
        found.append([blob.diff.copy() for blob in net.params["ip"]])
    net.clear_param_diffs()
    found.append([blob.diff.copy() for blob in net.params["ip"]])
    net.backward(sig=np.ones((4, 5)))
    return found + [[blob.diff.copy() for blob in net.params["ip"]]]


def test_gradients_add_up_until_they_are_cleared(compare):
    once, twice, cleared, again = compare(gradients_add_up)
    np.testing.assert_allclose(twice[0], 2 * once[0], rtol=1e-5)
    assert not cleared[0].any() and again[0].any()


def changed_between(caffe):
    """Backward after a user changed a blob: the gradients are of what is there."""
    net = seeded(caffe)
    net.forward()
    net.blobs["conv"].data[...] = 0.5
    net.blobs["sig"].data[...] = 0.25
    net.params["ip"][0].data[...] *= 2
    net.backward(sig=np.ones((4, 5)))
    return ({name: blob.diff.copy() for name, blob in net.blobs.items()},
            {name: [blob.diff.copy() for blob in blobs] for name, blobs in net.params.items()})


def test_backward_depends_on_nothing_but_the_blobs(compare):
    compare(changed_between)


def all_rows(caffe, rows, names):
    net = seeded(caffe)
    found = net.forward_all(blobs=names, x=images(rows))
    return {name: np.asarray(values) for name, values in found.items()}


@pytest.mark.parametrize("names", [None, ["conv"]])
@pytest.mark.parametrize("rows", [4, 8, 9, 3, 1])
def test_forward_all_takes_any_number_of_rows(rows, names, compare):
    found = compare(all_rows, rows=rows, names=names)
    assert len(found["sig"]) == rows


def there_and_back(caffe, rows, names, diffs):
    net = seeded(caffe)
    found = net.forward_backward_all(blobs=names, diffs=diffs, x=images(rows), sig=np.ones((rows, 5), np.float32))
    return [{name: np.asarray(values) for name, values in half.items()} for half in found]


@pytest.mark.parametrize("names, diffs", [(None, None), (["ip"], ["conv"])])
@pytest.mark.parametrize("rows", [4, 10, 2])
def test_forward_backward_all_returns_data_and_diffs_of_all_rows(rows, names, diffs, compare):
    data, gradients = compare(there_and_back, rows=rows, names=names, diffs=diffs)
    assert len(data["sig"]) == len(gradients["x"]) == rows


# ---- shapes, weights, callbacks

def reshaped(caffe, shapes):
    net = seeded(caffe)
    found = []
    for rows, how in shapes:
        net.blobs["x"].reshape(rows, 2, 3, 3)
        if how == "reshape":
            net.reshape()
            found.append({name: tuple(blob.shape) for name, blob in net.blobs.items()})
        net.blobs["x"].data[...] = images(rows, rows)
        net.forward()
        found.append({name: blob.data.copy() for name, blob in net.blobs.items()})
        net.backward(sig=np.ones((rows, 5)))
        found.append(net.blobs["x"].diff.copy())
    return found


def test_the_input_takes_other_batches(compare):
    compare(reshaped, shapes=[(7, "reshape"), (2, "reshape"), (9, "forward"), (4, "forward"), (1, "reshape")])


def test_a_batch_that_a_layer_cannot_have_is_refused_by_the_layers_name(tmp_path):
    path = tmp_path / "net.prototxt"
    path.write_text('layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 4 dim: 3 } } }\n'
                    'layer { name: "r" type: "BatchReduction" bottom: "x" top: "r" '
                    'batch_reduction_param { level: 2 reduction_param { axis: 0 } } }\n')
    net = pycaffe.Net(str(path), pycaffe.TEST)
    net.blobs["x"].reshape(2, 3)

    with pytest.raises(InputError, match=r"layer `r` .*net.prototxt:2\): its `level`s"):
        net.reshape()


def called(caffe):
    net = seeded(caffe)
    calls = []
    for name in ("before_forward", "after_forward", "before_backward", "after_backward"):
        getattr(net, name)(lambda layer, name=name: calls.append((name, layer, float(net.blobs["sig"].data.sum() > 0))))
    net.forward()
    net.backward(sig=np.ones((4, 5)))
    net.forward(start="ip", end="sig")
    net.backward(start="ip", end="bend")
    return calls


def test_callbacks_are_told_each_layer_before_and_after(compare):
    calls = compare(called)
    assert len(calls) == 2 * (5 + 5 + 2 + 2)
    assert calls[:2] == [("before_forward", 0, 0.0), ("after_forward", 0, 0.0)]


def written(caffe):
    net = seeded(caffe)
    net.params["ip"][1].data[...] = np.arange(5)
    net.save("w.caffemodel")
    net.params["ip"][1].data[...] = 0
    net.copy_from("w.caffemodel")
    named = caffe.Net("net.prototxt", caffe.TEST, weights="w.caffemodel")
    old = caffe.Net("net.prototxt", "w.caffemodel", caffe.TEST)
    keywords = caffe.Net(network_file="net.prototxt", phase=caffe.TEST, weights="w.caffemodel", stages=["two"])
    return [[blob.data.copy() for blob in each.params["ip"]] for each in (net, named, old, keywords)]


def test_weights_are_saved_and_loaded_by_each_constructor(compare):
    found = compare(written)
    assert all(biases.tolist() == [0, 1, 2, 3, 4] for _, biases in found)


def shared(caffe):
    net, other = seeded(caffe), caffe.Net("net.prototxt", caffe.TEST, stages=["two"])
    other.share_with(net)
    net.params["ip"][0].data[...] = 0.25
    other.blobs["x"].data[...] = images(4)
    other.forward()
    return other.blobs["sig"].data.copy(), other.params["ip"][0].data.copy()


def test_shared_parameters_change_together(compare):
    compare(shared)


# ---- views, errors: without real Caffe

def test_arrays_are_views_of_the_nets_own_values(net):
    data = net.blobs["x"].data
    data[...] = 7
    assert (net.blobs["x"].data == 7).all() and (net._engine.blobs[0].data == 7).all()
    kept = net.forward()["sig"]
    net.blobs["sig"].data[...] = 5
    assert (kept == 5).all()


def test_layers_are_the_same_objects_by_name_and_number(net):
    assert net.layer_dict["ip"] is net.layers[3]
    assert net.params["ip"][0].data.shape == net.layers[3].blobs[0].data.shape == (5, 12)


@pytest.mark.parametrize("call, message", [
    (lambda net: net.forward(start="none"), "The net `surface` has no layer `none`; it has in, conv, bend, ip, sig"),
    (lambda net: net.backward(end="none"), "has no layer `none`"),
    (lambda net: net.forward(y=images(4)), "The inputs of the net `surface` are x, and arrays are given for y"),
    (lambda net: net.backward(x=images(4)), "The outputs of the net `surface` are sig, and arrays are given for x"),
    (lambda net: net.forward(x=images(3)), r"array for `x` has shape \(3, 2, 3, 3\), and the net's batch is 4"),
    (lambda net: net.copy_from("none.caffemodel"), "none.caffemodel: there is no such file"),
    (lambda net: net.blobs["x"].reshape(*[1] * 33), "at most 32 axes"),
    (lambda net: net.blobs["x"].reshape(-1, 4), "axes of no negative length"),
])
def test_wrong_calls_are_told_in_a_sentence(call, message, net):
    with pytest.raises(InputError, match=message):
        call(net)


def test_files_that_cannot_be_read_are_told(path, monkeypatch):
    monkeypatch.setattr(log, "_minimum", log.LEVELS["ERROR"])
    with pytest.raises(InputError, match=r"none\.prototxt: there is no such file"):
        pycaffe.Net("none.prototxt", pycaffe.TEST)
    with pytest.raises(RuntimeError, match=r"none\.caffemodel: there is no such file"):
        pycaffe.Net(str(path), pycaffe.TEST, weights="none.caffemodel")
    path.write_text("layer { name: 'x'\n  tpye: 'Input' }", encoding="utf-8")
    with pytest.raises(InputError, match=r"net.prototxt:2:3: .*tpye"):
        pycaffe.Net(str(path), pycaffe.TEST)


def test_old_blob_lengths_are_of_four_axes_only(net):
    net.blobs["x"].reshape(2, 3)
    blob = net.blobs["x"]
    assert (blob.num, blob.channels, blob.height, blob.width) == (2, 3, 1, 1)
    blob.reshape(1, 1, 1, 1, 2)
    with pytest.raises(RuntimeError, match="num, channels, height and width are of blobs with at most 4 axes"):
        _ = blob.num
