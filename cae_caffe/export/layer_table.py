"""The table of supported layers, docs/layers.md: python -m cae_caffe.export.layer_table > docs/layers.md"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path

from .. import schema
from ..engine import layers
from ..engine.autograd_layer import AutogradLayer
from ..engine.layer import Layer
from ..engine.layers import registry
from ..engine.layers.forks.constant import ConstantLayer
from ..schema import forks
from . import roles
from .onnx import registry as onnx_registry
from .torch import registry as torch_registry

# What a layer does not do as Caffe does; whatever is not here, the conformance tests hold against real Caffe.
EXCEPTIONS = {
    "AnnotatedData": "random numbers come from Caffe's stream for `random_seed`, in an order of their own; images are "
                     "not kept as JPEG between the steps; a window must hold to all of `sample_constraint` for one "
                     "box, in SSD in parts for several; `convert_to_lab` is right",
    "ArgMax": "of values that are not numbers (NaN) Caffe's order is none",
    "BN": "SegNet's or PSPNet's, as the fields of `bn_param` tell; the parameters' gradient adds up over `iter_size`, "
          "and is right in place, and PSPNet's in phase TEST is the derivative",
    "BatchReindex": "an accelerator does not check the row numbers",
    "BoxAnnotatorOHEM": "counts the images of maps right; R-FCN's reads memory that is not its own",
    "ContrastiveLoss": "takes larger batches later, with which Caffe writes beyond its buffers",
    "CenterLoss": "the centres' step is added to what their gradient holds; a GPU's in the forks takes its place",
    "Convolution": "where a kernel of the engine's own computes it on the CPU, values that are not finite spoil more "
                   "of their image than they do in Caffe",
    "ConvolutionDepthwise": "a `num_output` or `group` that is not the number of channels is an error; the fork reads "
                            "neither",
    "Correlation": "the gradient of SUBTRACT compares displaced pixels, as the layer does; FlowNet2's those of one "
                   "place",
    "Correlation1D": "as Correlation; what lies outside the padding counts as 0, where FlowNet2's reads the row above",
    "Data": "several layers of a process may read one LevelDB, which Caffe opens for one alone",
    "Deconvolution": "as Convolution; a `stride_h` or `stride_w` of 0, of which a Convolution dies in Caffe, is an "
                     "error here too",
    "DenseImageData": "`mirror` and `crop_size` of transform_param too are the same for image and label; crops are the "
                      "middle ones in phase TEST",
    "DepthwiseConvolution": "as Convolution; on a GPU the fork takes the number of channels for `group`, and no "
                            "`dilation`",
    "DetectionEvaluate": "images without a detection have their lines in `name_size_file`, too, and boxes in pixels "
                         "that do not touch share none",
    "DetectionOutput": "`visualize` is refused, and files of detections are whole or not there",
    "DataAugmentation": "draws nothing: what would be drawn in phase TRAIN is an error",
    "Downsample": "a top of one row or column is the mean, and a larger one interpolated; FlowNet2 gives nonsense",
    "Dropout": "a `dropout_ratio` of 1, of which Caffe makes nothing but NaN in phase TRAIN, is an error there",
    "Eltwise": "a sum of one bottom, as in FlowNet 2.0's fork",
    "EltwiseAccuracy": "of classes that score alike the label's comes last, and where no label counts the accuracy is "
                       "0, as in Accuracy",
    "Embed": "a row number out of range is an error on the CPU; Caffe reads beyond the weights",
    "ImageLabelmapData": "DeepSkeleton's, with scales for classes, if a SoftmaxWithLoss takes the labels; crops are "
                         "the middle ones in phase TEST",
    "ImageSegData": "labels are resized by the nearest pixel, which DeepLab's mixes; of labels only numbers are taken",
    "InfogainLoss": "a second top needs no `loss_weight`s",
    "InnerProduct": "in a V0 or V1 net an output that feeds a spatial layer has four axes, as in 2015",
    "InnerDistance": "`transpose` is refused, and of two bottoms the second is not the weights if it is the labels",
    "L1Loss": "the gradient of a difference of 0 is 0, in FlowNet2 that of a negative one",
    "LRN": "values that are not finite spoil the channels around them, in Caffe all behind them too; in place, values "
           "and gradient are right; Caffe overwrites what it still needs",
    "LSTM": "as RNN",
    "MergeCrop": "also on the CPU, where the fork has none; where the second bottom is cut off its gradient is 0, and "
                 "STACK takes a second bottom of more channels than the first, which the fork misplaces",
    "MalisLoss": "all images of a batch have their gradient, and the loss's weight counts; steps back are steps back",
    "MVN": "in place, the gradient is right; Caffe overwrites the diff before it has read all of it",
    "MultiBoxLoss": "matches are of the pass alone; with `encode_variance_in_target` the gradient is the derivative; "
                    "LOGISTIC's targets are in their places; an `nms_param` without `top_k` keeps all; "
                    "`map_object_to_agnostic` goes with mining",
    "Normalize": "SSD's or NormFace's, as `norm_param` and `normalize_param` tell; a scale of 0 has a gradient",
    "PReLU": "also bottoms of more than four axes",
    "Pooling": "a window of nothing but NaN and minus infinity has the maximum -3.4e38 and the place -1, as in Caffe, "
               "and no gradient, which Caffe adds to the value before the image in memory; stochastic pooling also on "
               "the CPU, where Caffe has none, from Caffe's own stream",
    "ReLU6": "with a negative slope, the gradient is the formula's, which the fork's is not",
    "Reorg": "the gradient is right; the fork hands down one that nobody has computed",
    "Resample": "x and y take each its own half of a step, which FlowNet2's exchanges; no filter is narrower than a "
                "pixel",
    "RNN": "two layers that share weights by their `param` names share them in every time step; in phase TRAIN Caffe's "
           "share those of the first step alone",
    "ROIPooling": "the gradient of a maximum beyond the corners of its region, which Fast R-CNN's leaves out",
    "SmoothL1Loss": "with three bottoms the weights are in the gradient, which the forks leave out; two and three obey "
                    "`loss_param`, as R-FCN's",
    "SmoothL1LossOHEM": "the weights are in the gradient, which R-FCN's leaves out",
    "SPP": "as Pooling: stochastic pooling also on the CPU, where Caffe has none, from Caffe's own stream",
    "Scale": "a factor that is not a number (NaN) makes NaN, of which some of OpenBLAS's kernels make 0; in place, a "
             "second backward pass without a forward one is right; Caffe has overwritten what it needs",
    "SigmoidCrossEntropyLoss": "the sum is exact; Caffe adds up in float32, which shows from the fifth digit on a "
                               "mini-batch of images, and from the fourth where all pixels are alike",
    "SoftmaxWithLoss": "a second top, the probabilities, which Caffe documents and then refuses; where no label counts "
                       "the loss is 0, which is no number in SegNet's",
    "Unpooling": "the gradient is the derivative: TILE's is not divided by the window's size, and of values at a place "
                 "only the last has one; on a CPU the fork adds TILE and AVE to what the top held before",
    "Upsample": "of values at one place only the last, which stays, has a gradient; the size follows the batch, where "
                "SegNet keeps the first one's",
    "YoloDetectionOutput": "images of a batch do not mix, which the fork takes for one image",
    "Yolov3": "an anchor's number is not mistaken for its place in the mask; the likeness IOU is not taken for DIOU in "
              "the loss; the slopes of `use_logic_gradient` are right with any `iou_loss`",
    "Yolov3DetectionOutput": "as YoloDetectionOutput; `gaussian_box` is right, which in the fork it is neither on the "
                             "CPU nor on a GPU",
    "VideoData": "a frame that is missing is an error; TSN leaves what was in memory in its place",
    "WindowData": "an image that is missing or damaged is an error; Caffe logs it, and hands out the rest of the batch "
                  "as zeros with labels of before",
}

# What "yes" is of types that leave otherwise than others.
_LEAVES = {
    "Python": "`rpn.proposal_layer` alone",
    "Split": "needs nothing",       # what several layers read is one tensor
}

_INTRODUCTION = """\
# Supported layers

All types of Caffe 1.0 are here, and those of its forks that most nets need. The table is made from the registry by
`python -m cae_caffe.export.layer_table > docs/layers.md`; a test keeps it true. Fields are those of LayerParameter
that the layer reads, besides `param`, `loss_weight`, `propagate_down`, `include` and `exclude`, which all layers have.
`engine` fields are read and change nothing: all are this engine's own kernels, also CUDNN, which Caffe's CPU build
refuses. A layer runs in place, its top being its bottom, where the table says so, and is refused elsewhere; there Caffe
overwrites values that it still reads, or reshapes the bottom. A layer trains if it passes gradients to a bottom or to
parameters. Values that are not finite pass through a layer, forward and backward, as in Caffe, but for the exceptions.
Sources are in cae_caffe/engine/layers/.

In ONNX and PyTorch a layer that computes is written for test time (`yes`; options that have no exact form are refused,
in a sentence), one that reads data becomes an input, and one that trains, scores or stores falls away. What is left
blank is refused.

The judge is who else computes the layer in the tests: real Caffe for its own types; for a fork's, a formula in float64
that somebody wrote from the fork's source without reading the layer (NumPy), and whom the table names beside. Behind
the table stand the fields that forks add to messages of Caffe 1.0; [Models of Caffe's forks](how-to/models-of-forks.md)
says how to use them.

| type | of | fields | in place | trains | ONNX | PyTorch | judge | source | exceptions |
|---|---|---|---|---|---|---|---|---|---|
"""

_FIELDS = """
## Fields of forks in messages of Caffe 1.0

| message | fields |
|---|---|
"""


def table() -> str:
    """The text of docs/layers.md."""
    rows = [_row(*found) for found in registry.registered().items()]
    return _INTRODUCTION + _lines(rows) + _FIELDS + _lines(_fields_of_forks())


def _lines(rows: Iterable[list[str]]) -> str:
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _fields_of_forks() -> Iterator[list[str]]:
    """The fields that forks add to Caffe 1.0's messages of options, by message."""
    for plain in schema.messages.plain_file().message_type:
        known = {field.name for field in plain.field}
        added = [field.name for field in getattr(schema, plain.name).DESCRIPTOR.fields if field.name not in known]
        if added and plain.name not in ("LayerParameter", "V1LayerParameter"):
            yield [plain.name, ", ".join(f"`{name}`" for name in sorted(added))]


def _row(name: str, layer_class: type[Layer]) -> list[str]:
    fork = forks.layers().get(name)
    whose, judge = (fork.fork, fork.judge) if fork else ("Caffe 1.0", "real Caffe")
    source = Path(inspect.getfile(layer_class)).relative_to(Path(layers.__file__).parent).as_posix()
    fields = ", ".join(f"`{field}`" for field in _fields(layer_class))
    in_place = "yes" if layer_class.traits.runs_in_place else ""
    trains = "yes" if _trains(layer_class) else ""
    link = f"[{Path(source).name}](../cae_caffe/engine/layers/{source})"
    leaves = [_leaves(layer_class, types) for types in (onnx_registry.types(), torch_registry.types())]
    return [name, whose, fields, in_place, trains, *leaves, judge, link, EXCEPTIONS.get(name, "")]


def _leaves(layer_class: type[Layer], types: Iterable[str]) -> str:
    """What becomes of a layer of the class in a format that has `types`."""
    role = roles.role_of_type(layer_class)
    if role is roles.Role.COMPUTES:
        return _LEAVES.get(layer_class.type, "yes") if layer_class.type in {*types, "Split"} else ""
    return "is an input" if role is roles.Role.INPUT else "falls away"


def _trains(layer_class: type[Layer]) -> bool:
    """Whether the class has a backward pass that does more than refuse a gradient, or give zeros."""
    if layer_class.type == "Parameter":     # the diff of its top is that of its parameter
        return True
    if layer_class.backward in (Layer.backward, ConstantLayer.backward) or layer_class.bottoms.most == 0:
        return False
    function, = ast.parse(textwrap.dedent(inspect.getsource(layer_class.backward))).body
    body = [ast.unparse(statement) for statement in function.body]      # type: ignore[attr-defined]
    return any(not line.startswith(("self.refuse_gradient(", "zero_gradients(", "'", '"')) for line in body)


def _fields(layer_class: type[Layer]) -> list[str]:
    """The fields of LayerParameter with a layer's options that the sources of its classes name."""
    classes = layer_class.__mro__[:-1]
    text = "".join(inspect.getsource(c) for c in classes if c not in (Layer, AutogradLayer))
    words = set(re.findall(r"\w+", text))
    return [field.name for field in schema.LayerParameter.DESCRIPTOR.fields
            if field.name in words and field.name.endswith("_param")]


if __name__ == "__main__":
    print(table(), end="")
