"""Building a net: from its graph to set-up layers (Net::Init of src/caffe/net.cpp).

Protobuf ends here: a layer gets a read-only view of its LayerParameter. The messages stay in the graph's nodes, to be
written back into .caffemodel files.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .. import python_layers, schema
from ..errors import InputError
from ..graph import Graph, Node, graph_of, layer_place
from ..printing import times
from ..schema import format_text, layer_types, net_state, view
from . import backward_plan, log, out_of_memory
from . import device as devices
from .backward_plan import LayerPlan
from .blob import Blob, shape_string
from .layer import Context, Layer
from .layers import registry
from .parameters import Parameters


@dataclass
class BuiltNet:
    """A graph, and what the engine has of its nodes (`plans`, `layers`) and blobs (`blobs`), in their order."""

    graph: Graph
    plans: list[LayerPlan] = field(default_factory=list)
    layers: list[Layer] = field(default_factory=list)
    blobs: list[Blob] = field(default_factory=list)
    parameters: Parameters = field(default_factory=Parameters)


def build(net, context: Context, name: str = "the net", lines: list[int | None] | None = None) -> BuiltNet:
    """Build the layers of `net`, a current (upgraded) NetParameter whose `state` says phase, level and stages.

    `context` is what the layers may know; `name` (a file's path) and `lines` (where each layer stands in it) are for
    error messages. Raises InputError if a layer or option is unsupported, naming all of them, and for whatever Caffe
    refuses, naming the layer.
    """
    all_lines: list[int | None] = list(lines) if lines else [None] * len(net.layer)
    try:
        kept, lines = net_state.filtered(net, all_lines, log.info)
    except InputError as error:
        raise InputError(f"{name}: {error}") from None
    python_layers.check(kept.layer, name, lines)
    if _unsupported(kept, name, lines):
        _refuse(_unsupported(net, name, all_lines))
    if log.enabled():
        log.info("net.cpp:53", "Initializing net from parameters: ", format_text(kept).rstrip("\n"))
    return _Builder(graph_of(kept, name, lines, net), context).run()


def _unsupported(net, name: str, lines: list[int | None]) -> list[str]:
    """What this engine does not have, each with the first layer that wants it, and how often and where others do."""
    found: dict[str, list[tuple[str, int | None]]] = {}
    for layer, line in zip(net.layer, lines):
        known = registry.find(layer.type) is not None
        clauses = registry.complaints(layer) if known else [_unknown_type(layer.type)]
        for clause in clauses:
            found.setdefault(clause, []).append((layer_place(layer, name, line), line))
    return [f"{places[0][0]}: {clause}{times([line for _, line in places])}" for clause, places in found.items()]


def _refuse(unsupported: list[str]) -> None:
    """Raises InputError that lists what is unsupported, all of the net's file, whatever its state, at once."""
    remedy = "Correct these layers, or give the net to the Caffe that has them."
    if len(unsupported) == 1:
        raise InputError(f"This engine cannot build the net, because of {unsupported[0]}. {remedy}")
    *clauses, last = unsupported
    raise InputError("This engine cannot build the net, because of", *(f"{clause};" for clause in clauses), f"{last}.",
                     remedy)


def _unknown_type(type_name: str) -> str:
    if not type_name:
        return "it has no `type`, which says what a layer does, as in `type: \"Convolution\"`"
    return f"no layer type `{type_name}` is supported{layer_types.meaning(type_name, registry.type_names())}"


class _Builder:
    """Makes a layer of one node of a graph after the other."""

    def __init__(self, graph: Graph, context: Context):
        self.net = BuiltNet(graph)
        self.context = context
        self.needs_backward: list[bool] = []      # by blob
        self.memory = 0

    def run(self) -> BuiltNet:
        """Set up all layers, decide which run backward, and share parameters."""
        net, graph = self.net, self.net.graph
        for node in graph.nodes:
            self._add(node)
        backward_plan.prune(net.plans, net.layers, [blob.name for blob in graph.blobs])
        if graph.message.force_backward:
            backward_plan.force(net.plans, net.layers)
        for plan, layer in zip(net.plans, net.layers):
            layer.propagates_down = plan.propagates_down
        for value in graph.outputs:
            log.info("net.cpp:244", f"This network produces output {value.name}")
        net.parameters.share(net.layers)
        _choose_storage_order(net)
        log.info("net.cpp:257", "Network initialization done.")
        return net

    def _add(self, node: Node) -> None:
        try:
            layer = self._new_layer(node)
            plan = self._connect(node)
            self.net.layers.append(layer)
            self.net.plans.append(plan)
            self._set_up(node, layer, plan)
            self._add_parameters(node, layer, plan)
        except InputError as error:
            raise InputError(f"{node.place}: {error}") from None
        except (MemoryError, RuntimeError) as error:
            out_of_memory.tell(error, node.place, devices.current())
            raise
        for i in plan.top_ids:
            self.needs_backward[i] = self.needs_backward[i] or plan.needs_backward
        # As in Caffe, what is saved with the weights is the layer with the loss weight it really has.
        if layer.default_loss_weight and not node.message.loss_weight:
            node.message.loss_weight.append(layer.default_loss_weight)
        del node.message.blobs[:]

    def _new_layer(self, node: Node) -> Layer:
        log.creating_layer(node.name)
        layer_class = registry.find(node.type)
        if layer_class is None:
            raise InputError(f"{_unknown_type(node.type)}.")
        layer_class.complete(node.message)
        # The node's own view is for later readers, who see the loss weight too.
        layer = layer_class(view(node.message), self.context)
        layer.where = node.place
        layer.stored_blobs = node.message.blobs
        log.info("net.cpp:86", f"Creating Layer {layer.name}")
        if layer.makes_missing_tops:
            self.net.graph.add_unnamed_tops(node, layer.tops.least)
        return layer

    def _connect(self, node: Node) -> LayerPlan:
        """Say what `node` reads and writes, make the blobs that it is the first to write, and plan its pass back."""
        for name in node.bottoms:
            log.info("net.cpp:408", f"{node.name} <- {name}")
        for value in node.outputs:
            if value.in_place:
                log.info("net.cpp:369", f"{node.name} -> {value.name} (in-place)")
            else:
                log.info("net.cpp:382", f"{node.name} -> {value.name}")
                value.blob.source = Blob()
                self.net.blobs.append(value.blob.source)
                self.needs_backward.append(False)
        plan = LayerPlan([value.blob.number for value in node.inputs], [value.blob.number for value in node.outputs])
        under = [self.needs_backward[i] for i in plan.bottom_ids]
        plan.needs_backward = any(under)
        plan.propagates_down = list(node.message.propagate_down) or under
        return plan

    def _set_up(self, node: Node, layer: Layer, plan: LayerPlan) -> None:
        bottom = [self.net.blobs[i] for i in plan.bottom_ids]
        top = [self.net.blobs[i] for i in plan.top_ids]
        layer.check_counts(len(bottom), len(top))
        layer.check_own_tops(bottom, top)
        layer.setup(bottom, top)
        if len(node.message.blobs) > len(layer.blobs):
            raise InputError(f"it holds {len(node.message.blobs)} `blobs` in its definition and has "
                             f"{len(layer.blobs)} parameters; leave out those too many.")
        layer.adapt(bottom, top)
        layer.set_loss_weights(top)
        log.info("net.cpp:124", f"Setting up {layer.name}")
        for value, blob, weight in zip(node.outputs, top, layer.loss_weights):
            value.blob.loss_weight = weight
            log.info("net.cpp:131", f"Top shape: {shape_string(blob.shape)}")
            if weight:
                log.info("net.cpp:134", f"    with loss weight {log.number(weight)}")
            self.memory += blob.count
        log.info("net.cpp:139", f"Memory required for data: {self.memory * 4}")

    def _add_parameters(self, node: Node, layer: Layer, plan: LayerPlan) -> None:
        specs = list(layer.param.param)
        if len(specs) > len(layer.blobs):
            raise InputError(f"it has {len(specs)} `param` blocks for {len(layer.blobs)} parameter blobs; leave out "
                             "those too many.")
        specs += [view(schema.ParamSpec())] * (len(layer.blobs) - len(specs))
        layer.param_needs_diff = [spec.lr_mult != 0 for spec in specs]
        plan.needs_backward |= any(layer.param_needs_diff)
        self.net.graph.fill_weights(node, layer.blobs)
        for weight, blob, spec in zip(node.weights, layer.blobs, specs):
            self.net.parameters.append(weight, blob, spec)


def _choose_storage_order(net: BuiltNet) -> None:
    """Store blobs rows first where lowered convolutions want it, and through the layers that keep the order.

    Blobs joined by such layers form groups; a group follows the wish of any member. The net's inputs, and what Python
    layers touch, stay in their natural order, since users take them for plain arrays.
    """
    group = list(range(len(net.blobs)))

    def find(i: int) -> int:
        while group[i] != i:
            i = group[i]
        return i

    for layer, plan in zip(net.layers, net.plans):
        if layer.traits.keeps_order:
            ids = plan.bottom_ids + plan.top_ids
            for i in ids[1:]:
                group[find(i)] = find(ids[0])
    wanted = {find(i) for layer, plan in zip(net.layers, net.plans) if layer.wants_rows_first()
              for i in plan.bottom_ids + plan.top_ids}
    plain = {i for layer, plan in zip(net.layers, net.plans) if layer.traits.shows_blobs
             for i in plan.bottom_ids + plan.top_ids}.union(value.blob.number for value in net.graph.inputs)
    for i, blob in enumerate(net.blobs):
        if find(i) in wanted and len(blob.shape) == 4 and i not in plain:
            blob.store_rows_first()


