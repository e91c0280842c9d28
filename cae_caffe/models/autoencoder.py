"""What the auto-encoders share: the checks of a design's fields, and the paper's accounts of a design."""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Iterable, Iterator

from ..errors import InputError
from .layers import DATA, Layer, Shape, Step, chain

MNIST = (1, 28, 28)
CODES = (2, 10, 30)         # the paper's N


class Autoencoder:
    """Base of the designs: from two lists of steps it derives layers, sizes (Tables 1, 2) and parameters (Table 3).

    A subclass is a frozen dataclass with the fields `input` (channels, height, width), `hidden` and `code`, and says
    its `encoder_steps` and `decoder_steps`. It checks its fields when it is made and raises InputError for a design
    that cannot be built.
    """

    input: Shape
    hidden: tuple[int, ...]
    code: int

    def __post_init__(self):
        self._normalise()
        _ = self.layers     # refuses what cannot be built

    def _normalise(self) -> None:
        self._set("input", image_shape("input", self.input))
        self._set("hidden", whole_numbers("hidden", self.hidden))
        self._set("code", whole_number("code", self.code))

    def _set(self, field: str, value) -> None:
        object.__setattr__(self, field, value)      # the dataclass is frozen for everyone else

    def encoder_steps(self) -> Iterator[Step]:
        """Names and operations from the image to the code."""
        raise NotImplementedError

    def decoder_steps(self) -> Iterator[Step]:
        """Names and operations from the code back to the image."""
        raise NotImplementedError

    @functools.cached_property
    def encoder(self) -> tuple[Layer, ...]:
        """The layers from the image to the code; the last one is linear and its blob holds the code."""
        return tuple(chain(DATA, self.input, self.encoder_steps()))

    @functools.cached_property
    def decoder(self) -> tuple[Layer, ...]:
        """The layers from the code to the image; the last one is the sigmoid that shows it."""
        return tuple(chain(self.encoder[-1].top, self.encoder[-1].output, self.decoder_steps()))

    @property
    def layers(self) -> tuple[Layer, ...]:
        """All layers in the order in which they run."""
        return self.encoder + self.decoder

    @property
    def code_blob(self) -> str:
        """The blob that holds the code."""
        return self.encoder[-1].top

    @property
    def sizes(self) -> tuple[int, ...]:
        """The elements of each hidden layer that has parameters: Table 2's 1600-288-125-N-125-288-1568."""
        return tuple(layer.elements for layer in self.layers if layer.parameters)[:-1]

    @property
    def size(self) -> int:
        """The elements of all hidden layers together, "auto-encoder size" in Table 1, "CAE size" in Table 2."""
        return sum(self.sizes)

    @property
    def encoder_parameters(self) -> int:
        """Weights and biases from the image to the code, the code's included (Table 3)."""
        return sum(layer.parameters for layer in self.encoder)

    @property
    def decoder_parameters(self) -> int:
        """Weights and biases behind the code (Table 3)."""
        return sum(layer.parameters for layer in self.decoder)

    @property
    def parameters(self) -> int:
        """All weights and biases. Table 1's counts are 782 lower: they take the image's 784 biases for 2."""
        return self.encoder_parameters + self.decoder_parameters

    def notation(self) -> str:
        """The architecture as the paper's tables write it, from the image to the image."""
        pixels = math.prod(self.input)
        return "-".join(str(word) for word in (pixels, *self._hidden_words(), pixels))

    def _hidden_words(self) -> Iterable:
        raise NotImplementedError


def whole_number(field: str, value) -> int:
    """`value` as an int of at least 1; raises InputError that names the field."""
    try:
        number = operator.index(value)
    except TypeError:
        number = 0
    if number < 1:
        raise InputError(f"`{field}` holds {value!r}, but sizes are whole numbers of at least 1.")
    return number


def whole_numbers(field: str, values) -> tuple[int, ...]:
    """`values` as a tuple of ints of at least 1; raises InputError that names the field."""
    return tuple(whole_number(field, value) for value in entries(field, values))


def image_shape(field: str, values) -> Shape:
    """`values` as (channels, height, width); raises InputError that names the field."""
    shape = whole_numbers(field, values)
    if len(shape) != 3:
        raise InputError(f"`{field}` is {shape}, but an image's shape is (channels, height, width): give three "
                         "numbers, (1, 28, 28) for MNIST.")
    return shape


def entries(field: str, values) -> tuple:
    """`values` as a tuple; raises InputError that names the field where a lone value stands for a sequence."""
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise InputError(f"`{field}` is {values!r}, but a sequence belongs there; write ({values!r},) for just one.")
    return tuple(values)
