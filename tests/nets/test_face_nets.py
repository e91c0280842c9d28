"""Small nets with which faces are learned, as caffe-face and NormFace build them."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="the embedded engine needs PyTorch")

from fork_training import fell, trained
from leaving import built, leaves

from cae_caffe.export.deploy import deploy
from cae_caffe.net_spec import NetSpec
from cae_caffe.net_spec import layers as L

CLASSES, FEATURES, BATCH = 4, 6, 24
XAVIER = {"type": "xavier"}


def features(net):
    net.data = L.Input(shape={"dim": [BATCH, 10]})
    net.label = L.Input(shape={"dim": [BATCH]})
    hidden = L.PReLU(L.InnerProduct(net.data, num_output=12, weight_filler=XAVIER), in_place=True)
    net.feature = L.InnerProduct(hidden, num_output=FEATURES, weight_filler=XAVIER)
    return net.feature


def with_centers():
    """caffe-face's: a softmax, and each feature near the centre of its class."""
    net = NetSpec()
    net.score = L.InnerProduct(features(net), num_output=CLASSES, weight_filler=XAVIER)
    net.loss = L.SoftmaxWithLoss(net.score, net.label)
    net.center_loss = L.CenterLoss(net.feature, net.label, num_output=CLASSES, center_filler=XAVIER, loss_weight=0.1,
                                   param={"lr_mult": 1, "decay_mult": 0})
    return net.to_proto()


def normalized(net, loss, **options):
    """NormFace's: normalized features, and their distances to normalized vectors, one for each class."""
    net.norm = L.Normalize(features(net), normalize_param={"normalize_type": "L2"})
    net.id_weight = L.Parameter(shape={"dim": [CLASSES, FEATURES]}, blob_filler={"type": "gaussian_unitball"},
                                param={"lr_mult": 1, "decay_mult": 0})
    net.id_normalized = L.Normalize(net.id_weight, normalize_param={"normalize_type": "L2"})
    net.distance = L.InnerDistance(net.norm, net.id_normalized, bias_term=False, distance_type="L2")
    net.loss, net.mean_distance = loss(net.distance, net.label, ntop=2, loss_weight=[1, 0], **options)
    net.accuracy = L.Accuracy(net.distance, net.label, min_is_better=True)
    return net.to_proto()


def with_contrasts():
    return normalized(NetSpec(), L.GeneralContrastiveLoss, positive_margin=0, negative_margin=1.5)


def with_triplets():
    return normalized(NetSpec(), L.GeneralTripletLoss, margin=0.8, add_center_loss=True, hardest_only=True)


def with_own_vectors():
    """Vectors that the layer keeps and normalizes; distances as scores, with a margin for the own class."""
    net = NetSpec()
    net.norm = L.Normalize(features(net), normalize_param={"normalize_type": "L2"})
    net.distance = L.InnerDistance(net.norm, num_output=CLASSES, normalize=True, weight_filler={
        "type": "gaussian_unitball"})
    net.cosine = L.Power(net.distance, scale=-0.5, shift=1)
    net.far = L.LabelSpecificMargin(net.cosine, net.label, margin_base=10)
    net.rescaled = L.LabelSpecificRescale(net.far, net.label, positive_weight=0.9)
    net.score = L.Scale(net.rescaled, filler={"type": "constant", "value": 8}, param={"lr_mult": 0})
    net.loss = L.SoftmaxWithLoss(net.score, net.label)
    return net.to_proto()


@pytest.fixture(scope="module")
def people():
    random = np.random.RandomState(0)
    label = np.arange(BATCH) % CLASSES
    return {"data": random.normal(size=(CLASSES, 10))[label] + random.normal(scale=0.3, size=(BATCH, 10)),
            "label": label}


@pytest.mark.parametrize(("build", "to"), [(with_centers, 0.2), (with_contrasts, 0.5), (with_triplets, 0.3),
                                           (with_own_vectors, 0.5)])
def test_people_are_told_apart(tmp_path, people, build, to):
    solver, losses = trained(tmp_path, build(), people, 60)

    assert fell(losses, to)
    if "accuracy" in solver.net.blobs:
        solver.net.forward()
        assert solver.net.blobs["accuracy"].data == 1


def test_centres_go_to_where_the_features_are(tmp_path, people):
    solver, _ = trained(tmp_path, with_centers(), people, 60)

    centers = solver.net.params["center_loss"][0].data
    means = np.stack([solver.net.blobs["feature"].data[people["label"] == i].mean(0) for i in range(CLASSES)])
    nearest = np.linalg.norm(centers[:, np.newaxis] - means, axis=2).argmin(1)
    assert nearest.tolist() == list(range(CLASSES))


@pytest.mark.parametrize(("build", "outputs"), [
    (with_centers, ["score"]), (with_contrasts, ["distance"]), (with_triplets, ["distance"]),
    (with_own_vectors, ["cosine"])])
def test_they_leave(tmp_path, build, outputs):
    net = built(build(), tmp_path)
    assert list(deploy(net).outputs) == outputs
    leaves(net)
