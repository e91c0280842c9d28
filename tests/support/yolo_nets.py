"""Small YOLO nets as MobileNet-YOLO builds them."""

from __future__ import annotations

from cae_caffe.net_spec import NetSpec
from cae_caffe.net_spec import layers as L

SIZE, IMAGES, CLASSES = 48, 6, 2
ANCHORS = [8, 8, 20, 12, 12, 28, 30, 30]        # in pixels
MSRA = {"type": "msra"}


def convolved(bottom, outputs, kernel=1, **options):
    top = L.Convolution(bottom, num_output=outputs, kernel_size=kernel, bias_term=False, weight_filler=MSRA, **options)
    return L.ReLU(L.Scale(L.BatchNorm(top, in_place=True), in_place=True, bias_term=True), in_place=True)


def separable(bottom, channels, outputs, stride=2):
    """MobileNet's pair: a kernel for each channel, and one pixel wide kernels over all of them."""
    top = L.DepthwiseConvolution(bottom, num_output=channels, group=channels, kernel_size=3, pad=1, stride=stride,
                                 bias_term=False, weight_filler=MSRA)
    top = L.ReLU6(L.Scale(L.BatchNorm(top, in_place=True), in_place=True, bias_term=True), in_place=True)
    return convolved(top, outputs)


def of_boxes(bottom, anchors):
    return L.Convolution(bottom, num_output=anchors * (5 + CLASSES), kernel_size=1, weight_filler=MSRA)


def inputs(net, batch):
    net.data = L.Input(shape={"dim": [batch, 3, SIZE, SIZE]})
    net.label = L.Input(shape={"dim": [batch, 1, 300, 5]})


def yolov3(batch: int, loss: bool):
    """Maps of two sizes, of which the finer one sees what the coarser one has found."""
    net = NetSpec()
    inputs(net, batch)
    fine = separable(separable(convolved(net.data, 8, 3, pad=1, stride=2), 8, 16), 16, 24)
    coarse = separable(fine, 24, 32)
    net.coarse = of_boxes(convolved(coarse, 32, 3, pad=1), 2)
    raised = L.Upsample(convolved(coarse, 16), scale=2)
    net.fine = of_boxes(convolved(L.Concat(raised, fine), 32, 3, pad=1), 2)
    options = {"num_class": CLASSES, "num": 2, "biases": ANCHORS, "thresh": 0.6, "coord_scale": 1.0}
    if loss:
        net.coarse_loss = L.Yolov3(net.coarse, net.label, mask=[2, 3], anchors_scale=16, **options)
        net.fine_loss = L.Yolov3(net.fine, net.label, mask=[0, 1], anchors_scale=8, **options)
    else:
        net.found = L.Yolov3DetectionOutput(
            net.coarse, net.fine, num_classes=CLASSES, num_box=2, biases=ANCHORS, mask=[2, 3, 0, 1], mask_group_num=2,
            anchors_scale=[16, 8], confidence_threshold=0.4)
    return net.to_proto()


def yolov2(batch: int, loss: bool):
    """Maps of one size, beside which a finer one passes with its pixels in channels."""
    net = NetSpec()
    inputs(net, batch)
    fine = convolved(convolved(convolved(net.data, 8, 3, pad=1, stride=2), 16, 3, pad=1, stride=2), 16, 3, pad=1,
                     stride=2)
    coarse = convolved(convolved(fine, 32, 3, pad=1, stride=2), 32, 3, pad=1)
    net.maps = of_boxes(convolved(L.Concat(L.Reorg(convolved(fine, 8), stride=2), coarse), 32, 3, pad=1), 4)
    cells = [length / 16 for length in ANCHORS]
    if loss:
        net.loss = L.RegionLoss(net.maps, net.label, num_class=CLASSES, num=4, biases=cells, thresh=0.6,
                                object_scale=5.0, noobject_scale=1.0, coord_scale=1.0)
    else:
        net.found = L.YoloDetectionOutput(net.maps, num_classes=CLASSES, num_box=4, biases=cells,
                                          confidence_threshold=0.4)
    return net.to_proto()
