"""Nets that cannot be built: refused in one sentence that says where, all unsupported parts at once."""

from __future__ import annotations

import pytest
import two_engines

from cae_caffe.engine.layer import Layer
from cae_caffe.engine.layers import registry
from cae_caffe.errors import InputError

INPUT = 'layer { name: "in" type: "Input" top: "x" top: "y" input_param { shape { dim: 2 dim: 5 } } }\n'
IP = "inner_product_param { num_output: 5 }"


def ip(name, bottom, top=None, more="", fields=IP):
    return (f'layer {{ name: "{name}" type: "InnerProduct" bottom: "{bottom}" top: "{top or name}" {more} '
            f'{fields} }}\n')


ONE = INPUT + ip("one", "x")
LOSS = 'layer { name: "l" type: "EuclideanLoss" bottom: "one" bottom: "y" top: "l" %s }\n'
# What is wrong, and what the message says of it behind the layer and its place.
REFUSED = {
    "unknown bottom": (ONE + ip("two", "oen"),
                       r"layer `two` \(type InnerProduct, .*:3\): its bottom `oen` \(number 0\)"),
    "bottom of another phase": (INPUT + ip("one", "x", more="include { phase: TEST }") + ip("two", "one"),
                                r"layer `two` .*:3\): its bottom `one` .* in this phase, level and stage"),
    "bottom before its layer": (INPUT + ip("one", "two") + ip("two", "x"), r"layer `one` .*:2\): its bottom `two`"),
    "a top twice": (ONE + ip("two", "x", "one"), r"layer `two` .*:3\): its top `one` is already the top of layer `"),
    "in place on a blob that another layer reads": (
        ONE + ip("two", "one") + 'layer { name: "r" type: "ReLU" bottom: "one" top: "one" }',
        r"layer `r` .*:4\): its top `one` is already"),
    "too few bottoms": (ONE + 'layer { name: "l" type: "EuclideanLoss" bottom: "one" }',
                        r"layer `l` .*:3\): it has 1 bottom blob\(s\) and takes 2 to 3"),
    "too many bottoms": (INPUT + 'layer { name: "l" type: "Sigmoid" bottom: "x" bottom: "y" top: "l" }',
                         r"layer `l` .*:2\): it has 2 bottom blob\(s\) and takes exactly 1"),
    "too many tops": (INPUT + 'layer { name: "l" type: "Sigmoid" bottom: "x" top: "l" top: "m" }',
                      r"layer `l` .*: it has 2 top blob\(s\) and takes exactly 1"),
    "no top": (INPUT + 'layer { name: "l" type: "Sigmoid" bottom: "x" }',
               r"layer `l` .*: it has 0 top blob\(s\) and takes exactly 1"),
    "propagate_down too often": (ONE + ip("two", "one", more="propagate_down: true propagate_down: true"),
                                 r"layer `two` .*:3\): it gives `propagate_down` 2 times for 1 bottoms"),
    "loss_weight too often": (ONE + LOSS % "loss_weight: 1 loss_weight: 2",
                              r"layer `l` .*:3\): it has 2 `loss_weight` values for 1 top"),
    "too many params": (ONE + ip("two", "one", more="param { } param { } param { }"),
                        r"layer `two` .*:3\): it has 3 `param` blocks for 2 parameter blobs"),
    "include and exclude": (INPUT + ip("one", "x", more="include { phase: TRAIN } exclude { phase: TEST }"),
                            r"net\.prototxt: Layer `one` has both `include` and `exclude`"),
    "shared of another shape": (
        INPUT + ip("one", "x", more='param { name: "w" }')
        + ip("two", "one", more='param { name: "w" }', fields="inner_product_param { num_output: 4 }"),
        (r"layer `two` .*:3\): it shares the param `w` of layer `one`, which has shape 5 5 \(25\), but needs "
         r"4 5 \(20\)")),
    "shared permissively of another count": (
        INPUT + ip("one", "x", more='param { name: "w" }')
        + ip("two", "one", more='param { name: "w" share_mode: PERMISSIVE }',
             fields="inner_product_param { num_output: 4 }"),
        r"layer `two` .*:3\): it shares the param `w` .* counts in brackets must agree"),
    "shared with another lr_mult": (
        INPUT + ip("one", "x", more='param { name: "w" lr_mult: 2 }')
        + ip("two", "one", more='param { name: "w" lr_mult: 3 }'),
        r"layer `two` .*:3\): it gives lr_mult 3 for the param `w` that it shares with layer `one`, where it is 2"),
    "shared with another decay_mult": (
        INPUT + ip("one", "x", more='param { name: "w" decay_mult: 2 }')
        + ip("two", "one", more='param { name: "w" decay_mult: 0 }'),
        r"layer `two` .*:3\): it gives decay_mult 0 for the param `w`"),
    "shape of other counts": (
        INPUT + 'layer { name: "r" type: "Reshape" bottom: "x" top: "r" reshape_param { shape { dim: 3 dim: 3 } } }',
        r"layer `r` \(type Reshape, .*:2\): it turns a blob of shape 2 5 \(10\) into one of shape 3 3 \(9\)"),
    "reshape in place": (
        INPUT + 'layer { name: "r" type: "Reshape" bottom: "x" top: "x" reshape_param { shape { dim: 10 } } }',
        r"layer `r` .*: it runs in place"),
    "batches that differ": (
        ONE + 'layer { name: "z" type: "Input" top: "z" input_param { shape { dim: 3 dim: 5 } } }'
        + LOSS.replace('"y"', '"z"') % "", r"layer `l` .*: its bottoms have shapes 2 5 \(10\) and 3 5 \(15\)"),
    "a transform of HDF5 data": (
        ('layer { name: "d" type: "HDF5Data" top: "data" transform_param { scale: 0.5 } hdf5_data_param '
         '{ source: "none.txt" batch_size: 1 } }'), r"layer `d` .*:1\): it has a `transform_param`"),
    "no list of HDF5 files": (
        'layer { name: "d" type: "HDF5Data" top: "data" hdf5_data_param { source: "none.txt" batch_size: 1 } }',
        r"layer `d` .*:1\): its `source` none.txt, the list of HDF5 files, cannot be read \(No such file"),
    "shapes of an Input": (
        ('layer { name: "i" type: "Input" top: "a" top: "b" top: "c" '
         "input_param { shape { dim: 1 } shape { dim: 2 } } }"),
        r"layer `i` .*: it gives 2 shapes for 3 tops"),
    "blobs of another shape": (
        INPUT + ip("one", "x", more="blobs { shape { dim: 5 dim: 4 } data: [" + "0," * 19 + "0] } "
                   "blobs { shape { dim: 5 } data: [0, 0, 0, 0, 0] }"),
        r"layer `one` .*: number 0 of its `blobs` of shape 5 4 \(20\) is given for one of shape 5 5 \(25\)"),
    "fewer blobs than parameters": (
        INPUT + ip("one", "x", more="blobs { shape { dim: 5 dim: 5 } data: [" + "0," * 24 + "0] }"),
        r"layer `one` .*: it holds 1 `blobs` in its definition and has more parameters"),
    "more blobs than parameters": (
        INPUT + ip("one", "x", more="blobs { shape { dim: 5 dim: 5 } data: [" + "0," * 24 + "0] } "
                   "blobs { shape { dim: 5 } data: [0, 0, 0, 0, 0] } blobs { shape { dim: 1 } data: 1 }"),
        r"layer `one` .*: it holds 3 `blobs` in its definition and has 2 parameters"),
}
# Here real Caffe goes on, with weights of the wrong shape; the embedded engine does not.
CAFFE_GOES_ON = {"blobs of another shape", "fewer blobs than parameters", "more blobs than parameters"}


@pytest.mark.parametrize("case", REFUSED)
def test_a_net_that_cannot_be_built_is_refused_with_its_place(case, build_train_net):
    text, message = REFUSED[case]
    with pytest.raises(InputError, match=message):
        build_train_net(text)


def statuses(caffe, cases):
    """The exit status of a process of its own for each net: not 0 where Caffe refused it."""
    import os
    found = {}
    for name, text in cases.items():
        with open("net.prototxt", "w") as file:
            file.write(text)
        child = os.fork()
        if not child:
            os.close(2)
            status = 1
            try:
                caffe.Net("net.prototxt", caffe.TRAIN)
                status = 0
            finally:
                os._exit(status)
        found[name] = os.waitpid(child, 0)[1]
    return found


def test_real_caffe_refuses_them_too(real_caffe, tmp_path):
    cases = {name: text for name, (text, _) in REFUSED.items()}
    found = two_engines.on_real(real_caffe, statuses, tmp_path, cases={**cases, "all is well": ONE})
    assert {name for name, status in found.items() if status == 0} - {"all is well"} <= CAFFE_GOES_ON
    assert found["all is well"] == 0


@pytest.fixture
def picky(monkeypatch):
    """A layer type of which not every option is carried out."""
    class Picky(Layer):
        type = "Picky"

        @classmethod
        def unsupported(cls, param):
            return ["its `first` is 1, which is not carried out"] * param.has("power_param")

    monkeypatch.setitem(registry._TYPES, "Picky", Picky)


def test_all_that_is_unsupported_is_listed_at_once(build_train_net, picky):
    with pytest.raises(InputError) as error:
        build_train_net(INPUT + 'layer { name: "a" type: "Sigmiod" bottom: "x" top: "a" }\n'
                        'layer { name: "good" type: "Sigmoid" bottom: "x" top: "good" }\n'
                        'layer { name: "b" type: "Picky" bottom: "x" top: "b"\n power_param { power: 2 } }\n'
                        'layer { name: "out" type: "Fictitious" bottom: "x" top: "c" include { phase: TEST } }\n'
                        'layer { name: "d" type: "Fictitious" bottom: "b" top: "d" }\n')
    message = str(error.value)
    file = message.split("(type Sigmiod, ", 1)[1].split(":2)", 1)[0]
    assert message.splitlines() == [
        "This engine cannot build the net, because of",
        f"layer `a` (type Sigmiod, {file}:2): no layer type `Sigmiod` is supported (did you mean `Sigmoid`?);",
        f"layer `b` (type Picky, {file}:4): its `first` is 1, which is not carried out;",
        f"layer `out` (type Fictitious, {file}:6): no layer type `Fictitious` is supported (2 times: lines 6, 7).",
        "Correct these layers, or give the net to the Caffe that has them."]


def test_what_is_unsupported_in_another_state_alone_is_no_hindrance(build_train_net):
    build_train_net(INPUT + 'layer { name: "out" type: "Fictitious" bottom: "x" top: "c" include { phase: TEST } }\n')


def test_a_layer_without_a_type_is_told_so(build_train_net):
    with pytest.raises(InputError, match=r"layer `a` .*: it has no `type`, which says what a layer does, as in"):
        build_train_net(INPUT + 'layer { name: "a" bottom: "x" top: "a" }')


def test_an_impossible_blob_is_refused(build_train_net):
    with pytest.raises(InputError, match=r"layer `i` .*: A blob of shape 65536 65536 \(4294967296\) is impossible"):
        build_train_net('layer { name: "i" type: "Input" top: "a" input_param { shape { dim: 65536 dim: 65536 } } }')
