"""The 2015 dialect: messages of Caffe 1.0 turned back into those of the authors' Caffe (HyeonwooNoh/caffe, June 2015).

That Caffe knows `layers` with types from an enum (V1LayerParameter), multipliers as `blobs_lr` and `weight_decay`,
names of shared parameters as `param`, inputs as `input` and `input_dim`, and `solver_type`. Its inner products put out
four dimensions, so it needs no Reshape layer, and has none.
"""

from __future__ import annotations

from collections.abc import Iterator

from .text import Fields, Word

V1_TYPES = {
    "ContrastiveLoss": "CONTRASTIVE_LOSS",
    "Convolution": "CONVOLUTION",
    "Deconvolution": "DECONVOLUTION",
    "EuclideanLoss": "EUCLIDEAN_LOSS",
    "Flatten": "FLATTEN",
    "HDF5Data": "HDF5_DATA",
    "InnerProduct": "INNER_PRODUCT",
    "Pooling": "POOLING",
    "ReLU": "RELU",
    "Sigmoid": "SIGMOID",
    "SigmoidCrossEntropyLoss": "SIGMOID_CROSS_ENTROPY_LOSS",
    "Slice": "SLICE",
}
V1_PARAM = {"name": "param", "lr_mult": "blobs_lr", "decay_mult": "weight_decay"}


def downgrade_net(net: Fields) -> Fields:
    """A net of layer types in V1_TYPES, `Input` and `Reshape`, in the 2015 dialect."""
    inputs = [layer for layer in net["layer"] if layer["type"] == "Input"]
    others = [layer for layer in net["layer"] if layer["type"] != "Input"]
    return {
        "name": net["name"],
        "input": [layer["top"] for layer in inputs],
        "input_dim": [dim for layer in inputs for dim in layer["input_param"]["shape"]["dim"]],
        "layers": [_v1_layer(layer) for layer in _without_reshape(others)],
    }


def downgrade_solver(solver: Fields) -> Fields:
    """A solver in the 2015 dialect, in which its type is an enum."""
    return {("solver_type" if name == "type" else name): (Word(value) if name == "type" else value)
            for name, value in solver.items()}


def _without_reshape(layers: list[Fields]) -> Iterator[Fields]:
    """The layers but for Reshape, whose readers read what it read."""
    before = {layer["top"]: blob for layer in layers if layer["type"] == "Reshape" for blob in layer["bottom"]}
    for layer in layers:
        if layer["type"] != "Reshape":
            yield {**layer, "bottom": [before.get(blob, blob) for blob in layer.get("bottom", [])]}


def _v1_layer(layer: Fields) -> Fields:
    fields: dict[str, object] = {}
    for name, value in layer.items():
        if name == "type":
            fields["type"] = Word(V1_TYPES[value])
        elif name == "param":
            fields.update((old, [param[new] for param in value]) for new, old in V1_PARAM.items() if new in value[0])
        else:
            fields[name] = value
    return fields
