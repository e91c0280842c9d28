"""The three kinds of net that a design becomes, as NetParameter messages of Caffe 1.0."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..models import Autoencoder, Design, Layer, Reshape
from ..models.autoencoder import DATA
from .layers import design_layer, flatten_layer, hdf5_layer, input_layer, loss_layer
from .recipes import RECIPES
from .text import Fields

FLAT_DATA = "flatdata"


@dataclass(frozen=True)
class Source:
    """Where training and test images are: lists of HDF5 files (dataset `data`) and how many images those hold."""

    train: str = "data/mnist_train.txt"
    test: str = "data/mnist_test.txt"
    train_images: int = 60000
    test_images: int = 10000
    batch_size: int = 100

    def stages(self) -> dict[str, str]:
        """The list that each stage of phase TEST reads, in the order of the solver's test nets."""
        return {"test-on-train": self.train, "test-on-test": self.test}

    def test_iterations(self) -> list[int]:
        """Batches that pass over all images once; Caffe fills a last, short batch with the first images again."""
        return [-(-images // self.batch_size) for images in (self.train_images, self.test_images)]


def mnist(folder: str = "data") -> Source:
    """MNIST as `cae-caffe data mnist --out FOLDER` leaves it."""
    return Source(*(Path(folder, f"mnist_{half}.txt").as_posix() for half in ("train", "test")))


def train_test_net(model: str, design: Autoencoder, source: Source = Source()) -> Fields:
    """The net to train, with the two losses of Caffe's auto-encoder example (the paper's second principle).

    The cross entropy has weight 1 and takes the last layer before its sigmoid; the Euclidean loss has weight 0, as in
    the example, and takes the image behind it.
    """
    *hidden, last, image = design.layers
    recipe = RECIPES[design.family]
    # Both losses want their bottoms of one shape, and an inner product's image is a flat row.
    flat = last.output != design.input
    target = FLAT_DATA if flat else DATA
    return {"name": model, "layer": [
        *_data_layers(source),
        *([flatten_layer(FLAT_DATA, DATA)] if flat else []),
        *(design_layer(layer, recipe) for layer in (*hidden, last)),
        loss_layer("SigmoidCrossEntropyLoss", "cross_entropy_loss", (last.top, target), weight=1),
        design_layer(image, recipe),
        loss_layer("EuclideanLoss", "l2_error", (image.top, target), weight=0),
    ]}


def _data_layers(source: Source) -> Iterator[Fields]:
    # A `label` top that no layer takes would be printed value by value at every test, so there is none.
    yield hdf5_layer(DATA, source.train, source.batch_size, "TRAIN")
    for stage, images in source.stages().items():
        yield hdf5_layer(DATA, images, source.batch_size, "TEST", stage)


def deploy_net(model: str, design: Design) -> Fields:
    """The trained net: one image in blob `data`; in the last blob an auto-encoder's picture of it, else its code."""
    return _deployed(model, design, design.layers)


def layer_nets(model: str, design: Autoencoder) -> dict[str, Fields]:
    """The deploy net cut after each of its layers, by file name: 01-conv1 ... 15-deconv1neursig.

    The paper looked at its layers through such nets (section 3). A Reshape changes no value and gets none of its own.
    """
    ends = [end for end, layer in enumerate(design.layers, 1) if not isinstance(layer.operation, Reshape)]
    return {f"{number:02d}-{design.layers[end - 1].name}": _deployed(model, design, design.layers[:end])
            for number, end in enumerate(ends, 1)}


def _deployed(model: str, design: Design, layers: tuple[Layer, ...]) -> Fields:
    return {"name": model, "layer": [input_layer(DATA, design.input), *map(design_layer, layers)]}
