"""Whole nets as PyTorch modules: the engine's outputs and gradients, any batch, torch.export."""

from __future__ import annotations

import exported_nets
import pytest
from torch_judge import hold

# Of gradients through windows of max pooling and ReLUs: at ties rounding decides where they go.
KINKED = ("GoogLeNet", "CaffeNet")


@pytest.mark.parametrize("name", [*exported_nets.IMAGES, *exported_nets.PAPERS])
def test_outputs_and_gradients(name):
    hold(exported_nets.example(name))


@pytest.mark.parametrize("name", ["LeNet", "residual", "cae2-n10", "siamese"])
def test_torch_exports_any_batch(name):
    hold(exported_nets.example(name), gradients=False, batches=False, exported=True, reason="tested above")
