"""Small nets as SSD300 and MobileNet-SSD are built, images of bright boxes, and what they should find in these."""

from __future__ import annotations

import numpy as np

from cae_caffe.net_spec import NetSpec
from cae_caffe.net_spec import layers as L
from cae_caffe.schema import NetParameter, format_text, parse_net

CLASSES = 3         # background, boxes in the first channel, boxes in the second
SIZE = 64
XAVIER, MSRA = {"type": "xavier"}, {"type": "msra"}
VARIANCE = [0.1, 0.1, 0.2, 0.2]


def convolved(bottom, outputs, kernel=3, **options):
    """VGG's convolution, with ReLU."""
    top = L.Convolution(bottom, num_output=outputs, kernel_size=kernel, pad=kernel // 2, weight_filler=MSRA, **options)
    return L.ReLU(top, in_place=True)


def separable(bottom, channels, outputs, stride=1):
    """MobileNet's: each channel by itself, then all together, with BatchNorm and Scale behind each."""
    each = {"kernel_size": 3, "pad": 1, "stride": stride, "group": channels}
    for outputs_now, options in ((channels, each), (outputs, {"kernel_size": 1})):
        bottom = L.Convolution(bottom, num_output=outputs_now, bias_term=False, weight_filler=MSRA, **options)
        bottom = L.Scale(L.BatchNorm(bottom, in_place=True), in_place=True, bias_term=True)
        bottom = L.ReLU(bottom, in_place=True)
    return bottom


def halved(bottom):
    return L.Pooling(bottom, pool="MAX", kernel_size=2, stride=2)


def vgg(net):
    """Maps of 1/4, 1/8 and 1/16 of the image, the first normalized, as SSD300's conv4_3."""
    first = convolved(halved(convolved(halved(convolved(net.data, 8)), 16)), 16)
    net.first_norm = L.Normalize(first, norm_param={"across_spatial": False, "channel_shared": False,
                                                    "scale_filler": {"type": "constant", "value": 20}})
    second = convolved(halved(first), 16, dilation=1)
    third = convolved(convolved(second, 8, 1), 16, stride=2)
    return [net.first_norm, second, third]


def mobilenet(net):
    """Maps of 1/8 and 1/16 of the image."""
    stem = separable(convolved(net.data, 8, stride=2), 8, 16)
    first = separable(separable(stem, 16, 16, 2), 16, 24, 2)
    return [first, separable(first, 24, 24, 2)]


def predictions(net, maps, sizes, **of_priors) -> None:
    """Locations, scores and prior boxes of all maps, as `mbox_loc`, `mbox_conf` and `mbox_priorbox`."""
    parts: dict[str, list] = {"loc": [], "conf": [], "priorbox": []}
    for number, (top, (smallest, largest)) in enumerate(zip(maps, sizes)):
        for name, outputs in (("loc", 4 * 4), ("conf", 4 * CLASSES)):
            of_map = L.Convolution(top, num_output=outputs, kernel_size=3, pad=1, weight_filler=XAVIER)
            flat = L.Flatten(L.Permute(of_map, order=[0, 2, 3, 1]), axis=1)
            setattr(net, f"map{number}_{name}_flat", flat)
            parts[name].append(flat)
        parts["priorbox"].append(L.PriorBox(top, net.data, min_size=smallest, max_size=largest, aspect_ratio=2,
                                            flip=True, clip=False, variance=VARIANCE, offset=0.5, **of_priors))
    net.mbox_loc, net.mbox_conf = L.Concat(*parts["loc"], axis=1), L.Concat(*parts["conf"], axis=1)
    net.mbox_priorbox = L.Concat(*parts["priorbox"], axis=2)


KINDS = {"SSD300": (vgg, [(12, 20), (20, 32), (32, 48)]), "MobileNet-SSD": (mobilenet, [(14, 24), (24, 44)])}


def net(kind: str, batch: int, truths: int | None = None) -> str:
    """The prototxt of a net: for training with so many ground truths, or without them to find boxes."""
    build, sizes = KINDS[kind]
    net = NetSpec()
    net.data = L.Input(shape={"dim": [batch, 3, SIZE, SIZE]})
    if truths is not None:
        net.label = L.Input(shape={"dim": [1, 1, truths, 8]})
    predictions(net, build(net), sizes)
    if truths is not None:
        net.loss = L.MultiBoxLoss(
            net.mbox_loc, net.mbox_conf, net.mbox_priorbox, net.label, propagate_down=[True, True, False, False],
            loss_param={"normalization": "VALID"}, loc_loss_type="SMOOTH_L1", conf_loss_type="SOFTMAX", loc_weight=1.0,
            num_classes=CLASSES, share_location=True, match_type="PER_PREDICTION", overlap_threshold=0.5,
            use_prior_for_matching=True, background_label_id=0, use_difficult_gt=True, neg_pos_ratio=3.0,
            neg_overlap=0.5, code_type="CENTER_SIZE", ignore_cross_boundary_bbox=False, mining_type="MAX_NEGATIVE")
    else:
        net.mbox_conf_reshape = L.Reshape(net.mbox_conf, shape={"dim": [0, -1, CLASSES]})
        net.mbox_conf_softmax = L.Softmax(net.mbox_conf_reshape, axis=2)
        net.mbox_conf_flatten = L.Flatten(net.mbox_conf_softmax, axis=1)
        net.detection_out = L.DetectionOutput(
            net.mbox_loc, net.mbox_conf_flatten, net.mbox_priorbox, include={"phase": "TEST"}, detection_output_param={
                "num_classes": CLASSES, "share_location": True, "background_label_id": 0, "code_type": "CENTER_SIZE",
                "nms_param": {"nms_threshold": 0.45, "top_k": 400}, "keep_top_k": 200, "confidence_threshold": 0.1})
    return format_text(net.to_proto())


_DATA = """layer {{ name: "data" type: "AnnotatedData" top: "data" top: "label" include {{ phase: {phase} }}
  data_param {{ source: "records" batch_size: {batch} backend: LMDB }}
  transform_param {{ mean_value: 40 scale: 0.0083 {transform} }}
  annotated_data_param {{ anno_type: BBOX }} }}
"""
_EVALUATION = """layer { name: "detection_eval" type: "DetectionEvaluate" bottom: "detection_out" bottom: "label"
  top: "detection_eval" include { phase: TEST }
  detection_evaluate_param { num_classes: 3 background_label_id: 0 overlap_threshold: 0.5 } }
"""


def train_test(kind: str, batch: int) -> str:
    """The prototxt of a net that trains and is tested on the database `records`, as SSD's scripts write it."""
    of_phases = [parse_net(net(kind, batch, truths), "made") for truths in (1, None)]
    common = [layer for layer in of_phases[0].layer if layer.type != "Input"]
    common[-1].include.add(phase=0)
    testing = [layer for layer in of_phases[1].layer if layer.name.startswith(("mbox_conf_", "detection"))]
    for layer in testing:
        del layer.include[:]
        layer.include.add(phase=1)
    flipped = _DATA.format(phase="TRAIN", batch=batch, transform="mirror: true")
    layers = format_text(NetParameter(layer=common + testing))
    return flipped + _DATA.format(phase="TEST", batch=2, transform="") + layers + _EVALUATION


def images(number: int, seed: int = 0):
    """Images (number, 3, SIZE, SIZE) with two bright boxes each in some noise, and their ground truths."""
    random = np.random.RandomState(seed)
    data, rows = random.normal(scale=0.1, size=(number, 3, SIZE, SIZE)), []
    for image in range(number):
        for label, left in ((1, 0), (2, SIZE // 2)):
            width, height = random.randint(12, 28, 2)
            x, y = left + random.randint(0, SIZE // 2 - width + 1), random.randint(0, SIZE - height)
            data[image, label - 1, y:y + height, x:x + width] += 1
            rows.append([image, label, 0, *(np.array([x, y, x + width, y + height]) / SIZE), 0])
    return data.astype(np.float32), np.reshape(rows, (1, 1, -1, 8)).astype(np.float32)
