"""Small nets that make images small and large again, as SegNet, DeconvNet, ENet, PSPNet and naibaf7's U-Net do, and as
the paper of 2015 first planned its auto-encoder.
"""

from __future__ import annotations

from cae_caffe.net_spec import NetSpec
from cae_caffe.net_spec import layers as L

MSRA = {"type": "msra"}
LEARNED = {"scale_filler": {"type": "constant", "value": 1}, "shift_filler": {"type": "constant", "value": 0.001}}
SIZE = 16
HALVED = "pooling_param { pool: MAX kernel_size: 2 stride: 2 }"


def inputs(size=SIZE):
    net = NetSpec()
    net.data, net.label = (L.Input(shape={"dim": [4, 1, size, size]}) for _ in range(2))
    return net


def block(bottom, outputs, kernel=3, bn=LEARNED, **options):
    """A convolution, SegNet's BN and a ReLU, both in place."""
    top = L.Convolution(bottom, num_output=outputs, kernel_size=kernel, pad=kernel // 2, weight_filler=MSRA, **options)
    return L.ReLU(L.BN(top, in_place=True, **bn), in_place=True)


def segnet(bn=LEARNED, dropout=None, by_size=True):
    """Two poolings, whose maxima's places the decoder has; `dropout`: the options of Bayesian SegNet's layers."""
    net = inputs()
    small, first = L.Pooling(block(L.LRN(net.data), 8, bn=bn), kernel_size=2, stride=2, ntop=2)
    smaller, second = L.Pooling(block(small, 8, bn=bn), kernel_size=2, stride=2, ntop=2)
    if dropout:
        smaller = L.Dropout(smaller, in_place=True, **dropout)
    large = L.Upsample(smaller, second, scale=2, **({"upsample_h": 8, "upsample_w": 8} if by_size else {}))
    larger = L.Upsample(block(large, 8, bn=bn), first, scale=2)
    net.score = L.Convolution(block(larger, 8, bn=bn), num_output=2, kernel_size=1, weight_filler=MSRA)
    net.loss = L.SoftmaxWithLoss(net.score, net.label, ignore_label=11, weight_by_label_freqs=True,
                                 class_weighting=[0.7, 1.5])
    return net.to_proto()


def bottleneck(bottom, outputs, inner, stride=1, between=3, **options):
    """ENet's: a narrow branch beside the bottom, or beside its maxima, whose places come back, too, if `stride` is 2.

    `between` is the kernel of the branch's middle: a length, dilated by `options`, or (5, 1) for 5x1 and 1x5.
    """
    def convolved(top, outputs, **options):
        top = L.Convolution(top, num_output=outputs, bias_term=False, weight_filler=MSRA, **options)
        return L.PReLU(L.BN(top, **LEARNED))

    branch = convolved(bottom, inner, kernel_size=stride, stride=stride)
    if between == (5, 1):
        branch = L.Convolution(branch, num_output=inner, kernel_h=5, kernel_w=1, pad_h=2, pad_w=0, bias_term=False,
                               weight_filler=MSRA)
        branch = convolved(branch, inner, kernel_h=1, kernel_w=5, pad_h=0, pad_w=2)
    else:
        pad = options.get("dilation", 1) * (between // 2)
        branch = convolved(branch, inner, kernel_size=between, pad=pad, **options)
    branch = L.BN(L.Convolution(branch, num_output=outputs, kernel_size=1, bias_term=False, weight_filler=MSRA),
                  **LEARNED)
    branch = L.Dropout(branch, dropout_ratio=0.01)
    beside, mask = L.Pooling(bottom, kernel_size=2, stride=2, ntop=2) if stride == 2 else (bottom, None)
    if stride == 2:
        beside = L.BN(L.Convolution(beside, num_output=outputs, kernel_size=1, bias_term=False, weight_filler=MSRA),
                      bn_mode=0, **LEARNED)
    return L.PReLU(L.Eltwise(branch, beside)), mask


def enet():
    net = inputs()
    first = L.Concat(L.Convolution(net.data, num_output=7, kernel_size=3, pad=1, stride=2, weight_filler=MSRA),
                     L.Pooling(net.data, kernel_size=2, stride=2))
    top, mask = bottleneck(L.PReLU(L.BN(first, **LEARNED)), 12, 4, stride=2)
    for options in ({"dilation": 2}, {"between": (5, 1)}, {"dilation": 4}):
        top, _ = bottleneck(top, 12, 4, **options)
    narrow = L.BN(L.Convolution(top, num_output=8, kernel_size=1, bias_term=False, weight_filler=MSRA), **LEARNED)
    branch = L.Deconvolution(L.Convolution(top, num_output=4, kernel_size=1, weight_filler=MSRA),
                             convolution_param={"num_output": 8, "kernel_size": 2, "stride": 2, "bias_term": False,
                                                "weight_filler": MSRA})
    large = L.PReLU(L.Eltwise(L.BN(branch, **LEARNED), L.Upsample(narrow, mask, scale=2)))
    net.score = L.Deconvolution(large, convolution_param={"num_output": 2, "kernel_size": 2, "stride": 2,
                                                          "weight_filler": MSRA})
    net.loss = L.SoftmaxWithLoss(net.score, net.label, ignore_label=11)
    return net.to_proto()


def pspnet(frozen):
    """PSPNet's own BN, and a dilated convolution in the place of a stride."""
    def block(bottom, outputs, kernel, **options):
        top = L.Convolution(bottom, num_output=outputs, kernel_size=kernel, bias_term=False, weight_filler=MSRA,
                            **options)
        return L.ReLU(L.BN(top, slope_filler={"value": 1}, bias_filler={"value": 0}, momentum=0.5, frozen=frozen,
                           in_place=True, param=[{"lr_mult": 1, "decay_mult": 0}] * 2 + [{"lr_mult": 0}] * 2),
                      in_place=True)

    net = inputs()
    maps = block(block(net.data, 8, 3, pad=1, stride=2), 8, 3, pad=2, dilation=2)
    beside = L.Interp(block(L.Pooling(maps, pool="AVE", kernel_size=4, stride=4), 4, 1), height=8, width=8)
    net.score = L.Convolution(L.Concat(maps, beside), num_output=2, kernel_size=1, weight_filler=MSRA)
    net.large = L.Interp(net.score, height=SIZE, width=SIZE)
    net.loss = L.SoftmaxWithLoss(net.large, net.label, ignore_label=11)
    return net.to_proto()


def u_net():
    """naibaf7's: convolutions without padding, and maps of the way down merged in on the way up, cropped."""
    net = inputs(22)
    net.label = L.Input(shape={"dim": [4, 1, 6, 6]})
    def convolved(bottom, outputs):
        return L.ReLU(L.Convolution(bottom, num_output=outputs, kernel_size=3, weight_filler=MSRA), in_place=True)

    down = convolved(net.data, 8)
    small = convolved(L.Pooling(down, kernel_size=2, stride=2), 8)
    small = convolved(small, 8)
    up = L.Deconvolution(small, convolution_param={"num_output": 8, "group": 8, "kernel_size": 2, "stride": 2,
                                                   "bias_term": False, "weight_filler": {"value": 1}},
                         param={"lr_mult": 0})
    up = L.Convolution(up, num_output=8, kernel_size=1, weight_filler=MSRA)
    merged = L.MergeCrop(up, down, forward=[True, True], backward=[True, True])
    dilated = L.Pooling(convolved(merged, 8), kernel_size=2, stride=1, dilation=2)
    net.score = L.Convolution(dilated, num_output=2, kernel_size=3, weight_filler=MSRA)
    net.loss = L.SoftmaxWithLoss(net.score, net.label, ignore_label=11)
    return net.to_proto()


def v1(name, kind, bottoms, tops, options=""):
    """A layer in the dialect of 2014, in which H. Noh's fork and the paper's authors wrote."""
    ends = [f'{end}: "{blob}"' for end, blobs in (("bottom", bottoms), ("top", tops)) for blob in blobs.split()]
    return f'layers {{ name: "{name}" type: {kind} {" ".join(ends)} {options} }}\n'


def weights(kind, **sizes):
    written = " ".join(f"{name}: {length}" for name, length in sizes.items())
    filler = 'weight_filler { type: "xavier" } bias_filler { type: "constant" }'
    return f"blobs_lr: 1 blobs_lr: 2 {kind} {{ {written} {filler} }}"


def convolution(name, bottom, outputs, kernel, pad=0, kind="CONVOLUTION"):
    return v1(name, kind, bottom, name, weights("convolution_param", num_output=outputs, kernel_size=kernel, pad=pad))


def unpooling(name, bottoms, size):
    return v1(name, "UNPOOLING", bottoms, name,
              f"unpooling_param {{ unpool: MAX kernel_size: 2 stride: 2 unpool_size: {size} }}")


def deconvnet(mode="LEARN"):
    """Convolutions down to one place, and the same way back through the places that pooling found."""
    bn = f"bn_param {{ bn_mode: {mode} scale_filler {{ value: 1 }} shift_filler {{ value: 0.001 }} }}"

    def block(name, bottom, outputs, kernel=3, pad=1, kind="CONVOLUTION"):
        return (convolution(name, bottom, outputs, kernel, pad, kind) + v1(f"bn_{name}", "BN", name, name, bn)
                + v1(f"relu_{name}", "RELU", name, name))

    return "".join([
        f'input: "data" {"".join(f"input_dim: {n} " for n in (4, 1, SIZE, SIZE))}',
        f'input: "label" {"".join(f"input_dim: {n} " for n in (4, 1, SIZE, SIZE))}\n',
        block("conv1", "data", 8), v1("pool1", "POOLING", "conv1", "pool1 pool1_mask", HALVED),
        block("conv2", "pool1", 8), v1("pool2", "POOLING", "conv2", "pool2 pool2_mask", HALVED),
        block("fc6", "pool2", 32, 4, 0), block("fc6-deconv", "fc6", 8, 4, 0, "DECONVOLUTION"),
        unpooling("unpool2", "fc6-deconv pool2_mask", 8), block("deconv2", "unpool2", 8, kind="DECONVOLUTION"),
        unpooling("unpool1", "deconv2 pool1_mask", SIZE), block("deconv1", "unpool1", 8, kind="DECONVOLUTION"),
        convolution("score", "deconv1", 2, 1),
        v1("loss", "SOFTMAX_LOSS", "score label", "loss", "loss_param { ignore_label: 11 }")])


def planned_in_2015(with_places):
    """conv1-pool1-conv2-pool2 and deconv2-unpool2-deconv1-unpool1 (the paper's section 2), a code of 2 between, and one
    output at the end. The authors took H. Noh's fork for its unpooling, with the places of pooling's maxima or without.
    """
    places = "pool1_mask", "pool2_mask"
    tops = [f"pool{i + 1} {places[i]}" if with_places else f"pool{i + 1}" for i in range(2)]
    masks = places if with_places else ("", "")

    def inner_product(name, bottom, outputs):
        return v1(name, "INNER_PRODUCT", bottom, name, weights("inner_product_param", num_output=outputs))

    def sigmoid(name):
        return v1(f"{name}sig", "SIGMOID", name, name)

    return "".join([
        f'input: "data" {"".join(f"input_dim: {n} " for n in (10, 1, 28, 28))}\n',
        convolution("conv1", "data", 8, 5, 2), sigmoid("conv1"), v1("pool1", "POOLING", "conv1", tops[0], HALVED),
        convolution("conv2", "pool1", 4, 5, 2), sigmoid("conv2"), v1("pool2", "POOLING", "conv2", tops[1], HALVED),
        inner_product("ip1encode", "pool2", 50), sigmoid("ip1encode"), inner_product("ip2encode", "ip1encode", 2),
        inner_product("ip1decode", "ip2encode", 50), sigmoid("ip1decode"),
        convolution("deconv2", "ip1decode", 4, 7, kind="DECONVOLUTION"), sigmoid("deconv2"),
        unpooling("unpool2", f"deconv2 {masks[1]}", 14),
        convolution("deconv1", "unpool2", 8, 5, 2, "DECONVOLUTION"), sigmoid("deconv1"),
        unpooling("unpool1", f"deconv1 {masks[0]}", 28),
        convolution("deconv1neur", "unpool1", 1, 5, 2),
        v1("loss", "SIGMOID_CROSS_ENTROPY_LOSS", "deconv1neur data", "loss", "loss_weight: 1"),
        v1("output", "SIGMOID", "deconv1neur", "output"),
        v1("l2_error", "EUCLIDEAN_LOSS", "output data", "l2_error", "loss_weight: 0")])
