"""RNN, LSTM and LSTMUnit."""

from __future__ import annotations

import math

from torch import nn

from ..modules.recurrent import CaffeLSTM, CaffeLSTMUnit, CaffeRNN
from ..registry import exports
from ..writing import LayerWriter


@exports("RNN")
def rnn(layer: LayerWriter) -> str:
    """A module of its own, with Caffe's parameters."""
    return _recurrent(layer, CaffeRNN, ["weight_o", "bias_o"])


@exports("LSTM")
def lstm(layer: LayerWriter) -> str:
    """A module of its own, with Caffe's parameters."""
    return _recurrent(layer, CaffeLSTM, [])


def _recurrent(layer: LayerWriter, kind: type[nn.Module], more: list[str]) -> str:
    settings, shapes = layer.layer, layer.bottom_shapes
    options = {}
    names = ["weight_x", "bias", "weight_h", *more]
    if settings.has_static:
        options["static_inputs"] = math.prod(shapes[2][1:])
        names.insert(2, "weight_static")
    if settings.exposed:
        options["exposes_states"] = True
    return layer.apply(kind, math.prod(shapes[0][2:]), settings.options.num_output, **options,
                       state={name: index for index, name in enumerate(names)})


@exports("LSTMUnit")
def lstm_unit(layer: LayerWriter) -> str:
    """A module of its own."""
    return layer.apply(CaffeLSTMUnit)
