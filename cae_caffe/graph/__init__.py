"""One graph of a net: its layers, what each reads and writes, its parameters, and where it stands in the file."""

from __future__ import annotations

from .binding import bind
from .building import graph_in_state, graph_of, read_graph
from .elements import UNNAMED, Blob, Node, Value, Weight, layer_place
from .graph import Graph
from .missing import remedy_for
from .splits import without_splits

__all__ = ["UNNAMED", "Blob", "Graph", "Node", "Value", "Weight", "bind", "graph_in_state", "graph_of", "layer_place",
           "read_graph", "remedy_for", "without_splits"]
