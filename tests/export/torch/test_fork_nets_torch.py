"""Gradients of whole small nets of forks as PyTorch modules: encoders with decoders, and flow.

What they give is in tests/nets.
"""

from __future__ import annotations

import exported_nets
import pytest
from encoder_nets import LEARNED, deconvnet, enet, pspnet, segnet, u_net
from flow_nets import flownet_c, flownet_s
from torch_judge import hold

from cae_caffe import schema
from cae_caffe.schema import format_text

NETS = {
    "SegNet with folded statistics": lambda: segnet({**LEARNED, "bn_mode": 1}),
    "PSPNet": lambda: pspnet(frozen=True), "U-Net": u_net, "DeconvNet": lambda: deconvnet("INFERENCE"),
    "FlowNetS": flownet_s, "FlowNetC": flownet_c}
OF_A_BATCH = {
    "SegNet": segnet, "ENet": enet,
    "Bayesian SegNet": lambda: segnet(dropout={"dropout_ratio": 0.5, "scale_train": False}, by_size=False)}


def case_of(net, folder):
    """The case of a NetParameter, or of its text, without what targets are made of."""
    path = folder / "net.prototxt"
    path.write_text(net if isinstance(net, str) else format_text(net), encoding="utf-8")
    message = schema.read_net(path)
    for layer in [layer for layer in message.layer if layer.name.startswith("truth")]:
        message.layer.remove(layer)
    shapes = {top: tuple(shape.dim) for layer in message.layer if layer.type == "Input"
              for top, shape in zip(layer.top, layer.input_param.shape)}
    return exported_nets.case_of(message, shapes, ())


@pytest.mark.parametrize("name", NETS)
def test_nets_of_forks(tmp_path, name):
    hold(case_of(NETS[name](), tmp_path))


@pytest.mark.parametrize("name", OF_A_BATCH)
def test_nets_with_statistics_of_the_batch(tmp_path, name):
    hold(case_of(OF_A_BATCH[name](), tmp_path), tolerance=1e-3, floor=1e-2,
         reason="the derivative by them is the small rest of terms that cancel, layer after layer")
