"""Places for the layers of a net on a page: an auto-encoder folded at its code, any other net row by row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .graph import Graph, ancestors, descendants, ranks


@dataclass(frozen=True)
class Placing:
    """(column, row) of each node, as fractions where needed, and the headings of columns."""

    places: list[tuple[float, float]]
    headings: dict[float, str]

    @property
    def columns(self) -> float:
        return max(column for column, _ in self.places) + 1

    @property
    def rows(self) -> float:
        return max(row for _, row in self.places) + 1


def placed(graph: Graph) -> Placing:
    """Places for the nodes of `graph`, row 0 on top."""
    return _by_rank(graph) if graph.code is None else _folded(graph)


def _folded(graph: Graph) -> Placing:
    """The encoder down the left, the decoder up the right; between them what belongs to neither, the losses last."""
    nodes, rank = graph.nodes, ranks(graph.nodes)
    behind = descendants(nodes, graph.code)
    left = sorted(ancestors(nodes, graph.code))
    losses = sorted((at for at in range(len(nodes)) if nodes[at].is_loss), key=lambda at: -rank[at])
    right = sorted(behind - set(losses))
    others = [at for at in range(len(nodes)) if at not in {*left, *right, *losses}]
    last = max(map(len, (left, right, losses, others))) - 1
    # From the top: losses lie as the decoder does, which runs upwards.
    rows: list[list[tuple[int, float]]] = [
        list(zip(left, _spread(len(left), last))), list(zip(others, range(last + 1))),
        list(zip(losses, range(last + 1))), list(zip(right[::-1], _spread(len(right), last)))]
    columns = [column for column in rows if column]
    places = {at: (float(x), float(y)) for x, column in enumerate(columns) for at, y in column}
    return Placing([places[at] for at in range(len(nodes))], {0.0: "encoder", len(columns) - 1.0: "decoder"})


def _spread(count: int, last: int) -> list[float]:
    """`count` rows from 0 to `last`, at even distances."""
    return [at * last / (count - 1) if count > 1 else float(last) for at in range(count)]


def _by_rank(graph: Graph) -> Placing:
    """A row for each rank, nodes of one rank side by side, each under those that it reads as far as there is room."""
    nodes, rank = graph.nodes, ranks(graph.nodes)
    rows = [[at for at in range(len(nodes)) if rank[at] == row] for row in range(max(rank) + 1)]
    widest = max(map(len, rows))
    column: dict[int, float] = {}
    for row in rows:
        wanted = {at: _mean([column[source] for source, _ in nodes[at].sources], (widest - 1) / 2) for at in row}
        order = sorted(row, key=lambda at: (wanted[at], at))
        start = min(max(_mean(list(wanted.values())) - (len(row) - 1) / 2, 0.0), widest - len(row))
        column.update((at, start + place) for place, at in enumerate(order))
    return Placing([(column[at], float(rank[at])) for at in range(len(nodes))], {})


def _mean(values: Sequence[float], otherwise: float = 0.0) -> float:
    return sum(values) / len(values) if values else otherwise
