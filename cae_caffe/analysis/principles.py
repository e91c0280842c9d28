"""The paper's six principles of an auto-encoder (section 2), each asked of a net: yes, no or unknown, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..graph import Graph, Node, Value
from .accounts import Account, Halves, halves, hidden_sizes, learned, total
from .image_needs import VARIANCE, ImageNeeds
from .stability import Final, stability

# The paper calls its own models "practically symmetric" with 1600 elements against 1568, 2 % apart.
APART = 0.05
LOSSES = ("SigmoidCrossEntropyLoss", "EuclideanLoss")
CONVOLUTIONS = ("Convolution", "Deconvolution")
# Activations that keep values in an interval. The loss has the sigmoid in it.
BOUNDED = {"Sigmoid": "[0, 1]", "SigmoidCrossEntropyLoss": "[0, 1]", "TanH": "[-1, 1]"}
UNBOUNDED = ("ReLU", "PReLU", "ELU", "BNLL", "AbsVal", "Exp", "Log", "Power")
PASSED_THROUGH = ("Reshape", "Flatten", "Pooling", "Dropout")     # they let values be what they are
# Table 1: the architectures with 81, 43 and 17 values of the training images a parameter generalize well, those with 6
# and 3 do not; nothing between was tried.
ENOUGH_DATA, TOO_LITTLE_DATA = 17, 6


@dataclass(frozen=True)
class Principle:
    """A principle's number in the paper, what it asks, the answer (None: unknown) and its reason."""

    number: int
    title: str
    answer: bool | None
    reason: str

    @property
    def word(self) -> str:
        return {True: "yes", False: "no", None: "unknown"}[self.answer]


def principles(graph: Graph, rows: Sequence[Account], needs: ImageNeeds | None = None,
               finals: Sequence[Final] = ()) -> list[Principle]:
    """Ask the six principles of the auto-encoder `graph`, of which `rows` are the `accounts`; [] if it is none.

    `needs` is what is known of its training images, `finals` how runs of it ended. Principle 1 has two parts. Raises
    `InputError` for runs that cannot be compared.
    """
    parts = halves(graph, rows)
    if parts is None:
        return []
    stable = stability(finals, needs.mean_entropy if needs else None)
    return [Principle(1, "encoder and decoder symmetric", *_symmetric(parts)),
            Principle(1, "sizes meet the data's needs", *_wide_enough(parts, needs)),
            Principle(2, "both losses", *_losses(rows)),
            Principle(3, "every layer can be looked at", *_visible(rows)),
            Principle(4, "activations bound the maps", *_bounded(graph, rows, parts)),
            Principle(5, "enough data a parameter", *_ratio(graph, rows, needs)),
            Principle(6, "stable over three runs", *stable)]


def why_no_autoencoder(graph: Graph, rows: Sequence[Account]) -> str:
    """Why `halves` finds no auto-encoder in `graph`."""
    steps = learned(rows)
    if not steps:
        return "no layer of it has weights"
    image, last = graph.blobs[0].row_size, steps[-1]
    if last.elements != image:
        return f"its last layer of weights, {last.node.name}, has {last.elements} elements, and its input {image}"
    return f"no layer of weights before its last, {last.node.name}, is narrower than its input of {image} elements"


def falls_and_rises(parts: Halves) -> bool:
    """Whether sizes fall from layer to layer to the code, and rise behind it up to the last hidden layer."""
    down = [row.elements for row in parts.encoder]
    up = [row.elements for row in parts.decoder[:-1]]
    return down == sorted(down, reverse=True) and up == sorted(up)


def _symmetric(parts):
    before, behind = parts.encoder[:-1], parts.decoder[-2::-1]
    if len(before) != len(behind):
        return False, f"{len(before)} hidden layers before the code and {len(behind)} behind it"
    if not before:
        return None, "no hidden layer but the code"
    apart = [abs(a.elements - b.elements) / max(a.elements, b.elements) for a, b in zip(before, behind)]
    told = [f"{_size(a)} against {_size(b)}" + (f" ({off:.1%} apart)" if off else "")
            for a, b, off in zip(before, behind, apart)]
    falls = falls_and_rises(parts)
    reason = "; ".join(told) + f"; {total(parts.encoder)} parameters against {total(parts.decoder)}"
    if not falls:
        return False, f"{reason}; sizes do not fall to the code and rise behind it"
    return max(apart) <= APART, reason


def _size(row):
    shape = row.top_shapes[0][1:]
    maps = "x".join(map(str, (*shape[1:], shape[0])))     # the paper writes 20x20x4 for four maps
    return f"{row.node.name} {row.elements}" + (f" ({maps})" if len(shape) > 1 and row.elements > shape[0] else "")


def _wide_enough(parts, needs):
    code = parts.encoder[-1].elements
    hidden = [*parts.encoder[:-1], *parts.decoder[:-1]]
    narrow = [row for row in hidden if row.elements < code]
    if narrow:
        return False, f"{_list(narrow)}: narrower than the code's {code}, which is then not the bottleneck"
    needed = needs.components if needs else None
    if needed is None:
        return None, (f"no hidden layer is narrower than the code's {code}; the images' needs are not known "
                      "(--data LIST)")
    told = f"{needed} principal components hold {VARIANCE:.0%} of the variance of {needs.looked_at} training images"
    narrow = [row for row in hidden if row.elements < needed]
    if narrow:
        return False, f"{_list(narrow)}: narrower than the images need, for {told}"
    held = needs.held[min(code, len(needs.held)) - 1]
    return True, f"{told}, and every hidden layer has as many; the code's {code} can hold {held:.0%} linearly"


def _list(rows):
    return ", ".join(f"{row.node.name} {row.elements}" for row in rows)


def _losses(rows):
    found = [row.node for row in rows if row.node.type.endswith("Loss")]
    weights = [node.outputs[0].blob.loss_weight for node in found]
    told = ", ".join(f"{node.type} {node.tops[0]} (weight {weight:g})" for node, weight in zip(found, weights))
    if not found:
        return None, "no loss in this net; ask the file it is trained by"
    missing = [kind for kind in LOSSES if kind not in [node.type for node in found]]
    if missing:
        return False, f"{told}; no {' and no '.join(missing)}"
    return True, told + ("" if all(weights) else "; what has weight 0 is shown and does not steer the training")


def _visible(rows):
    learners = {row.node.outputs[0].blob: row.node for row in learned(rows)}
    over = [f"{row.node.name} writes over {learners[value.blob].name}" for row in rows for value in row.node.outputs
            if value.in_place and value.blob in learners]
    if over:
        return False, f"in place: {', '.join(over)}, whose own values are lost"
    return True, "no layer in place writes over maps or neurons; `figure filters` and `figure layers` draw them"


def _bounded(graph, rows, parts):
    steps = [row for row in learned(rows) if row.node.type in CONVOLUTIONS]
    if not steps:       # of the classic auto-encoder the same can be asked of its neurons, but for the linear code
        steps = [row for row in learned(rows) if row is not parts.encoder[-1]]
    found = [(row.node.name, _activation(graph, row.node) or "none") for row in steps]
    loose = [f"{name}: {kind}" for name, kind in found if kind not in BOUNDED]
    if loose:
        return False, f"nothing keeps the values in an interval behind {', '.join(loose)}"
    return True, "; ".join(f"{kind} {BOUNDED[kind]} behind {', '.join(name for name, its in found if its == kind)}"
                           for kind in dict.fromkeys(kind for _, kind in found))


def _activation(graph: Graph, node: Node) -> str | None:
    """The type of the first activation that the output of `node` meets, or None; others may change it in place."""
    met: set[Value] = set(node.outputs)
    for reader in graph.nodes:
        if reader.inputs and reader.inputs[0] in met:
            if reader.type in BOUNDED or reader.type in UNBOUNDED:
                return reader.type
            if reader.type in PASSED_THROUGH or reader.in_place:
                met.update(reader.outputs)
    return None


def _ratio(graph, rows, needs):
    if needs is None:
        return None, "the number of training images is not known (--images N)"
    parameters, image = total(rows), graph.blobs[0].row_size
    ratio = round(needs.images * image / parameters)        # the paper's 17/1 is 16.7
    told = f"{needs.images} images of {image} values ({needs.source}) over {parameters} parameters is {ratio}/1"
    if any(row.node.type in CONVOLUTIONS for row in rows):
        told += (f"; of convolutional nets the paper compares sizes, here {sum(hidden_sizes(rows))} elements, 3502 in "
                 "its best classic one")
    if ratio >= ENOUGH_DATA:
        return True, told
    if ratio <= TOO_LITTLE_DATA:
        return False, f"{told}; of 6/1 and below the paper's do not converge well"
    return None, f"{told}; the paper tried none between {TOO_LITTLE_DATA}/1 and {ENOUGH_DATA}/1"
