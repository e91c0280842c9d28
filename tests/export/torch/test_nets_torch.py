"""Whole nets as PyTorch modules: the engine's outputs and gradients, any batch, torch.export."""

from __future__ import annotations

import exported_nets
import pytest
from conformance import Case, values
from torch_judge import hold


@pytest.mark.parametrize("name", [*exported_nets.IMAGES, *exported_nets.PAPERS])
def test_outputs_and_gradients(name):
    hold(exported_nets.example(name))


@pytest.mark.parametrize("name", ["LeNet", "residual", "cae2-n10", "siamese"])
def test_torch_exports_any_batch(name):
    hold(exported_nets.example(name), gradients=False, batches=False, exported=True, reason="tested above")


def test_copies_that_are_outputs():
    hold(Case('layer { name: "abs" type: "AbsVal" bottom: "x" top: "a" }\n'
              'layer { name: "split" type: "Split" bottom: "a" top: "b" top: "c" }\n'
              'layer { name: "shifted" type: "Power" bottom: "b" top: "y" power_param { shift: 1 } }',
              {"x": values(2, 3)}))
