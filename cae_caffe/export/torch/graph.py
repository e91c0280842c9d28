"""From the deploy form of a net to a module's source in parts: layer by layer, under the names of layers and blobs."""

from __future__ import annotations

from dataclasses import dataclass

from ...graph import Blob, Node
from ..deploy import Deployed
from ..registry import Inexpressible, Refusals
from . import registry
from .builder import ModuleBuilder
from .writing import LayerWriter


@dataclass
class WrittenModule:
    """A builder's lines, with the variables of inputs and outputs by the blobs' names."""

    builder: ModuleBuilder
    inputs: dict[str, str]
    outputs: dict[str, str]


def write(deployed: Deployed) -> WrittenModule:
    """The module of the deploy form.

    Raises InputError that lists all layers which PyTorch cannot express exactly, with their places.
    """
    graph, builder = deployed.graph, ModuleBuilder()
    variables: dict[Blob, str] = {}
    for value in [*graph.inputs, *(value for node in graph.nodes for value in node.outputs)]:
        if value.blob not in variables:
            variables[value.blob] = builder.variables.unused(value.name, "blob")
    refusals = Refusals()
    for node in graph.nodes:
        if node.type != "Input":
            try:
                _write(node, deployed, builder, variables)
            except Inexpressible as error:
                refusals.add(node, error)
    refusals.raise_any("PyTorch")
    finals = graph.finals
    return WrittenModule(builder, {value.name: variables[value.blob] for value in graph.inputs},
                         {name: variables[finals[name].blob] for name in deployed.outputs})


def _write(node: Node, deployed: Deployed, builder: ModuleBuilder, variables: dict[Blob, str]) -> None:
    """Append the lines of one layer. A layer in place gives its bottom's variable a new value.

    Tops with expressions of their own that nobody reads are left out.
    """
    bottoms, tops = ([variables[value.blob] for value in values] for values in (node.inputs, node.outputs))
    layer = deployed.layer(node)
    found = registry.find(node.type, type(layer))(LayerWriter(builder, node, layer, bottoms, tops))
    if isinstance(found, str):
        changed = [(", ".join(tops), found)] if [found] != tops else []
    else:
        changed = [(top, expression) for top, expression, value in zip(tops, found, node.outputs)
                   if top != expression and (value.consumers or value.name in deployed.outputs)]
    if changed:
        builder.forward.append(" = ".join(", ".join(side) for side in zip(*changed)))
