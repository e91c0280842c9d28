"""What OpenCV 4's dnn module makes of a net in Caffe's format: a judge of layers of forks, which it has too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest


def forward(text: str, bottoms: Mapping[str, np.ndarray], weights: bytes = b"",
            layers: Sequence[str] = ("layer",)) -> list[np.ndarray]:
    """The first top of each of the `layers` of the net that is `text`, for these inputs; `weights` is a .caffemodel.

    Skips the test where OpenCV is missing.
    """
    cv2 = pytest.importorskip("cv2", reason="OpenCV 4 is not here: pip install \"opencv-python-headless<5\"")
    inputs = "".join(f'input: "{name}"\ninput_shape {{ {" ".join(f"dim: {length}" for length in array.shape)} }}\n'
                     for name, array in bottoms.items())
    definition = np.frombuffer(f'name: "net"\n{inputs}{text}\n'.encode(), np.uint8)
    model = (np.frombuffer(weights, np.uint8),) if weights else ()
    net = cv2.dnn.readNetFromCaffe(definition, *model)
    for name, array in bottoms.items():
        net.setInput(np.ascontiguousarray(array, np.float32), name)
    return [np.array(top) for top in net.forward(list(layers))]
