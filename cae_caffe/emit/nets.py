"""The nets that a design becomes, as NetParameter messages of Caffe 1.0; its family says which layers they have."""

from __future__ import annotations

from collections.abc import Iterable

from ..families import DataSource, NetLayer, Parameter, family_of
from ..models import Design
from .operations import emission_of
from .text import Fields, Word


def train_test_net(model: str, design: Design, source: DataSource | None = None) -> Fields:
    """The net to train and to test on `source`, of the kind that the design's family takes (None: MNIST in data/).

    Raises InputError for a design of no family.
    """
    family = family_of(design)
    return _net(model, family.train_test(design, family.recipe, source or family.source()))


siamese_net = train_test_net        # the same for a siamese network on a PairSource, under the name of version 0.1


def deploy_net(model: str, design: Design) -> Fields:
    """The trained net: one image in blob `data`; in the last blob an auto-encoder's picture of it, else its code."""
    return _net(model, family_of(design).deploy(design))


def layer_nets(model: str, design: Design) -> dict[str, Fields]:
    """The deploy net cut after each of its layers, by file name: 01-conv1 ... 15-deconv1neursig."""
    return {name: _net(model, layers) for name, layers in family_of(design).cuts(design).items()}


def _net(model: str, layers: Iterable[NetLayer]) -> Fields:
    return {"name": model, "layer": [layer_fields(layer) for layer in layers]}


def layer_fields(layer: NetLayer) -> Fields:
    """A layer as a LayerParameter; raises InputError for an operation that nobody has said how to write."""
    emission = emission_of(layer)
    fields: dict[str, object] = {"name": layer.name, "type": emission.type}
    if layer.bottoms:
        fields["bottom"] = list(layer.bottoms)
    fields["top"] = layer.tops[0] if len(layer.tops) == 1 else list(layer.tops)
    if layer.phase:
        fields["include"] = {"phase": Word(layer.phase), **({"stage": layer.stage} if layer.stage else {})}
    if layer.loss_weight is not None:
        fields["loss_weight"] = layer.loss_weight
    if layer.parameters:
        fields["param"] = [_param(parameter) for parameter in layer.parameters]
    if emission.parameter:
        fillers = emission.fillers(layer.operation, layer.recipe) if layer.recipe else {}
        fields[emission.parameter] = {**emission.fields(layer.operation), **fillers}
    return fields


def _param(parameter: Parameter) -> Fields:
    said = {"name": parameter.name, "lr_mult": parameter.lr_mult, "decay_mult": parameter.decay_mult}
    return {name: value for name, value in said.items() if value is not None}
