"""The paper's designs by their MODEL names: five classic architectures (Table 1), CAE Models 1 and 2 (Table 2)."""

from __future__ import annotations

import difflib
from types import MappingProxyType
from typing import Dict, Mapping

from ..errors import InputError
from .autoencoder import Autoencoder
from .classic import ClassicAutoencoder
from .convolutional import ConvolutionalAutoencoder

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


def _designs() -> Dict[str, Autoencoder]:
    cae = {f"{model}-n{code}": ConvolutionalAutoencoder(MNIST, maps, kernels=(9, 9), hidden=hidden, code=code)
           for model, (maps, hidden) in CAE.items() for code in CODES}
    classic = {f"classic-{'-'.join(map(str, hidden))}-n{code}": ClassicAutoencoder(MNIST, hidden, code)
               for hidden in CLASSIC for code in CODES}
    return {**cae, **classic}


PAPER: Mapping[str, Autoencoder] = MappingProxyType(_designs())


def paper_design(model: str) -> Autoencoder:
    """The paper's design called `model`; raises InputError that lists the names there are."""
    if model in PAPER:
        return PAPER[model]
    near = difflib.get_close_matches(model, PAPER, n=1)
    hint = f"did you mean `{near[0]}`? There are" if near else "there are"
    raise InputError(f"no model is called `{model}`; {hint} {', '.join(PAPER)}")
