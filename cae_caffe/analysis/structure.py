"""Which blob of a net holds the code, and who writes a blob that a user names; of graphs without Split layers."""

from __future__ import annotations

from ..errors import InputError
from ..families import code_blobs
from ..graph import Graph, Value


def value_of(graph: Graph, blob: str) -> Value:
    """The final value of the blob of that name; raises `InputError` that lists the net's blobs if it is none."""
    found = graph.finals
    if blob not in found:
        raise InputError(f"{graph.file}: no blob `{blob}` in this net; it has {', '.join(found)}.")
    return found[blob]


def code_blob(graph: Graph) -> str | None:
    """The blob that holds an image's code, or None if there is none.

    That is one with the name of some families' codes (`ip2encode`, `encode4`; see `Family.names_codes`), which stays a
    code however many dimensions it has, if the net has such a blob, else its narrowest one: the one with the fewest
    elements an image, the first of equals. Only blobs that a layer computes and that have a row for each image of the
    batch (the first axis of the net's first blob) are candidates.
    """
    finals = graph.finals
    for name in code_blobs():
        if name in finals:
            return name
    batch = graph.blobs[0].shape[:1] if graph.blobs else ()
    candidates = [value.blob for value in finals.values()
                  if value.producer.inputs and len(value.shape) > 1 and value.shape[:1] == batch]
    return min(candidates, key=lambda blob: blob.row_size).name if candidates else None
