"""Whole small nets of forks in ONNX: encoders with decoders, and flow."""

from __future__ import annotations

import numpy as np
import pytest
from conformance import TOLERANCE, Agreement, Case, values
from encoder_nets import LEARNED, deconvnet, enet, pspnet, segnet, u_net
from flow_nets import flownet_2, flownet_c, flownet_s
from onnx_judge import ask_opencv, compare, require_clean, run_onnx

from cae_caffe import pycaffe
from cae_caffe.export.deploy import deploy
from cae_caffe.export.onnx import convert
from cae_caffe.schema import format_text

NETS = {
    "SegNet": segnet, "SegNet with folded statistics": lambda: segnet({**LEARNED, "bn_mode": 1}),
    "ENet": enet, "PSPNet": lambda: pspnet(frozen=True), "U-Net": u_net, "DeconvNet": deconvnet,
    "FlowNetS": flownet_s, "FlowNetC": flownet_c, "FlowNet 2.0": lambda: flownet_2(30, 22, 32)}


def results(deployed, bottoms):
    """What the engine gives for the bottoms."""
    for name in deployed.net.inputs:
        deployed.net.blobs[name].data[...] = bottoms[name]
    deployed.net.forward()
    return {name: deployed.net.blobs[name].data.copy() for name in deployed.outputs}


@pytest.mark.parametrize("name", NETS)
def test_nets_of_forks(tmp_path, name):
    net = NETS[name]()
    text = net if isinstance(net, str) else format_text(net)
    (tmp_path / "net.prototxt").write_text(text, encoding="utf-8")
    pycaffe.set_random_seed(1)
    net = pycaffe.Net(str(tmp_path / "net.prototxt"), pycaffe.TEST)
    deployed = deploy(net)
    case, agreement = Case(text), Agreement(tolerance=TOLERANCE)
    bottoms = {name: values(*shape) for name, shape in deployed.shapes().items()}
    wanted = results(deployed, bottoms)

    model = convert.to_onnx(net)
    require_clean(model)
    compare(case, wanted, run_onnx(model, bottoms), "onnxruntime", agreement)
    ask_opencv(case, net, model, bottoms, wanted, agreement)

    model = convert.to_onnx(net, batch="dynamic")
    require_clean(model)
    more = {name: np.concatenate([array, array[:1]]) for name, array in bottoms.items()}
    deployed.set_batch(len(next(iter(more.values()))))
    compare(case, results(deployed, more), run_onnx(model, more), "onnxruntime, with another batch,", agreement)
