"""What each type of layer eats: random bottoms, and options that fit them often enough to get anywhere.

Types without a recipe take a single blob of any shape.
"""

from __future__ import annotations

import numpy as np
from conformance import distinct, whole_numbers
from conformance_fields import dims, lists, numbers, one_of, per_axis
from conformance_parts import LENGTHS, RARELY, RECIPES, SEEDS, Parts, array, axis_of, recipe, shape_of
from hypothesis import strategies as st

from cae_caffe.schema import BlobProto


def parts_of(draw, type_name: str) -> Parts:
    """Parts of a layer of the type."""
    return RECIPES.get(type_name, _anything)(draw)


def _anything(draw) -> Parts:
    return Parts([array(draw, *shape_of(draw), low=-2, high=2)])


@recipe("Softmax", "ArgMax", "Tile", "Reduction", "Flatten", "InnerProduct", "PReLU", "BatchNorm", "MVN")
def along_an_axis(draw) -> Parts:
    shape = shape_of(draw, 1)
    special = {"axis": axis_of(draw, shape), "end_axis": st.one_of(axis_of(draw, shape), one_of("-1"))}
    special.update(num_output=numbers(1, 4), tiles=numbers(0 if draw(RARELY) else 1, 3))
    return Parts([distinct(*shape, seed=draw(SEEDS))], special=special, always=("num_output", "tiles"))


@recipe("Concat")
def concat(draw) -> Parts:
    shape = shape_of(draw, 1)
    axis = draw(st.integers(0, len(shape) - 1))
    shapes = [shape[:axis] + (draw(LENGTHS),) + shape[axis + 1:] for _ in range(draw(LENGTHS))]
    if draw(RARELY):
        shapes[-1] = shape_of(draw)
    special = {"axis": one_of(str(axis), str(axis - len(shape))), "concat_dim": one_of(str(axis))}
    return Parts([array(draw, *each) for each in shapes], special=special,
                 always=(draw(st.sampled_from(["axis", "concat_dim"])),))


@recipe("Slice")
def slice_(draw) -> Parts:
    shape = shape_of(draw, 1, longest=7)
    axis = draw(st.integers(0, len(shape) - 1))
    points = draw(st.lists(st.integers(0 if draw(RARELY) else 1, 6), max_size=3, unique=True).map(sorted))
    special = {"axis": one_of(str(axis), str(axis - len(shape))), "slice_dim": one_of(str(axis)),
               "slice_point": st.just(list(map(str, points)))}
    tops = len(points) + 1 if not draw(RARELY) else draw(LENGTHS)
    return Parts([array(draw, *shape)], tops, special, (draw(st.sampled_from(["axis", "slice_dim"])),)
                 + (("slice_point",) if draw(st.booleans()) else ()))


@recipe("Bias", "Scale")
def factor(draw) -> Parts:
    shape = shape_of(draw, 1)
    first = draw(st.integers(0, len(shape)))
    last = draw(st.integers(first, len(shape)))
    second = [array(draw, *(shape[first:last] if not draw(RARELY) else shape_of(draw)))]
    special = {"axis": one_of(str(first), str(first - len(shape))), "num_axes": numbers(-1, len(shape) - first)}
    return Parts([array(draw, *shape)] + second * draw(st.booleans()), special=special,
                 always=("axis",) if first != 1 else ())


@recipe("Log", "Power")
def above_zero(draw) -> Parts:
    # Below 0 the results are no numbers; of those the pointwise layers' own tests have a few.
    special = {"base": one_of("-1", "0.5", "2", "10", "1", "0", "-3"), "scale": one_of("0", "0.5", "1", "2"),
               "shift": one_of("0", "0.25", "1", "3")}
    return Parts([array(draw, *shape_of(draw), low=0.1, high=2)], special=special)


@recipe("Clip")
def clip(draw) -> Parts:
    return Parts([array(draw, *shape_of(draw), low=-2, high=2)], always=("min", "max"))


@recipe("Im2col")
def im2col(draw) -> Parts:
    parts = convolution(draw)
    return Parts(parts.bottoms[:1], special=parts.special, always=parts.always)


@recipe("Convolution", "Deconvolution")
def convolution(draw) -> Parts:
    axis, number = draw(st.sampled_from([1, 1, 1, 0, 2])), draw(st.sampled_from([0, 1, 2, 2, 2, 2, 3, 4]))
    longest = [7, 7, 7, 5, 4][number]
    shape = shape_of(draw, axis, axis) + (draw(st.sampled_from([1, 2, 2, 4, 3])),)
    shape += tuple(draw(st.lists(st.integers(3, longest), min_size=number, max_size=number)))
    bottoms = draw(st.sampled_from([1, 1, 1, 2]))
    special = {"kernel_size": per_axis(1, 3, number), "stride": per_axis(1, 3, number),
               "pad": per_axis(0, 2, number), "dilation": per_axis(1, 2, number),
               "num_output": one_of("2", "4", "4", "3", "1"), "group": numbers(1, 2),
               "axis": one_of(str(axis), str(axis - len(shape)))}
    always = ("num_output", "kernel_size") + (("axis",) if axis != 1 else ())
    return Parts([array(draw, *shape) for _ in range(bottoms)], bottoms, special, always)


@recipe("Pooling")
def pooling(draw) -> Parts:
    shape = shape_of(draw, 2, 2, 5) + tuple(draw(st.integers(3, 8)) for _ in range(2))
    if draw(RARELY):
        shape = shape_of(draw)
    # No stride beyond the kernel: a window could begin behind the image, and its maximum's gradient falls, in Caffe,
    # outside the blob's memory. test_pooling.py has what can be compared of that.
    special = {**dict.fromkeys(["kernel_size", "kernel_h", "kernel_w"], numbers(2, 4)), "pad": numbers(0, 2),
               **dict.fromkeys(["stride", "stride_h", "stride_w"], numbers(0 if draw(RARELY) else 1, 2))}
    always = draw(st.sampled_from([("kernel_size",), ("kernel_size", "pad"), ("kernel_size", "stride"),
                                   ("kernel_h", "kernel_w"), ("kernel_size", "stride_h", "stride_w"),
                                   ("kernel_h", "kernel_w", "pad_h", "pad_w"), ("global_pooling",)]))
    return Parts([distinct(*shape, seed=draw(SEEDS))], draw(st.sampled_from([1, 1, 1, 2])), special, always)


@recipe("SPP")
def spp(draw) -> Parts:
    shape = shape_of(draw, 2, 2) + tuple(draw(st.integers(4, 9)) for _ in range(2))
    if draw(RARELY):
        shape = shape_of(draw)
    return Parts([distinct(*shape, seed=draw(SEEDS))], special={"pyramid_height": numbers(1, 3)},
                 always=("pyramid_height",))


@recipe("LRN")
def lrn(draw) -> Parts:
    shape = shape_of(draw, 4, 4, 6) if not draw(RARELY) else shape_of(draw)
    special = {"local_size": one_of("1", "3", "5", "7", "2"), "alpha": one_of("0", "0.001", "0.5", "1", "2"),
               "beta": one_of("0", "0.5", "0.75", "1", "1.3", "-1"), "k": one_of("0.5", "1", "2")}
    return Parts([array(draw, *shape)], special=special)


@recipe("Reshape")
def reshape(draw) -> Parts:
    shape = shape_of(draw, 1)
    target = list(draw(st.permutations(shape)))
    for place in draw(st.lists(st.integers(0, len(shape) - 1), max_size=2)):
        target[place] = draw(st.sampled_from([-1, 0]))
    return Parts([array(draw, *shape)], special={"shape": st.one_of(st.just([dims(target)]), one_of("dim: -1"))},
                 always=("shape",))


@recipe("Parameter", "Input", "DummyData")
def nothing(draw) -> Parts:
    shape = dims(shape_of(draw, most=3))
    always = ("num", "channels", "height", "width") if draw(RARELY) else ("shape",)
    return Parts([], draw(st.sampled_from([1, 1, 2])), {"shape": st.sampled_from([[shape], [shape, "dim: 2"]])}, always)


@recipe("Split", "Silence")
def whatever_number(draw) -> Parts:
    return Parts([array(draw, *shape_of(draw))], draw(st.integers(0, 3)))


@recipe("Eltwise")
def eltwise(draw) -> Parts:
    shape, number = shape_of(draw), draw(st.integers(2, 4))        # one is FlowNet's
    bottoms = [array(draw, *shape, low=0.2) for _ in range(number)]
    if draw(RARELY):
        bottoms[-1] = array(draw, *shape_of(draw))
    return Parts(bottoms, special={"coeff": st.one_of(st.just([]), lists(-2, 2, number))})


@recipe("EuclideanLoss", "SigmoidCrossEntropyLoss")
def pair(draw) -> Parts:
    shape = shape_of(draw, 1)
    target = shape_of(draw, 1) if draw(RARELY) else draw(st.sampled_from([shape, shape[:1] + shape[:0:-1]]))
    # A target below 0 or above 1 is no probability, but Caffe computes with it.
    second = array(draw, *target, low=-0.2, high=1.3) if draw(st.booleans()) else \
        whole_numbers(*target, below=2, seed=draw(SEEDS))
    return Parts([array(draw, *shape, low=-3, high=3), second], special={"ignore_label": numbers(-1, 1)})


@recipe("SoftmaxWithLoss", "Accuracy")
def classified(draw) -> Parts:
    shape = shape_of(draw, 2, 4) if not draw(RARELY) else shape_of(draw, 1, 1)
    axis = min(draw(st.sampled_from([1, 1, 1, 1, 1, 0, 2, 3])), len(shape) - 1)
    labels = whole_numbers(*shape[:axis], *shape[axis + 1:], below=shape[axis], seed=draw(SEEDS))
    if draw(RARELY):
        labels = np.zeros(shape_of(draw, 0, 3), np.float32)
    bottoms = [array(draw, *shape, low=0.1, high=3), labels]
    special = {"axis": one_of(str(axis), str(axis - len(shape))), "ignore_label": numbers(-1, 2)}
    return Parts(bottoms, draw(st.sampled_from([1, 1, 1, 1, 2, 0])), special, () if axis == 1 else ("axis",))


@recipe("HingeLoss", "MultinomialLogisticLoss")
def classified_by_rows(draw) -> Parts:
    shape = shape_of(draw, 2, 4)
    labels = whole_numbers(shape[0], below=int(np.prod(shape[1:])), seed=draw(SEEDS))
    return Parts([array(draw, *shape, low=0.1, high=3), labels], draw(st.sampled_from([1, 1, 1, 0])))


@recipe("InfogainLoss")
def infogain(draw) -> Parts:
    """The matrix comes as a bottom or as a file."""
    parts = classified(draw)
    axis = int(draw(parts.special["axis"])[0])
    number = parts.bottoms[0].shape[axis]
    matrix = array(draw, number, number, low=-0.5)
    if draw(st.booleans()):
        return Parts([*parts.bottoms, matrix], parts.tops, parts.special, parts.always, may_force=False)
    message = BlobProto(num=1, channels=1, height=number, width=number, data=matrix.ravel().tolist())
    special = {**parts.special, "source": one_of('"matrix"')}
    return Parts(parts.bottoms, parts.tops, special, (*parts.always, "source"), {"matrix": message.SerializeToString()})


@recipe("ContrastiveLoss")
def contrastive(draw) -> Parts:
    rows, channels = draw(LENGTHS), draw(LENGTHS)
    ones = (1,) * draw(st.integers(0, 2))
    similar = whole_numbers(rows, *ones[:1], below=2, seed=draw(SEEDS))
    return Parts([array(draw, rows, channels, *ones) for _ in range(2)] + [similar])


@recipe("Crop")
def crop(draw) -> Parts:
    shape = shape_of(draw, 1, longest=5)
    wanted = [draw(st.integers(1, length)) for length in shape]
    special = {"offset": lists(0, 2, len(shape)), "axis": axis_of(draw, shape)}
    return Parts([array(draw, *shape), array(draw, *wanted)], special=special)


@recipe("Embed")
def embed(draw) -> Parts:
    rows = draw(LENGTHS)
    special = {"num_output": numbers(1, 4), "input_dim": one_of(str(rows))}
    return Parts([whole_numbers(*shape_of(draw), below=rows, seed=draw(SEEDS))], special=special,
                 always=("num_output", "input_dim"))


@recipe("BatchReindex")
def batch_reindex(draw) -> Parts:
    shape = shape_of(draw, 1)
    numbers_shape = shape_of(draw, 1, 1) if not draw(RARELY) else shape_of(draw)
    return Parts([array(draw, *shape), whole_numbers(*numbers_shape, below=shape[0], seed=draw(SEEDS))])


@recipe("Filter")
def filtered(draw) -> Parts:
    rows, number = draw(LENGTHS), draw(st.integers(1, 3))
    selector = whole_numbers(rows, *(1,) * draw(st.integers(0, 2)), below=2, seed=draw(SEEDS))
    return Parts([array(draw, rows, *shape_of(draw, most=3)) for _ in range(number)] + [selector], number)


@recipe("LSTMUnit")
def lstm_unit(draw) -> Parts:
    streams, units = draw(LENGTHS), draw(LENGTHS)
    others = streams if not draw(RARELY) else draw(LENGTHS)
    markers = whole_numbers(1, others, below=2, seed=draw(SEEDS))
    return Parts([array(draw, 1, streams, units), array(draw, 1, streams, 4 * units, low=-3, high=3), markers], tops=2)


@recipe("LSTM", "RNN")
def recurrent(draw) -> Parts:
    """With as many hidden states as an LSTM takes, or an RNN, or neither."""
    steps, streams, units = draw(LENGTHS), draw(LENGTHS), draw(LENGTHS)
    states = draw(st.sampled_from([0, 0, 1, 2]))
    markers = whole_numbers(steps, streams if not draw(RARELY) else 1, below=2, seed=draw(SEEDS))
    bottoms = [array(draw, steps, streams, *shape_of(draw, 0 if draw(RARELY) else 1, 2)), markers]
    bottoms += [array(draw, streams, *shape_of(draw, 1, 2))] if draw(st.booleans()) else []
    bottoms += [array(draw, 1, streams, units) for _ in range(states)]
    special = {"num_output": one_of(str(units)), "expose_hidden": one_of(str(states > 0).lower())}
    return Parts(bottoms, 1 + states, special, ("num_output", "expose_hidden"))
