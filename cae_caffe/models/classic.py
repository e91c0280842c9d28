"""The classic stacked auto-encoder of Hinton and Salakhutdinov, as in Caffe's examples/mnist (the paper's Table 1)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from .autoencoder import CODES, MNIST, Autoencoder
from .layers import InnerProduct, Shape, Step, activated


@dataclass(frozen=True)
class ClassicAutoencoder(Autoencoder):
    """Inner products down to the code and, mirrored, up again; a sigmoid behind each but the code.

    `ClassicAutoencoder(input=(1, 28, 28), hidden=(1000, 500, 250), code=30)` is the net of Caffe's example:
    encode1, encode1neuron ... encode4 (the code), decode4, decode4neuron ... decode1 (the image), decode1neuron.
    `input` is (channels, height, width), `hidden` the encoder's neurons from the image inward.
    Raises InputError for sizes that are no whole numbers of at least 1, or that make blobs too large for Caffe.
    """

    input: Shape = (1, 28, 28)
    hidden: tuple[int, ...] = (1000, 500, 250)
    code: int = 30

    def encoder_steps(self) -> Iterator[Step]:
        for k, neurons in enumerate(self.hidden, 1):
            yield from activated(f"encode{k}", InnerProduct(neurons), "neuron")
        yield f"encode{len(self.hidden) + 1}", InnerProduct(self.code)

    def decoder_steps(self) -> Iterator[Step]:
        widths = (math.prod(self.input), *self.hidden)
        for k, neurons in reversed(list(enumerate(widths, 1))):
            yield from activated(f"decode{k}", InnerProduct(neurons), "neuron")

    def _hidden_words(self) -> tuple[int, ...]:
        return (*self.hidden, self.code, *reversed(self.hidden))


_HIDDEN = (         # Table 1
    (300, 150, 75),
    (500, 250, 125),
    (1000, 500, 250),
    (2000, 1000, 500),
    (3000, 1500, 750),
)
PRESETS: Mapping[str, ClassicAutoencoder] = MappingProxyType({
    f"classic-{'-'.join(map(str, hidden))}-n{code}": ClassicAutoencoder(MNIST, hidden, code)
    for hidden in _HIDDEN for code in CODES})
