"""DummyData: constants once, random values at each pass, the same as real Caffe's to the bit."""

from __future__ import annotations

import pytest
from conformance import Case

EXACT = {"tolerance": 0, "reason": "fillers draw real Caffe's very numbers"}
SMALL = "shape { dim: 2 dim: 3 }"
FILLERS = ["", 'data_filler { type: "constant" value: 2.5 }', 'data_filler { type: "uniform" min: -1 max: 2 }',
           'data_filler { type: "gaussian" mean: 1 std: 3 }', 'data_filler { type: "gaussian" std: 1 sparse: 1 }',
           'data_filler { type: "xavier" }', 'data_filler { type: "msra" variance_norm: AVERAGE }',
           'data_filler { type: "positive_unitball" }']


def dummy(param, tops=1, **options):
    return Case(f'type: "DummyData" dummy_data_param {{ {param} }}', tops=tops, passes=3, **options)


@pytest.mark.parametrize("filler", FILLERS)
def test_each_filler(judge, filler):
    judge.all([dummy(f"{filler} {SMALL}"), dummy(f"{filler} num: 2 channels: 3 height: 4 width: 1")], **EXACT)


def test_a_bilinear_filler(judge):
    judge(dummy('data_filler { type: "bilinear" } shape { dim: 2 dim: 1 dim: 4 dim: 4 }'), **EXACT)


@pytest.mark.parametrize("param", [
    f"{SMALL} {FILLERS[2]}", f"{SMALL} shape {{ dim: 4 }} {FILLERS[2]} {FILLERS[1]}",
    f"{SMALL} shape {{ dim: 4 }} {FILLERS[3]} {FILLERS[2]}", f"shape {{ }} {FILLERS[2]}",
    f"num: 2 num: 3 channels: 1 height: 2 width: 3 width: 1 {FILLERS[5]}", SMALL], ids=str)
def test_several_tops(judge, param):
    judge(dummy(param, tops=2), **EXACT)


def test_what_other_layers_draw_between(judge):
    net = f"""
        layer {{ name: "a" type: "DummyData" top: "a" dummy_data_param {{ {SMALL} {FILLERS[3]} }} }}
        layer {{ name: "ip" type: "InnerProduct" bottom: "a" top: "ip" inner_product_param {{ num_output: 4
          weight_filler {{ type: "gaussian" }} }} }}
        layer {{ name: "drop" type: "Dropout" bottom: "ip" top: "drop" }}
        layer {{ name: "b" type: "DummyData" top: "b" dummy_data_param {{ {SMALL} {FILLERS[2]} }} }}"""
    judge(Case(net, {}, params="filled", passes=3))


def test_a_constant_is_filled_in_only_once(judge):
    net = f"""
        layer {{ name: "a" type: "DummyData" top: "a" dummy_data_param {{ {SMALL} {FILLERS[1]} }} }}
        layer {{ name: "p" type: "Power" bottom: "a" top: "a" power_param {{ scale: 2 shift: 1 }} }}"""
    judge(Case(net, {}, passes=3, backward=False))


@pytest.mark.parametrize("param, message", [
    ("", r"layer `layer` \(type DummyData, .*\): it gives `shape` 0 times for 1 top"),
    (f"{SMALL} {SMALL}", "gives `shape` 2 times for 1 top"),
    (f"{SMALL} {FILLERS[1]} {FILLERS[1]}", "`data_filler` 2 times"),
    (f"{SMALL} num: 1", "both `shape` and the old num"), ("num: 1 channels: 2 height: 3", "gives `width` 0 times"),
    (f'{SMALL} data_filler {{ type: "gauss" }}', "the type `gauss` of a `data_filler` does not exist"),
    (f'{SMALL} data_filler {{ type: "gaussian" std: 0 }}',
     r"layer `layer` \(type DummyData, .*\): .* needs a `std` above 0"),
    (f"{SMALL} {FILLERS[1][:-1]} sparse: 1 }}", r"layer `layer` .*`sparse: 1` .* is not supported")])
def test_refusals(judge, param, message):
    judge.refused(dummy(param), message)


GOLDEN = {
    "normal values": dummy(f"{SMALL} {FILLERS[3]}"),
    "several tops": dummy(f"num: 2 channels: 1 channels: 2 height: 2 width: 3 {FILLERS[2]} {FILLERS[1]}", tops=2),
}
