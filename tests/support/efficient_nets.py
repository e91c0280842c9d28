"""Small nets as SENet, ShuffleNet, MobileNet, PSPNet and ICNet build theirs."""

from __future__ import annotations

from cae_caffe.net_spec import NetSpec
from cae_caffe.net_spec import layers as L

MSRA = {"type": "msra"}
CLASSES = 3


def convolved(bottom, outputs, kernel=1, activation=L.ReLU, layer=L.Convolution, **options):
    """A convolution without bias, a BatchNorm and a Scale, and an activation, as all of these nets have them."""
    top = layer(bottom, num_output=outputs, kernel_size=kernel, bias_term=False, weight_filler=MSRA, **options)
    top = L.Scale(L.BatchNorm(top, in_place=True), in_place=True, bias_term=True)
    return activation(top, in_place=True) if activation else top


def classified(build, size=16, batch=12):
    """The net of a classifier: `build` makes its maps of the images."""
    net = NetSpec()
    net.data = L.Input(shape={"dim": [batch, 3, size, size]})
    net.label = L.Input(shape={"dim": [batch]})
    pooled = L.Pooling(build(net.data), pool="AVE", global_pooling=True)
    net.score = L.InnerProduct(pooled, num_output=CLASSES, weight_filler={"type": "xavier"})
    net.loss = L.SoftmaxWithLoss(net.score, net.label)
    return net.to_proto()


def se_block(bottom, outputs):
    """A bottleneck with SENet's factors: of each channel's mean, two convolutions make what it is multiplied by."""
    inner = convolved(convolved(bottom, outputs // 2), outputs // 2, 3, pad=1)
    inner = convolved(inner, outputs, activation=None)
    squeezed = L.Pooling(inner, pool="AVE", global_pooling=True)
    few = L.ReLU(L.Convolution(squeezed, num_output=outputs // 4, kernel_size=1, weight_filler=MSRA), in_place=True)
    factors = L.Sigmoid(L.Convolution(few, num_output=outputs, kernel_size=1, weight_filler=MSRA), in_place=True)
    return L.ReLU(L.Axpy(factors, inner, convolved(bottom, outputs, activation=None)), in_place=True)


def senet(data):
    return se_block(se_block(L.Pooling(convolved(data, 8, 3, pad=1), pool="MAX", kernel_size=2, stride=2), 16), 16)


def shuffle_unit(bottom, outputs, stride, depthwise):
    """Convolutions of groups, whose channels are mixed between; at stride 2 beside the pooled bottom, else added."""
    inner = L.ShuffleChannel(convolved(bottom, outputs, group=2), group=2)
    inner = convolved(inner, outputs, 3, None, depthwise, pad=1, stride=stride, group=outputs)
    inner = convolved(inner, outputs, activation=None, group=2)
    if stride == 1:
        return L.ReLU(L.Eltwise(bottom, inner), in_place=True)
    return L.ReLU(L.Concat(L.Pooling(bottom, pool="AVE", kernel_size=3, stride=2), inner), in_place=True)


def shufflenet(data):
    first = convolved(data, 8, 3, pad=1)
    return shuffle_unit(shuffle_unit(first, 8, 2, L.ConvolutionDepthwise), 16, 1, L.DepthwiseConvolution)


def mobilenet(data):
    top = convolved(data, 8, 3, L.ReLU6, pad=1, stride=2)
    for outputs, stride in ((16, 1), (16, 2)):
        channels = 8 if stride == 1 else 16
        top = convolved(top, channels, 3, L.ReLU6, L.DepthwiseConvolution, pad=1, stride=stride, group=channels)
        top = convolved(top, outputs, activation=L.ReLU6)
    return top


def pyramid(maps, size):
    """PSPNet's module: the maps beside their means over parts of the image, brought back to the maps' size."""
    levels = [L.Interp(convolved(L.Pooling(maps, pool="AVE", kernel_size=kernel, stride=kernel), 4),
                       height=size, width=size) for kernel in (size, size // 2, size // 4)]
    return L.Concat(maps, *levels)


def pspnet():
    net = NetSpec()
    net.data, net.label = L.Input(shape={"dim": [4, 1, 17, 17]}), L.Input(shape={"dim": [4, 1, 17, 17]})
    maps = convolved(L.Interp(convolved(net.data, 8, 3, pad=1), height=8, width=8), 8, 3, pad=2, dilation=2)
    net.score = L.Convolution(pyramid(maps, 8), num_output=2, kernel_size=1, weight_filler=MSRA)
    net.score_interp = L.Interp(net.score, height=17, width=17)
    net.loss = L.SoftmaxWithLoss(net.score_interp, net.label, ignore_label=255)
    return net.to_proto()


def icnet():
    """Two branches of different sizes, added, whose losses are of labels made smaller."""
    net = NetSpec()
    net.data, net.label = L.Input(shape={"dim": [4, 1, 17, 17]}), L.Input(shape={"dim": [4, 1, 17, 17]})
    fine = convolved(net.data, 8, 3, None, pad=1, stride=2)
    coarse = convolved(L.Interp(net.data, shrink_factor=4), 8, 3, pad=1)
    coarse = convolved(L.Interp(coarse, zoom_factor=2), 8, 3, None, pad=2, dilation=2)
    net.fused = L.ReLU(L.Eltwise(fine, coarse), in_place=True)
    net.score = L.Convolution(net.fused, num_output=2, kernel_size=1, weight_filler=MSRA)
    net.small_label = L.Interp(net.label, shrink_factor=2, pad_beg=0, pad_end=0, propagate_down=False)
    net.loss = L.SoftmaxWithLoss(net.score, net.small_label, ignore_label=255)
    return net.to_proto()
