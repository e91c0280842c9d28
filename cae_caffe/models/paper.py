"""The paper's designs by their MODEL names.

Those are five classic architectures (Table 1), CAE Models 1 and 2 (Table 2), and the network that Fig. 2 shows, which
is no auto-encoder.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Union

from ..errors import InputError
from .autoencoder import Autoencoder
from .classic import ClassicAutoencoder
from .convolutional import ConvolutionalAutoencoder
from .siamese import SiameseNetwork

Design = Union[Autoencoder, SiameseNetwork]

MNIST = (1, 28, 28)
CODES = (2, 10, 30)         # the paper's N
CAE = {                     # Table 2: maps, hidden
    "cae1": ((4, 2), (125,)),
    "cae2": ((8, 4), (250,)),
}
CLASSIC = (                 # Table 1: hidden
    (300, 150, 75),
    (500, 250, 125),
    (1000, 500, 250),
    (2000, 1000, 500),
    (3000, 1500, 750),
)


def _autoencoders() -> dict[str, Autoencoder]:
    cae = {f"{model}-n{code}": ConvolutionalAutoencoder(MNIST, maps, kernels=(9, 9), hidden=hidden, code=code)
           for model, (maps, hidden) in CAE.items() for code in CODES}
    classic = {f"classic-{'-'.join(map(str, hidden))}-n{code}": ClassicAutoencoder(MNIST, hidden, code)
               for hidden in CLASSIC for code in CODES}
    return {**cae, **classic}


PAPER: Mapping[str, Autoencoder] = MappingProxyType(_autoencoders())         # the auto-encoders
MODELS: Mapping[str, Design] = MappingProxyType({**PAPER, "siamese": SiameseNetwork()})     # all there are


def paper_design(model: str) -> Autoencoder:
    """The paper's auto-encoder called `model`; raises InputError that lists the names there are."""
    return _named(model, PAPER)


def model_design(model: str) -> Design:
    """The design called `model`, an auto-encoder or not; raises InputError that lists the names there are."""
    return _named(model, MODELS)


def _named(model: str, designs: Mapping[str, Design]) -> Design:
    if model in designs:
        return designs[model]
    near = difflib.get_close_matches(model, designs, n=1)
    hint = f"did you mean `{near[0]}`? There are" if near else "there are"
    raise InputError(f"no model is called `{model}`; {hint} {', '.join(designs)}.")
