"""The families there are; what lists models, writes files or looks for codes walks them."""

from __future__ import annotations

from ..errors import InputError
from ..models import Design
from .autoencoder import CLASSIC, CONVOLUTIONAL
from .family import Family
from .siamese import SIAMESE

FAMILIES: list[Family] = []


def register(family: Family) -> None:
    """Add a family of one's own. Raises InputError if its name, its class, its word or a MODEL name is taken."""
    for other in FAMILIES:
        taken = [name for name in _names(family) if name in _names(other)]
        if taken or other.design is family.design:
            what = f"name `{taken[0]}`" if taken else f"class `{family.design.__name__}`"
            raise InputError(f"family `{family.name}`: its {what} belongs to the family `{other.name}` already; "
                             "give it one of its own.")
    FAMILIES.append(family)


def _names(family: Family) -> tuple[str, ...]:
    words = (family.flags.word,) if family.flags else ()
    return (family.name, *family.presets, *words)


for _family in (CONVOLUTIONAL, CLASSIC, SIAMESE):
    register(_family)


def family_of(design: Design) -> Family:
    """The family of a design's class or the nearest base of it; raises InputError if there is none."""
    for base in type(design).__mro__:
        for family in FAMILIES:
            if family.design is base:
                return family
    raise InputError(f"a design of the class `{type(design).__name__}` belongs to no family, so nothing says how it is "
                     "trained; make a `Family` for it and give that to `cae_caffe.families.register`.")


def presets() -> dict[str, Design]:
    """The designs of all families by their MODEL names, family by family."""
    return {model: design for family in FAMILIES for model, design in family.presets.items()}


def code_blobs() -> tuple[str, ...]:
    """The names of blobs that hold a code in whatever net, each once, in the order of the families that say so.

    Not the siamese network's `feat`, for one: in nets of others, which may be asked for their codes, a blob of that
    name is seldom one, and in its own nets its few elements tell it.
    """
    return tuple(dict.fromkeys(design.code_blob for family in FAMILIES if family.names_codes
                               for design in family.presets.values()))
