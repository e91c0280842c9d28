"""A net: a list of layers over named blobs. Forward walks the list, backward walks it back (src/caffe/net.cpp)."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Callable

import torch

from .. import schema
from ..errors import InputError
from ..hdf5 import reading
from . import device as devices
from . import log, net_builder, out_of_memory, rng, weights, weights_hdf5
from .blob import Blob
from .layer import Context, Layer
from .parameters import Parameter


class Net:
    """A net built from `param`, a current NetParameter whose `state` says phase, level and stages.

    `name` and `lines` say in error messages where the net and its layers stand; `native_kernels` forbids the lowered
    convolutions. Raises InputError for whatever cannot be built.
    """

    def __init__(self, param, name: str = "the net", lines=None, native_kernels: bool = False):
        self.device = devices.current()
        context = Context(rng.stream, functools.partial(Net, native_kernels=native_kernels), native_kernels)
        built = net_builder.build(param, context, name, lines)
        self.graph = graph = built.graph
        self.name: str = graph.name
        self.phase = "TEST" if graph.message.state.phase else "TRAIN"
        self.layers: list[Layer] = built.layers
        self.layer_names = [layer.name for layer in built.layers]
        self.blobs: list[Blob] = built.blobs
        self.blob_names: list[str] = [blob.name for blob in graph.blobs]
        self.input_ids = [value.blob.number for value in graph.inputs]
        self.output_ids = [value.blob.number for value in graph.outputs]
        self.loss_weights = [blob.loss_weight for blob in graph.blobs]
        self.parameters = built.parameters
        self.debug_info: bool = graph.message.debug_info
        self.plans = built.plans
        self.bottoms = [[self.blobs[i] for i in plan.bottom_ids] for plan in built.plans]
        self.tops = [[self.blobs[i] for i in plan.top_ids] for plan in built.plans]
        self.before_forward: list[Callable[[int], None]] = []
        self.after_forward: list[Callable[[int], None]] = []
        self.before_backward: list[Callable[[int], None]] = []
        self.after_backward: list[Callable[[int], None]] = []

    @classmethod
    def from_file(cls, path: str, phase: str, level: int = 0, stages=(), native_kernels: bool = False) -> Net:
        """Build the net of a prototxt in the given state; what the file says of phase, level and stage is overruled.

        Raises InputError if the file cannot be read or the net not built.
        """
        param, lines = schema.read_net_with_lines(path)
        param.state.phase = schema.Phase.Value(phase)
        param.state.level = level
        param.state.stage.extend(stages)
        return cls(param, str(path), lines, native_kernels)

    @property
    def learnable(self) -> list[Parameter]:
        """The parameters that the solver updates, in the order of the layers."""
        return self.parameters.learnable

    @property
    def outputs(self) -> list[tuple[str, Blob, float]]:
        """Name, blob and loss weight of each output, in Caffe's order (by name)."""
        return [(self.blob_names[i], self.blobs[i], self.loss_weights[i]) for i in self.output_ids]

    def forward(self, start: int = 0, end: int | None = None) -> float:
        """Run the layers from number `start` to `end` (inclusive, by default the last); returns their weighted loss."""
        self._settle()
        self.run_forward(start, end)
        loss = self.loss(start, end)
        self._settle()
        return loss

    def backward(self, start: int | None = None, end: int = 0) -> None:
        """Run the layers back from number `start` (by default the last) to `end` (inclusive)."""
        for layer in self.layers:
            layer.forget()
        self.run_backward(start, end)

    def forward_backward(self) -> None:
        """One pass there and back, as a solver runs it: what forward leaves may serve backward, and the losses are
        not computed before somebody reads them.
        """
        self.run_forward(0, None)
        self.run_backward(None, 0)
        if self.debug_info and self.learnable:
            self._log_parameters()

    def loss(self, start: int = 0, end: int | None = None) -> float:
        """The sum of the tops that count as losses, each times its weight, of the layers that ran last.

        As in Caffe the weight is what the top's diff holds (Layer::Forward): where a Split behind it writes there, as
        behind a loss with a weight and a consumer, it is another one from the first backward pass on.
        """
        total = 0.0
        for layer, top in zip(self.layers[start:_behind(end)], self.tops[start:_behind(end)]):
            for blob, weight in zip(top, layer.loss_weights):
                if weight:
                    total += float(torch.sum(blob.data * blob.diff))
        return total

    def run_forward(self, start: int, end: int | None) -> None:
        """What `forward` does, without the losses, and with no blob read or written by anyone but the layers."""
        numbers = range(len(self.layers))[start:_behind(end)]
        for i in numbers:
            for callback in self.before_forward:
                callback(i)
            self.run_layer_forward(i)
            if self.debug_info:
                self._log_forward(i)
            for callback in self.after_forward:
                callback(i)

    def run_layer_forward(self, number: int) -> None:
        """Run one layer forward, after its tops have taken the shapes that its bottoms ask for."""
        layer, bottom, top = self.layers[number], self.bottoms[number], self.tops[number]
        try:
            layer.adapt(bottom, top)
            layer.forward(bottom, top)
        except (MemoryError, RuntimeError) as error:
            self._tell(error, layer.where)
            raise

    def _tell(self, error: Exception, place: str) -> None:
        """Raises the error of a pass through the layer at `place` with that place, if it is one for users."""
        if isinstance(error, InputError) and not str(error).startswith(place):
            raise InputError(f"{place}: {error}") from None
        out_of_memory.tell(error, place, self.device)

    def run_backward(self, start: int | None, end: int = 0) -> None:
        """What `backward` does, after a forward pass whose blobs nobody has changed."""
        start = len(self.layers) - 1 if start is None else start
        for i in range(start, end - 1, -1):
            for callback in self.before_backward:
                callback(i)
            plan = self.plans[i]
            if plan.needs_backward:
                try:
                    self.layers[i].backward(self.tops[i], plan.propagates_down, self.bottoms[i])
                except (MemoryError, RuntimeError) as error:
                    self._tell(error, self.layers[i].where)
                    raise
                if self.debug_info:
                    self._log_backward(i)
            for callback in self.after_backward:
                callback(i)

    def _settle(self) -> None:
        """Compute what was left for a reader, before what it is computed from may change."""
        for blob in self.blobs:
            blob.settle()

    def reshape(self) -> None:
        """Pass changed shapes of the inputs on through all layers.

        Raises InputError, naming the layer, for shapes that one cannot have.
        """
        for layer, bottom, top in zip(self.layers, self.bottoms, self.tops):
            try:
                layer.adapt(bottom, top)
            except (MemoryError, RuntimeError) as error:
                self._tell(error, layer.where)
                raise

    def clear_param_diffs(self) -> None:
        for parameter in self.learnable:
            parameter.blob.clear_diff()

    def share_trained_layers_with(self, other: Net) -> None:
        """Let the layers that `other` has too, by name, look at its parameters' data.

        Raises InputError if the parameters of such a layer differ in number or shape.
        """
        for source in other.layers:
            number = self._layer_number(source.name, "net.cpp:678")
            if number is None:
                continue
            blobs = self.layers[number].blobs
            weights.check_fit(source.name, [blob.shape for blob in blobs], [blob.shape for blob in source.blobs])
            for blob, source_blob in zip(blobs, source.blobs):
                blob.share_data(source_blob)

    def _layer_number(self, name: str, place: str) -> int | None:
        if name in self.layer_names:
            return self.layer_names.index(name)
        log.info(place, f"Ignoring source layer {name}")
        return None

    def copy_trained_layers_from(self, source) -> None:
        """Copy the parameters of all layers that `source` has too, by name.

        `source` is the path of a .caffemodel (binary or, told by its content, HDF5), or a NetParameter. Raises
        InputError if it cannot be read, or the parameters of a layer differ in number or shape.
        """
        holder = "the weights"
        if isinstance(source, (str, Path)):
            if reading.is_hdf5(source):
                self.load_hdf5(str(source))
                return
            holder, stored = f"the weights of {source}", schema.read_blobs(source)
        else:
            stored = source.layer
        for layer in stored:
            number = self._layer_number(layer.name, "net.cpp:746")
            if number is not None:
                weights.copy(layer, self.layers[number], holder)
        for layer in self.layers:
            layer.forget()

    def load_hdf5(self, path: str) -> None:
        """Copy the parameters in an HDF5 file, as `weights_hdf5.read` says."""
        weights_hdf5.read(path, self)
        for layer in self.layers:
            layer.forget()

    def to_message(self, with_diff: bool = False):
        """The net with its parameters as a NetParameter, as .caffemodel files hold it (Net::ToProto)."""
        net = schema.NetParameter(name=self.name)
        for node, layer in zip(self.graph.nodes, self.layers):
            weights.write(node.message, layer, net.layer.add(), with_diff)
        return net

    def _log_forward(self, number: int) -> None:
        name = self.layer_names[number]
        for i in self.plans[number].top_ids:
            _log_mean("net.cpp:593", "Forward", name, f"top blob {self.blob_names[i]} data", self.blobs[i].data)
        for index, blob in enumerate(self.layers[number].blobs):
            display = self.parameters.owner_of[number, index].display_name
            _log_mean("net.cpp:605", "Forward", name, f"param blob {display} data", blob.data)

    def _log_backward(self, number: int) -> None:
        name, plan = self.layer_names[number], self.plans[number]
        for i, wanted in zip(plan.bottom_ids, plan.propagates_down):
            if wanted:
                _log_mean("net.cpp:621", "Backward", name, f"bottom blob {self.blob_names[i]} diff",
                          self.blobs[i].diff)
        for index, blob in enumerate(self.layers[number].blobs):
            if self.layers[number].needs_diff(index):
                _log_mean("net.cpp:632", "Backward", name, f"param blob {index} diff", blob.diff)

    def _log_parameters(self) -> None:
        halves = [torch.cat([getattr(parameter.blob, half).reshape(-1) for parameter in self.learnable])
                  for half in ("data", "diff")]
        norms = [", ".join(log.number(half.norm(order)) for half in halves) for order in (1, 2)]
        log.error("net.cpp:721", f"    [Backward] All net params (data, diff): L1 norm = ({norms[0]}); "
                                 f"L2 norm = ({norms[1]})")


def _behind(end: int | None) -> int | None:
    return None if end is None else end + 1


def _log_mean(place: str, direction: str, layer: str, what: str, tensor: torch.Tensor) -> None:
    log.info(place, f"    [{direction}] Layer {layer}, {what}: {log.number(float(tensor.abs().mean()))}")


