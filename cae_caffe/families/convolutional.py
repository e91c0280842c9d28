"""The convolutional auto-encoders, trained as the paper's section 3 (the start of the weights) and Table 5 say.

What the paper leaves open is filled from Caffe's own auto-encoder example or by what came nearest to the paper's losses
in real Caffe: tests come a few times a run, `max_iter` is Table 4's.
"""

from __future__ import annotations

from ..models import ConvolutionalAutoencoder
from ..models.convolutional import PRESETS
from .autoencoder import train_test
from .family import Family
from .recipe import Recipe

CONVOLUTIONAL = Family(
    name="convolutional",
    design=ConvolutionalAutoencoder,
    presets=PRESETS,
    recipe=Recipe(sparse=25, base_lr=0.006, lr_policy="fixed", max_iter=20000, test_interval=5000),
    train_test=train_test,
    kind="convolutional auto-encoder",
    recipe_source="the paper's Table 5",
)
