"""Inner products of nets in the older forms, whose outputs had four axes.

Until 2015 every blob had four axes, so that a net could let a Deconvolution follow an InnerProduct, whose output was
(N, outputs, 1, 1). Caffe 1.0 makes it (N, outputs), takes a convolution behind it for one without spatial axes and
gives it weights of another shape, without a word. The authors of the paper wrote such nets.
"""

from __future__ import annotations

SPATIAL = {"Convolution", "Deconvolution", "Im2col", "LRN", "Pooling"}
# Layers whose tops have their bottoms' axes.
KEEPING = {"AbsVal", "BNLL", "Concat", "Dropout", "Eltwise", "Exp", "Power", "ReLU", "Sigmoid", "Slice", "Softmax",
           "Split", "TanH", "Threshold"}
AXES = (0, 0, 1, 1)     # of a Reshape: batch and outputs as they are, two axes of length 1 behind them


def restore_four_axes(net) -> None:
    """Mark the inner products whose outputs feed a spatial layer, in `net`, one upgraded from an older form, in place.

    The mark is a `reshape_param` with AXES, which Caffe does not read in an InnerProduct and the embedded engine does.
    Other inner products keep the two axes that Caffe 1.0 gives them. It is no part of `upgrade_net`, which makes of a
    net what Caffe's tools make of it.
    """
    sources: dict[str, set[int]] = {}       # of each blob, the inner products whose axes it has
    for number, layer in enumerate(net.layer):
        reached = set().union(*(sources.get(blob, ()) for blob in layer.bottom))
        if layer.type in SPATIAL:
            for i in reached:
                net.layer[i].reshape_param.shape.dim[:] = AXES
        passed = {number} if layer.type == "InnerProduct" else reached if layer.type in KEEPING else set()
        for blob in layer.top:      # added, for a net may make a blob in one way to train and in another to test
            sources.setdefault(blob, set()).update(passed)
