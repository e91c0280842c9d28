"""Mean: a mean image, or a value for each channel, taken from images or added to them."""

from __future__ import annotations

import numpy as np
import torch

from .... import schema
from ....errors import InputError
from ....printing import counted
from ... import blob_proto
from ...autograd_layer import AutogradLayer
from ...blob import require_images, shape_string
from ...layer import at_least
from ..registry import register


@register("Mean")
class Mean(AutogradLayer):
    """top = output_scale * (input_scale * bottom - mean_scale * mean), for each bottom; + with `operation: ADD`.

    The mean comes from `file`, a binaryproto as `compute_image_mean` writes it, whose channels are repeated where the
    bottom has more; or from `value`, of which each is a channel's, again repeated. (FlowNet2's
    src/caffe/layers/mean_layer.cpp, which has no gradient; here it is output_scale * input_scale.)
    """

    bottoms = at_least(1)
    tops = at_least(1)
    as_many_tops_as_bottoms = True

    def setup(self, bottom, top):
        param = self.param.mean_param
        if not param.has("operation"):
            raise InputError("its `mean_param` has no `operation`; give ADD or SUBTRACT.")
        if param.has("file") == bool(param.value):
            raise InputError(f"its `mean_param` gives {'both' if param.value else 'neither'} `file` "
                             f"{'and' if param.value else 'nor'} `value`; give one of the two.")
        mean = _read(param.file) if param.has("file") else np.array(param.value, np.float32).reshape(-1, 1, 1)
        factor = param.mean_scale * (-1 if param.operation == "SUBTRACT" else 1)
        self.mean = torch.from_numpy(mean * np.float32(factor)).to(bottom[0].data.device)

    def shapes(self, bottom_shapes):
        channels, height, width = self.mean.shape
        for shape in bottom_shapes:
            require_images(shape, "Mean")
            if self.param.mean_param.has("file") and shape[2:] != (height, width):
                raise InputError(f"its bottom has shape {shape_string(shape)}, and the mean of `file: "
                                 f"{self.param.mean_param.file!r}` is {height} high and {width} wide; they must agree.")
            if shape[1] % channels:
                raise InputError(f"its bottom has {counted(shape[1], 'channel')}, and the mean {channels}; give a mean "
                                 "whose channels divide them.")
        return bottom_shapes

    def compute(self, bottoms, params):
        param = self.param.mean_param
        return [param.output_scale * (param.input_scale * images + self.mean.repeat(
            images.shape[1] // len(self.mean), 1, 1)) for images in bottoms]


def _read(path: str) -> np.ndarray:
    """The mean image in a binaryproto file, (channels, height, width)."""
    message = schema.read_binary(path, schema.BlobProto)
    mean = blob_proto.array(message, name=f"its `file` {path}")
    if mean is None or mean.ndim != 4 or len(mean) != 1 or not mean.size:
        raise InputError(f"its `file` {path} holds {blob_proto.values(message).size} values in the shape "
                         f"{shape_string(blob_proto.shape_of(message))}; it must hold one image, 1xCxHxW.")
    return mean[0]
