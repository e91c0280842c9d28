"""Building a net: from a NetParameter to connected, set-up layers (Net::Init of src/caffe/net.cpp).

Protobuf ends here: a layer gets a read-only view of its LayerParameter. The messages are kept beside the layers only
to be written back into .caffemodel files.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field

from .. import schema
from ..errors import InputError
from ..schema import format_text, net_state, view
from . import backward_plan, log, rng
from .backward_plan import LayerPlan
from .blob import Blob, shape_string
from .layer import Context, Layer
from .layers import registry
from .parameters import Parameters
from .places import layer_place
from .splits import with_splits

UNNAMED = "(automatic)"


@dataclass
class BuiltNet:
    """The parts of a built net; `plans`, `layers` and `messages` run in parallel."""

    param: object
    plans: list[LayerPlan] = field(default_factory=list)
    layers: list[Layer] = field(default_factory=list)
    messages: list[object] = field(default_factory=list)
    blobs: list[Blob] = field(default_factory=list)
    blob_names: list[str] = field(default_factory=list)
    loss_weights: dict[int, float] = field(default_factory=dict)     # of blobs, by number
    parameters: Parameters = field(default_factory=Parameters)
    input_ids: list[int] = field(default_factory=list)
    output_ids: list[int] = field(default_factory=list)


def build(net, name: str = "the net", lines: list[int | None] | None = None, native_kernels: bool = False) -> BuiltNet:
    """Build the layers of `net`, a current (upgraded) NetParameter whose `state` says phase, level and stages.

    `name` (a file's path) and `lines` (where each layer stands in it) are for error messages. Raises InputError if
    a layer or option is unsupported, naming all of them, and for whatever Caffe refuses, naming the layer.
    """
    lines = list(lines) if lines else [None] * len(net.layer)
    try:
        kept, lines = net_state.filtered(net, lines, log.info)
    except InputError as error:
        raise InputError(f"{name}: {error}") from None
    _refuse_unsupported(kept, name, lines)
    if log.enabled():
        log.info("net.cpp:53", "Initializing net from parameters: \n" + format_text(kept).rstrip("\n"))
    param, lines = with_splits(kept, lines, name)
    context = Context(rng.stream, native_kernels)
    return _Builder(param, name, lines, context).run()


def _refuse_unsupported(net, name: str, lines: list[int | None]) -> None:
    complaints = []
    for layer, line in zip(net.layer, lines):
        layer_class = registry.find(layer.type)
        clauses = _unknown_type(layer.type) if layer_class is None else layer_class.unsupported(view(layer))
        complaints += [f"{layer_place(layer, name, line)}: {clause}" for clause in clauses]
    if complaints:
        raise InputError("This engine cannot build the net, because of " + "; ".join(complaints) + ". Change these "
                         "layers, or run the net on real Caffe (--backend caffe).")


def _unknown_type(type_name: str) -> list[str]:
    near = difflib.get_close_matches(type_name, registry.type_names(), n=1)
    return [f"no layer type `{type_name}` is supported" + (f" (did you mean `{near[0]}`?)" if near else "")]


class _Builder:
    """Adds one layer after the other to a BuiltNet."""

    def __init__(self, param, name: str, lines: list[int | None], context: Context):
        self.net = BuiltNet(param)
        self.name, self.lines, self.context = name, lines, context
        self.ids: dict[str, int] = {}             # newest blob of each name
        self.unused: set[str] = set()             # blobs without a consumer yet
        self.needs_backward: list[bool] = []      # by blob
        self.memory = 0

    def run(self) -> BuiltNet:
        net = self.net
        for number, message in enumerate(net.param.layer):
            try:
                self._add(number, message)
            except InputError as error:
                raise InputError(f"{layer_place(message, self.name, self.lines[number])}: {error}") from None
        backward_plan.prune(net.plans, net.layers, net.blob_names)
        if net.param.force_backward:
            backward_plan.force(net.plans, net.layers)
        for plan, layer in zip(net.plans, net.layers):
            layer.propagates_down = plan.propagates_down
        for name in sorted(self.unused):
            log.info("net.cpp:244", f"This network produces output {name}")
            net.output_ids.append(self.ids[name])
        net.parameters.share(net.layers)
        _choose_storage_order(net)
        log.info("net.cpp:257", "Network initialization done.")
        return net

    def _add(self, number: int, source) -> None:
        message = schema.LayerParameter()
        message.CopyFrom(source)
        if not message.HasField("phase"):
            message.phase = self.net.param.state.phase
        log.creating_layer(message.name)
        layer_class = registry.find(message.type)
        layer_class.complete(message)
        layer = layer_class(view(message), self.context)
        layer.stored_blobs = message.blobs
        log.info("net.cpp:86", f"Creating Layer {layer.name}")
        plan = LayerPlan([], [], False, [])
        self._connect_bottoms(message, plan)
        self._connect_tops(message, layer, plan)
        self.net.layers.append(layer)
        self.net.plans.append(plan)
        self._set_up(message, layer, plan)
        self._add_parameters(number, layer, plan)
        for i in plan.top_ids:
            self.needs_backward[i] = self.needs_backward[i] or plan.needs_backward
        # As in Caffe, what is saved with the weights is the layer with the loss weight it really has.
        if layer.default_loss_weight and not message.loss_weight:
            message.loss_weight.append(layer.default_loss_weight)
        del message.blobs[:]
        self.net.messages.append(message)

    def _connect_bottoms(self, message, plan: LayerPlan) -> None:
        if message.propagate_down and len(message.propagate_down) != len(message.bottom):
            raise InputError(f"it gives `propagate_down` {len(message.propagate_down)} times for "
                             f"{len(message.bottom)} bottoms; give it once for each, or not at all.")
        for i, name in enumerate(message.bottom):
            if name not in self.unused:
                raise InputError(f"its bottom `{name}` (number {i}) is no free top of a layer before it; correct the "
                                 "name, or the order of the layers.")
            log.info("net.cpp:408", f"{message.name} <- {name}")
            self.unused.discard(name)
            number = self.ids[name]
            plan.bottom_ids.append(number)
            plan.needs_backward |= self.needs_backward[number]
            plan.propagates_down.append(message.propagate_down[i] if message.propagate_down
                                        else self.needs_backward[number])

    def _connect_tops(self, message, layer: Layer, plan: LayerPlan) -> None:
        for i, name in enumerate(message.top):
            if i < len(message.bottom) and name == message.bottom[i]:
                log.info("net.cpp:369", f"{message.name} -> {name} (in-place)")
                plan.top_ids.append(self.ids[name])
            elif name in self.ids:
                raise InputError(f"its top `{name}` is already the top of another layer; give it another name.")
            else:
                plan.top_ids.append(self._new_blob(message, name))
                self.ids[name] = plan.top_ids[-1]
            self.unused.add(name)
            if message.type == "Input":
                self.net.input_ids.append(plan.top_ids[-1])
        if layer.makes_missing_tops:
            while len(plan.top_ids) < layer.tops.least:
                plan.top_ids.append(self._new_blob(message, UNNAMED))

    def _new_blob(self, message, name: str) -> int:
        log.info("net.cpp:382", f"{message.name} -> {name}")
        self.net.blobs.append(Blob())
        self.net.blob_names.append(name)
        self.needs_backward.append(False)
        return len(self.net.blobs) - 1

    def _set_up(self, message, layer: Layer, plan: LayerPlan) -> None:
        bottom = [self.net.blobs[i] for i in plan.bottom_ids]
        top = [self.net.blobs[i] for i in plan.top_ids]
        layer.check_counts(len(bottom), len(top))
        layer.check_own_tops(bottom, top)
        layer.setup(bottom, top)
        if len(message.blobs) > len(layer.blobs):
            raise InputError(f"it holds {len(message.blobs)} `blobs` in its definition and has {len(layer.blobs)} "
                             "parameters; leave out those too many.")
        layer.adapt(bottom, top)
        layer.set_loss_weights(top)
        log.info("net.cpp:124", f"Setting up {layer.name}")
        for i, blob, weight in zip(plan.top_ids, top, layer.loss_weights):
            self.net.loss_weights[i] = weight
            log.info("net.cpp:131", f"Top shape: {shape_string(blob.shape)}")
            if weight:
                log.info("net.cpp:134", f"    with loss weight {log.number(weight)}")
            self.memory += blob.count
        log.info("net.cpp:139", f"Memory required for data: {self.memory * 4}")

    def _add_parameters(self, number: int, layer: Layer, plan: LayerPlan) -> None:
        specs = list(layer.param.param)
        if len(specs) > len(layer.blobs):
            raise InputError(f"it has {len(specs)} `param` blocks for {len(layer.blobs)} parameter blobs; leave out "
                             "those too many.")
        specs += [view(schema.ParamSpec())] * (len(layer.blobs) - len(specs))
        layer.param_needs_diff = [spec.lr_mult != 0 for spec in specs]
        plan.needs_backward |= any(layer.param_needs_diff)
        for i, (blob, spec) in enumerate(zip(layer.blobs, specs)):
            self.net.parameters.append(number, layer.name, i, blob, spec)


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
             for i in plan.bottom_ids + plan.top_ids}.union(net.input_ids)
    for i, blob in enumerate(net.blobs):
        if find(i) in wanted and len(blob.shape) == 4 and i not in plain:
            blob.store_rows_first()


