"""The siamese network of the paper's Fig. 2: Caffe's examples/siamese, two LeNets that share their parameters."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ..errors import InputError
from .autoencoder import image_shape, whole_number, whole_numbers
from .layers import DATA, Convolution, InnerProduct, Layer, MaxPooling, ReLU, Shape, Step, by, chain

TWIN = "_p"     # ends the names of the second tower's layers and blobs

_CHECKS = {"input": image_shape, "maps": whole_numbers, "kernels": whole_numbers, "hidden": whole_numbers,
           "code": whole_number}


@dataclass(frozen=True)
class SiameseNetwork:
    """Two equal towers over the two images of a pair; only the first is deployed, for both have the same parameters.

    `SiameseNetwork()` is the net of Caffe's example: conv1, pool1, conv2, pool2, ip1, relu1, ip2, feat (the code), and
    the same with `_p` behind the names, from blob `data_p`. Its relu1 is not in place, so that both of its blobs can
    be looked at, as in the auto-encoders.

    `input` is one image's (channels, height, width); `maps` and `kernels` (sides) belong to the convolutions, each of
    which is followed by max pooling of 2x2, and `hidden` to the inner products before the code, with a ReLU between
    two of them. `margin` is the distance that codes of two classes should at least have. Raises InputError for a
    design that cannot be built.
    """

    input: Shape = (1, 28, 28)
    maps: tuple[int, ...] = (20, 50)
    kernels: tuple[int, ...] = (5, 5)
    hidden: tuple[int, ...] = (500, 10)
    code: int = 2
    margin: float = 1

    def __post_init__(self):
        for field, checked in _CHECKS.items():
            object.__setattr__(self, field, checked(field, getattr(self, field)))
        if len(self.kernels) != len(self.maps):
            raise InputError(f"`kernels` is of length {len(self.kernels)} and `maps` of length {len(self.maps)}, but "
                             "each convolution has one entry in both; make them of one length.")
        if not self.margin > 0:
            raise InputError(f"`margin` is {self.margin!r}, but it is a distance, so greater than 0; 1 is that of "
                             "Caffe's example.")
        _ = self.layers     # refuses kernels that do not fit

    def steps(self) -> Iterator[Step]:
        """Names and operations of a tower, from the image to the code."""
        for k, (maps, kernel) in enumerate(zip(self.maps, self.kernels), 1):
            yield f"conv{k}", Convolution(maps, (kernel, kernel))
            yield f"pool{k}", MaxPooling()
        for k, neurons in enumerate(self.hidden, 1):
            yield f"ip{k}", InnerProduct(neurons)
            if k < len(self.hidden):
                yield f"relu{k}", ReLU()
        yield "feat", InnerProduct(self.code)

    @functools.cached_property
    def layers(self) -> tuple[Layer, ...]:
        """The first tower, which is the net to deploy; its last blob holds the code."""
        return tuple(chain(DATA, self.input, self.steps()))

    @functools.cached_property
    def twin(self) -> tuple[Layer, ...]:
        """The second tower, layer by layer the first's."""
        return tuple(chain(DATA + TWIN, self.input, ((name + TWIN, operation) for name, operation in self.steps())))

    @property
    def code_blob(self) -> str:
        """The blob that holds the code."""
        return self.layers[-1].top

    @property
    def parameters(self) -> int:
        """All weights and biases, those that the towers share counted once."""
        return sum(layer.parameters for layer in self.layers)

    def notation(self) -> str:
        """The architecture as the paper's tables write theirs: 784-(5x5x20)-(5x5x50)-500-10-2, twice."""
        kernels = [f"({by((kernel, kernel))}x{maps})" for maps, kernel in zip(self.maps, self.kernels)]
        tower = "-".join(map(str, (math.prod(self.input), *kernels, *self.hidden, self.code)))
        return f"{tower}, twice with the same weights"


PRESETS: Mapping[str, SiameseNetwork] = MappingProxyType({"siamese": SiameseNetwork()})
