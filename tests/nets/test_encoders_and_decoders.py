"""Small nets that make images small and large again, as SegNet, DeconvNet, ENet, PSPNet and naibaf7's U-Net do, and as
the paper of 2015 first planned its auto-encoder: they learn what they are shown.
"""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="the embedded engine needs PyTorch")

from encoder_nets import LEARNED, deconvnet, enet, planned_in_2015, pspnet, segnet, u_net
from fork_training import fell, trained
from leaving import built, leaves

from cae_caffe import pycaffe, schema

SGD = 'type: "SGD" base_lr: 0.1 momentum: 0.9 lr_policy: "fixed"'


@pytest.fixture(scope="module")
def scene():
    """Four noisy grey images of squares, and of each pixel whether a square is there; of some, nothing (label 11)."""
    random = np.random.RandomState(0)
    label = np.kron(random.randint(0, 2, (4, 1, 4, 4)), np.ones((4, 4)))
    data = label + random.normal(scale=0.3, size=label.shape)
    label[:, :, 0] = 11
    return {"data": data.astype(np.float32), "label": label.astype(np.float32)}


def test_segnet_learns(tmp_path, scene):
    _, losses = trained(tmp_path, segnet(), scene, 25, SGD)

    assert fell(losses, to=0.3)


def test_segnet_infers_with_folded_statistics_what_it_learned(tmp_path, scene):
    solver, _ = trained(tmp_path, segnet(), scene, 5, SGD)
    solver.net.forward()
    wanted = solver.net.blobs["score"].data.copy()
    message = segnet({**LEARNED, "bn_mode": 1})
    (tmp_path / "inference.prototxt").write_text(schema.format_text(message), encoding="utf-8")

    net = pycaffe.Net(str(tmp_path / "inference.prototxt"), pycaffe.TEST)
    net.share_with(solver.net)
    for name, array in scene.items():
        net.blobs[name].data[...] = array
    for layer in message.layer:      # as SegNet's script does it: the statistics of each layer, the earlier ones done
        if layer.type == "BN":
            net.forward(end=_before(message, layer))
            values = net.blobs[layer.bottom[0]].data.astype(np.float64)
            mean, variance = values.mean((0, 2, 3)), values.var((0, 2, 3))
            scale, shift = (blob.data.reshape(-1) for blob in net.params[layer.name])
            folded = scale / np.sqrt(variance + 1e-9)
            net.params[layer.name][1].data[...] = (shift - mean * folded).reshape(1, -1, 1, 1)
            net.params[layer.name][0].data[...] = folded.reshape(1, -1, 1, 1)
    net.forward()

    np.testing.assert_allclose(net.blobs["score"].data, wanted, atol=1e-4 * np.abs(wanted).max())


def _before(message, layer) -> str:
    names = [other.name for other in message.layer]
    return names[names.index(layer.name) - 1]


def test_bayesian_segnet_samples_in_the_test_phase(tmp_path, scene):
    (tmp_path / "net.prototxt").write_text(schema.format_text(segnet(dropout={"sample_weights_test": True})))
    net = pycaffe.Net(str(tmp_path / "net.prototxt"), pycaffe.TEST)
    net.blobs["data"].data[...] = scene["data"]

    samples = [net.forward(end="score")["score"].copy() for _ in range(2)]

    assert not np.array_equal(*samples)


def test_enet_learns(tmp_path, scene):
    _, losses = trained(tmp_path, enet(), scene, 25)

    assert fell(losses, to=0.3)


@pytest.mark.parametrize("frozen", [False, True])
def test_pspnet_learns_and_tests_with_the_averages(tmp_path, scene, frozen):
    solver, losses = trained(tmp_path, pspnet(frozen), scene, 40)

    assert fell(losses, to=0.6)
    solver.net.save(str(tmp_path / "weights.caffemodel"))
    test = pycaffe.Net(str(tmp_path / "net.prototxt"), pycaffe.TEST, weights=str(tmp_path / "weights.caffemodel"))
    for name, array in scene.items():
        test.blobs[name].data[...] = array
    assert test.forward()["loss"] == pytest.approx(losses[-1], rel=0.1)
    first, = [blobs for name, blobs in solver.net.params.items() if len(blobs) == 4][:1]
    assert (np.abs(first[2].data).sum() == 0) == frozen


def test_u_net_learns(tmp_path):
    random = np.random.RandomState(0)
    label = np.kron(random.randint(0, 2, (4, 1, 6, 6)), np.ones((4, 4)))[:, :, :22, :22]
    data = label + random.normal(scale=0.3, size=label.shape)

    _, losses = trained(tmp_path, u_net(), {"data": data, "label": label[:, :, 8:14, 8:14]}, 40)

    assert fell(losses, to=0.3)


def test_deconvnet_learns_in_its_own_dialect(tmp_path, scene):
    solver, losses = trained(tmp_path, deconvnet(), scene, 30, SGD)

    assert fell(losses, to=0.4)
    solver.net.save(str(tmp_path / "weights.caffemodel"))
    wanted = solver.net.forward()["loss"]
    again = pycaffe.Net(str(tmp_path / "net.prototxt"), pycaffe.TEST, weights=str(tmp_path / "weights.caffemodel"))
    for name, array in scene.items():
        again.blobs[name].data[...] = array
    assert again.forward()["loss"] == wanted        # LEARN is by the batch in the test phase, too


@pytest.mark.parametrize(("with_places", "to"), [(True, 0.4), (False, 0.5)])
def test_the_auto_encoder_that_was_planned_in_2015_builds_and_trains(tmp_path, with_places, to):
    rows, columns = np.mgrid[:28, :28]
    random = np.random.RandomState(0)
    centres, radii = random.uniform(8, 20, (10, 2)), random.uniform(3, 8, 10)
    data = np.array([(rows - y) ** 2 + (columns - x) ** 2 < r ** 2 for (y, x), r in zip(centres, radii)])

    solver, losses = trained(tmp_path, planned_in_2015(with_places), {"data": data[:, None]}, 60,
                             'type: "Adam" base_lr: 0.03 momentum: 0.9 lr_policy: "fixed"')

    assert fell(losses, to)
    assert solver.net.blobs["ip2encode"].data.shape == (10, 2)
    assert all(np.abs(solver.net.params[name][0].diff).max() > 0 for name in ("conv1", "conv2", "ip2encode", "deconv2"))


@pytest.mark.parametrize("text", [
    pytest.param(segnet(), id="SegNet"), pytest.param(segnet({**LEARNED, "bn_mode": 1}), id="SegNet's inference"),
    pytest.param(segnet({**LEARNED, "bn_mode": 1}, by_size=False), id="inference, by scale"),
    pytest.param(enet(), id="ENet"), pytest.param(pspnet(frozen=True), id="PSPNet"),
    pytest.param(pspnet(frozen=False), id="PSPNet, learning"), pytest.param(u_net(), id="U-Net"),
    pytest.param(deconvnet("INFERENCE"), id="DeconvNet's inference"),
    pytest.param(planned_in_2015(True), id="planned, with places"), pytest.param(planned_in_2015(False), id="planned")])
def test_they_leave(tmp_path, text):
    leaves(built(text, tmp_path))


def test_deconvnet_leaves_as_it_learns(tmp_path):
    """Not by one image: its BN takes the batch's averages, of which at one place in one image rounding is left, and of
    two images sums in another order.
    """
    leaves(built(deconvnet(), tmp_path), batches=(2, 3), in_torch=1e-5)
