"""Lengths that are known only when a net runs, as the exported files declare them."""

from __future__ import annotations

import re

import numpy as np
import pytest

pytest.importorskip("torch", reason="the embedded engine needs PyTorch")
pytest.importorskip("onnx", reason="onnx is not here: pip install cae-caffe[onnx]")

from conformance import Case, values
from onnx_judge import engine_run

from cae_caffe import to_onnx
from cae_caffe.export.deploy import deploy
from cae_caffe.export.torch.source import source

FILTER = 'layer { name: "some" type: "Filter" bottom: "x" bottom: "s" top: "y" }'
CASES = {
    "boxes of SSD": (Case('type: "DetectionOutput" detection_output_param { num_classes: 2 share_location: true '
                          'background_label_id: 0 nms_param { nms_threshold: 0.5 } keep_top_k: 4 '
                          'confidence_threshold: 0.1 code_type: CENTER_SIZE }',
                          [values(2, 8), np.full((2, 4), 0.5), np.tile([0.2, 0.2, 0.7, 0.7], (1, 2, 2))]),
                     {"top0": "1x1x?x7"}),
    "regions": (Case('type: "Proposal" proposal_param { feat_stride: 16 min_size: 1 pre_nms_topn: 20 post_nms_topn: 5 '
                     'nms_thresh: 0.7 ratio: 1 scale: 2 base_size: 16 }',
                     [values(1, 2, 4, 4), values(1, 4, 4, 4), np.array([[64.0, 64, 1, 1]])]), {"top0": "?x5"}),
    "rows": (Case(FILTER, {"x": values(3, 2, 4), "s": np.ones(3)}), {"y": "?x2x4"}),
    "what comes of rows": (Case(FILTER + 'layer { name: "bend" type: "AbsVal" bottom: "y" top: "z" }',
                                {"x": values(3, 2, 4), "s": np.ones(3)}), {"z": "?x?x?"}),
}


@pytest.fixture(params=CASES.values(), ids=CASES)
def case(request):
    layer, lengths = request.param
    return engine_run(Case(layer.text, layer.bottoms, phase="TEST", backward=False))[0], lengths


def test_onnx_declares_what_is_known(case):
    net, lengths = case
    for options in {}, {"batch": "dynamic"}:
        outputs = to_onnx(net, **options).graph.output
        assert {one.name: "x".join(str(dim.dim_value or "?") for dim in one.type.tensor_type.shape.dim)
                for one in outputs} == lengths


def test_the_module_tells_that_rows_vary(case):
    net, lengths = case
    told = re.findall(r" (\w+): \((.*)\), with as many rows as are found\n", source(deploy(net)).text)
    assert {name: text.replace("K", "?").replace(", ", "x") for name, text in told} == lengths
