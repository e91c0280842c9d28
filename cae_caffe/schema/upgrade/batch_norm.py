"""BatchNorm layers with three `param` blocks, as they were once needed: their statistics must not be learnt."""

from __future__ import annotations


def upgrade_batch_norm(net) -> None:
    """Set lr_mult and decay_mult to 0 in each BatchNorm layer of `net` that has exactly three `param` blocks."""
    for layer in net.layer:
        if layer.type == "BatchNorm" and len(layer.param) == 3:
            for param in layer.param:
                param.lr_mult = param.decay_mult = 0
