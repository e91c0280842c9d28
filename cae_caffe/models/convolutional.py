"""The paper's convolutional auto-encoder (CAE): an encoder of convolutions and inner products, its mirror derived.

The rules of the derivation were read off Table 2, whose decoders they give exactly. The innermost deconvolution takes
1x1 to the size of the innermost convolution's maps. Each further one ends at the size of the matching convolution's
input. Each has so many maps that its elements come nearest to that convolution's, which is the paper's first principle.
Where there is one deconvolution only, it counts as a further one, for it has to end at the image.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Callable, Union

from ..errors import InputError
from .autoencoder import CODES, MNIST, Autoencoder, entries, whole_number, whole_numbers
from .layers import Convolution, Deconvolution, InnerProduct, Layer, Pair, Reshape, Shape, Sigmoid, Step, activated, by

Kernel = Union[int, Pair]


@dataclass(frozen=True)
class ConvolutionalAutoencoder(Autoencoder):
    """Convolutions and inner products down to the code, inner products and deconvolutions up again.

    `ConvolutionalAutoencoder(input=(1, 28, 28), maps=(4, 2), kernels=(9, 9), hidden=(125,), code=2)` is Model 1:
    conv1, conv1sig, conv2, conv2sig, ip1encode, ip1encodesig, ip2encode (the code, linear), ip1decode, reshape,
    ip1decodesig, deconv2, deconv2sig, deconv1, deconv1sig, deconv1neur (1x1, joins the maps into the image),
    deconv1neursig.

    `input` is (channels, height, width); `maps` and `kernels` belong to the convolutions and `hidden` to the inner
    products before the code, all from the image inward. `deconv_maps` and `deconv_kernels` belong to the
    deconvolutions in the order in which they run, innermost first, as Table 2 has them; None derives them.
    A kernel is its side, or (height, width). Raises InputError for a design that cannot be built.
    """

    input: Shape = (1, 28, 28)
    maps: tuple[int, ...] = (4, 2)
    kernels: tuple[Kernel, ...] = (9, 9)
    hidden: tuple[int, ...] = (125,)
    code: int = 2
    deconv_maps: tuple[int, ...] | None = None
    deconv_kernels: tuple[Kernel, ...] | None = None

    def __post_init__(self):
        super().__post_init__()
        self._check_image(self.decoder[-1])

    def _normalise(self) -> None:
        super()._normalise()
        self._set("maps", whole_numbers("maps", self.maps))
        if not self.maps:
            raise InputError("`maps` is empty, but a convolutional auto-encoder has a convolution at least; use "
                             "ClassicAutoencoder for one without.")
        self._normalise_per_convolution("kernels", _sides)
        if self.deconv_maps is not None:
            self._normalise_per_convolution("deconv_maps", whole_numbers)
        if self.deconv_kernels is not None:
            self._normalise_per_convolution("deconv_kernels", _sides)

    def _normalise_per_convolution(self, field: str, checked: Callable[[str, object], tuple]) -> None:
        values = checked(field, getattr(self, field))
        self._set(field, values)
        if len(values) != len(self.maps):
            raise InputError(f"`{field}` is of length {len(values)} and `maps` of length {len(self.maps)}, but each "
                             "convolution has one entry in both, and so has the deconvolution that mirrors it.")

    def _check_image(self, last: Layer) -> None:
        if last.output != self.input:
            raise InputError(f"layer `deconv1` ends at {by(last.output[1:])}, but the image is {by(self.input[1:])}; "
                             "change `deconv_kernels` by the difference, or leave them out to have them derived.")

    def encoder_steps(self) -> Iterator[Step]:
        for k, (maps, kernel) in enumerate(zip(self.maps, self.kernels), 1):
            yield from activated(f"conv{k}", Convolution(maps, _pair(kernel)))
        for k, neurons in enumerate(self.hidden, 1):
            yield from activated(f"ip{k}encode", InnerProduct(neurons))
        yield f"ip{len(self.hidden) + 1}encode", InnerProduct(self.code)

    def decoder_steps(self) -> Iterator[Step]:
        for k, neurons in reversed(list(enumerate(self.hidden, 1))):
            yield f"ip{k}decode", InnerProduct(neurons)
            if k == 1:
                yield "reshape", Reshape()
            yield f"ip{k}decodesig", Sigmoid()
        if not self.hidden:
            yield "reshape", Reshape()      # of the code itself
        for k, deconvolution in zip(range(len(self.maps), 0, -1), self._deconvolutions()):
            yield from activated(f"deconv{k}", deconvolution)
        yield from activated("deconv1neur", Deconvolution(self.input[0], (1, 1)))

    def _deconvolutions(self) -> Iterator[Deconvolution]:
        """The mirror of the convolutions, innermost first, by the rules at the head of this module."""
        convolutions = [layer for layer in self.encoder if isinstance(layer.operation, Convolution)]
        image: Shape = (1, 1)
        for place, mirrored in enumerate(reversed(convolutions)):
            innermost = place == 0 and len(convolutions) > 1
            goal = (mirrored.output if innermost else mirrored.input)[1:]
            kernel = _kernel_between(image, goal) if self.deconv_kernels is None else _pair(self.deconv_kernels[place])
            image = Deconvolution(1, kernel).output((1, *image))[1:]
            maps = _nearest(mirrored.elements, image) if self.deconv_maps is None else self.deconv_maps[place]
            yield Deconvolution(maps, kernel)

    def _hidden_words(self) -> Iterable:
        kernels = [f"({by(layer.operation.kernel)}x{layer.operation.maps})" for layer in self.layers
                   if isinstance(layer.operation, (Convolution, Deconvolution))]
        kernels.pop()       # deconv1neur's, which the paper's tables leave out
        depth = len(self.maps)
        return (*kernels[:depth], *self.hidden, self.code, *reversed(self.hidden), *kernels[depth:])


def _pair(kernel: Kernel) -> Pair:
    return (kernel, kernel) if isinstance(kernel, int) else kernel


def _sides(field: str, kernels) -> tuple[Kernel, ...]:
    """`kernels` with every entry checked: a side, or a pair (height, width)."""
    return tuple(_side(field, kernel) for kernel in entries(field, kernels))


def _side(field: str, kernel) -> Kernel:
    if not isinstance(kernel, (tuple, list)):
        return whole_number(field, kernel)
    if len(kernel) != 2:
        raise InputError(f"`{field}` holds {kernel!r}, but a kernel is its side or the pair (height, width).")
    height, width = whole_numbers(field, kernel)
    return height, width


def _kernel_between(image: Shape, goal: Shape) -> Pair:
    """The kernel whose deconvolution takes an image of (height, width) to `goal`: difference + 1."""
    height, width = (end - start + 1 for start, end in zip(image, goal))
    return height, width


def _nearest(elements: int, image: Shape) -> int:
    """How many maps of `image` come nearest to `elements`; one at least, and the larger number in a tie."""
    area = math.prod(image)
    return max(1, (2 * elements + area) // (2 * area))


_MAPS_AND_HIDDEN = {        # Table 2
    "cae1": ((4, 2), (125,)),
    "cae2": ((8, 4), (250,)),
}
PRESETS: Mapping[str, ConvolutionalAutoencoder] = MappingProxyType({
    f"{model}-n{code}": ConvolutionalAutoencoder(MNIST, maps, kernels=(9, 9), hidden=hidden, code=code)
    for model, (maps, hidden) in _MAPS_AND_HIDDEN.items() for code in CODES})
