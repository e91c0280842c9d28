"""The siamese network, trained on pairs as in Caffe's example (examples/siamese), which the paper took as it was.

Pairs are taken apart, two towers go over them, and the contrastive loss compares their codes.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..models import Layer, SiameseNetwork
from ..models.siamese import PRESETS
from .family import Family, no_cuts
from .layers import ContrastiveLoss, HDF5Data, NetLayer, Parameter, Slice, training_layer
from .recipe import Recipe
from .sources import PairSource

PAIR, SIMILAR = "pair_data", "sim"      # datasets and blobs: two images a pair, and whether they are of one class


def train_test(design: SiameseNetwork, recipe: Recipe, source: PairSource) -> tuple[NetLayer, ...]:
    """The net to train: `sim` 1 draws the codes of a pair together, 0 pushes them `margin` apart."""
    towers = design.layers, design.twin
    code, twin_code = (tower[-1].top for tower in towers)
    images, twin_images = (tower[0].bottom for tower in towers)
    return (
        *_data_layers(source),
        NetLayer("slice_pair", Slice(design.input[0]), (PAIR,), (images, twin_images)),
        *(_shared(layer, original, recipe) for tower in towers for layer, original in zip(tower, design.layers)),
        NetLayer("loss", ContrastiveLoss(design.margin), (code, twin_code, SIMILAR), ("loss",)),
    )


def _data_layers(source: PairSource) -> Iterator[NetLayer]:
    for path, batch_size, phase in ((source.train, source.batch_size, "TRAIN"),
                                    (source.test, source.test_batch_size, "TEST")):
        yield NetLayer(PAIR, HDF5Data(path, batch_size), (), (PAIR, SIMILAR), phase=phase)


def _shared(layer: Layer, original: Layer, recipe: Recipe) -> NetLayer:
    """A layer of either tower, whose parameters are found by the name of the first tower's, the `original`."""
    return training_layer(layer, recipe, (Parameter(f"{original.name}_w", lr_mult=1),
                                    Parameter(f"{original.name}_b", lr_mult=2)))


SIAMESE = Family(
    name="siamese",
    design=SiameseNetwork,
    presets=PRESETS,
    recipe=Recipe(base_lr=0.01, lr_policy="inv", gamma=0.0001, power=0.75, momentum=0.9, weight_decay=0, max_iter=50000,
                  test_interval=500, snapshot=3750),
    train_test=train_test,
    kind="siamese network",
    recipe_source="Caffe's siamese example",
    source=PairSource,
    cuts=no_cuts,
    purpose="The net to train and to test, on pairs of images (`cae-caffe data siamese`).",
    own_images=False,
    trained_on="pairs of MNIST's images (`cae-caffe data siamese`)",
)
