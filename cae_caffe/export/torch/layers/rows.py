"""Rows chosen by numbers, and vectors learned for them."""

from __future__ import annotations

from torch import nn

from ..modules.embedding import CaffeEmbedding
from ..registry import exports
from ..writing import LayerWriter


@exports("Embed")
def embed(layer: LayerWriter) -> str:
    """nn.Embedding, or a subclass with a bias."""
    param = layer.param.embed_param
    kind, state = (CaffeEmbedding, {"weight": 0, "bias": 1}) if param.bias_term else (nn.Embedding, {"weight": 0})
    return f"{layer.module(kind, param.input_dim, param.num_output, state=state)}({layer.bottoms[0]}.long())"


@exports("BatchReindex")
def batch_reindex(layer: LayerWriter) -> str:
    """Rows by their numbers."""
    rows, numbers = layer.bottoms
    return f"{rows}[{numbers}.long()]"


@exports("Filter")
def chosen(layer: LayerWriter) -> list[str]:
    """Rows by a mask."""
    *bottoms, selector = layer.bottoms
    mask = layer.let(f"{selector}.flatten() != 0")
    return [f"{x}[{mask}]" for x in bottoms]
