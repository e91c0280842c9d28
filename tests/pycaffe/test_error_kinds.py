"""Wrong calls raise what a script written for real pycaffe catches, and say in a sentence what is wrong."""

from __future__ import annotations

import builtins
import copy

import pytest
import two_engines

from cae_caffe import pycaffe
from cae_caffe.errors import InputError

NET = """
layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 dim: 4 dim: 4 } } }
layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" inner_product_param { num_output: 2 } }
"""
CALLS = {
    "forward from no layer": "net.forward(start='none')",
    "forward to no layer": "net.forward(end='none')",
    "backward from no layer": "net.backward(start='none')",
    "forward asking for no blob": "net.forward(blobs=['none'])",
    "backward asking for no blob": "net.backward(diffs=['none'])",
    "forward of another input": "net.forward(z=np.zeros((2, 3, 4, 4)))",
    "forward of another batch": "net.forward(x=np.zeros((3, 3, 4, 4)))",
    "backward of another output": "net.backward(z=np.zeros((2, 2)))",
    "forward_all asking for no blob": "net.forward_all(blobs=['none'], x=np.zeros((2, 3, 4, 4)))",
    "arrays for another layer": "net.set_input_arrays(np.zeros((2, 3, 4, 4)), np.zeros(2))",
    "no such blob": "net.blobs['none']",
    "no parameters of a layer without": "net.params['in']",
    "no such layer": "net.layer_dict['none']",
    "a missing net": "caffe.Net('none.prototxt', caffe.TEST)",
    "missing weights": "caffe.Net('net.prototxt', caffe.TEST, weights='none')",
    "missing weights, the old form": "caffe.Net('net.prototxt', 'none', caffe.TEST)",
    "a mean of other channels": "transformer.set_mean('x', np.zeros(2))",
    "a mean of four axes": "transformer.set_mean('x', np.zeros((1, 3, 4, 4)))",
    "another input's mean": "transformer.set_mean('z', np.zeros(3))",
    "another input's scale": "transformer.preprocess('z', np.zeros((4, 4, 3)))",
    "a transpose of other axes": "transformer.set_transpose('x', (1, 0))",
    "a swap of other channels": "transformer.set_channel_swap('x', (1, 0))",
    "a datum of two axes": "caffe.io.array_to_datum(np.zeros((2, 2)))",
    "a top that is no top": "caffe.layers.ReLU(3)",
    "a bottom of a net that has it not": "caffe.NetSpec().none",
}


def caught(caffe, calls):
    """The class of exception, by its name, that each call raises."""
    import numpy as np
    net = caffe.Net("net.prototxt", caffe.TEST)
    transformer = caffe.io.Transformer({"x": (2, 3, 4, 4)})
    found = {}
    for name, call in calls.items():
        try:
            eval(call, {"net": net, "caffe": caffe, "np": np, "transformer": transformer})
            found[name] = None
        except Exception as error:
            found[name] = type(error).__name__
    return found


@pytest.fixture(scope="module")
def real_kinds(real_caffe, tmp_path_factory):
    folder = tmp_path_factory.mktemp("kinds")
    (folder / "net.prototxt").write_text(NET, encoding="utf-8")
    return two_engines.on_real(real_caffe, caught, folder, calls=CALLS)


@pytest.mark.parametrize("name", CALLS)
def test_a_wrong_call_raises_what_real_pycaffe_raises(name, real_kinds, tmp_path):
    (tmp_path / "net.prototxt").write_text(NET, encoding="utf-8")
    raised = []

    def run(caffe):
        import numpy as np
        names = {"caffe": caffe, "np": np, "net": caffe.Net("net.prototxt", caffe.TEST),
                 "transformer": caffe.io.Transformer({"x": (2, 3, 4, 4)})}
        with pytest.raises(InputError) as info:
            eval(CALLS[name], names)
        raised.append(info.value)
    two_engines.on_embedded(run, tmp_path)
    assert isinstance(raised[0], getattr(builtins, real_kinds[name]))
    assert not str(raised[0]).startswith(("'", '"')) and len(str(raised[0]).split()) > 3


def test_forward_all_without_arrays_says_so(tmp_path):
    (tmp_path / "net.prototxt").write_text(NET, encoding="utf-8")

    def run(caffe):
        with pytest.raises(InputError, match="No array is given for the x of the net ``; give one for each input"):
            caffe.Net("net.prototxt", caffe.TEST).forward_all()
    two_engines.on_embedded(run, tmp_path)


def test_the_old_constructor_is_warned_of(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("cae_caffe.engine.log._minimum", 1)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.prototxt").write_text(NET, encoding="utf-8")
    pycaffe.Net("net.prototxt", pycaffe.TEST).save("w.caffemodel")
    capsys.readouterr()
    pycaffe.Net("net.prototxt", "w.caffemodel", pycaffe.TEST)
    lines = [line.split("] ", 1)[1] for line in capsys.readouterr().err.splitlines()]
    assert lines == ["DEPRECATION WARNING - deprecated use of Python interface",
                     'Use this instead (with the named "weights" parameter):',
                     "Net('net.prototxt', 1, weights='w.caffemodel')"]


def test_a_missing_name_is_told_with_those_that_are_there(tmp_path):
    (tmp_path / "net.prototxt").write_text(NET, encoding="utf-8")

    def run(caffe):
        net = caffe.Net("net.prototxt", caffe.TEST)
        for mapping, name, message in (
                (net.blobs, "yy", "The net `` has no blob `yy`; it has x, y."),
                (net.params, "in", "The net `` has no layer with parameters `in`; it has ip."),
                (net.layer_dict, "IP", "The net `` has no layer `IP` (did you mean `ip`?); it has in, ip.")):
            with pytest.raises(KeyError) as info:
                mapping[name]
            assert str(info.value) == message
            assert mapping.get(name) is None and name not in mapping and list(copy.copy(mapping)) == list(mapping)
    two_engines.on_embedded(run, tmp_path)


def test_phases_are_two(tmp_path):
    (tmp_path / "net.prototxt").write_text(NET, encoding="utf-8")

    def run(caffe):
        assert caffe.Net("net.prototxt", True).blobs.keys() == caffe.Net("net.prototxt", caffe.TEST).blobs.keys()
        with pytest.raises(InputError, match=r"The phase of a net is caffe\.TRAIN, 0, or caffe\.TEST, 1; 5 is given"):
            caffe.Net("net.prototxt", 5)
    two_engines.on_embedded(run, tmp_path)


def test_names_of_2014_are_told_with_todays(tmp_path):
    (tmp_path / "net.prototxt").write_text(NET, encoding="utf-8")

    def run(caffe):
        net = caffe.Net("net.prototxt", caffe.TEST)
        with pytest.raises(AttributeError, match=r"^'Net' object has no `set_phase_test` since Caffe 1\.0: the phase "
                                                 r"is given when a net is made, caffe\.Net\(net, .*\)\.$"):
            net.set_phase_test()
        with pytest.raises(InputError, match=r"module '.*' has no `set_phase_test` since Caffe 1\.0"):
            caffe.set_phase_test()
        with pytest.raises(AttributeError, match=r"^'Net' object has no attribute 'wieghts'$"):
            _ = net.wieghts
        assert not hasattr(net, "set_mean") and not hasattr(caffe, "other")
    two_engines.on_embedded(run, tmp_path)
