"""The net that trains a siamese network: pairs taken apart, two towers over them, and the contrastive loss."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..models import Layer, SiameseNetwork
from .layers import design_layer, hdf5_layer
from .recipes import RECIPES
from .text import Fields

PAIR, SIMILAR = "pair_data", "sim"      # datasets and blobs: two images a pair, and whether they are of one class


@dataclass(frozen=True)
class PairSource:
    """Where the pairs are: lists of HDF5 files (datasets `pair_data`, `sim`), and how many the test list's hold."""

    train: str = "data/mnist_siamese_train.txt"
    test: str = "data/mnist_siamese_test.txt"
    test_pairs: int = 10000
    batch_size: int = 64
    test_batch_size: int = 100

    def stages(self) -> dict[str, str]:
        """None: there is one test net, over the test list, as in Caffe's example."""
        return {}

    def test_iterations(self) -> list[int]:
        """Batches that pass over all pairs of the test list once."""
        return [-(-self.test_pairs // self.test_batch_size)]


def mnist_pairs(folder: str = "data") -> PairSource:
    """Pairs of MNIST as `cae-caffe data siamese --out FOLDER` leaves them."""
    return PairSource(*(Path(folder, f"mnist_siamese_{half}.txt").as_posix() for half in ("train", "test")))


def siamese_net(model: str, design: SiameseNetwork, source: PairSource = PairSource()) -> Fields:
    """The net to train: `sim` 1 draws the codes of a pair together, 0 pushes them `margin` apart."""
    towers = design.layers, design.twin
    code, twin_code = (tower[-1].top for tower in towers)
    return {"name": model, "layer": [
        *_data_layers(source),
        _slice_layer(design),
        *(_shared_layer(layer, original) for tower in towers for layer, original in zip(tower, design.layers)),
        {"name": "loss", "type": "ContrastiveLoss", "bottom": [code, twin_code, SIMILAR], "top": "loss",
         "contrastive_loss_param": {"margin": design.margin}},
    ]}


def _data_layers(source: PairSource) -> Iterator[Fields]:
    for path, batch_size, phase in ((source.train, source.batch_size, "TRAIN"),
                                    (source.test, source.test_batch_size, "TEST")):
        yield {**hdf5_layer(PAIR, path, batch_size, phase), "top": [PAIR, SIMILAR]}


def _slice_layer(design: SiameseNetwork) -> Fields:
    # Along the channels, which is the default; the field that says so has another name in 2015's Caffe.
    return {"name": "slice_pair", "type": "Slice", "bottom": [PAIR],
            "top": [tower[0].bottom for tower in (design.layers, design.twin)],
            "slice_param": {"slice_point": design.input[0]}}


def _shared_layer(layer: Layer, original: Layer) -> Fields:
    """A layer of either tower, whose parameters are found by the name of the first tower's, the `original`."""
    fields = design_layer(layer, RECIPES[SiameseNetwork.family])
    if layer.parameters:
        fields = {**fields, "param": [{"name": f"{original.name}_w", "lr_mult": 1},
                                      {"name": f"{original.name}_b", "lr_mult": 2}]}
    return fields
