"""The nets inside recurrent layers: layers for each time step, by the names that Caffe's log and debug_info show.

What the recurrent layers share is here: the inputs, what is made of them for all steps at once, and what of a step's
hidden state goes into the next (FillUnrolledNet of src/caffe/layers/lstm_layer.cpp and rnn_layer.cpp).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ... import schema
from ..blob import Shape

Names = Sequence[str]


class UnrolledNet:
    """A NetParameter in the making, over `steps` time steps.

    `options` is the view of a RecurrentParameter, `bottoms` the shapes of the layer's bottoms, at most the first three
    of which count: x, cont and, if there is one, x_static. Weights into the hidden state are called W_xa, W_xa_static
    and W_ha, with `letter` for a, their bias b_a; they make `outputs` values for each stream and step.
    """

    def __init__(self, options: schema.View, bottoms: Sequence[Shape], letter: str, outputs: int):
        self.message = schema.NetParameter()
        self.steps = range(1, bottoms[0][0] + 1)
        self._fillers = {name: schema.copied(getattr(options, name)) for name in ("weight_filler", "bias_filler")}
        self._letter, self._outputs = letter, outputs
        self._has_static = len(bottoms) > 2
        self.add_inputs(dict(zip(("x", "cont", "x_static"), bottoms)))

    def add(self, type_name: str, name: str, bottoms: Names, tops: Names, params: Names = (), **options) -> None:
        """Append a layer; `options` are its messages, by their fields of LayerParameter."""
        specs = [schema.ParamSpec(name=param) for param in params]
        self.message.layer.add(type=type_name, name=name, bottom=bottoms, top=tops, param=specs, **options)

    def add_inputs(self, shapes: Mapping[str, Shape]) -> None:
        """Append the Input layer of blobs of these shapes."""
        shape = [schema.BlobShape(dim=lengths) for lengths in shapes.values()]
        self.add("Input", "", [], list(shapes), input_param=schema.InputParameter(shape=shape))

    def add_slices(self, name: str, bottom: str, stem: str) -> None:
        """Append what takes apart the steps of `bottom`, into stem_1, stem_2, ..."""
        self.add("Slice", name, [bottom], [f"{stem}_{step}" for step in self.steps],
                 slice_param=schema.SliceParameter(axis=0))

    def add_product(self, name: str, bottom: str, top: str, params: Names, outputs: int, axis: int = 2,
                    **options) -> None:
        """Append an InnerProduct, with a bias if `params` has a name for it."""
        param = schema.InnerProductParameter(num_output=outputs, axis=axis, bias_term=len(params) > 1,
                                             weight_filler=self._fillers["weight_filler"])
        if param.bias_term:
            param.bias_filler.CopyFrom(self._fillers["bias_filler"])
        self.add("InnerProduct", name, [bottom], [top], params, inner_product_param=param, **options)

    def add_sources(self) -> None:
        """Append what the bottoms add to the hidden state of each step, which `add_sum` sums."""
        weights = f"W_x{self._letter}"
        self.add_slices("cont_slice", "cont", "cont")
        self.add_product("x_transform", "x", f"{weights}_x", [weights, f"b_{self._letter}"], self._outputs,
                         propagate_down=[True])
        if self._has_static:
            self._add_static(weights)
        self.add_slices(f"{weights}_x_slice", f"{weights}_x", f"{weights}_x")

    def _add_static(self, weights: str) -> None:
        top = f"{weights}_x_static"
        self.add_product(top, "x_static", f"{top}_preshape", [f"{weights}_static"], self._outputs, axis=1,
                         propagate_down=[True])
        shape = schema.BlobShape(dim=[1, -1, self._outputs])        # of one step, for as many streams as there are
        self.add("Reshape", f"{top}_reshape", [f"{top}_preshape"], [top],
                 reshape_param=schema.ReshapeParameter(shape=shape))

    def add_recurrence(self, step: int, name: str) -> None:
        """Append what the hidden state of the step before adds, where `cont` says that its sequence goes on.

        `name` is that of the layer with the weights.
        """
        before = step - 1
        self.add("Scale", f"h_conted_{before}", [f"h_{before}", f"cont_{step}"], [f"h_conted_{before}"],
                 scale_param=schema.ScaleParameter(axis=0))
        weights = f"W_h{self._letter}"
        self.add_product(name, f"h_conted_{before}", f"{weights}_h_{before}", [weights], self._outputs)

    def add_sum(self, step: int, name: str, top: str) -> None:
        """Append the sum of what goes into the hidden state of a step."""
        bottoms = [f"W_h{self._letter}_h_{step - 1}", f"W_x{self._letter}_x_{step}"]
        if self._has_static:
            bottoms.append(f"W_x{self._letter}_x_static")
        self.add("Eltwise", name, bottoms, [top], eltwise_param=schema.EltwiseParameter(operation="SUM"))

    def add_output(self, name: str, stem: str) -> None:
        """Append what joins stem_1, stem_2, ... to the output `stem`."""
        self.add("Concat", name, [f"{stem}_{step}" for step in self.steps], [stem],
                 concat_param=schema.ConcatParameter(axis=0))

    def finished(self, layer: str, output: str) -> schema.NetParameter:
        """The net of the layer named so, whose name goes before those of its layers; `output` counts as a loss.

        So all that leads to the output runs backward, and nothing else; the loss itself is never computed.
        """
        for message in self.message.layer if layer else ():
            message.name = f"{layer}_{message.name}"
        self.add("Reduction", f"{output}_pseudoloss", [output], [f"{output}_pseudoloss"], loss_weight=[1])
        return self.message
