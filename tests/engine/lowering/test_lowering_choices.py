"""The kernel of every shape is frozen in golden/choices.txt: a choice that changes makes all results round otherwise.

`PYTHONPATH=. python tests/engine/lowering/test_lowering_choices.py` writes the file anew, for a change that is meant.
"""

from __future__ import annotations

import itertools
from pathlib import Path

from cae_caffe.engine.lowering import ConvolutionGeometry, choose

GOLDEN = Path(__file__).with_name("golden") / "choices.txt"
LETTERS = {"BandKernel": "B", "MatmulKernel": "M", "PlaneKernel": "P", "UnfoldKernel": "U", "NativeKernel": "."}
CHANNELS = ((1, 1), (1, 4), (1, 8), (1, 20), (1, 64), (2, 1), (2, 2), (4, 2), (4, 4), (8, 4), (16, 1), (16, 16),
            (3, 32), (20, 50), (125, 2))
SIZES = ((1, 1), (6, 6), (12, 12), (28, 28), (40, 17))
# One letter each in a row of the file.
KERNELS = ((1, 1), (3, 3), (5, 5), (6, 6), (9, 9), (17, 17), (3, 9), (11, 1))
MORE = ({}, {"stride": (2, 2)}, {"stride": (1, 2)}, {"pad": (1, 1)}, {"pad": (4, 0)}, {"needs_bottom_diff": False},
        {"needs_bottom_diff": False, "pad": (2, 2)}, {"needs_bottom_diff": False, "has_bias": False},
        {"dilation": (2, 1)}, {"group": 2})


def rows():
    """The file's rows: a side of each layer in words, and the letter of the kernel for each kernel size and option."""
    for transposed, batch, (bottom, top), size in itertools.product((False, True), (1, 100), CHANNELS, SIZES):
        letters = "".join(letter(transposed, batch, bottom, *size, top, kernel, **more)
                          for kernel in KERNELS for more in MORE)
        kind = "deconvolution" if transposed else "convolution"
        yield f"{kind} {batch} x {bottom} x {size[0]} x {size[1]} to {top}: {letters}"


def letter(*fields, **more):
    geometry = ConvolutionGeometry(*fields, **more)
    possible = (geometry.out_height > 0 and geometry.out_width > 0
                and geometry.in_channels % geometry.group == geometry.out_channels % geometry.group == 0)
    return LETTERS[type(choose(geometry)).__name__] if possible else "-"


def test_every_choice_is_the_frozen_one():
    for now, frozen in itertools.zip_longest(rows(), GOLDEN.read_text().splitlines()):
        assert now == frozen


if __name__ == "__main__":
    GOLDEN.parent.mkdir(exist_ok=True)
    GOLDEN.write_text("".join(f"{row}\n" for row in rows()))
