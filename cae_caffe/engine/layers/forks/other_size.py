"""Images in another size: what FlowNet2's layers Downsample and Resample share."""

from __future__ import annotations

from ....errors import InputError
from ...blob import require_images
from ...layer import Layer, between


class OtherSizeLayer(Layer):
    """A layer that gives images, without a gradient, the size that two fields of its options say, or that of a second
    bottom. `size_fields` are the field of LayerParameter with the options, and in it those of the height and the width.
    """

    bottoms = between(1, 2)
    size_fields: tuple[str, str, str]

    def allows_forced_backward(self, bottom_index):
        return False

    def shapes(self, bottom_shapes):
        for shape in bottom_shapes:
            require_images(shape, self.type)
        image = bottom_shapes[0]
        if len(bottom_shapes) == 2:
            return [(*image[:2], *bottom_shapes[1][2:])]
        options, of_height, of_width = self.size_fields
        height, width = (getattr(getattr(self.param, options), field) for field in (of_height, of_width))
        if not height or not width:
            raise InputError(f"its `{options}` says `{of_height}: {height}` and `{of_width}: {width}`; give both, at "
                             "least 1, or a second bottom of the size that is wanted.")
        return [(*image[:2], height, width)]

    def backward(self, top, propagate_down, bottom):
        self.refuse_gradient(propagate_down, *range(len(bottom)))
