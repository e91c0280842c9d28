"""A family of nets: all that a kind of design needs to be trained, deployed, written and asked for, in one object."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..errors import InputError
from ..models import Design, Reshape
from ..models.layers import DATA
from .layers import Input, NetLayer, deploy_layers
from .recipe import Recipe
from .sources import DataSource, Source

Layers = tuple[NetLayer, ...]


def deploy(design: Design) -> Layers:
    """The net to deploy: one image in blob `data`, then the design's layers."""
    return (NetLayer("input", Input(design.input), (), (DATA,)), *deploy_layers(design.layers))


def layer_cuts(design: Design) -> dict[str, Layers]:
    """The net to deploy, cut after each of its layers, by file name: 01-conv1 ... 15-deconv1neursig.

    The paper looked at its layers through such nets (section 3). A Reshape changes no value and gets none of its own.
    """
    whole = deploy(design)
    ends = [end for end, layer in enumerate(whole) if end and not isinstance(layer.operation, Reshape)]
    return {f"{number:02d}-{whole[end].name}": whole[:end + 1] for number, end in enumerate(ends, 1)}


def no_cuts(design: Design) -> dict[str, Layers]:
    """No nets to look at one layer."""
    return {}


class DesignFlags(NamedTuple):
    """How `make-prototxt WORD --flag ...` makes a design of the family that no preset has.

    `word` stands where a MODEL would, `add` adds the family's own flags to the command's parser, and `design` makes of
    the parsed arguments, the generic ones included, the model's name and its design, or raises InputError.
    """

    word: str
    add: Callable[[argparse.ArgumentParser], None]
    design: Callable[[argparse.Namespace], tuple[str, Design]]


@dataclass(frozen=True, eq=False)
class Family:
    """A family of nets; `registry.FAMILIES` lists those there are, and the generator of files knows no others.

    The functions take designs of the class `design`, a frozen dataclass (see `models.layers.Design`), and sources of
    the class `source` (see `sources.DataSource`).
    """

    name: str
    design: type
    presets: Mapping[str, Design]       # by MODEL name
    recipe: Recipe
    train_test: Callable[[Any, Recipe, Any], Layers]        # of a design, the recipe and a source
    kind: str                           # what a design is, in words
    recipe_source: str                  # whose learning parameters the recipe has, in words
    source: type[DataSource] = Source
    deploy: Callable[[Any], Layers] = deploy
    cuts: Callable[[Any], Mapping[str, Layers]] = layer_cuts        # nets to look at one layer, by file name
    purpose: str = "The net to train and to test."
    trained_on: str = "images"          # on what, in words
    names_codes: bool = False           # whether a blob of any net is a code if a preset's code has its name
    own_images: bool = True             # whether `make-prototxt --train LIST --test LIST` applies; its source is Source
    flags: DesignFlags | None = None    # of `make-prototxt`, if it makes designs by flags of its own

    def __post_init__(self) -> None:
        if self.own_images and not issubclass(self.source, Source):
            raise InputError(f"family `{self.name}`: `own_images` is True, but lists of images make a `Source`, not a "
                             f"`{self.source.__name__}`; say `own_images=False`, or take `Source`.")
