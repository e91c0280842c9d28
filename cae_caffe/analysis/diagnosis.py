"""What is wrong with a trained net, out of the ranges of its layers' outputs: saturation, dead units, NaN.

The paper looked at its layers' least and greatest values and so "understood that in the failed experiments, the outputs
of deconv2 and deconv1 layers were saturated, and therefore the pixels of the restored image had the value 0 and the
loss values during training were NaN" (section 3).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite, log

from ..graph import Node, Value
from ..printing import counted, shown, table

SATURATED = 0.01        # a sigmoid's output this near to 0 or 1; its slope there is below a 25th of its greatest
MOSTLY, WHOLLY = 0.5, 0.999         # shares of saturated values from which a sentence names a layer, and it is broken
LOGIT = log((1 - SATURATED) / SATURATED)        # 4.595: where a sigmoid's input saturates it
# Of each activation that saturates: the range of its inputs, and of its outputs, within which it does not. tanh(x) is
# 2 sigmoid(2x) - 1, so its bounds follow from the sigmoid's.
INPUTS = {"Sigmoid": (-LOGIT, LOGIT), "TanH": (-LOGIT / 2, LOGIT / 2)}
_OF_TANH = (2 * SATURATED - 1, 1 - 2 * SATURATED)
# An RNN's output is a tanh; an LSTM's is one times a gate, and as near to -1 or 1 only if both are saturated.
OUTPUTS = {"Sigmoid": (SATURATED, 1 - SATURATED), "TanH": _OF_TANH, "RNN": _OF_TANH, "LSTM": _OF_TANH}
SAME_VALUES = ("Reshape", "Flatten")        # between a layer and the activation behind it
# Of the table; the first WORDS columns are words, the others numbers.
HEADINGS = ("layer", "type", "blob", "size", "min", "max", "mean", "saturated", "dead", "NaN", "inf", "bad weights")
WORDS = 4


@dataclass(frozen=True)
class LayerState:
    """A layer's first top over some images: `low`, `high` and `mean` of its finite values, shape for one image.

    `saturated` is the share of finite values outside `bound`, None where nothing saturates; for a layer whose values go
    into a sigmoid, `meets` is that sigmoid. `dead` of a ReLU's `units` were 0 for every image. `nan` and `infinite` of
    all `values` were no numbers, and so were `broken_parameters` of the layer's `parameters`.
    """

    name: str
    type: str
    blob: str
    shape: tuple[int, ...]
    low: float
    high: float
    mean: float
    saturated: float | None
    meets: str
    bound: tuple[float, float] | None
    units: int
    dead: int
    values: int
    nan: int
    infinite: int
    parameters: int
    broken_parameters: int

    @property
    def wholly_saturated(self) -> bool:
        return self.saturated is not None and self.saturated >= WHOLLY


@dataclass(frozen=True)
class Diagnosis:
    """The states of a net's layers in the order in which they run, over the number of `images`."""

    net: str
    weights: str
    images: int
    layers: list[LayerState]

    @property
    def healthy(self) -> bool:
        """Whether all parameters and values are finite and no layer is wholly saturated."""
        return not any(layer.nan or layer.infinite or layer.broken_parameters or layer.wholly_saturated
                       for layer in self.layers)


def saturation_of(node: Node) -> tuple[tuple[float, float] | None, str]:
    """The range outside of which the first top of `node` is saturated, or None; and the activation behind it.

    An activation has its own range; any other layer that of the one activation that reads its top, by way of Reshape
    or Flatten layers if there are any, and in place or not.
    """
    if node.type in OUTPUTS:
        return OUTPUTS[node.type], ""
    reader = _activation(node.outputs[0]) if node.weights and node.outputs else None
    return (None, "") if reader is None else (INPUTS[reader.type], reader.name)


def _activation(value: Value) -> Node | None:
    for reader in value.consumers:
        if reader.type in INPUTS:
            return reader
        behind = _activation(reader.outputs[0]) if reader.type in SAME_VALUES else None
        if behind is not None:
            return behind
    return None


def sentences(found: Diagnosis) -> list[str]:
    """What is to be said of the net, the gravest first; of a healthy net that it is."""
    said = [*_broken_parameters(found.layers), *_broken_values(found.layers), *_blank(found.layers),
            *_saturated(found.layers), *_dead(found)]
    if found.healthy:
        said.append(f"Healthy: no NaN or infinity in parameters or values, and no layer with {WHOLLY:.1%} of its "
                    "values saturated.")
    return said


def _broken_parameters(layers):
    broken = [layer for layer in layers if layer.broken_parameters]
    if broken:
        first = broken[0]
        yield (f"Parameters: the first NaN or infinity is in layer `{first.name}`, in {first.broken_parameters} of its "
               f"{first.parameters} weights and biases; {counted(len(broken), 'layer')} of "
               f"{sum(layer.parameters > 0 for layer in layers)} with parameters are broken. The training diverged: "
               "take an earlier snapshot, or train again with a smaller base_lr or other fillers.")


def _broken_values(layers):
    first = next((layer for layer in layers if layer.nan or layer.infinite), None)
    if first is not None:
        yield (f"Values: the first NaN or infinity is in blob `{first.blob}` of layer `{first.name}` ({first.type}): "
               f"{first.nan} NaN and {first.infinite} infinite of {first.values} values.")


def _blank(layers):
    """An auto-encoder whose output is the same for every pixel of every image."""
    last = layers[-1]
    if last.type in OUTPUTS and last.wholly_saturated and last.low != inf:
        yield f"The output `{last.blob}` is blank: all of its values lie in [{last.low:.3g}, {last.high:.3g}]."


def _saturated(layers):
    by_name = {layer.name: layer for layer in layers}
    told = {layer.meets for layer in layers if layer.meets}
    for layer in layers:
        if layer.saturated is None or layer.saturated < MOSTLY or layer.name in told:
            continue
        if layers[-1].name in (layer.name, layer.meets) and not layer.wholly_saturated:
            continue    # the output is a picture, and black and white pixels in that are no fault
        behind = by_name.get(layer.meets)
        much = "wholly" if layer.wholly_saturated else f"by {layer.saturated:.0%}"
        ranges = f"[{layer.low:.3g}, {layer.high:.3g}]"
        if behind is not None:
            yield (f"Layer `{layer.name}` ({layer.type}) is saturated {much}: its values lie in {ranges}, those beyond "
                   f"{layer.bound[1]:.3g} or below {layer.bound[0]:.3g} drive `{behind.name}` to its ends, and "
                   f"`{behind.name}` lies in [{behind.low:.3g}, {behind.high:.3g}].")
        else:
            yield f"Layer `{layer.name}` ({layer.type}) is saturated {much}: its values lie in {ranges}."


def _dead(found):
    for layer in found.layers:
        if layer.dead:
            yield (f"Layer `{layer.name}` (ReLU): {layer.dead} of {counted(layer.units, 'unit')} are dead, 0 for each "
                   f"of the {found.images} images.")


def diagnosis_text(found: Diagnosis) -> str:
    """The table and the sentences; sizes are Caffe's without the batch, ranges those of the finite values."""
    rows = [HEADINGS, *(tuple(map(shown, _cells(layer))) for layer in found.layers)]
    return "\n".join([*table(rows, WORDS), "", *map(shown, sentences(found))]) + "\n"


def _cells(layer):
    share = "" if layer.saturated is None else f"{layer.saturated:.1%}"
    dead = f"{layer.dead}/{layer.units}" if layer.units else ""
    numbers = (f"{value:.4g}" if isfinite(value) else "-" for value in (layer.low, layer.high, layer.mean))
    counts = (str(count or "") for count in (layer.nan, layer.infinite, layer.broken_parameters))
    return (layer.name, layer.type, layer.blob, "x".join(map(str, layer.shape)), *numbers, share, dead, *counts)
