"""What a design is made of: operations, which know shapes and parameters, and layers, which are operations in a chain.

A shape is (channels, height, width), or (neurons,) behind an inner product; the batch is left out of it. Strides are 1,
but for pooling's, and nothing is padded, as in the paper, so a kernel takes its size less one from an image or,
deconvolving, adds it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from ..errors import InputError

Shape = tuple[int, ...]
Pair = tuple[int, int]      # height, width
DATA = "data"               # the blob of the images
MAX_ELEMENTS = 2**31 - 1    # Caffe counts a blob's elements in an int (Blob::Reshape in Caffe's blob.cpp)


class Operation(Protocol):
    """What a layer does, without its place: a frozen dataclass that knows what shape and parameters come of a bottom's.

    `emit/operations.py` says how each is written to a file; a class of one's own is registered there.
    """

    def output(self, bottom: Shape) -> Shape:
        """The shape of the top; raises InputError where there can be none."""

    def weights(self, bottom: Shape) -> int:
        """How many weights it learns."""

    @property
    def biases(self) -> int:
        """How many biases it learns."""


def by(sizes: Iterable[int]) -> str:
    """Sizes as the paper writes them: `9x9`."""
    return "x".join(str(size) for size in sizes)


@dataclass(frozen=True)
class _Kernels:
    """What convolution and deconvolution share: a kernel of (height, width) from each map below to each of `maps`."""

    maps: int
    kernel: Pair

    def weights(self, bottom: Shape) -> int:
        return bottom[0] * self.maps * math.prod(self.kernel)

    @property
    def biases(self) -> int:
        return self.maps


class Convolution(_Kernels):
    """Every element of the `maps` maps is a sum over the patches of the kernel's size below it."""

    def output(self, bottom: Shape) -> Shape:
        image = tuple(size - side + 1 for size, side in zip(bottom[1:], self.kernel))
        if min(image) < 1:
            raise InputError(f"a {by(self.kernel)} kernel does not fit into images of {by(bottom[1:])}; make it "
                             "smaller, or the kernels before it.")
        return (self.maps, *image)


class Deconvolution(_Kernels):
    """A convolution run backward: every element below is spread over patches of the `maps` maps."""

    def output(self, bottom: Shape) -> Shape:
        return (self.maps, *(size + side - 1 for size, side in zip(bottom[1:], self.kernel)))


@dataclass(frozen=True)
class InnerProduct:
    """`neurons` sums over all elements below."""

    neurons: int

    def output(self, bottom: Shape) -> Shape:
        return (self.neurons,)

    def weights(self, bottom: Shape) -> int:
        return self.neurons * math.prod(bottom)

    @property
    def biases(self) -> int:
        return self.neurons


@dataclass(frozen=True)
class _NothingToLearn:
    """What operations without weights share; they put out what they get in shape, too, unless they say otherwise."""

    biases = 0

    def output(self, bottom: Shape) -> Shape:
        return bottom

    def weights(self, bottom: Shape) -> int:
        return 0


class Sigmoid(_NothingToLearn):
    """1 / (1 + exp(-x)), element by element."""


class ReLU(_NothingToLearn):
    """max(x, 0), element by element."""


@dataclass(frozen=True)
class MaxPooling(_NothingToLearn):
    """The largest element of each square of `side` x `side`; squares side by side, the last ones cut off at the edge.

    (PoolingLayer::Reshape in Caffe's pooling_layer.cpp)
    """

    side: int = 2

    def output(self, bottom: Shape) -> Shape:
        return (bottom[0], *(-(-size // self.side) for size in bottom[1:]))


class Reshape(_NothingToLearn):
    """Neurons to as many maps of 1x1, which Caffe since 2015 wants before a deconvolution (the paper's last page)."""

    def output(self, bottom: Shape) -> Shape:
        return (bottom[0], 1, 1)


Step = tuple[str, Operation]


class Layer(NamedTuple):
    """An operation in its place: the layer's name, the blobs under and over it, and the shapes of their rows."""

    name: str
    operation: Operation
    bottom: str
    top: str
    input: Shape
    output: Shape

    @property
    def weights(self) -> int:
        return self.operation.weights(self.input)

    @property
    def biases(self) -> int:
        return self.operation.biases

    @property
    def parameters(self) -> int:
        """Weights and biases, "(w+b)" in the paper."""
        return self.weights + self.biases

    @property
    def elements(self) -> int:
        """How many numbers the layer puts out for one image."""
        return math.prod(self.output)


class Design(Protocol):
    """What the files of a net ask of its design, a frozen dataclass."""

    @property
    def input(self) -> Shape:
        """One image: (channels, height, width)."""

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers of the net to deploy, in the order in which they run, the first on blob `DATA`."""

    @property
    def code_blob(self) -> str:
        """The blob that holds the code."""

    @property
    def parameters(self) -> int:
        """All weights and biases."""

    def notation(self) -> str:
        """The architecture in one line."""


def activated(name: str, operation: Operation, suffix: str = "sig") -> Iterator[Step]:
    """The operation and the sigmoid behind it, which never works in place: the paper looks at both blobs."""
    yield name, operation
    yield name + suffix, Sigmoid()


def chain(blob: str, shape: Shape, steps: Iterable[Step]) -> Iterator[Layer]:
    """The steps as layers, each on top of the one before, the first on `blob` of `shape`.

    Raises InputError, naming the layer, where an operation cannot work on the shape below it, or where Caffe cannot
    hold what it makes.
    """
    for name, operation in steps:
        top = f"{blob}sh" if isinstance(operation, Reshape) else name
        try:
            output = operation.output(shape)
        except InputError as error:
            raise InputError(f"layer `{name}`: {error}") from None
        layer = Layer(name, operation, blob, top, shape, output)
        _check_size(layer)
        yield layer
        blob, shape = top, output


def _check_size(layer: Layer) -> None:
    for what, count in (("weights", layer.weights), ("elements", layer.elements)):
        if count > MAX_ELEMENTS:
            raise InputError(f"layer `{layer.name}`: it would have {count} {what}, from {by(layer.input)} to "
                             f"{by(layer.output)}, but a blob of Caffe's holds {MAX_ELEMENTS}; make it smaller.")
