"""MultiStageMeanfield: a conditional random field over the pixels of an image, as iterations of a network."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import torch

from .... import schema
from ....errors import InputError
from ...autograd_layer import AutogradLayer
from ...blob import Blob, require_images, shape_string
from ...layer import exactly
from ...permutohedral import Permutohedral
from ...traits import Traits
from ..registry import register

COLOURS = 3
NEVER_ZERO = 1e-20
FILES = ("spatial.par", "bilateral.par")


@register("MultiStageMeanfield")
class MultiStageMeanfield(AutogradLayer):
    """CRF-RNN (Zheng and others 2015): `num_iterations` times q := u - C (S G(p) + B H(p)), p being the softmax of q.

    The bottoms are the unary terms u (N, classes, H, W), the first q, mostly the same, and the images (N, 3, H, W). G
    is a Gaussian of the place with the standard deviation `theta_gamma` in pixels, H one of the place with
    `theta_alpha` and of the colour with `theta_beta`; both divided by what they make of ones. The parameters are the
    matrices S, B and C, each (1, 1, classes, classes). S and B begin with weights in the diagonal: those of
    `spatial_filter_weights_str` and `bilateral_filter_weights_str`, one or one for each class; or of the files
    spatial.par and bilateral.par in the working directory; or else `spatial_filter_weight` and
    `bilateral_filter_weight`. C begins with -1 in the diagonal. `threshold` and `force_cpu` have no say. The images
    have no gradient. (torrvision/caffe's src/caffe/layers/multi_stage_meanfield.cpp and meanfield_iteration.cpp, which
    insists on the files and misreads them, and follows no other size after the first.)
    """

    traits = Traits(capturable=False)
    bottoms = exactly(3)

    @classmethod
    def unsupported(cls, param):
        return [f"`{field}` is not carried out; leave it out"
                for field in ("forced_spatial_filter_weight", "forced_bilateral_filter_weight")
                if param.multi_stage_meanfield_param.has(field)]

    def allows_forced_backward(self, bottom_index):
        return bottom_index != 2

    def setup(self, bottom, top):
        param = self.param.multi_stage_meanfield_param
        require_images(bottom[0].shape, "MultiStageMeanfield")
        if param.num_iterations < 1:
            raise InputError("`num_iterations: 0` is none; give at least 1.")
        for field in ("theta_alpha", "theta_beta", "theta_gamma"):
            if not getattr(param, field) > 0:
                raise InputError(f"`{field}: {getattr(param, field):g}` is no standard deviation; give one above 0.")
        classes = bottom[0].shape[1]
        for kind, file in zip(("spatial", "bilateral"), FILES):
            self._add_matrix(self._weights(kind, file, classes))
        self._add_matrix(np.full(classes, -1, np.float32))
        self._spatial: tuple[tuple[int, ...], _Filter] | None = None
        self._bilateral: tuple[torch.Tensor, list[_Filter]] | None = None

    def _add_matrix(self, diagonal: np.ndarray) -> Blob:
        classes = len(diagonal)
        blob = self.add_parameter((1, 1, classes, classes), schema.view(schema.FillerParameter()))
        if not self.stored_blobs:
            blob.data.copy_(torch.from_numpy(np.diag(diagonal)))
        return blob

    def _weights(self, kind: str, file: str, classes: int) -> np.ndarray:
        """What stands in the diagonal of S or B at first."""
        param = self.param.multi_stage_meanfield_param
        text, place = getattr(param, f"{kind}_filter_weights_str"), f"`{kind}_filter_weights_str`"
        if not text and os.path.exists(file):
            text, place = Path(file).read_text(encoding="utf-8", errors="replace"), f"the file {os.path.abspath(file)}"
        if not text:
            return np.full(classes, getattr(param, f"{kind}_filter_weight"), np.float32)
        try:
            weights = np.array([float(word) for word in text.replace(",", " ").split()], np.float32)
        except ValueError as error:
            raise InputError(f"{place} has a word that is no number ({error}).") from None
        if len(weights) not in (1, classes):
            raise InputError(f"{place} has {len(weights)} weights, and there are {classes} classes; give one weight, "
                             "or one for each.")
        return np.broadcast_to(weights, classes).copy()

    def shapes(self, bottom_shapes):
        unary, first, images = bottom_shapes
        require_images(unary, "MultiStageMeanfield")
        classes = self.blobs[0].shape[-1]
        if first != unary or images != (unary[0], COLOURS, *unary[2:]) or unary[1] != classes:
            raise InputError(f"its bottoms have shapes {', '.join(map(shape_string, bottom_shapes))}; the first two "
                             f"must be alike, with {classes} classes, and the third images of {COLOURS} channels in "
                             "their size.")
        return [unary]

    def compute(self, bottoms, params):
        unary, state, images = bottoms
        spatial, compatibility = (params[i].reshape(params[i].shape[-2:]) for i in (0, 2))
        bilateral = params[1].reshape(params[1].shape[-2:])
        place, filters = self.spatial_filter(images), self._bilateral_filters(images)
        results = []
        for terms, first, colour in zip(unary.flatten(2), state.flatten(2), filters):
            scores = first
            for _ in range(self.param.multi_stage_meanfield_param.num_iterations):
                likely = scores.softmax(0)
                message = spatial @ place(likely) + bilateral @ colour(likely)
                scores = terms - compatibility @ message
            results.append(scores)
        return [torch.stack(results).reshape(unary.shape) if results else unary + state]     # or nothing, of both

    def spatial_filter(self, images: torch.Tensor) -> _Filter:
        """The Gaussian of the place for images of this size."""
        size = tuple(images.shape[2:])
        if self._spatial is None or self._spatial[0] != size:
            places = places_of(*size) / self.param.multi_stage_meanfield_param.theta_gamma
            self._spatial = size, _Filter(places, images.device)
        return self._spatial[1]

    def _bilateral_filters(self, images: torch.Tensor) -> list[_Filter]:
        images = images.detach()
        if self._bilateral is None or not torch.equal(self._bilateral[0], images):
            param = self.param.multi_stage_meanfield_param
            places = places_of(*images.shape[2:]) / param.theta_alpha
            colours = images.flatten(2).cpu().numpy().transpose(0, 2, 1).astype(np.float64) / param.theta_beta
            self._bilateral = images.clone(), [_Filter(np.concatenate([places, its], 1), images.device)
                                               for its in colours]
        return self._bilateral[1]

    def backward(self, top, propagate_down, bottom):
        self.refuse_gradient(propagate_down, 2)
        super().backward(top, propagate_down, bottom)


class _Filter:
    """A Gaussian of the points' features, divided by what it makes of ones."""

    def __init__(self, features: np.ndarray, device: torch.device):
        with np.errstate(over="ignore"):    # the lattice refuses what is infinite
            self.lattice = Permutohedral(features.astype(np.float32), device)
        ones = torch.ones(1, len(features), device=device)
        self.norm = 1 / (self.lattice.filter(ones) + NEVER_ZERO)

    def __call__(self, values: torch.Tensor) -> torch.Tensor:
        return self.lattice.filter(values) * self.norm


def places_of(height: int, width: int) -> np.ndarray:
    """The column and the row of each pixel, (pixels, 2)."""
    rows, columns = np.mgrid[:height, :width]
    return np.stack([columns.ravel(), rows.ravel()], 1).astype(np.float64)
