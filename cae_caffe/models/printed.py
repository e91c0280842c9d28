"""What the paper prints of architectures, parameters, solvers and times (Tables 1, 2, 3 and 5), and its slips."""

from __future__ import annotations

from typing import Dict, Tuple

# For N = 2: parameters and size.
TABLE_1: Dict[str, Tuple[int, int]] = {
    "classic-300-150-75-n2": (584254, 1052),
    "classic-500-250-125-n2": (1098754, 1752),
    "classic-1000-500-250-n2": (2822504, 3502),
    "classic-2000-1000-500-n2": (8145004, 7002),
    "classic-3000-1500-750-n2": (15967504, 10502),
}
TABLE_2: Dict[str, Tuple[int, int]] = {"cae1-n2": (74893, 3996), "cae2-n2": (297391, 7990)}

# Parameters of the encoder and of the decoder.
TABLE_3: Dict[str, Tuple[int, int]] = {"cae1-n2": (37355, 37538), "cae2-n2": (148004, 149387)}

# By the beginning of the models' names.
TABLE_5_SOLVERS: Dict[str, Dict[str, object]] = {
    "classic": {"base_lr": 0.01, "lr_policy": "step", "gamma": 0.1, "stepsize": 1000, "momentum": 0.9,
                "weight_decay": 0.0005},
    "cae": {"base_lr": 0.006, "lr_policy": "fixed", "weight_decay": 0.0005},
}
TABLE_5_TIMES: Dict[str, Tuple[int, int]] = {       # iterations and minutes
    "classic-1000-500-250": (5000, 2), "cae1": (20000, 68), "cae2": (20000, 100)}

SLIPS = (
    "Table 1 gives every classic net 782 parameters too few: its last layer has 784 biases, one a pixel, and the table "
    "counts 2, the number of the code's biases.",
    "Table 3 writes the terms of convolutions as (weights + 1 bias) times inputs times outputs, which would count a "
    "bias for every pair of maps; a layer has one bias an output map, and the sums under the terms count it so. The "
    "totals are right.",
    "The text compares 2822504 with 74893 parameters, 38 times; with Table 1's count mended it is 2823286 to 74893, "
    "still 38 times.",
    "The text has the decoder's kernels in Fig. 1, which is a scatter plot; the architecture is Fig. 3. It cites the "
    "Caffe of Noh et al. as [28], and on its last page as [24].",
)
