"""Tables 2 and 3, and Table 1's counts: sizes and parameters, exact, and the slips in the paper's own arithmetic."""

from __future__ import annotations

import math

from ...models import PAPER, Autoencoder
from ...models.layers import Convolution, Deconvolution, Layer, by
from ..paper import TABLE_1, TABLE_2, TABLE_3
from .html import Cell, Markup, cell, element, joined, table

RATIOS = (81, 43, 17, 6, 3)         # Table 1's second column, to 1; Table 2 has none
TRAINING_NUMBERS = 60000 * 784      # "47040 K elements"

SLIPS = (
    ("Table 1 gives every classic net 782 parameters too few: the last layer has 784 biases, one a pixel, and the "
     "table counts 2, the number of the code's biases."),
    ("Table 3 writes the terms of convolutions as (weights + 1 bias) × inputs × outputs, which would count a bias for "
     "each pair of maps: (9*9w+1b)*4i*2o is 648w+8b. A layer has one bias an output map, and the sums below "
     "the terms, 648w+2b and so on, count it so; the totals are right."),
    "Table 1's first ratio, 81/1, is 80/1 by the right count (47040000/585036 = 80.4).",
    ("The paper's text has the convolutional net 38 times smaller than the classic net of like size "
     "(2822504/74893 = 37.7); with the right count, 2823286, it is 37.7 times too."),
    ("The kernels of the decoder are said to be in Fig. 1, which is a scatter plot; the architecture is Fig. 3. The "
     "Caffe of Noh et al. is cited as [28] in the text and as [24] on the last page; it is [28]."),
)


def accounts() -> Markup:
    """The tables and the slips."""
    return joined([_counts("Table 1. Parameters and sizes of the classic auto-encoders, N = 2", TABLE_1),
                   _counts("Table 2. Parameters and sizes of the convolutional auto-encoders, N = 2", TABLE_2),
                   *(_layers(model) for model in TABLE_3),
                   element("h3", "Slips in the paper"), element("ul", *(element("li", slip) for slip in SLIPS))])


def _counts(caption: str, printed: dict[str, tuple[int, int]]) -> Markup:
    head = ["Model", "Size, paper", "Size", "Parameters, paper", "Parameters", "Difference", "Data/(w+b)"]
    ratios = dict(zip(TABLE_1, RATIOS))
    return table(caption, head, [_count_row(model, *numbers, ratios.get(model)) for model, numbers in printed.items()])


def _count_row(model: str, parameters: int, size: int, ratio: int | None) -> list[Cell]:
    design = PAPER[model]
    name = cell(element("strong", model), element("span", design.notation(), class_="sub"), head=True, class_="model")
    numbers = (size, design.size, parameters, design.parameters)
    return [name, *(_number(value) for value in numbers), _difference(design, parameters, size),
            cell(f"{TRAINING_NUMBERS / design.parameters:.0f}/1",
                 element("span", f"paper {ratio}/1", class_="sub") if ratio else "", class_="number")]


def _difference(design: Autoencoder, parameters: int, size: int) -> Cell:
    gaps = (design.parameters - parameters, design.size - size)
    if not any(gaps):
        return cell(element("span", "● exact", class_="mark meet"))
    words = " and ".join(f"{gap:+d} {what}" for gap, what in zip(gaps, ("parameters", "elements")) if gap)
    return cell(element("span", f"▲ {words}", class_="mark higher"))


def _layers(model: str) -> Markup:
    """Table 3 for one net: the layers that learn, the sums of the halves, and the total."""
    design = PAPER[model]
    rows = []
    for half, layers, paper in zip(("encoder", "decoder"), (design.encoder, design.decoder), TABLE_3[model]):
        learned = [layer for layer in layers if layer.parameters]
        rows += [_layer_row(layer) for layer in learned]
        rows.append(_sum_row(f"{half} part", learned, paper))
    rows.append(_sum_row("total", design.layers, sum(TABLE_3[model])))
    head = ["Layer", "Maps or neurons", "Weights", "Biases", "w+b", "Paper"]
    return table(f"Table 3. Parameters of {model}, layer by layer", head, rows)


def _layer_row(layer: Layer) -> list[Cell]:
    return [cell(layer.name, head=True), _number(by(layer.output)),
            _number(f"{_factors(layer)} = {layer.weights}"), _number(layer.biases), _number(layer.parameters),
            _number("")]


def _factors(layer: Layer) -> str:
    """The product that the layer's weights are: kernel, inputs, outputs."""
    operation = layer.operation
    if isinstance(operation, (Convolution, Deconvolution)):
        return " × ".join(str(factor) for factor in (by(operation.kernel), layer.input[0], operation.maps))
    return f"{math.prod(layer.input)} × {math.prod(layer.output)}"


def _sum_row(words: str, layers, paper: int) -> list[Cell]:
    total = sum(layer.parameters for layer in layers)
    mark = "● " if total == paper else "▲ "
    return [cell(words, head=True, class_="sum"), _number(""), _number(sum(layer.weights for layer in layers)),
            _number(sum(layer.biases for layer in layers)), _number(total), _number(f"{mark}{paper}")]


def _number(value) -> Cell:
    return cell(value, class_="number")
