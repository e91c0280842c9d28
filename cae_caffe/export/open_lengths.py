"""Which lengths of a net's values are known only when it runs: those of layers that give as many rows as they find."""

from __future__ import annotations

from ..graph import Graph, Value

# The axis of the rows, by the layer's type. The Python layers that leave are py-faster-rcnn's rpn.proposal_layer.
ROWS = {"DetectionOutput": 2, "YoloDetectionOutput": 2, "Yolov3DetectionOutput": 2, "Proposal": 0, "Python": 0,
        "Filter": 0}

Lengths = tuple[int | None, ...]


class OpenLengths:
    """What is open in the values of `graph`."""

    def __init__(self, graph: Graph):
        self.finders: dict[Value, str] = {}     # the layer's type, by the values that hang on its number of rows
        for node in graph.nodes:
            before = (self.finders[value] for value in node.inputs if value in self.finders)
            finder = next(before, node.type if node.type in ROWS else None)
            if finder is not None:
                self.finders.update(dict.fromkeys(node.outputs, finder))

    def of(self, value: Value) -> Lengths:
        """The value's shape, with None for the length of the rows; for all, if it is computed of such rows."""
        if value not in self.finders:
            return value.shape
        producer = value.producer
        if producer.type in ROWS and not any(one in self.finders for one in producer.inputs):
            axis = ROWS[producer.type]
            return (*value.shape[:axis], None, *value.shape[axis + 1:])
        return (None,) * len(value.shape)
