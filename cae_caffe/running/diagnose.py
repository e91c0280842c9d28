"""A trained net looked at layer by layer on real images, for saturation and for what is no number (section 3)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..analysis.diagnosis import Diagnosis, LayerState, saturation_of
from ..analysis.nets import open_graph
from ..backend_protocol import Backend, Net
from ..data import HDF5Source
from ..errors import InputError
from ..graph import Graph, Node, by_number
from ..progress import bar
from .image_input import IMAGES, feed, image_input

BATCH = 100


def diagnose(backend: Backend, net_file, weights, data, images=100) -> Diagnosis:
    """Run the first `images` images of the list `data` through the deploy net and sum up every layer's output.

    Layers run one by one, so that those that work in place are seen too. Raises `InputError` for files that are
    missing or do not fit together, and for fewer than one image.
    """
    if images < 1:
        raise InputError(f"--images {images}: it must be at least 1.")
    with HDF5Source(data) as source:
        net, graph = open_graph(backend, net_file, weights)
        blob = image_input(net, net_file, source, data)
        count = min(images, len(source))
        sums = _sums(graph)
        with bar(count, "diagnosing", unit="image") as progress:
            for start in range(0, count, BATCH):
                rows = source.rows(IMAGES, start, min(start + BATCH, count))
                feed(net, blob, rows)
                _add_batch(net, sums)
                progress.update(len(rows))
    return Diagnosis(str(net_file), str(weights), count, [_state(item) for item in sums])


@dataclass
class _Sums:
    """What is known so far of a layer's first top.

    `bound` is (low, high), beyond which values saturate, or None; `alive` says of each unit of a ReLU whether it was
    ever above 0.
    """

    node: Node
    bound: tuple[float, float] | None
    meets: str
    values: int = 0
    finite: int = 0
    nan: int = 0
    saturated: int = 0
    total: float = 0.0
    low: float = field(default=np.inf)
    high: float = field(default=-np.inf)
    alive: np.ndarray | None = None

    def add(self, values) -> None:
        """Take in the values (n, ...) of a batch."""
        good = values[np.isfinite(values)]
        self.values += values.size
        self.finite += good.size
        self.nan += int(np.isnan(values).sum())
        if good.size:
            self.low, self.high = min(self.low, good.min()), max(self.high, good.max())
            self.total += float(good.sum(dtype=np.float64))
        if self.bound is not None:
            self.saturated += int(((good < self.bound[0]) | (good > self.bound[1])).sum())
        if self.node.type == "ReLU":
            alive = (values > 0).any(axis=0)
            self.alive = alive if self.alive is None else self.alive | alive


def _sums(graph: Graph) -> list[_Sums]:
    return [_Sums(node, *saturation_of(node)) for node in graph.nodes]


def _add_batch(net: Net, sums: list[_Sums]) -> None:
    done = 0
    for item in sums:
        by_number.forward(net, done, item.node.number)      # with the Split layers in between
        done = item.node.number + 1
        for value in item.node.outputs[:1]:
            item.add(value.blob.array)


def _state(item: _Sums) -> LayerState:
    tops = item.node.outputs[:1]
    parameters = [np.isfinite(weight.array) for weight in item.node.weights]
    return LayerState(
        name=item.node.name, type=item.node.type, blob=tops[0].name if tops else "",
        shape=tops[0].shape[1:] if tops else (),
        low=float(item.low), high=float(item.high), mean=item.total / item.finite if item.finite else float("nan"),
        saturated=item.saturated / item.finite if item.bound is not None and item.finite else None, meets=item.meets,
        bound=item.bound, units=0 if item.alive is None else item.alive.size,
        dead=0 if item.alive is None else int((~item.alive).sum()), values=item.values, nan=item.nan,
        infinite=item.values - item.finite - item.nan, parameters=sum(good.size for good in parameters),
        broken_parameters=sum(int((~good).sum()) for good in parameters))
