"""Python: layers that users write, driven as real Caffe drives them."""

from __future__ import annotations

import copy
import sys

import numpy as np
import pytest
import two_engines

from cae_caffe import InputError, pycaffe, schema
from cae_caffe.engine import captured, log
from cae_caffe.engine.layers import python_layer
from cae_caffe.engine.net import Net

# What the nets below are made of. `events` tells which methods ran.
MODULE = '''
import caffe
import numpy as np

events = []


def listed(blobs):
    """Real Caffe's lists of blobs can be indexed, but not run through."""
    return [blobs[i] for i in range(len(blobs))]


class Recorded(caffe.Layer):
    def setup(self, bottom, top):
        events.append(("setup", self.phase, self.param_str, len(bottom), len(top), len(self.blobs), self.type))

    def reshape(self, bottom, top):
        events.append(("reshape", [tuple(blob.shape) for blob in listed(bottom)]))
        for above, below in zip(listed(top), listed(bottom)):
            above.reshape(*below.shape)


class Times(Recorded):
    """y = param_str * x"""
    def __init__(self, given, *rest):
        super(Times, self).__init__(given, *rest)
        self.made = True

    def setup(self, bottom, top):
        Recorded.setup(self, bottom, top)
        self.factor = float(self.param_str) if self.made else None

    def forward(self, bottom, top):
        for above, below in zip(listed(top), listed(bottom)):
            above.data[...] = self.factor * below.data

    def backward(self, top, propagate_down, bottom):
        events.append(("backward", list(propagate_down)))
        for above, below, wanted in zip(listed(top), listed(bottom), propagate_down):
            if wanted:
                below.diff[...] = self.factor * above.diff


class Distance(Recorded):
    """Half the mean squared distance."""
    def reshape(self, bottom, top):
        events.append(("reshape",))
        self.difference = np.zeros(bottom[0].data.shape, np.float32)
        top[0].reshape(1)

    def forward(self, bottom, top):
        self.difference[...] = bottom[0].data - bottom[1].data
        top[0].data[...] = np.sum(self.difference ** 2) / bottom[0].num / 2.

    def backward(self, top, propagate_down, bottom):
        for i, sign in enumerate((1, -1)):
            if propagate_down[i]:
                bottom[i].diff[...] = top[0].diff * sign * self.difference / bottom[i].num


class Shift(Recorded):
    """y = x + b"""
    def setup(self, bottom, top):
        Recorded.setup(self, bottom, top)
        if not len(self.blobs):
            self.blobs.add_blob(*bottom[0].shape[1:])
            self.blobs[0].data[...] = 0.25

    def forward(self, bottom, top):
        top[0].data[...] = bottom[0].data + self.blobs[0].data

    def backward(self, top, propagate_down, bottom):
        self.blobs[0].diff[...] += top[0].diff.sum(axis=0)
        if propagate_down[0]:
            bottom[0].diff[...] = top[0].diff


class Counted(Recorded):
    """Feeds batches of other sizes, made in reshape, as many users' data layers do."""
    def setup(self, bottom, top):
        Recorded.setup(self, bottom, top)
        self.count = 0

    def reshape(self, bottom, top):
        events.append(("reshape",))
        self.count += 1
        top[0].reshape(self.count, 3)

    def forward(self, bottom, top):
        top[0].data[...] = self.count

    def backward(self, top, propagate_down, bottom):
        events.append(("backward of a source",))


class Bare(caffe.Layer):
    def setup(self, bottom, top):
        pass

    def reshape(self, bottom, top):
        top[0].reshape(1)

    def forward(self, bottom, top):
        raise ZeroDivisionError("of the user's own")


class Stranger(object):
    def __init__(self, given):
        pass
'''


def python(name, layer, bottom="", top="", param="", more=""):
    wires = " ".join([f'bottom: "{b}"' for b in bottom.split()] + [f'top: "{t}"' for t in top.split()])
    return (f'layer {{ name: "{name}" type: "Python" {wires} {more} python_param {{ module: "users_layers" '
            f'layer: "{layer}" param_str: "{param}" }} }}\n')


INPUT = 'layer { name: "in" type: "Input" top: "x" top: "z" input_param { shape { dim: 4 dim: 3 } } }\n'
IP = """layer { name: "ip" type: "InnerProduct" bottom: "%s" top: "ip"
    inner_product_param { num_output: 3 weight_filler { type: "xavier" } } }\n"""
NETS = {
    "times": INPUT + python("a", "Times", "x z", "a b", "2.5") + python("c", "Times", "a", "c", "-1"),
    "in place": INPUT + IP % "x" + python("a", "Times", "ip", "ip", "3"),
    "a loss": INPUT + IP % "x" + python("loss", "Distance", "ip z", "loss", more="loss_weight: 0.5"),
    "propagate_down": INPUT + python("loss", "Distance", "x z", "loss",
                                     more="loss_weight: 2 propagate_down: true propagate_down: false"),
    "parameters": INPUT + python("shift", "Shift", "x", "y", more="param { lr_mult: 2 }"),
    "parameters in the definition": INPUT + python(
        "shift", "Shift", "x", "y", more="blobs { shape { dim: 3 } data: 1 data: 2 data: 3 }"),
    "shared parameters": INPUT + python("a", "Shift", "x", "a", more='param { name: "b" }')
    + python("b", "Shift", "a", "b", more='param { name: "b" }'),
    "changing batches": python("data", "Counted", "", "x") + IP % "x",
    "no top": INPUT + python("a", "Times", "x", "", "1"),
}


def trace(caffe, phase):
    """All that a net of users' layers does in two passes there and back."""
    import os
    import sys
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    sys.modules.pop("users_layers", None)
    caffe.set_random_seed(5)
    net = caffe.Net("net.prototxt", getattr(caffe, phase))
    found = [list(net.blobs), list(net.params), [layer.type for layer in net.layers]]
    for i in range(2):
        for number, name in enumerate(net.inputs):
            array = net.blobs[name].data
            array[...] = np.random.RandomState(10 * i + number).uniform(-1, 1, array.shape)
        net.forward()
        net.clear_param_diffs()
        for name in net.outputs:
            if not net.blob_loss_weights[name]:
                net.blobs[name].diff[...] = 0.5
        net.backward()
        found += [blob.data.copy() for blob in net.blobs.values()] + [blob.diff.copy() for blob in net.blobs.values()]
        found += [half.copy() for blobs in net.params.values() for blob in blobs for half in (blob.data, blob.diff)]
    net.reshape()
    return found + [sys.modules["users_layers"].events]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """With the module of the users' layers; what is imported from there and as `caffe` is forgotten after the test."""
    (tmp_path / "users_layers.py").write_text(MODULE)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(log, "_minimum", log.LEVELS["ERROR"])
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.split(".")[0] in ("caffe", "users_layers"):
            del sys.modules[name]


@pytest.fixture
def build(folder, monkeypatch):
    """Builds a net of these layers, as pycaffe shows it."""
    def build(text, phase=pycaffe.TRAIN):
        (folder / "net.prototxt").write_text(text)
        monkeypatch.syspath_prepend(str(folder))
        return pycaffe.Net(str(folder / "net.prototxt"), phase)
    return build


@pytest.mark.parametrize("phase", ["TRAIN", "TEST"])
@pytest.mark.parametrize("net", NETS)
def test_users_layers_do_what_they_do_in_real_caffe(real_caffe, folder, net, phase):
    (folder / "net.prototxt").write_text("force_backward: true\n" * (net != "propagate_down") + NETS[net])
    real, ours = two_engines.on_both(real_caffe, trace, folder, phase=phase)
    assert len(ours) == len(real)
    for theirs, mine in zip(real, ours):
        if isinstance(theirs, np.ndarray):
            np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-6)      # sums of numpy's and of BLAS
        else:
            assert mine == theirs


def test_caffe_means_this_engine_in_users_modules(build):
    net = build(NETS["times"])
    assert sys.modules["caffe"] is pycaffe
    assert issubclass(sys.modules["users_layers"].Times, pycaffe.Layer)
    assert type(net.layer_dict["a"]) is sys.modules["users_layers"].Times


def test_a_user_reaches_the_layers_own_attributes(build):
    net = build(NETS["times"])
    net.layers[list(net._layer_names).index("a")].factor = 7
    net.blobs["x"].data[...] = 1
    net.forward()
    assert (net.blobs["a"].data == 7).all()


def test_parameters_are_trained_and_saved(build, folder):
    build(NETS["parameters"])
    text = (INPUT + python("shift", "Shift", "x", "y")
            + 'layer { name: "l" type: "EuclideanLoss" bottom: "y" bottom: "z" top: "l" }')
    (folder / "net.prototxt").write_text(text)
    (folder / "solver.prototxt").write_text(f'net: "{folder}/net.prototxt" base_lr: 1 lr_policy: "fixed" max_iter: 1')
    solver = pycaffe.get_solver(str(folder / "solver.prototxt"))
    solver.net.blobs["z"].data[...] = 2
    solver.step(1)
    np.testing.assert_allclose(solver.net.params["shift"][0].data, 0.25 - (0.25 - 2))
    solver.net.save(str(folder / "weights.caffemodel"))
    other = build(NETS["parameters"])
    other.copy_from(str(folder / "weights.caffemodel"))
    np.testing.assert_array_equal(other.params["shift"][0].data, solver.net.params["shift"][0].data)


def test_what_a_users_method_raises_arrives(build):
    net = build(python("bare", "Bare", "", "y"))
    with pytest.raises(ZeroDivisionError, match="of the user's own"):
        net.forward()


def test_a_missing_backward_is_an_attribute_error(build):
    net = build("force_backward: true " + INPUT + python("bare", "Bare", "x", "y"))
    with pytest.raises(AttributeError, match="'Bare' object has no attribute 'backward'"):
        net.backward()


@pytest.mark.parametrize("text, message", [
    (python("p", "Times", "x", "y").replace("users_layers", "no_such_module"),
     r"layer `p` \(type Python, .*:2\): its module `no_such_module` is not found; put the folder of no_such_module.py"),
    (python("p", "Tmies", "x", "y"), r"layer `p` .*: its `layer` Tmies is no class of the module `users_layers`"),
    (python("p", "Stranger", "x", "y"), "its `layer` Stranger is no class .* that derives from caffe.Layer"),
    (python("p", "events", "x", "y"), "its `layer` events is no class"),
    (python("p", "Recorded", "x", "y").replace("Recorded", "np"), "its `layer` np is no class"),
])
def test_refusals(build, text, message):
    with pytest.raises(InputError, match=message):
        build(INPUT + text)


def test_an_import_that_fails_within_the_users_module_arrives(build, folder):
    (folder / "broken_layers.py").write_text("import a_module_that_is_not_there\n")
    with pytest.raises(ModuleNotFoundError, match="a_module_that_is_not_there"):
        build(INPUT + python("p", "Times", "x", "y").replace("users_layers", "broken_layers"))
    sys.modules.pop("broken_layers", None)


def test_another_caffe_in_the_process_is_refused(build, monkeypatch):
    monkeypatch.setitem(sys.modules, "caffe", copy)         # any module that is not this engine
    with pytest.raises(InputError, match="this process has imported another `caffe` already"):
        build(NETS["times"])


def test_without_pycaffe_the_remedy_is_named(folder, monkeypatch):
    monkeypatch.setattr(python_layer, "_surface", None)
    with pytest.raises(InputError, match=r"layer `a` .* `import cae_caffe\.pycaffe` first"):
        Net(schema.parse_net(NETS["times"]))


def test_nets_with_users_layers_are_not_recorded(build):
    engine = build(NETS["times"])._engine
    assert any(not layer.is_capturable() for layer in engine.layers) and not captured.is_capturable(engine)
