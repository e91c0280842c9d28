"""The families of auto-encoders, and the net that trains both: images in, two losses between them and their pictures.

The convolutional ones are trained as the paper's section 3 (the start of the weights) and Table 5 say, the classic ones
as Table 5 says. What the paper leaves open is filled from Caffe's own auto-encoder example, which the classic nets are,
or by what came nearest to the paper's losses in real Caffe: tests come a few times a run, `max_iter` is that of Tables
1 and 4.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..models import Autoencoder, ClassicAutoencoder, ConvolutionalAutoencoder
from ..models.classic import PRESETS as CLASSIC_PRESETS
from ..models.convolutional import PRESETS as CONVOLUTIONAL_PRESETS
from ..models.layers import DATA
from .family import Family
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


CONVOLUTIONAL = Family(
    name="convolutional",
    design=ConvolutionalAutoencoder,
    presets=CONVOLUTIONAL_PRESETS,
    recipe=Recipe(sparse=25, base_lr=0.006, lr_policy="fixed", max_iter=20000, test_interval=5000),
    train_test=train_test,
    kind="convolutional auto-encoder",
    recipe_source="the paper's Table 5",
    names_codes=True,
)

CLASSIC = Family(
    name="classic",
    design=ClassicAutoencoder,
    presets=CLASSIC_PRESETS,
    recipe=Recipe(sparse=15, base_lr=0.01, lr_policy="step", gamma=0.1, stepsize=1000, momentum=0.9, max_iter=5000,
                  test_interval=1000),
    train_test=train_test,
    kind="classic auto-encoder",
    recipe_source="the paper's Table 5",
    names_codes=True,
)
