"""BoxAnnotatorOHEM: the labels and weights of the regions with the largest loss alone."""

from __future__ import annotations

import torch

from ....errors import InputError
from ...blob import shape_string
from ...layer import exactly
from ...traits import Traits
from ..registry import register
from .axes import four_axes
from .constant import ConstantLayer


@register("BoxAnnotatorOHEM")
class BoxAnnotatorOHEM(ConstantLayer):
    """Online hard example mining: of each image the `roi_per_img` regions with the largest loss keep label and weights.

    Bottoms: regions (R, 5), of which the number of the image counts, their losses (R), their labels (R), and weights of
    their boxes' losses (R, K). Tops: the labels (R, 1), `ignore_label` for all others, and the weights (R, K), 0 for
    them. All may be maps with rows and columns behind, each place of which is an example of its own. Of equal losses
    the first count. There is no gradient. (box_annotator_ohem_layer.cu of daijifeng001/caffe-rfcn; the paper:
    Shrivastava et al. 2016)

    The fork counts the images of maps over memory that is not theirs; here it is right.
    """

    traits = Traits(capturable=False)
    bottoms = exactly(4)
    tops = exactly(2)

    def setup(self, bottom, top):
        if self.param.box_annotator_ohem_param.roi_per_img < 1:
            raise InputError("its `roi_per_img` is 0 or not given; say how many regions of an image to keep, at "
                             "least 1.")

    def shapes(self, bottom_shapes):
        maps = [four_axes(shape) for shape in bottom_shapes]
        (number, values, *places), others = maps[0], maps[1:]
        channels = [values, *(shape[1] for shape in others)]
        if channels[:3] != [5, 1, 1] or any([shape[0], *shape[2:]] != [number, *places] for shape in others):
            raise InputError(f"its bottoms have shapes {', '.join(map(shape_string, bottom_shapes))}; they must be R "
                             "regions of 5 values, R losses, R labels, and R rows of weights, with the same rows and "
                             "columns behind, if any.")
        return [(number, 1, *places), (number, maps[3][1], *places)]

    def forward(self, bottom, top):
        image, loss, label = (blob.data.reshape(four_axes(blob.shape))[:, 0] for blob in bottom[:3])
        kept = self._largest(image.reshape(-1).trunc().tolist(), loss.reshape(-1)).view(loss.shape).unsqueeze(1)
        top[0].data.copy_(torch.where(kept, label.unsqueeze(1), self.param.box_annotator_ohem_param.ignore_label))
        weights = bottom[3].data.reshape(top[1].shape)
        top[1].data.copy_(torch.where(kept, weights, 0))

    def _largest(self, images: list[float], losses: torch.Tensor) -> torch.Tensor:
        """Whether each example is among the largest losses of its image."""
        left: dict[float, int] = {}
        kept = torch.zeros(len(images), dtype=torch.bool)
        for example in torch.argsort(losses, descending=True, stable=True).tolist():
            image = images[example]
            if not image >= 0:
                raise InputError(f"its bottom `{self.param.bottom[0]}` has a region of the image {image:g}; images are "
                                 "numbered from 0. Correct the regions.")
            left.setdefault(image, self.param.box_annotator_ohem_param.roi_per_img)
            kept[example] = left[image] > 0
            left[image] -= 1
        return kept.to(losses.device)
