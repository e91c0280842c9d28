"""Tables 2 and 3 and Table 1's counts: sizes and parameters, exact, and the slips in the paper's own arithmetic."""

from __future__ import annotations

import math

from ...models import PAPER
from ...models.layers import Convolution, Deconvolution, Layer, by
from ..paper import SLIPS, TABLE_1, TABLE_2, TABLE_3


def table_2() -> str:
    """Table 2, with the counts of Table 1 under it."""
    return "\n".join([
        "# Table 2: parameters and sizes of the CAE models, N = 2", "", *_counts(TABLE_2), "",
        "## Table 1's counts: parameters and sizes of the classic auto-encoders, N = 2", "", *_counts(TABLE_1), "",
        "## Slips in the paper", "", *(f"- {slip}" for slip in SLIPS)]) + "\n"


def _counts(printed) -> list[str]:
    lines = ["| model | architecture | size, paper | size | parameters, paper | parameters | difference |",
             "|---|---|---|---|---|---|---|"]
    for model, (parameters, size) in printed.items():
        design = PAPER[model]
        gap = design.parameters - parameters
        lines.append(f"| {model} | {design.notation()}<br>{'-'.join(map(str, design.sizes))} | {size} | {design.size} "
                     f"| {parameters} | {design.parameters} | {f'{gap:+d}' if gap else 'exact'} |")
    return lines


def table_3() -> str:
    """Table 3: the parameters of both CAE models, layer by layer, and the sums of encoder and decoder."""
    lines = ["# Table 3: parameters of the CAE models, layer by layer, N = 2"]
    for model, paper in TABLE_3.items():
        design = PAPER[model]
        lines += ["", f"## {model}", "", "| layer | weights | biases | w+b | paper |", "|---|---|---|---|---|"]
        for half, layers, printed in zip(("encoder", "decoder"), (design.encoder, design.decoder), paper):
            learned = [layer for layer in layers if layer.parameters]
            lines += [f"| {layer.name} | {_factors(layer)} = {layer.weights} | {layer.biases} | {layer.parameters} | |"
                      for layer in learned]
            lines.append(_sum(half, learned, printed))
        lines.append(_sum("total", design.layers, sum(paper)))
    return "\n".join(lines) + "\n"


def _factors(layer: Layer) -> str:
    """The product that the layer's weights are: kernel, inputs, outputs."""
    operation = layer.operation
    if isinstance(operation, (Convolution, Deconvolution)):
        return f"{by(operation.kernel)} × {layer.input[0]} × {operation.maps}"
    return f"{math.prod(layer.input)} × {math.prod(layer.output)}"


def _sum(words: str, layers, printed: int) -> str:
    total = sum(layer.parameters for layer in layers)
    mark = "exact" if total == printed else f"{total - printed:+d}"
    return (f"| **{words}** | {sum(layer.weights for layer in layers)} | {sum(layer.biases for layer in layers)} | "
            f"**{total}** | {printed}, {mark} |")
