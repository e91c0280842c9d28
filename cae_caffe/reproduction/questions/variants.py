"""The changes that the open questions try, each a pure function on Caffe's messages."""

from __future__ import annotations

from typing import Callable

from ... import schema
from ..runs.variant import Variant, copied

TRAINING_IMAGES = 60000
SNAPSHOT_EPOCHS = 3         # at least so many whole passes lie between snapshots


def step_size(iterations: int) -> Variant:
    """The learning rate falls to a tenth every so many iterations (`lr_policy: "step"`)."""
    return _set("stepsize", "stepsize", iterations)


def learning_rate(rate: float) -> Variant:
    """`base_lr` of the solver."""
    return _set("rate", "base_lr", rate)


def _set(name: str, field: str, value: float) -> Variant:
    """A field of the solver, all else the same."""
    def solver(message):
        changed = copied(message)
        setattr(changed, field, value)
        return changed
    return Variant(f"{name}{value}", f"{field}: {value}", solver=solver)


def combined(first: Variant, second: Variant) -> Variant:
    """Both changes, one after the other."""
    return Variant(f"{first.name}-{second.name}", f"{first.what}, {second.what}",
                   _chained(first.net, second.net), _chained(first.solver, second.solver))


def _chained(first: Callable | None, second: Callable | None) -> Callable | None:
    if first and second:
        return lambda message: second(first(message))
    return first or second


def batch(size: int) -> Variant:
    """Training batches of `size` images; tests keep theirs, so that all losses are over the same images.

    Snapshots come after whole passes over the training images, for Caffe's HDF5 data starts again at its first row on
    resuming: 3000 iterations is a whole number of passes with 100 images a batch, but not with 50.
    """
    def net(message):
        changed = copied(message)
        for data in _training_data(changed):
            data.batch_size = size
        return changed

    def solver(message):
        changed = copied(message)
        if changed.snapshot:
            changed.snapshot = SNAPSHOT_EPOCHS * TRAINING_IMAGES // size
        return changed
    return Variant(f"batch{size}", f"batches of {size} images", net, solver)


def _training_data(message):
    """The hdf5_data_param of each layer that feeds training; a deploy net has none."""
    return [layer.hdf5_data_param for layer in message.layer
            if layer.type == "HDF5Data" and any(rule.phase == schema.TRAIN for rule in layer.include)]


def _in_random_order(message):
    """`shuffle: true` for training: another order in each pass over the images, the same ones in every run.

    Caffe draws them by the C library's rand(), which random_seed does not seed (hdf5_data_layer.cpp).
    """
    changed = copied(message)
    for data in _training_data(changed):
        data.shuffle = True
    return changed


def loss_weights(cross_entropy: float, euclidean: float) -> Variant:
    """The weights of the two losses in what is minimised; a loss of weight 0 is measured, but trains nothing."""
    weights = {"cross_entropy_loss": cross_entropy, "l2_error": euclidean}

    def net(message):
        changed = copied(message)
        for layer in changed.layer:
            if layer.name in weights:
                layer.loss_weight[:] = [weights[layer.name]]
        return changed
    return Variant(f"weights{cross_entropy:g}-{euclidean:g}",
                   f"loss weights {cross_entropy:g} (cross-entropy) and {euclidean:g} (Euclidean)", net)


def _without_full_sparse(message):
    """`sparse` gone from inner products whose mask keeps every weight, as where num_output is below the paper's 25."""
    changed = copied(message)
    for layer in changed.layer:
        if layer.type == "InnerProduct":
            parameters = layer.inner_product_param
            if parameters.weight_filler.sparse == parameters.num_output:
                parameters.weight_filler.ClearField("sparse")
    return changed


def _joined_by_convolution(message):
    """deconv1neur as a Convolution: the same sums over 1x1 kernels, from a smaller start.

    xavier takes the fan-in from the weights' second dimension, which is the maps below for a Convolution and the maps
    above, here 1, for a Deconvolution (filler.hpp, XavierFiller).
    """
    return _retyped(message, lambda layer: layer.name == "deconv1neur", "Convolution")


def _with_relu(message):
    """ReLU for every sigmoid but the image's, which has to end between 0 and 1 for both losses."""
    image = _image_sigmoid(message)
    return _retyped(message, lambda layer: layer.type == "Sigmoid" and layer.name != image, "ReLU")


def _image_sigmoid(message) -> str:
    """The name of the last sigmoid, behind which the image is."""
    return [layer.name for layer in message.layer if layer.type == "Sigmoid"][-1]


def _retyped(message, chosen: Callable, type_name: str):
    changed = copied(message)
    for layer in changed.layer:
        if chosen(layer):
            layer.type = type_name
    return changed


def _xavier_everywhere(message):
    """The convolutions' filler for the inner products too: sums that ReLU does not bound start small."""
    changed = copied(message)
    for layer in changed.layer:
        if layer.type == "InnerProduct" and layer.inner_product_param.HasField("weight_filler"):
            layer.inner_product_param.weight_filler.Clear()
            layer.inner_product_param.weight_filler.type = "xavier"
    return changed


WITHOUT_SPARSE = Variant("without-sparse", "sparse left out where num_output is below it", _without_full_sparse)
CONVOLUTION = Variant("convolution", "deconv1neur a Convolution", _joined_by_convolution)
SHUFFLED = Variant("shuffled", "training images shuffled in each pass", _in_random_order)
RELU = Variant("relu", "ReLU for every sigmoid but the image's", _with_relu)
RELU_XAVIER = Variant("relu-xavier", "ReLU, and inner products that start by xavier",
                      lambda message: _xavier_everywhere(_with_relu(message)))
