"""What nobody means to give to layers of forks: empty batches, options that are no numbers, sizes beyond all measure.

Each of these once ended in an error of Python's or PyTorch's own, or in numbers that look right.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from conformance import Case, run_embedded, values

from cae_caffe.errors import InputError

ROI = 'type: "ROIPooling" roi_pooling_param { pooled_h: 2 pooled_w: 2 %s}'
PSROI = 'type: "PSROIPooling" psroi_pooling_param { output_dim: 2 group_size: 2 spatial_scale: %s }'
REGION = np.array([[0, 0, 0, 1, 1]], np.float32)
UNPOOLING = 'type: "Unpooling" unpooling_param { unpool: %s unpool_size: 4 kernel_size: %s stride: %s }'
TRUTH = np.array([[[[0, 1, 0, 0.1, 0.1, 0.5, 0.5, 0]]]], np.float32)
PRIORS = np.array([[[0.1, 0.1, 0.5, 0.5, 0.4, 0.4, 0.9, 0.9], [0.1] * 8]], np.float32)
CORRELATION = ('type: "%s" correlation_param { kernel_size: 1 pad: 1 max_displacement: %s stride_1: %s }')
BOXES = 'type: "%s" %s_param { num_classes: 3 %s}'


def multibox(options="", images=1, priors=PRIORS, truth=TRUTH):
    count = priors.shape[2] // 4
    return Case(BOXES % ("MultiBoxLoss", "multibox_loss", options),
                [values(images, count * 4), values(images, count * 3), priors, truth])


def detection(options="", images=1, priors=PRIORS):
    count = priors.shape[2] // 4
    return Case(BOXES % ("DetectionOutput", "detection_output", options),
                [values(images, count * 4), values(images, count * 3, low=0), priors], backward=False,
                force_backward=False)


def many_classes(case):
    return replace(case, text=case.text.replace("num_classes: 3", "num_classes: 2147483647"))


@pytest.mark.parametrize("case", [
    Case(ROI % "", [values(2, 0, 6, 6), REGION]), Case(ROI % "", [values(2, 3, 0, 6), REGION]),
    Case(ROI % "", [values(2, 3, 6, 0), REGION]),
    Case('type: "SmoothL1LossOHEM"', [values(0, 3, 2, 2)] * 2, tops=2),
    *(Case(UNPOOLING % (kind, 4294967295, 2), [values(2, 3, 2, 2)]) for kind in ("MAX", "AVE", "TILE")),
    *(Case(UNPOOLING % (kind, 2, 4294967295), [values(2, 3, 2, 2)]) for kind in ("MAX", "AVE", "TILE")),
    *(Case(f'type: "BN" bn_param {{ {options} }}', [values(0, 3, 4, 4)], tops=tops)
      for options, tops in (("bn_mode: LEARN", 1), ("bn_mode: LEARN", 3), ("frozen: false", 1))),
    *(Case(f'type: "BN" bn_param {{ {options} }}', [values(0, 3, 4, 4)], phase=phase)
      for options, phase in (("bn_mode: INFERENCE", "TRAIN"), ("frozen: true", "TRAIN"), ("frozen: false", "TEST"))),
    *(Case(CORRELATION % (kind, 1, 65535), [values(2, 3, 4, 4)] * 2) for kind in ("Correlation", "Correlation1D")),
    Case('type: "FlowWarp"', [values(0, 3, 4, 4), values(0, 2, 4, 4)]),
    Case('type: "Pooling" pooling_param { pool: AVE kernel_size: 1 stride: 3 dilation: 2 }', [values(1, 1, 5, 5)]),
    detection(images=0), detection(priors=PRIORS[:, :, :0]),
    multibox(images=0, truth=np.full_like(TRUTH, -1)),
    multibox(priors=PRIORS[:, :, :0], truth=np.full_like(TRUTH, -1)),
])
def test_what_is_empty_or_large_runs(case):
    result, = run_embedded(case)
    assert all(np.isfinite(array).all() for array in result.values())


@pytest.mark.parametrize(("case", "match"), [
    (Case(ROI % "spatial_scale: nan ", [values(2, 3, 6, 6), REGION]), "`roi_pooling_param.spatial_scale` is nan"),
    (Case(ROI % "spatial_scale: inf ", [values(2, 3, 6, 6), REGION]), "it must be a finite number"),
    (Case(PSROI % "nan", [values(1, 8, 6, 6), REGION]), "`psroi_pooling_param.spatial_scale` is nan"),
    (Case(ROI % "", [values(0, 3, 6, 6), REGION]), "has 1 regions, and the batch that they lie in has no images"),
    (Case('type: "SmoothL1LossOHEM" smooth_l1_loss_param { sigma: 3 }', [values(2, 3, 2, 2)] * 2), "`sigma` is 3"),
    (Case('type: "PriorBox" prior_box_param { min_size: nan }', [values(1, 1, 2, 2)] * 2), "`prior_box_param.min_si"),
    (Case('type: "PriorBox" prior_box_param { min_size: 2 aspect_ratio: inf }', [values(1, 1, 2, 2)] * 2), "is inf"),
    (Case('type: "Normalize" norm_param { eps: nan }', [values(1, 2, 2, 2)]), "`norm_param.eps` is nan"),
    (multibox("neg_pos_ratio: nan "), "`multibox_loss_param.neg_pos_ratio` is nan"),
    (multibox("nms_param { nms_threshold: inf } "), "`multibox_loss_param.nms_param.nms_threshold` is inf"),
    (detection("confidence_threshold: nan "), "`detection_output_param.confidence_threshold` is nan"),
    (Case(CORRELATION % ("Correlation", 65535, 1), [values(2, 3, 4, 4)] * 2), "patches of `kernel_size: 1` do not fit"),
    (Case(CORRELATION.replace("pad: 1", "pad: 70000") % ("Correlation", 65535, 1), [values(2, 3, 4, 4)] * 2),
     "make 131071 displacements along an axis"),
    (Case('type: "ShuffleChannel" shuffle_channel_param { group: 2 }', [values(2, 0, 6, 6)]), "must be a multiple of"),
    (Case('type: "Interp" interp_param { zoom_factor: 2 }', [values(2, 0, 6, 6)]), "without a channel"),
    (Case('type: "InnerDistance"', [values(2, 0), values(3, 0)]), "whose features have no values"),
    (Case('type: "GeneralTripletLoss"', [values(0, 4), values(0)]), "of which there must be one at least"),
    (Case('type: "GeneralTripletLoss"', [values(2, 4), values(2, 3)]), "it has 6 labels for 2 predictions"),
    (Case('type: "GeneralContrastiveLoss"', [values(2, 4), values(2, 3)]), "it has 6 labels for 2 predictions"),
    (Case('type: "LabelSpecificMargin"', [values(2, 4), np.zeros(2), np.zeros(0)], tops=2), "it must hold the margin"),
    *((make(priors=PRIORS[:0]), "bottom of prior boxes has shape 0 2 8") for make in (multibox, detection)),
    *((many_classes(case), "correct `num_classes`") for case in (multibox(), detection())),
    (Case('type: "DetectionEvaluate" detection_evaluate_param { num_classes: 2147483647 }', [np.zeros((1, 1, 1, 7)),
                                                                                            TRUTH]), "2147483647"),
    (multibox(images=0), "is of image 0, and the predictions are of no image"),
    (multibox(truth=np.where(TRUTH == 1, np.nan, TRUTH)), "a ground truth has a value that is no finite number"),
    (Case('type: "Permute" permute_param { order: 1 }', [values(2, 3, 4, 5)], then=[[values(2, 3)]]),
     "its bottom now has 2 axes, and had 4"),
])
def test_what_cannot_be_is_a_sentence(case, match):
    with pytest.raises(InputError, match=match):
        run_embedded(case)


def test_infinite_locations_are_no_warning(recwarn):
    case = detection()
    run_embedded(Case(case.text, [np.full((1, 8), np.inf, np.float32), *case.bottoms[1:]], backward=False,
                      force_backward=False))
    assert not recwarn.list
