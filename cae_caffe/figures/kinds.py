"""The kinds of figures that `cae-caffe figure` draws, by its words for them; each is the module here of that name.

A kind's module is imported only when that kind is asked for. It has

- `add_arguments(parser)`, which adds the kind's own words and flags; every kind has `--out` already;
- `pictures(arguments)`, or `pictures(arguments, backend)` of a kind that runs a net, which draws what the parsed
  arguments say and returns the paths of the pictures. It raises InputError for what cannot be drawn.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from types import ModuleType


@dataclass(frozen=True)
class Kind:
    """What is told of a kind without importing its module."""

    about: str                  # what is drawn, for the help
    runs_net: bool = False      # whether it needs an engine, which then `--backend` chooses


KINDS = {
    "scatter": Kind("the codes in the plane, a colour a class (Figs. 1, 2, 4-6)"),
    "layers": Kind("every blob of a net for one image, as pictures (Fig. 7)"),
    "curves": Kind("losses over the iterations, several logs over each other"),
    "filters": Kind("the trained filters, layer by layer", runs_net=True),
    "architecture": Kind("the layers of a net, with kernels and map sizes (Fig. 3)", runs_net=True),
}


def module_of(word: str) -> ModuleType:
    """The module of the kind that KINDS calls `word`."""
    return importlib.import_module(f"{__package__}.{word}")
