"""The classic auto-encoders, trained as the paper's Table 5 says.

What the paper leaves open is filled from Caffe's own auto-encoder example, which these nets are: tests come a few times
a run, `max_iter` is Table 1's.
"""

from __future__ import annotations

from ..models import ClassicAutoencoder
from ..models.classic import PRESETS
from .autoencoder import train_test
from .family import Family
from .recipe import Recipe

CLASSIC = Family(
    name="classic",
    design=ClassicAutoencoder,
    presets=PRESETS,
    recipe=Recipe(sparse=15, base_lr=0.01, lr_policy="step", gamma=0.1, stepsize=1000, momentum=0.9, max_iter=5000,
                  test_interval=1000),
    train_test=train_test,
    kind="classic auto-encoder",
    recipe_source="the paper's Table 5",
)
