"""Larger published architectures in this package's net_spec, with Input layers `data` and `label`.

Each function returns a NetParameter; images and widths can be shrunk, kernels, strides and wiring stay as published.
"""

from __future__ import annotations

from cae_caffe.net_spec import NetSpec
from cae_caffe.net_spec import layers as L

DECAY_FOR_WEIGHTS = [{"lr_mult": 1, "decay_mult": 1}, {"lr_mult": 2, "decay_mult": 0}]
XAVIER = {"type": "xavier"}


def _start(batch: int, size: int) -> NetSpec:
    n = NetSpec()
    n.data = L.Input(shape={"dim": [batch, 3, size, size]})
    n.label = L.Input(shape={"dim": [batch]})
    return n


def _gaussian(std: float) -> dict:
    return {"type": "gaussian", "std": std}


def _constant(value: float) -> dict:
    return {"type": "constant", "value": value}


# ---- AlexNet, and CaffeNet, which pools before it normalizes

def alexnet(batch: int = 4, size: int = 227, shrink: int = 1, pool_first: bool = False):
    """Krizhevsky, Sutskever and Hinton 2012, in two groups, with Dropout; widths are divided by `shrink`."""
    n = _start(batch, size)
    ones = 1 if pool_first else 0.1
    bottom = n.data
    for number, outputs, options, bias in (
            ("1", 96, {"kernel_size": 11, "stride": 4}, 0), ("2", 256, {"kernel_size": 5, "pad": 2, "group": 2}, ones)):
        bottom = _convolution(n, number, bottom, outputs // shrink, options, bias)
        bottom = _pool_and_norm(n, number, bottom, pool_first)
    for number, outputs, groups, bias in (("3", 384, 1, 0), ("4", 384, 2, ones), ("5", 256, 2, ones)):
        bottom = _convolution(n, number, bottom, outputs // shrink, {"kernel_size": 3, "pad": 1, "group": groups}, bias)
    bottom = n.pool5 = L.Pooling(bottom, pool="MAX", kernel_size=3, stride=2)
    for number in ("6", "7"):
        n["fc" + number] = L.InnerProduct(bottom, num_output=4096 // shrink, param=DECAY_FOR_WEIGHTS,
                                          weight_filler=_gaussian(0.005), bias_filler=_constant(ones))
        n["relu" + number] = L.ReLU(n["fc" + number], in_place=True)
        bottom = n["drop" + number] = L.Dropout(n["relu" + number], dropout_ratio=0.5, in_place=True)
    n.fc8 = L.InnerProduct(bottom, num_output=1000 // shrink, param=DECAY_FOR_WEIGHTS, weight_filler=_gaussian(0.01))
    n.loss = L.SoftmaxWithLoss(n.fc8, n.label)
    return n.to_proto()


def caffenet(batch: int = 4, size: int = 227, shrink: int = 1):
    """AlexNet as Caffe's authors trained it: pooling goes before normalization, biases start at 1."""
    return alexnet(batch, size, shrink, pool_first=True)


def _convolution(n, number: str, bottom, outputs: int, options: dict, bias: float):
    n["conv" + number] = L.Convolution(bottom, num_output=outputs, param=DECAY_FOR_WEIGHTS,
                                       weight_filler=_gaussian(0.01), bias_filler=_constant(bias), **options)
    n["relu" + number] = L.ReLU(n["conv" + number], in_place=True)
    return n["relu" + number]


def _pool_and_norm(n, number: str, bottom, pool_first: bool):
    kinds = {"pool": lambda b: L.Pooling(b, pool="MAX", kernel_size=3, stride=2),
             "norm": lambda b: L.LRN(b, local_size=5, alpha=1e-4, beta=0.75)}
    for kind in sorted(kinds, reverse=pool_first):
        bottom = n[kind + number] = kinds[kind](bottom)
    return bottom


# ---- GoogLeNet

# Outputs of the branches 1x1, 3x3 (reduced to, then), 5x5 (likewise), pooled, of each module.
INCEPTIONS = {
    "3a": (64, 96, 128, 16, 32, 32), "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64), "4b": (160, 112, 224, 24, 64, 64), "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64), "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128), "5b": (384, 192, 384, 48, 128, 128),
}
POOLED_BEHIND = ("3b", "4e")
CLASSIFIED_BEHIND = ("4a", "4d")


def googlenet(batch: int = 2, size: int = 224, shrink: int = 1):
    """Szegedy et al. 2014 with both auxiliary classifiers; `size` is a multiple of 32, widths divided by `shrink`."""
    n = _start(batch, size)
    classify = _Classifiers(n, shrink)
    bottom = _rectified(n, "conv1", n.data, 64 // shrink, kernel_size=7, stride=2, pad=3)
    bottom = n.pool1 = L.Pooling(bottom, pool="MAX", kernel_size=3, stride=2)
    bottom = n.norm1 = L.LRN(bottom, local_size=5, alpha=1e-4, beta=0.75)
    bottom = _rectified(n, "conv2_reduce", bottom, 64 // shrink, kernel_size=1)
    bottom = _rectified(n, "conv2", bottom, 192 // shrink, kernel_size=3, pad=1)
    bottom = n.norm2 = L.LRN(bottom, local_size=5, alpha=1e-4, beta=0.75)
    bottom = n.pool2 = L.Pooling(bottom, pool="MAX", kernel_size=3, stride=2)
    for module, outputs in INCEPTIONS.items():
        bottom = _inception(n, f"inception_{module}", bottom, [number // shrink for number in outputs])
        if module in CLASSIFIED_BEHIND:
            classify.aside(bottom)
        if module in POOLED_BEHIND:
            bottom = n["pool_" + module] = L.Pooling(bottom, pool="MAX", kernel_size=3, stride=2)
    n.pool5 = L.Pooling(bottom, pool="AVE", kernel_size=size // 32, stride=1)
    n.drop5 = L.Dropout(n.pool5, dropout_ratio=0.4, in_place=True)
    classify.at_the_end(n.drop5)
    return n.to_proto()


def _rectified(n, name: str, bottom, outputs: int, **options):
    n[name] = L.Convolution(bottom, num_output=outputs, param=DECAY_FOR_WEIGHTS, weight_filler=XAVIER,
                            bias_filler=_constant(0.2), **options)
    n[name + "/relu"] = L.ReLU(n[name], in_place=True)
    return n[name + "/relu"]


def _inception(n, name: str, bottom, outputs):
    one, three_reduced, three, five_reduced, five, pooled = outputs
    branches = [_rectified(n, f"{name}/1x1", bottom, one, kernel_size=1)]
    for kernel, reduced, wide in ((3, three_reduced, three), (5, five_reduced, five)):
        reduced_top = _rectified(n, f"{name}/{kernel}x{kernel}_reduce", bottom, reduced, kernel_size=1)
        branches.append(_rectified(n, f"{name}/{kernel}x{kernel}", reduced_top, wide, kernel_size=kernel,
                                   pad=kernel // 2))
    n[f"{name}/pool"] = L.Pooling(bottom, pool="MAX", kernel_size=3, stride=1, pad=1)
    branches.append(_rectified(n, f"{name}/pool_proj", n[f"{name}/pool"], pooled, kernel_size=1))
    n[f"{name}/output"] = L.Concat(*branches)
    return n[f"{name}/output"]


class _Classifiers:
    """GoogLeNet's three softmax losses, numbered as they come."""

    def __init__(self, n, shrink: int):
        self._n, self._shrink, self._number = n, shrink, 0

    def aside(self, bottom) -> None:
        """An auxiliary one, of weight 0.3."""
        n, name = self._n, f"loss{self._number + 1}"
        n[name + "/ave_pool"] = L.Pooling(bottom, pool="AVE", kernel_size=5, stride=3)
        reduced = _rectified(n, name + "/conv", n[name + "/ave_pool"], 128 // self._shrink, kernel_size=1)
        n[name + "/fc"] = L.InnerProduct(reduced, num_output=1024 // self._shrink, param=DECAY_FOR_WEIGHTS,
                                         weight_filler=XAVIER, bias_filler=_constant(0.2))
        n[name + "/relu_fc"] = L.ReLU(n[name + "/fc"], in_place=True)
        n[name + "/drop_fc"] = L.Dropout(n[name + "/relu_fc"], dropout_ratio=0.7, in_place=True)
        self.at_the_end(n[name + "/drop_fc"], 0.3)

    def at_the_end(self, bottom, weight: float = 1) -> None:
        """The last one, of full weight."""
        self._number += 1
        n, name = self._n, f"loss{self._number}"
        n[name + "/classifier"] = L.InnerProduct(bottom, num_output=1000 // self._shrink, param=DECAY_FOR_WEIGHTS,
                                                 weight_filler=XAVIER)
        n[name + "/loss"] = L.SoftmaxWithLoss(n[name + "/classifier"], n.label, loss_weight=weight)


# ---- a residual net

def residual(batch: int = 4, size: int = 32, widths=(8, 16, 32), blocks: int = 2):
    """He et al. 2015, of basic blocks: BatchNorm and Scale behind each convolution, in place; projections where the
    width changes.
    """
    n = _start(batch, size)
    bottom = _normalized(n, "conv1", n.data, widths[0], kernel_size=3, pad=1)
    bottom = n["conv1/relu"] = L.ReLU(bottom, in_place=True)
    for stage, width in enumerate(widths):
        for block in range(blocks):
            bottom = _residual_block(n, f"res{stage}_{block}", bottom, width, stride=2 if stage and not block else 1,
                                     project=bool(stage) and not block)
    n.pool = L.Pooling(bottom, pool="AVE", global_pooling=True)
    n.fc = L.InnerProduct(n.pool, num_output=10, weight_filler={"type": "msra"})
    n.loss = L.SoftmaxWithLoss(n.fc, n.label)
    return n.to_proto()


def _residual_block(n, name: str, bottom, width: int, stride: int, project: bool):
    shortcut = bottom
    if project:
        shortcut = _normalized(n, f"{name}/shortcut", bottom, width, kernel_size=1, stride=stride)
    first = _normalized(n, f"{name}/a", bottom, width, kernel_size=3, pad=1, stride=stride)
    n[f"{name}/a/relu"] = L.ReLU(first, in_place=True)
    second = _normalized(n, f"{name}/b", n[f"{name}/a/relu"], width, kernel_size=3, pad=1)
    n[name] = L.Eltwise(shortcut, second, operation="SUM")
    n[f"{name}/relu"] = L.ReLU(n[name], in_place=True)
    return n[f"{name}/relu"]


def _normalized(n, name: str, bottom, width: int, **options):
    n[name] = L.Convolution(bottom, num_output=width, bias_term=False, weight_filler={"type": "msra"}, **options)
    n[f"{name}/bn"] = L.BatchNorm(n[name], in_place=True)
    n[f"{name}/scale"] = L.Scale(n[f"{name}/bn"], bias_term=True, in_place=True)
    return n[f"{name}/scale"]


def resnet50(batch: int = 2, size: int = 224, shrink: int = 1, blocks=(3, 4, 6, 3)):
    """He et al. 2015, of bottlenecks: the first narrow convolution of a stage, and its projection, have the stride.

    `size` is a multiple of 32, widths are divided by `shrink`.
    """
    n = _start(batch, size)
    bottom = _normalized(n, "conv1", n.data, 64 // shrink, kernel_size=7, stride=2, pad=3)
    bottom = n["conv1/relu"] = L.ReLU(bottom, in_place=True)
    bottom = n.pool1 = L.Pooling(bottom, pool="MAX", kernel_size=3, stride=2)
    for stage, number in enumerate(blocks):
        for block in range(number):
            bottom = _bottleneck(n, f"res{stage + 2}{'abcdef'[block]}", bottom, (64 << stage) // shrink,
                                 stride=2 if stage and not block else 1, project=not block)
    n.pool5 = L.Pooling(bottom, pool="AVE", kernel_size=size // 32, stride=1)
    n.fc1000 = L.InnerProduct(n.pool5, num_output=1000 // shrink, weight_filler={"type": "msra"})
    n.loss = L.SoftmaxWithLoss(n.fc1000, n.label)
    return n.to_proto()


def _bottleneck(n, name: str, bottom, width: int, stride: int, project: bool):
    shortcut = bottom
    if project:
        shortcut = _normalized(n, f"{name}_branch1", bottom, 4 * width, kernel_size=1, stride=stride)
    for part, options in (("a", {"kernel_size": 1, "stride": stride}), ("b", {"kernel_size": 3, "pad": 1})):
        bottom = _normalized(n, f"{name}_branch2{part}", bottom, width, **options)
        bottom = n[f"{name}_branch2{part}/relu"] = L.ReLU(bottom, in_place=True)
    n[name] = L.Eltwise(shortcut, _normalized(n, f"{name}_branch2c", bottom, 4 * width, kernel_size=1))
    n[f"{name}/relu"] = L.ReLU(n[name], in_place=True)
    return n[f"{name}/relu"]


# ---- SqueezeNet

# Outputs of the squeezing and of each expanding convolution of the fire modules, and where is pooled before them.
FIRES = {"2": (16, 64), "3": (16, 64), "4": (32, 128), "5": (32, 128), "6": (48, 192), "7": (48, 192), "8": (64, 256),
         "9": (64, 256)}
POOLED_BEFORE = ("4", "6")


def squeezenet(batch: int = 2, size: int = 227, shrink: int = 1):
    """Iandola et al. 2016, version 1.1: its classifier is a convolution, averaged over the image."""
    n = _start(batch, size)
    bottom = _rectified(n, "conv1", n.data, 64 // shrink, kernel_size=3, stride=2)
    bottom = n.pool1 = L.Pooling(bottom, pool="MAX", kernel_size=3, stride=2)
    for number, (squeezed, expanded) in FIRES.items():
        name = f"fire{number}"
        if number in POOLED_BEFORE:
            bottom = n[f"{name}/pool"] = L.Pooling(bottom, pool="MAX", kernel_size=3, stride=2)
        bottom = _rectified(n, f"{name}/squeeze1x1", bottom, squeezed // shrink, kernel_size=1)
        bottom = n[f"{name}/concat"] = L.Concat(
            _rectified(n, f"{name}/expand1x1", bottom, expanded // shrink, kernel_size=1),
            _rectified(n, f"{name}/expand3x3", bottom, expanded // shrink, kernel_size=3, pad=1))
    n.drop9 = L.Dropout(bottom, dropout_ratio=0.5, in_place=True)
    n.pool10 = L.Pooling(_rectified(n, "conv10", n.drop9, 1000 // shrink, kernel_size=1), pool="AVE",
                         global_pooling=True)
    n.loss = L.SoftmaxWithLoss(n.pool10, n.label)
    return n.to_proto()


# ---- FCN-8s

VGG_STAGES = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))     # outputs, and how many convolutions


def fcn8s(batch: int = 1, size: int = 500, shrink: int = 1, classes: int = 21):
    """Long, Shelhamer and Darrell 2015: VGG made convolutional, whose scores of three depths are enlarged by bilinear
    deconvolutions, one for each class, cropped to one another and added. `data` is the only input.
    """
    n = NetSpec()
    n.data = L.Input(shape={"dim": [batch, 3, size, size]})
    bottom, pooled = n.data, []
    for stage, (outputs, number) in enumerate(VGG_STAGES, 1):
        for i in range(1, number + 1):
            bottom = _rectified(n, f"conv{stage}_{i}", bottom, outputs // shrink, kernel_size=3,
                                pad=100 if (stage, i) == (1, 1) else 1)
        bottom = n[f"pool{stage}"] = L.Pooling(bottom, pool="MAX", kernel_size=2, stride=2)
        pooled.append(bottom)
    for name, kernel in (("fc6", 7), ("fc7", 1)):
        bottom = L.Dropout(_rectified(n, name, bottom, 4096 // shrink, kernel_size=kernel), in_place=True)
    n.score_fr = L.Convolution(bottom, num_output=classes, kernel_size=1, weight_filler=XAVIER)
    n.upscore2 = _enlarged(n.score_fr, classes, 4, 2)
    n.fuse_pool4 = _fused(n, "pool4", pooled[3], n.upscore2, classes, 5)
    n.upscore_pool4 = _enlarged(n.fuse_pool4, classes, 4, 2)
    n.fuse_pool3 = _fused(n, "pool3", pooled[2], n.upscore_pool4, classes, 9)
    n.upscore8 = _enlarged(n.fuse_pool3, classes, 16, 8)
    n.score = L.Crop(n.upscore8, n.data, axis=2, offset=31)
    return n.to_proto()


def _enlarged(bottom, classes: int, kernel: int, stride: int):
    return L.Deconvolution(bottom, param={"lr_mult": 0}, convolution_param={
        "num_output": classes, "group": classes, "kernel_size": kernel, "stride": stride, "bias_term": False,
        "weight_filler": {"type": "bilinear"}})


def _fused(n, name: str, bottom, enlarged, classes: int, offset: int):
    score = n[f"score_{name}"] = L.Convolution(bottom, num_output=classes, kernel_size=1, weight_filler=XAVIER)
    return L.Eltwise(enlarged, L.Crop(score, enlarged, axis=2, offset=offset))
