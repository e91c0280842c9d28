"""The paper's designs by their MODEL names.

Those are CAE Models 1 and 2 (Table 2), five classic architectures (Table 1), and the network that Fig. 2 shows, which
is no auto-encoder.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeVar

from .. import spelling
from ..errors import InputError
from .autoencoder import Autoencoder
from .classic import PRESETS as CLASSIC
from .convolutional import PRESETS as CONVOLUTIONAL
from .layers import Design
from .siamese import PRESETS as SIAMESE

PAPER: Mapping[str, Autoencoder] = MappingProxyType({**CONVOLUTIONAL, **CLASSIC})       # the auto-encoders
MODELS: Mapping[str, Design] = MappingProxyType({**PAPER, **SIAMESE})      # and the network of Fig. 2

SomeDesign = TypeVar("SomeDesign")


def paper_design(model: str) -> Autoencoder:
    """The paper's auto-encoder called `model`; raises InputError that lists the names there are."""
    return named_design(model, PAPER)


def model_design(model: str) -> Design:
    """The design called `model`, an auto-encoder or not; raises InputError that lists the names there are."""
    return named_design(model, MODELS)


def named_design(model: str, designs: Mapping[str, SomeDesign]) -> SomeDesign:
    """The one of `designs` called `model`; raises InputError that lists the names there are."""
    if model in designs:
        return designs[model]
    near = spelling.nearest(model, designs)
    hint = f"did you mean `{near}`? There are" if near else "there are"
    raise InputError(f"no model is called `{model}`; {hint} {', '.join(designs)}.")
