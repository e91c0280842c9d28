"""The way back: how the tensors of a written module become Caffe's parameters again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ...graph import Weight


@dataclass(frozen=True)
class Back:
    """The way back where tensors are parameters under other names.

    `needed` are the tensors by their names in the module, each with the number of the layer's parameter whose shape it
    has, but for lengths of 1; `optional` those that a module may have besides, and `constants` those that no parameters
    come of. `turned` says that PyTorch's own module has its weights transposed. Subclasses compute parameters from the
    tensors.
    """

    needed: Mapping[str, int]
    optional: Mapping[str, int] = field(default_factory=dict)
    constants: Collection[str] = ()
    turned: bool = False

    def parameters(self, tensors: Mapping[str, np.ndarray]) -> dict[int, np.ndarray]:
        """The parameters by number, as far as these tensors, float32 and in the parameters' shapes, suffice."""
        return {index: tensors[key] for key, index in self.needed.items() if key in tensors}


@dataclass(frozen=True)
class Return:
    """The way back of the tensors of the module's `attribute` to parameters of one layer, `weights`.

    A tensor is `attribute.key`, or, where the key is empty, the attribute itself.
    """

    attribute: str
    weights: Sequence[Weight]
    back: Back

    def path(self, key: str) -> str:
        """The name of a tensor in the state_dict."""
        return f"{self.attribute}.{key}" if key else self.attribute
