"""A family of one's own, all of it in this module: an auto-encoder of one hidden layer over pooled images."""

from __future__ import annotations

import math
from dataclasses import dataclass

from cae_caffe.families import DesignFlags, Family, Recipe
from cae_caffe.families.autoencoder import train_test
from cae_caffe.models import Autoencoder, InnerProduct, MaxPooling
from cae_caffe.models.layers import activated


@dataclass(frozen=True)
class PooledAutoencoder(Autoencoder):
    """pool, squeeze (the code), expand, expandsig."""

    input: tuple = (1, 28, 28)
    code: int = 3
    side: int = 2

    hidden = ()

    def encoder_steps(self):
        yield "pool", MaxPooling(self.side)
        yield "squeeze", InnerProduct(self.code)

    def decoder_steps(self):
        yield from activated("expand", InnerProduct(math.prod(self.input)))

    def _hidden_words(self):
        return f"pool{self.side}", self.code


def _add_flags(parser):
    parser.add_argument("--side", type=int, default=2, help="the side of the squares that are pooled")
    parser.add_argument("--code", type=int, required=True, help="the numbers of the code")


def _design(arguments):
    return f"toy-{arguments.side}-{arguments.code}", PooledAutoencoder(code=arguments.code, side=arguments.side)


TOY = Family(
    name="toys",
    design=PooledAutoencoder,
    presets={"toy-n3": PooledAutoencoder()},
    recipe=Recipe(base_lr=0.01, lr_policy="fixed", momentum=0.9, max_iter=60, test_interval=30, sparse=9),
    train_test=train_test,
    kind="toy",
    recipe_source="nobody in particular",
    names_codes=True,
    flags=DesignFlags("toy", _add_flags, _design),
)
