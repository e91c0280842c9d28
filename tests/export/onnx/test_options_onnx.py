"""Layers of Caffe 1.0 in float16, folded, and in other operator sets: the cases that real Caffe's outputs are kept of.
"""

from __future__ import annotations

import dataclasses

import pytest

pytest.importorskip("torch", reason="the embedded engine needs PyTorch")
pytest.importorskip("onnx", reason="onnx is not here: pip install cae-caffe[onnx]")

import numpy as np
import onnx
from conformance import TOLERANCE, Case, values, whole_numbers
from golden_layers import families
from onnx_judge import engine_run, require_clean, run_onnx

from cae_caffe.errors import InputError
from cae_caffe.export import proof
from cae_caffe.export.onnx import convert

# Families of which nothing is left at test time; the nets of `rows` are judged by tests of their own.
WITHOUT = {"accuracy", "data_lmdb", "dummy_data", "losses_of_labels", "losses_of_pairs", "rows", "softmax_with_loss"}


def nets(family, part):
    """The nets of the family's cases, of that `part` of them, which leave something; with their bottoms, and what the
    engine gives.
    """
    for case in list(families()[family].values())[part]:
        try:
            yield engine_run(dataclasses.replace(case, phase="TEST", backward=False, passes=1, then=()))
        except InputError as error:
            assert "nothing is left" in str(error)


def require_same(net, bottoms, tops, tolerance=TOLERANCE, **options):
    model = convert.to_onnx(net, **options)
    require_clean(model)
    found = run_onnx(model, bottoms)
    for (name, wanted), theirs in zip(tops.items(), found.values()):
        compared = proof.compare(name, wanted, theirs)
        assert compared.holds(tolerance), (options, compared)
    return model


@pytest.mark.parametrize("part", [pytest.param(slice(0, None, 4), id="some"),
                                  pytest.param(slice(None), id="all", marks=pytest.mark.long)])
@pytest.mark.parametrize("family", [name for name in families() if name not in WITHOUT])
def test_every_option_of_an_export_is_right_for_every_layer(family, part):
    exported = 0
    for net, bottoms, tops in nets(family, part):
        exported += 1
        require_same(net, bottoms, tops, proof.HALF_TOLERANCE, fp16=True)
        require_same(net, bottoms, tops, fold=True, opset=18 + exported % 5)
    assert exported


@pytest.mark.parametrize("operator, layer, bottoms", [
    ("Resize", 'type: "Interp" interp_param { height: 9 width: 7 }', [values(1, 2, 5, 4)]),
    ("ScatterElements", 'type: "Unpooling" unpooling_param { unpool: MAX kernel_size: 2 stride: 2 unpool_size: 4 }',
     [values(1, 2, 2, 2), whole_numbers(1, 2, 2, 2, below=16)]),
])
def test_what_runs_in_float32_alone_still_does(operator, layer, bottoms):
    net, arrays, tops = engine_run(Case(layer, bottoms, phase="TEST", backward=False))
    model = require_same(net, arrays, tops, proof.HALF_TOLERANCE, fp16=True)
    assert operator in {node.op_type for node in model.graph.node}
    assert {one.type.tensor_type.elem_type for one in (*model.graph.input, *model.graph.output)} == {
        onnx.TensorProto.FLOAT}


def test_variances_beyond_float16_do():
    """Of pixels from 0 to 255 a convolution makes thousands, whose squares float16 cannot hold."""
    params = [values(3, low=-500, high=500), values(3, low=1e5, high=1e7, seed=1), np.ones(1, np.float32)]
    net, arrays, tops = engine_run(Case('type: "BatchNorm"', [values(2, 3, 4, 4, low=-4000, high=4000)], params=params,
                                        phase="TEST", backward=False))
    require_same(net, arrays, tops, proof.HALF_TOLERANCE, fp16=True)


@pytest.mark.parametrize("layer", [
    'type: "MVN"', 'type: "Normalize" norm_param { across_spatial: true }',
    'type: "BatchNorm" batch_norm_param { eps: 1e-9 use_global_stats: false }',
])
def test_an_eps_below_float16_still_keeps_from_dividing_by_zero(layer):
    net, arrays, tops = engine_run(Case(layer, [np.zeros((2, 3, 4, 4), np.float32)], phase="TEST", backward=False))
    require_same(net, arrays, tops, proof.HALF_TOLERANCE, fp16=True)
