"""Trained parameters between layers and the messages of .caffemodel files."""

from __future__ import annotations

from .. import schema
from ..errors import InputError
from . import blob_proto
from .blob import Shape, shape_string
from .layer import Layer


def check_fit(name: str, wanted: list[Shape], given: list[Shape], holder: str = "the weights") -> None:
    """Raises InputError unless a layer's parameter shapes `wanted` are those `given`, which `holder` hold."""
    if len(wanted) != len(given):
        raise InputError(f"Layer `{name}` has {len(wanted)} parameter blob(s), and {holder} hold {len(given)} for it; "
                         "take the weights of this net, or rename the layer to train it from scratch.")
    for i, (shape, other) in enumerate(zip(wanted, given)):
        if shape != other:
            raise InputError(f"Parameter {i} of layer `{name}` has shape {shape_string(shape)}, and {holder} hold "
                             f"{shape_string(other)} for it; take the weights of this net, or rename the layer to "
                             "train it from scratch.")


def copy(source: schema.LayerParameter, layer: Layer, holder: str = "the weights") -> None:
    """Copy the blobs of `source`, a LayerParameter, into `layer`'s parameters.

    Raises InputError, which names `holder` for what holds them, if they differ in number or shape.
    """
    layer.make_room_for([blob_proto.shape_of(message) for message in source.blobs])
    shapes = [blob.shape for blob in layer.blobs]
    given = [shape if blob_proto.fits(message, shape, layer.also_stored_as(i)) else blob_proto.shape_of(message)
             for i, (message, shape) in enumerate(zip(source.blobs, shapes))]
    given += [blob_proto.shape_of(message) for message in source.blobs[len(shapes):]]
    check_fit(layer.name, shapes, given, holder)
    for i, (message, blob) in enumerate(zip(source.blobs, layer.blobs)):
        blob_proto.read(message, blob, layer.also_stored_as(i), f"Blob {i} of layer `{layer.name}` in {holder}")


def write(definition: schema.LayerParameter, layer: Layer, message: schema.LayerParameter, with_diff: bool) -> None:
    """Put `definition`, the layer's own LayerParameter, with its parameters into the empty `message`."""
    message.CopyFrom(definition)
    for blob in layer.blobs:
        blob_proto.write(blob, message.blobs.add(), with_diff)
