"""Small nets as FlowNetS, FlowNetC and FlowNet 2.0 are built: they learn by how much made images move."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="the embedded engine needs PyTorch")

from flow_nets import BATCH, SCALE, SIZE, flownet_2, flownet_c, flownet_s
from fork_training import fell, trained
from leaving import built, leaves

from cae_caffe import pycaffe
from cae_caffe.schema import format_text

STEPS = [(2, 0), (-2, 1), (0, -3), (1, 2)]      # right and down


@pytest.fixture(scope="module")
def moved():
    """Pairs of smooth images, of which the second is the first moved by whole pixels; some of the flow is unknown."""
    random = np.random.RandomState(0)
    first = np.kron(random.uniform(0, 255, (BATCH, 3, SIZE // 4, SIZE // 4)), np.ones((4, 4)))
    second = np.stack([np.roll(image, (down, right), (1, 2)) for image, (right, down) in zip(first, STEPS)])
    flow = np.broadcast_to(np.array(STEPS, float)[:, :, np.newaxis, np.newaxis], (BATCH, 2, SIZE, SIZE)).copy()
    flow[:, :, :3] = np.nan
    return {"img0": first, "img1": second, "flow_gt": flow}


@pytest.mark.parametrize("build", [flownet_s, flownet_c])
def test_flow_is_learned(tmp_path, moved, build):
    solver, losses = trained(tmp_path, build(), moved, 40)

    assert fell(losses, to=0.35)
    middle = solver.net.blobs["flow"].data[:, :, 4:-4, 4:-4] / SCALE
    assert np.abs(middle.mean((2, 3)) - STEPS).max() < 1


def test_a_deployed_net_of_several_flows(tmp_path):
    (tmp_path / "deploy.prototxt").write_text(format_text(flownet_2(30, 22, 32)), encoding="utf-8")
    pycaffe.set_random_seed(1)
    net = pycaffe.Net(str(tmp_path / "deploy.prototxt"), pycaffe.TEST)
    for name in ("img0", "img1"):
        net.blobs[name].data[...] = np.random.RandomState(2).uniform(0, 1, (1, 3, 22, 30))

    flow = net.forward()["predict_flow_final"]

    assert flow.shape == (1, 2, 22, 30) and np.isfinite(flow).all()
    np.testing.assert_allclose(flow, net.blobs["large"].data * np.array([30 / 32, 22 / 32]).reshape(1, 2, 1, 1),
                               rtol=1e-5)
    np.testing.assert_allclose(net.blobs["brightness"].data[:, 0], np.linalg.norm(net.blobs["error"].data, axis=1),
                               rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("net", "outputs"), [
    pytest.param(flownet_s(), ["flow"], id="FlowNetS"), pytest.param(flownet_c(), ["flow"], id="FlowNetC"),
    pytest.param(flownet_2(30, 22, 32), ["predict_flow_final"], id="FlowNet 2.0")])
def test_they_leave(tmp_path, net, outputs):
    leaves(built(net, tmp_path), blobs=outputs)
