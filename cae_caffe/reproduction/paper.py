"""What the paper prints: parameters and sizes (Tables 1 to 3), solvers and times (Table 5), its slips, and what it
reports of its trained nets: the losses of Tables 1 and 4, three runs a model, and classes counted.

A loss pair is (sigmoid cross-entropy; Euclidean), per image. "Classes" is how many of 30 classes (10 in each of the
three runs) the authors counted as well separated, by eye, on the 2-D picture.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from .losses import Pair

# For N = 2: parameters and size.
TABLE_1: dict[str, tuple[int, int]] = {
    "classic-300-150-75-n2": (584254, 1052),
    "classic-500-250-125-n2": (1098754, 1752),
    "classic-1000-500-250-n2": (2822504, 3502),
    "classic-2000-1000-500-n2": (8145004, 7002),
    "classic-3000-1500-750-n2": (15967504, 10502),
}
TABLE_2: dict[str, tuple[int, int]] = {"cae1-n2": (74893, 3996), "cae2-n2": (297391, 7990)}

# Parameters of the encoder and of the decoder.
TABLE_3: dict[str, tuple[int, int]] = {"cae1-n2": (37355, 37538), "cae2-n2": (148004, 149387)}

# By the beginning of the models' names.
TABLE_5_SOLVERS: dict[str, dict[str, object]] = {
    "classic": {"base_lr": 0.01, "lr_policy": "step", "gamma": 0.1, "stepsize": 1000, "momentum": 0.9,
                "weight_decay": 0.0005},
    "cae": {"base_lr": 0.006, "lr_policy": "fixed", "weight_decay": 0.0005},
}
TABLE_5_TIMES: dict[str, tuple[int, int]] = {       # iterations and minutes
    "classic-1000-500-250": (5000, 2), "cae1": (20000, 68), "cae2": (20000, 100)}

SLIPS = (
    ("Table 1 gives every classic net 782 parameters too few: its last layer has 784 biases, one a pixel, and the "
     "table counts 2, the number of the code's biases."),
    ("Table 3 writes the terms of convolutions as (weights + 1 bias) times inputs times outputs, which would count a "
     "bias for every pair of maps; a layer has one bias an output map, and the sums under the terms count it so. The "
     "totals are right."),
    ("The text compares 2822504 with 74893 parameters, 38 times; with Table 1's count mended it is 2823286 to 74893, "
     "still 38 times."),
    ("The text has the decoder's kernels in Fig. 1, which is a scatter plot; the architecture is Fig. 3. It cites the "
     "Caffe of Noh et al. as [28], and on its last page as [24]."),
)


@dataclass(frozen=True)
class Reported:
    """A row of Table 1 or 4 for one N: the losses of the three runs on training and test images."""

    train: tuple[Pair, ...]
    test: tuple[Pair, ...]
    classes: int


# A line a row: model, then train and test losses of runs 1 to 3, then classes.
_ROWS = """
classic-300-150-75-n2      150.67;17.40 156.15;18.12  150.45;17.40 159.97;18.85  148.21;17.02 157.87;18.15  14
classic-300-150-75-n10     110.50;10.14 113.60;10.56  108.04;9.75  112.22;10.15  113.24;10.64 116.13;11.00  22
classic-300-150-75-n30     107.03;9.56  110.76;10.03  106.44;9.38  110.25;9.92   104.26;9.09  107.64;9.51   26
classic-500-250-125-n2     147.55;16.75 152.79;17.44  146.48;16.70 155.13;17.97  144.91;16.43 153.05;17.56  17
classic-500-250-125-n10    105.97;9.39  109.39;9.85   103.69;8.99  106.32;9.35   103.59;9.05  106.45;9.36   23
classic-500-250-125-n30    93.55;7.34   95.66;7.51    94.38;7.45   97.18;7.76    90.60;6.82   93.06;7.08    25
classic-1000-500-250-n2    142.99;16.08 152.02;17.40  143.33;16.15 152.68;17.53  147.90;16.85 151.33;17.20  21
classic-1000-500-250-n10   105.68;9.36  109.05;9.80   102.25;8.85  105.16;9.15   107.80;9.74  111.04;10.16  25
classic-1000-500-250-n30   89.51;6.64   91.75;6.87    92.91;7.23   95.75;7.53    97.33;7.94   99.82;8.20    27
classic-2000-1000-500-n2   152.25;17.54 161.82;18.98  202.58;26.01 205.81;26.44  202.58;26.01 205.80;26.44  5
classic-2000-1000-500-n10  130.65;13.62 136.55;14.44  139.03;15.33 148.95;16.85  201.60;25.83 204.91;26.28  12
classic-2000-1000-500-n30  129.13;13.39 134.96;14.17  157.92;18.44 166.55;19.80  129.75;13.54 135.23;14.25  16
classic-3000-1500-750-n2   202.64;26.03 205.80;26.44  202.64;26.03 205.80;26.44  202.64;26.03 205.80;26.44  3
classic-3000-1500-750-n10  202.64;26.03 205.81;26.44  202.58;26.03 205.75;26.43  202.66;26.03 205.82;26.44  7
classic-3000-1500-750-n30  200.96;25.70 204.28;26.16  202.64;26.03 205.80;26.44  202.64;26.03 205.80;26.44  15
cae1-n2                    152.68;17.95 159.47;18.71  151.83;17.61 160.10;18.76  156.65;18.46 159.76;18.66  20
cae1-n10                   105.14;9.33  109.58;9.88   107.86;9.72  111.80;10.24  109.37;9.91  113.43;10.39  26
cae1-n30                   94.53;7.37   98.39;7.78    96.02;7.57   98.18;7.76    93.58;7.14   96.80;7.53    26
cae2-n2                    142.50;15.93 148.74;16.85  143.50;16.20 148.33;16.72  143.16;16.17 149.68;16.99  22
cae2-n10                   90.72;6.93   93.12;7.15    91.34;7.04   93.20;7.19    93.27;7.35   94.91;7.42    26
cae2-n30                   71.38;3.82   72.52;3.86    70.54;3.66   71.65;3.69    71.82;3.88   73.65;4.00    26
"""


def _row(line: str) -> tuple[str, Reported]:
    model, *pairs, classes = line.split()
    losses = [tuple(float(number) for number in pair.split(";")) for pair in pairs]
    return model, Reported(tuple(losses[::2]), tuple(losses[1::2]), int(classes))


REPORTED: Mapping[str, Reported] = MappingProxyType(dict(_row(line) for line in _ROWS.strip().splitlines()))
