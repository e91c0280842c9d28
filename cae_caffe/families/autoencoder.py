"""The net that trains an auto-encoder: images in, and two losses between them and their pictures."""

from __future__ import annotations

from collections.abc import Iterator

from ..models import Autoencoder
from ..models.layers import DATA
from .layers import EuclideanLoss, Flatten, HDF5Data, NetLayer, SigmoidCrossEntropyLoss, training_layer
from .recipe import Recipe
from .sources import Source

FLAT_DATA = "flatdata"


def train_test(design: Autoencoder, recipe: Recipe, source: Source) -> tuple[NetLayer, ...]:
    """The net to train, with the two losses of Caffe's auto-encoder example (the paper's second principle).

    The cross entropy has weight 1 and takes the last layer before its sigmoid; the Euclidean loss has weight 0, as in
    the example, and takes the image behind it. Both are named after their tops: the example calls both `loss`, and
    pycaffe then shows only one.
    """
    *hidden, last, image = design.layers
    # Both losses want their bottoms of one shape, and an inner product's image is a flat row.
    flat = last.output != design.input
    target = FLAT_DATA if flat else DATA
    return (
        *_data_layers(source),
        *([NetLayer(FLAT_DATA, Flatten(), (DATA,), (FLAT_DATA,))] if flat else []),
        *(training_layer(layer, recipe) for layer in (*hidden, last)),
        NetLayer("cross_entropy_loss", SigmoidCrossEntropyLoss(), (last.top, target), ("cross_entropy_loss",),
                 loss_weight=1),
        training_layer(image, recipe),
        NetLayer("l2_error", EuclideanLoss(), (image.top, target), ("l2_error",), loss_weight=0),
    )


def _data_layers(source: Source) -> Iterator[NetLayer]:
    # A `label` top that no layer takes would be printed value by value at every test, so there is none.
    yield NetLayer(DATA, HDF5Data(source.train, source.batch_size), (), (DATA,), phase="TRAIN")
    for stage, images in source.stages().items():
        yield NetLayer(DATA, HDF5Data(images, source.batch_size), (), (DATA,), phase="TEST", stage=stage)
