"""Flip, a layer that happynear's Caffe has and Caffe 1.0 has not: images mirrored."""

from __future__ import annotations

import cae_caffe
from cae_caffe.engine import AutogradLayer
from cae_caffe.schema import Field, Message

PARAMETER = Message("FlipParameter", Field("flip_width", "bool", number=1, default=True),
                    Field("flip_height", "bool", number=2, default=False))


@cae_caffe.register_layer("Flip", PARAMETER, number=212, source="happynear/caffe-windows")
class Flip(AutogradLayer):
    """Left becomes right where `flip_width` says so, and the top of an image its bottom where `flip_height` does."""

    def shapes(self, bottom_shapes):
        """The top's shape, from the bottom's."""
        if len(bottom_shapes[0]) != 4:
            raise cae_caffe.InputError(f"its bottom has {len(bottom_shapes[0])} axes; it takes images, which have "
                                       "four: their number, channels, height and width.")
        return bottom_shapes

    def compute(self, bottoms, params):
        """The top's values, from the bottom's."""
        flipped = {2: self.param.flip_param.flip_height, 3: self.param.flip_param.flip_width}
        return [bottoms[0].flip([axis for axis, wanted in flipped.items() if wanted])]
