"""Blobs of four axes stored rows first, as lowered convolutions want them: every layer gives the same."""

from __future__ import annotations

import conformance
import golden_layers
import pytest

from cae_caffe.engine import net_builder

CASES = [(family, name) for family, cases in golden_layers.families().items() for name in cases]


def store_all_rows_first(net):
    """Instead of the builder's choice: even blobs that no lowered convolution touches."""
    for blob in net.blobs:
        if len(blob.shape) == 4:
            blob.store_rows_first()


@pytest.mark.parametrize("family, name", CASES)
def test_layer_gives_the_same_with_rows_first(family, name, monkeypatch):
    case = golden_layers.families()[family][name]
    plain = conformance.run_embedded(case)
    monkeypatch.setattr(net_builder, "_choose_storage_order", store_all_rows_first)
    for ours, expected in zip(conformance.run_embedded(case), plain):
        assert not conformance.differences(ours, expected)
