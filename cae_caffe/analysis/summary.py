"""The text of `cae-caffe summary`: a table of a net's layers and the paper's figures for it."""

from __future__ import annotations

import textwrap
from math import prod

from ..printing import shown
from .accounts import accounts, halves, hidden_sizes, total
from .principles import falls_and_rises, principles, why_no_autoencoder

HEADINGS = ("layer", "type", "bottom", "top", "parameters", "weights + biases", "elements")
RIGHT = ("parameters", "elements")
LINE = 120


def summary(graph, needs=None, finals=()) -> str:
    """A table with a line for each layer of `graph`, then totals; for an auto-encoder, Table 2's and 3's figures too.

    `graph` is one as `nets.open_graph` returns it. Shapes are Caffe's, batch first; "elements" are those of the layer's
    tops for one image. Then the paper's six principles, of an auto-encoder; `needs` and `finals` are those of
    `principles`, and so are the errors raised.
    """
    rows = accounts(graph)
    lines = _table([_cells(row) for row in rows] + [_totals(rows)])
    said = [*_facts(graph, rows), "", *_principles(graph, rows, needs, finals)]
    return "\n".join([*lines, "", *map(shown, said)]) + "\n"


def _cells(row):
    return (row.node.name, row.node.type, _blobs(row.node.bottoms, row.bottom_shapes),
            _blobs(row.node.tops, row.top_shapes), _count(row), " + ".join(map(_dims, row.parameter_shapes)),
            str(row.elements))


def _totals(rows):
    # A layer in place has no blob of its own, so blobs are added up, not layers.
    tops = {name: prod(shape[1:]) for row in rows for name, shape in zip(row.node.tops, row.top_shapes)}
    return ("total", "", "", "", str(total(rows)), "", str(sum(tops.values())))


def _count(row):
    if not row.parameter_shapes:
        return ""
    return str(row.parameters) if row.parameters else "shared"


def _blobs(names, shapes):
    return ", ".join(f"{name} {_dims(shape)}" for name, shape in zip(names, shapes))


def _dims(shape):
    return "x".join(map(str, shape)) or "scalar"


def _table(body):
    columns = list(zip(HEADINGS, *(map(shown, cells) for cells in body)))
    widths = [max(map(len, column)) for column in columns]
    lines = ["  ".join(_align(*cell) for cell in zip(HEADINGS, line, widths)).rstrip() for line in zip(*columns)]
    rule = "  ".join("-" * size for size in widths)
    return [lines[0], rule, *lines[1:-1], rule, lines[-1]]


def _align(heading, cell, size):
    return cell.rjust(size) if heading in RIGHT else cell.ljust(size)


def _facts(graph, rows):
    sizes = hidden_sizes(rows)
    parts = halves(graph, rows)
    facts = [f"Hidden layers: {'-'.join(map(str, sizes)) or 'none'}; size {sum(sizes)} elements"
             + (" (the paper's CAE size)." if parts else ".")]
    if parts:
        facts += [f"Code: blob {parts.code}, {parts.encoder[-1].elements} elements.",
                  f"Encoder: {_span(parts.encoder)}; decoder: {_span(parts.decoder)}.",
                  f"Sizes fall to the code and rise behind it: {_falls_and_rises(parts)}."]
    return facts


def _span(rows):
    return f"{rows[0].node.name} to {rows[-1].node.name}, {total(rows)} parameters"


def _falls_and_rises(parts):
    return "yes" if falls_and_rises(parts) else "no, which the paper advises against"


def _principles(graph, rows, needs, finals):
    found = principles(graph, rows, needs, finals)
    if not found:
        reason = why_no_autoencoder(graph, rows)
        return [f"The paper's six principles are of auto-encoders; this net is none: {reason}."]
    size = max(len(principle.title) for principle in found)
    heads = [f"{principle.number}  {principle.title:<{size}}  {principle.word:<7}  " for principle in found]
    lines = [textwrap.wrap(principle.reason, LINE, initial_indent=head, subsequent_indent=" " * len(head))
             for principle, head in zip(found, heads)]
    return ["The paper's principles (section 2):"] + [line for wrapped in lines for line in wrapped]
