"""pycaffe's Net over the engine's."""

# ruff: noqa: SLF001 -- the surface works on the engine's objects behind it

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterator
from itertools import zip_longest
from typing import Callable

import numpy as np

from .. import schema
from ..engine import log, threads, weights_hdf5
from ..engine.net import Net as EngineNet
from ..errors import InputError
from ..graph import Graph, bind, without_splits
from . import former, memory_data
from .blob import Blob
from .errors import WrongValueError
from .layer import shown
from .named import named

TRAIN, TEST = 0, 1        # of the enum Phase, which is made with all messages, not yet at import
Arrays = dict[str, np.ndarray]


class Net:
    """A net built from a prototxt.

    Net(network_file, phase, level=0, stages=None, weights=None), or the old Net(network_file, weights, phase);
    `phase` is TRAIN or TEST, `weights` the path of a .caffemodel. Paths may be bytes, as all of pycaffe's. Raises
    InputError (a RuntimeError) if a file cannot be read or the net cannot be built.
    """

    def __init__(self, network_file, phase, level=0, stages=None, weights=None):
        if isinstance(phase, (str, bytes)):        # the old form: the second argument is the weights
            phase, level, weights = level, 0, phase
            _log_deprecation(network_file, phase, weights)
        path = os.fsdecode(network_file)
        self._build(*schema.read_net_with_lines(path), path, phase, level, stages, weights)

    def _build(self, param, lines, name: str, phase: int, level: int, stages, weights) -> None:
        if phase not in (TRAIN, TEST):
            raise WrongValueError(f"The phase of a net is caffe.TRAIN, {TRAIN}, or caffe.TEST, {TEST}; {phase!r} is "
                                  "given.")
        param.state.phase, param.state.level = int(phase), level
        param.state.stage.extend(stages or ())
        engine = EngineNet(param, name, lines)
        if weights is not None:
            engine.copy_trained_layers_from(os.fsdecode(weights))
        threads.apply(engine)
        self._show(engine)

    @classmethod
    def from_message(cls, param, lines, name: str, phase: int, level: int = 0, stages=None, weights=None) -> Net:
        """As Net(...), of `param`, a current NetParameter, which stays as it is; pycaffe lacks this.

        `lines` (where each layer stands, or None) and `name` (the file) are for errors; raises InputError as Net does.
        """
        own = schema.NetParameter()
        own.CopyFrom(param)
        net = cls.__new__(cls)
        net._build(own, lines, name, phase, level, stages, weights)
        return net

    @classmethod
    def of(cls, engine: EngineNet) -> Net:
        """The surface over a net that exists already, such as a solver's."""
        net = cls.__new__(cls)
        net._show(engine)
        return net

    def _show(self, engine: EngineNet) -> None:
        self._engine = engine
        self._blobs = [Blob(blob) for blob in engine.blobs]
        self._blob_names = engine.blob_names
        self._layer_names = engine.layer_names
        self._inputs, self._outputs = engine.input_ids, engine.output_ids
        self._blob_loss_weights = engine.loss_weights
        self.layers = [shown(layer) for layer in engine.layers]
        name = engine.name
        self.blobs = named(name, "blob", zip(self._blob_names, self._blobs))
        self.blob_loss_weights = named(name, "blob", zip(self._blob_names, self._blob_loss_weights))
        self.layer_dict = named(name, "layer", zip(self._layer_names, self.layers))
        self.params = named(name, "layer with parameters", (
            (name, layer.blobs) for name, layer in self.layer_dict.items() if layer.blobs))
        self.inputs = [self._blob_names[i] for i in self._inputs]
        self.outputs = [self._blob_names[i] for i in self._outputs]
        self.bottom_names = self._names_of(self._bottom_ids)
        self.top_names = self._names_of(self._top_ids)

    def _names_of(self, ids: Callable[[int], list[int]]) -> OrderedDict[str, list[str]]:
        return OrderedDict((name, [self._blob_names[j] for j in ids(i)]) for i, name in enumerate(self._layer_names))

    def __getattr__(self, name: str):
        raise former.missing(f"{type(self).__name__!r} object", name)

    def set_input_arrays(self, *arrays) -> None:
        """Let the first layer, a MemoryData layer, feed `data, labels` (see memory_data.set_arrays).

        As in naibaf7's Caffe, the layer's number may come before them: `number, data, labels`.
        """
        try:
            number, data, labels = arrays if len(arrays) == 3 else (0, *arrays)
        except ValueError:
            raise TypeError(f"set_input_arrays takes data and labels, and perhaps a layer's number before them, not "
                            f"{len(arrays)} values.") from None
        layers = self._engine.layers
        if not 0 <= number < len(layers):
            raise WrongValueError(f"The net `{self.name}` has no layer of number {number}; it has {len(layers)}.")
        memory_data.set_arrays(layers[number], data, labels)

    @property
    def name(self) -> str:
        return self._engine.name

    @property
    def graph(self) -> Graph:
        """The net's layers, blobs and parameters as a graph (`cae_caffe.graph`) without Split layers: not in Caffe."""
        return without_splits(bind(self._engine.graph, self))

    def _bottom_ids(self, layer: int) -> list[int]:
        return self._engine.plans[layer].bottom_ids

    def _top_ids(self, layer: int) -> list[int]:
        return self._engine.plans[layer].top_ids

    def _layer_number(self, name: str) -> int:
        if name not in self._layer_names:
            raise WrongValueError(f"The net `{self.name}` has no layer `{name}`; it has "
                                  f"{', '.join(self._layer_names)}.")
        return self._layer_names.index(name)

    def _forward(self, start: int, end: int) -> float:
        return self._engine.forward(start, end)

    def _backward(self, start: int, end: int) -> None:
        self._engine.backward(start, end)

    def forward(self, blobs=None, start=None, end=None, **kwargs) -> Arrays:
        """Run the layers named `start` to `end` (inclusive; all by default), with inputs given as name=array.

        Returns the data of the outputs (of the tops of `end`, if given) and of `blobs`, by name, as views.
        """
        first = 0 if start is None else self._layer_number(start)
        last = len(self.layers) - 1 if end is None else self._layer_number(end)
        names = (self.outputs if end is None else self.top_names[end]) + self._known(blobs)
        if kwargs:
            self._set_batches(kwargs, self.inputs, "inputs", "data")
        self._forward(first, last)
        return {name: self.blobs[name].data for name in names}

    def backward(self, diffs=None, start=None, end=None, **kwargs) -> Arrays:
        """Run the layers back from `start` to `end` (inclusive; all by default), with output diffs given as name=array.

        Returns the diff of the inputs (of the bottoms of `end`, if given) and of `diffs`, by name, as views.
        """
        first = len(self.layers) - 1 if start is None else self._layer_number(start)
        last = 0 if end is None else self._layer_number(end)
        names = (self.inputs if end is None else self.bottom_names[end]) + self._known(diffs)
        if kwargs:
            self._set_batches(kwargs, self.outputs, "outputs", "diff")
        self._backward(first, last)
        return {name: self.blobs[name].diff for name in names}

    def _known(self, names) -> list[str]:
        """The blobs that a caller asks for besides others, in a list."""
        known = list(names or ())
        for name in known:
            _ = self.blobs[name]
        return known

    def _set_batches(self, given: Arrays, names: list[str], what: str, half: str) -> None:
        if set(given) != set(names):
            raise InputError(f"The {what} of the net `{self.name}` are {', '.join(names)}, and arrays are given for "
                             f"{', '.join(sorted(given))}; give one for each.")
        for name, array in given.items():
            blob = self.blobs[name]
            if blob.shape and np.shape(array)[:1] != blob.shape[:1]:
                raise InputError(f"The array for `{name}` has shape {np.shape(array)}, and the net's batch is "
                                 f"{blob.shape[0]}; give as many rows, or use forward_all, or reshape the input.")
            getattr(blob, half)[...] = array

    def forward_all(self, blobs=None, **kwargs) -> Arrays:
        """Run arrays of any number of rows through the net, batch by batch; returns all rows of outputs and `blobs`."""
        return self._all_rows(blobs, [], kwargs, backward=False)[0]

    def forward_backward_all(self, blobs=None, diffs=None, **kwargs) -> tuple[Arrays, Arrays]:
        """As `forward_all`, and back with the output diffs given; returns all rows of data and of diffs."""
        return self._all_rows(blobs, diffs, kwargs, backward=True)

    def _all_rows(self, blobs, diffs, given: Arrays, backward: bool) -> tuple[Arrays, Arrays]:
        if not given:
            raise InputError(f"No array is given for the {', '.join(self.inputs) or 'inputs'} of the net "
                             f"`{self.name}`; give one for each input, or call forward() where data layers feed it.")
        data: dict[str, list] = {name: [] for name in self.outputs + self._known(blobs)}
        gradients: dict[str, list] = {name: [] for name in self.inputs + self._known(diffs)} if backward else {}
        there = self._batch({name: given[name] for name in self.inputs if name in given})
        back = self._batch({name: given[name] for name in self.outputs if name in given})
        nothing: Arrays = {}
        for inputs, output_diffs in zip_longest(there, back, fillvalue=nothing):
            for name, array in self.forward(blobs=blobs, **inputs).items():
                data[name].extend(array.copy())
            if backward:
                for name, array in self.backward(diffs=diffs, **output_diffs).items():
                    gradients[name].extend(array.copy())
        rows = len(next(iter(given.values())))
        of_data, of_gradients = ({name: np.asarray(values)[:rows] for name, values in half.items()}
                                 for half in (data, gradients))
        return of_data, of_gradients

    def _batch(self, arrays: Arrays) -> Iterator[Arrays]:
        """Yield the arrays in pieces of the net's batch, the last one filled up with zeros."""
        if not arrays:
            return
        rows, size = len(next(iter(arrays.values()))), self.blobs[self._blob_names[0]].shape[0]
        for start in range(0, rows, size):
            pieces = {name: np.asarray(array[start:start + size]) for name, array in arrays.items()}
            missing = size - min(size, rows - start)
            yield {name: np.concatenate([piece, np.zeros((missing,) + piece.shape[1:], piece.dtype)])
                   if missing else piece for name, piece in pieces.items()}

    def reshape(self) -> None:
        """Pass changed shapes of the inputs on through all layers."""
        self._engine.reshape()

    def clear_param_diffs(self) -> None:
        """Set the gradients of all parameters to zero; `backward` adds to them."""
        self._engine.clear_param_diffs()
        self.show_changes()

    def show_changes(self) -> None:
        """Write what the engine leaves until somebody reads it (losses, zeroed gradients, updates) where a user who
        holds the arrays sees it. Arrays of an accelerator's values are copies and do not change.
        """
        if self._engine.device.type != "cpu":
            return
        for blob in self._engine.blobs:
            blob.settle()
        if Blob.diffs_were_read:
            for parameter in self._engine.learnable:
                parameter.blob.host_diff()

    def copy_from(self, path) -> None:
        """Copy the weights of a .caffemodel into the layers of the same names."""
        self._engine.copy_trained_layers_from(os.fsdecode(path))

    def share_with(self, other: Net) -> None:
        """Use the other net's parameters in the layers of the same names; both change together."""
        self._engine.share_trained_layers_with(other._engine)

    def save(self, path) -> None:
        """Write the net with its weights as a binary .caffemodel."""
        schema.write_binary(self._engine.to_message(), os.fsdecode(path))

    def save_hdf5(self, path) -> None:
        """Write the weights of the net as HDF5."""
        weights_hdf5.write(self._engine, os.fsdecode(path))

    def load_hdf5(self, path) -> None:
        """Copy the weights of an HDF5 file into the layers of the same names."""
        self._engine.load_hdf5(os.fsdecode(path))

    def before_forward(self, callback: Callable[[int], None]) -> None:
        """Call `callback(layer number)` before each layer runs forward."""
        self._engine.before_forward.append(callback)

    def after_forward(self, callback: Callable[[int], None]) -> None:
        """Call `callback(layer number)` after each layer has run forward."""
        self._engine.after_forward.append(callback)

    def before_backward(self, callback: Callable[[int], None]) -> None:
        """Call `callback(layer number)` before each layer runs backward."""
        self._engine.before_backward.append(callback)

    def after_backward(self, callback: Callable[[int], None]) -> None:
        """Call `callback(layer number)` after each layer has run backward."""
        self._engine.after_backward.append(callback)


def _log_deprecation(network_file, phase: int, weights) -> None:
    log.warning("_caffe.cpp:139", "DEPRECATION WARNING - deprecated use of Python interface")
    log.warning("_caffe.cpp:140", "Use this instead (with the named \"weights\" parameter):")
    log.warning("_caffe.cpp:142", f"Net('{os.fsdecode(network_file)}', {phase}, weights='{os.fsdecode(weights)}')")
