"""Nets of a few layers, each with something of its own in how it is built."""

from __future__ import annotations

INPUT = 'layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 dim: 4 dim: 4 } } }\n'
PAIR = 'layer { name: "in" type: "Input" top: "x" top: "y" input_param { shape { dim: 2 dim: 5 } } }\n'


def ip(name, bottom, top=None, outputs=5, more=""):
    return (f'layer {{ name: "{name}" type: "InnerProduct" bottom: "{bottom}" top: "{top or name}" {more} '
            f'inner_product_param {{ num_output: {outputs} weight_filler {{ type: "xavier" }} }} }}\n')


def layer(kind, name, bottoms=(), tops=(), more=""):
    wires = "".join(f' bottom: "{b}"' for b in bottoms) + "".join(f' top: "{t}"' for t in tops)
    return f'layer {{ name: "{name}" type: "{kind}"{wires} {more} }}\n'


def loss(name, bottoms, tops=(), more="", kind="EuclideanLoss"):
    return layer(kind, name, bottoms, tops, more)


RULES = (INPUT + ip("both", "x")
         + ip("train", "x", more="include { phase: TRAIN }") + ip("test", "x", more="include { phase: TEST }")
         + ip("not-test", "x", more="exclude { phase: TEST }")
         + ip("low", "x", more="include { max_level: 1 }") + ip("high", "x", more="include { min_level: 2 }")
         + ip("between", "x", more="include { min_level: 1 max_level: 2 }")
         + ip("a", "x", more='include { stage: "a" }') + ip("a-and-b", "x", more='include { stage: "a" stage: "b" }')
         + ip("a-or-b", "x", more='include { stage: "a" } include { stage: "b" }')
         + ip("not-a", "x", more='include { not_stage: "a" }')
         + ip("a-without-b", "x", more='include { stage: "a" not_stage: "b" }')
         + ip("no-a", "x", more='exclude { stage: "a" }')
         + ip("neither", "x", more='exclude { stage: "a" } exclude { stage: "b" }')
         + ip("test-a", "x", more='include { phase: TEST stage: "a" }'))

SHARED = 'param { name: "w" } param { name: "b" }'

NETS = {
    "chain": INPUT + ip("one", "x") + layer("Sigmoid", "bend", ["one"], ["bent"]) + ip("two", "bent", outputs=7),
    "in place": INPUT + ip("one", "x") + layer("ReLU", "bend", ["one"], ["one"])
    + layer("TanH", "again", ["one"], ["one"]) + ip("two", "one"),
    "in place, then two consumers": INPUT + ip("one", "x") + layer("ReLU", "bend", ["one"], ["one"])
    + ip("two", "one") + ip("three", "one"),
    "split of an input": INPUT + ip("one", "x") + ip("two", "x") + ip("three", "x"),
    "split of one bottom used twice": PAIR + ip("one", "x") + loss("l", ["one", "one"], ["l"]),
    "explicit split": INPUT + layer("Split", "fork", ["x"], ["a", "b", "c"]) + ip("one", "a") + ip("two", "b"),
    "several tops with splits": layer("Input", "in", (), ["x", "y"], "input_param { shape { dim: 2 dim: 5 } }")
    + ip("one", "x") + ip("two", "y") + loss("l1", ["one", "y"], ["l1"]) + loss("l2", ["two", "x"], ["l2"]),
    "loss top with a consumer": PAIR + ip("one", "x") + loss("l", ["one", "y"], ["l"], "loss_weight: 2")
    + layer("Silence", "quiet", ["l"]),
    "weighted top with consumers": PAIR + ip("one", "x", more="loss_weight: 0.25") + loss("l1", ["one", "y"], ["l1"])
    + loss("l2", ["one", "y"], ["l2"], "loss_weight: 3"),
    "weighted in place": PAIR + ip("one", "x") + layer("ReLU", "bend", ["one"], ["one"], "loss_weight: 0.5")
    + loss("l1", ["one", "y"], ["l1"]),
    "two losses on shared bottoms": PAIR + ip("one", "x") + loss("l1", ["one", "y"], ["l1"])
    + loss("l2", ["one", "y"], ["l2"], kind="SigmoidCrossEntropyLoss"),
    "loss of weight 0": PAIR + ip("one", "x") + loss("l1", ["one", "y"], ["l1"], "loss_weight: 0"),
    "losses of weight 0 and 1": PAIR + ip("one", "x") + ip("two", "one")
    + loss("l1", ["one", "y"], ["l1"], "loss_weight: 0") + loss("l2", ["two", "y"], ["l2"], "loss_weight: 1"),
    "anonymous tops": PAIR + ip("one", "x") + loss("l1", ["one", "y"])
    + loss("l2", ["one", "y"], kind="SigmoidCrossEntropyLoss"),
    "no loss": INPUT + ip("one", "x") + ip("two", "one"),
    "a branch beside the loss": PAIR + ip("one", "x") + ip("two", "one") + loss("l", ["one", "y"], ["l"]),
    "frozen layers": PAIR + ip("one", "x", more="param { lr_mult: 0 } param { lr_mult: 0 }")
    + ip("two", "one", more="param { lr_mult: 0 }") + ip("three", "two") + loss("l", ["three", "y"], ["l"]),
    "all frozen": PAIR + ip("one", "x", more="param { lr_mult: 0 } param { lr_mult: 0 }")
    + loss("l", ["one", "y"], ["l"]),
    "propagate_down false": PAIR + ip("one", "x") + ip("two", "one", more="propagate_down: false")
    + loss("l", ["two", "y"], ["l"]),
    "propagate_down true": PAIR + ip("one", "x", more="propagate_down: true") + loss("l", ["one", "y"], ["l"]),
    "propagate_down false in one branch": PAIR + ip("one", "x") + ip("two", "one", more="propagate_down: false")
    + ip("three", "one") + loss("l2", ["two", "y"], ["l2"]) + loss("l3", ["three", "y"], ["l3"]),
    "propagate_down to both": PAIR + ip("one", "x") + ip("two", "y")
    + loss("l", ["one", "two"], ["l"], "propagate_down: false propagate_down: true"),
    "force_backward": "force_backward: true\n" + PAIR + ip("one", "x") + ip("two", "one")
    + loss("l", ["one", "y"], ["l"], kind="SigmoidCrossEntropyLoss"),
    "shared params": PAIR + ip("one", "x", more=SHARED) + ip("two", "one", more=SHARED)
    + loss("l", ["two", "y"], ["l"]),
    "shared permissively": PAIR + ip("one", "x", outputs=6, more='param { name: "w" }')
    + ip("two", "one", outputs=5, more='param { name: "w" share_mode: PERMISSIVE }') + loss("l", ["two", "y"], ["l"]),
    "shared, factors from the second": PAIR + ip("one", "x", more='param { name: "w" }')
    + ip("two", "one", more='param { name: "w" lr_mult: 3 decay_mult: 0 }') + loss("l", ["two", "y"], ["l"]),
    "shared, equal factors": PAIR + ip("one", "x", more='param { name: "w" lr_mult: 2 decay_mult: 4 }')
    + ip("two", "one", more='param { name: "w" lr_mult: 2 decay_mult: 4 }') + loss("l", ["two", "y"], ["l"]),
    "named but not shared": PAIR + ip("one", "x", more='param { name: "w" lr_mult: 2 } param { name: "b" }')
    + loss("l", ["one", "y"], ["l"]),
    "silenced": INPUT + ip("one", "x") + layer("Silence", "quiet", ["one"]) + layer("Silence", "all", ["x"]),
    "outputs by name": PAIR + ip("zebra", "x") + ip("ant", "y") + ip("Bee", "x") + ip("_", "y"),
    "inputs of several shapes": layer(
        "Input", "in", (), ["a", "b"], "input_param { shape { dim: 2 } shape { dim: 3 dim: 1 dim: 2 } }"),
    "an input without a shape": layer("Input", "in", (), ["a"]),
    "old inputs": 'input: "x" input: "y" input_dim: 2 input_dim: 3 input_dim: 4 input_dim: 4 '
    "input_dim: 1 input_dim: 1 input_dim: 1 input_dim: 7\n" + ip("one", "x"),
    "old input shapes": 'input: "x" input_shape { dim: 2 dim: 9 }\n' + ip("one", "x"),
    "named and debugged": 'name: "a net" debug_info: true\n' + INPUT + ip("one", "x"),
    "flatten and reshape": INPUT + layer("Flatten", "flat", ["x"], ["flat"])
    + layer("Reshape", "shape", ["flat"], ["shape"], "reshape_param { shape { dim: 0 dim: 6 dim: -1 } }"),
    "convolutions": INPUT + layer("Convolution", "conv", ["x"], ["c"], "convolution_param { num_output: 6 "
                                  "kernel_size: 3 pad: 1 stride: 2 group: 3 }")
    + layer("Deconvolution", "deconv", ["c"], ["d"], "convolution_param { num_output: 2 kernel_size: 2 stride: 2 }"),
    "layers of one name": INPUT + ip("one", "x", "a") + ip("one", "a", "b"),
    "a layer's own phase": PAIR + ip("one", "x", more="phase: TRAIN") + loss("l", ["one", "y"], ["l"]),
    "old layers": 'input: "x" input_dim: 2 input_dim: 3 input_dim: 4 input_dim: 4\n'
    'layers { name: "one" type: INNER_PRODUCT bottom: "x" top: "one" blobs_lr: 1 blobs_lr: 2 weight_decay: 1 '
    'weight_decay: 0 inner_product_param { num_output: 5 } }\n'
    'layers { name: "bend" type: RELU bottom: "one" top: "one" }',
}
