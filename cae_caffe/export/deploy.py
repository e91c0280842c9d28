"""The deploy form of a net: what it computes at test time, from inputs that a user gives to outputs.

Data layers become inputs; losses, accuracies and what stores blobs fall away, and so does all that no output needs. The
form is a net of its own, in phase TEST, which may get another batch without a change to the net that it comes from.
"""

# ruff: noqa: SLF001 -- it goes through pycaffe's surface to the engine's layers

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from .. import schema
from ..engine import log
from ..engine.layer import Layer
from ..engine.net import Net as EngineNet
from ..errors import InputError
from ..graph import Graph, Node, Value
from ..printing import shown
from ..pycaffe.net import Net
from ..spelling import in_brackets
from .roles import Role, predictions, role_of
from .shared_memory import refuse_changed_copies


@dataclass(frozen=True)
class Deployed:
    """The deploy form of a net: `net` itself, the names of its `outputs`, and the `dropped` layers of the original.

    `originals` are the original's nodes of the layers that compute, by the numbers that these have in the form.
    """

    net: Net
    outputs: tuple[str, ...]
    dropped: tuple[Node, ...]
    originals: Mapping[int, Node]

    @property
    def graph(self) -> Graph:
        """The graph of the form, without Split layers."""
        return self.net.graph

    @property
    def file(self) -> str:
        """Where the net stands, for messages."""
        return self.graph.file

    @property
    def file_name(self) -> str:
        """The name of that file alone, in one line and of characters that any encoding of Unicode has: for metadata."""
        return shown(os.path.basename(self.file))

    def layer(self, node: Node) -> Layer:
        """The engine's layer of a node of `graph`, set up, with the shapes that the net has now."""
        return self.net._engine.layers[node.number]

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The inputs' shapes by name."""
        return {name: tuple(self.net.blobs[name].shape) for name in self.net.inputs}

    @functools.cached_property
    def _own_batch(self) -> tuple[int, ...]:
        """The batch that the net comes with; empty if its first input is a single number."""
        return next(iter(self.shapes().values()))[:1]

    @functools.cached_property
    def _of_the_batch(self) -> tuple[str, ...]:
        """The inputs of the first one's batch; found once, for with another batch others may have its length too."""
        return tuple(name for name, shape in self.shapes().items() if shape[:1] == self._own_batch)

    def set_batch(self, batch: int) -> None:
        """Give all inputs of the first input's batch, the length of its first axis, this one.

        Raises InputError, naming the layer, if the net cannot have it.
        """
        shapes = self.shapes()
        if not shapes:
            raise InputError(f"{self.file}: it has no inputs and so no batch; export the net without one.")
        if not self._own_batch:
            raise InputError(f"{self.file}: its input `{next(iter(shapes))}` is a single number and has no batch; "
                             "export the net without a batch.")
        for name in self._of_the_batch:
            self.net.blobs[name].reshape(batch, *shapes[name][1:])
        try:
            self.net.reshape()
        except InputError as error:
            raise InputError(str(error), f"So the net cannot have a batch of {batch}; export it with the batch that it "
                                         f"has, {self._own_batch[0]}.") from None


def deploy(net: Net, blobs: Sequence[str] = ()) -> Deployed:
    """The deploy form of `net`, with its parameters, and with the last values of `blobs` as outputs.

    By default the outputs are those of `net`, and what only losses and accuracies read, as far as it is computed with
    parameters (labels and other targets are not).

    Raises InputError for a blob that the net has not, or not at test time, if nothing is left, and where layers in
    place change what others read.
    """
    if not isinstance(net, Net):
        raise InputError(f"A {type(net).__module__}.{type(net).__name__} is given where a net of the embedded engine "
                         "is needed; load it with cae_caffe.load_backend(\"torch\").Net or cae_caffe.pycaffe.Net.")
    blobs = names_given(blobs, "blobs")
    graph = net.graph
    choice = _Choice(graph, net._engine.layers)
    outputs = [choice.chosen(name) for name in blobs] if blobs else choice.defaults()
    if not outputs:
        raise InputError(f"{graph.file}: nothing is left of this net without its data, loss and accuracy layers; name "
                         "a net that computes something.")
    needed = choice.needed_for(outputs)
    refuse_changed_copies(net._engine.graph, {node.number for node in needed}, outputs)
    message = _message(graph, needed, choice)
    with log.quiet():       # Caffe's words about a net are of the one that the user has
        form = Net.of(EngineNet(message, graph.file, [node.line for node in _lines(needed, choice)]))
    computing = [node for node in needed if choice.role(node) is Role.COMPUTES]
    copies = [node for node in form.graph.nodes if node.type != "Input"]
    for node, copy in zip(computing, copies):
        _copy_parameters(node, copy, form)
    originals = {copy.number: node for node, copy in zip(computing, copies)}
    dropped = tuple(node for node in graph.nodes if choice.role(node) in (Role.SCORES, Role.STORES))
    return Deployed(form, tuple(dict.fromkeys(value.name for value in outputs)), dropped, originals)


def names_given(names: Sequence[str] | str | None, what: str) -> tuple[str, ...]:
    """The names that an argument `what` gives, one or several, each once. Raises InputError for what is no name."""
    if names is None or names == "":
        return ()
    found = list(names) if isinstance(names, Iterable) and not isinstance(names, (str, bytes)) else [names]
    if not all(isinstance(name, str) for name in found):
        raise InputError(f"{what}={names!r} is given; give a name, or a list of names.")
    return tuple(dict.fromkeys(map(str, found)))


class _Choice:
    """Which layers of a graph the deploy form has."""

    def __init__(self, graph: Graph, layers: Sequence[Layer]):
        self.graph = graph
        self._roles: dict[int, Role] = {}
        self._learned: set[int] = set()     # nodes whose tops depend on parameters
        for node in graph.nodes:
            role = role_of(node, layers[node.number])
            read = {self._roles[value.producer.number] for value in node.inputs}
            if Role.SCORES in read and role is Role.COMPUTES:      # it computes with what a loss gives
                role = Role.SCORES
            self._roles[node.number] = role
            if node.weights or any(value.producer.number in self._learned for value in node.inputs):
                self._learned.add(node.number)

    def role(self, node: Node) -> Role:
        return self._roles[node.number]

    def defaults(self) -> list[Value]:
        """The outputs if none are named, in Caffe's order, by name."""
        values = [value for node in self.graph.nodes if self.role(node) is Role.COMPUTES for value in node.outputs
                  if all(self.role(consumer) is not Role.COMPUTES for consumer in value.consumers)]
        finals = [value for value in values if self._is_final(value)]
        scored = [value for value in values if self._is_scored(value)]
        # A net without parameters has no predictions, and so all that is scored.
        predicted = [value for value in scored if self._is_predicted(value)] or ([] if finals else scored)
        return sorted(dict.fromkeys(finals + predicted), key=lambda value: value.name)

    def _is_final(self, value: Value) -> bool:
        return not value.consumers or self._is_stored(value)

    def _is_scored(self, value: Value) -> bool:
        return any(self.role(consumer) is Role.SCORES for consumer in value.consumers)

    def _is_predicted(self, value: Value) -> bool:
        return value.producer.number in self._learned and any(
            value in predictions(consumer) for consumer in value.consumers if self.role(consumer) is Role.SCORES)

    def _is_stored(self, value: Value) -> bool:
        return any(self.role(consumer) is Role.STORES and consumer.type != "Silence" for consumer in value.consumers)

    def chosen(self, name: str) -> Value:
        finals = {found.name: found for node in self.graph.nodes if self.role(node) is Role.COMPUTES
                  for found in node.outputs}
        if name not in finals:
            known = name in self.graph.finals
            rule = ("is an input, or only there to train or to score" if known else
                    f"is no blob of the net{in_brackets(name, finals)}")
            raise InputError(f"{self.graph.file}: `{name}` {rule}; the blobs that can be outputs are "
                             f"{', '.join(finals)}.")
        return finals[name]

    def needed_for(self, outputs: Sequence[Value]) -> list[Node]:
        """The nodes that the outputs need, in their order."""
        needed: set[int] = set()
        waiting = [value.producer for value in outputs]
        while waiting:
            node = waiting.pop()
            if node.number not in needed:
                needed.add(node.number)
                waiting.extend(value.producer for value in node.inputs)
        return [node for node in self.graph.nodes if node.number in needed]

    def inputs_of(self, node: Node, needed: Sequence[Node]) -> Iterator[Value]:
        """The tops of an input node that the needed ones read."""
        numbers = {other.number for other in needed}
        for value in node.outputs:
            if any(consumer.number in numbers for consumer in value.consumers):
                yield value


def _lines(needed: Sequence[Node], choice: _Choice) -> Iterator[Node]:
    """For each layer of the form, the node of the original that it stands for."""
    for node in needed:
        if choice.role(node) is Role.INPUT:
            yield from (node for _ in choice.inputs_of(node, needed))
        else:
            yield node


def _message(graph: Graph, needed: Sequence[Node], choice: _Choice):
    """The form as a NetParameter: nothing in it draws random numbers, or depends on a state."""
    message = schema.NetParameter(name=graph.name)
    message.state.phase = schema.Phase.Value("TEST")
    for node in needed:
        if choice.role(node) is Role.INPUT:
            for value in choice.inputs_of(node, needed):
                layer = message.layer.add(name=value.name, type="Input", top=[value.name])
                layer.input_param.shape.add(dim=value.shape)
            continue
        layer = message.layer.add()
        layer.CopyFrom(node.message)
        layer.phase = schema.Phase.Value("TEST")
        for field in ("include", "exclude", "blobs", "loss_weight", "propagate_down"):
            layer.ClearField(field)
        if node.type != "DummyData":
            _clear_fillers(layer)
    return message


def _clear_fillers(message) -> None:
    """Let parameters begin as zeros: their values are copied, and Caffe's stream of random numbers stays as it is."""
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if field.message_type.name == "FillerParameter":
            value.Clear()
            value.SetInParent()     # it stays: by its fillers SegNet's BN is told from PSPNet's
            continue
        for each in (value if schema.messages.is_repeated(field) else [value]):
            _clear_fillers(each)


def _copy_parameters(node: Node, copy: Node, form: Net) -> None:
    form._engine.layers[copy.number].make_room_for([weight.shape for weight in node.weights])
    for weight, own in zip(node.weights, copy.weights):
        own.array[...] = weight.array
