"""roi_data_layer.layer of py-faster-rcnn: images with their objects or regions, as far as their shapes."""

from __future__ import annotations

from ...errors import InputError
from ..layer import Layer
from . import settings
from .boxes import number, options


class RoIDataLayer(Layer):
    """Tops: images, and either [rows, columns, scale] of the image and its objects (G, 5), which are three tops; or, as
    Fast R-CNN has it, regions (R, 5), labels (R), box deltas, inside and outside weights (R, 4 K).

    The option `num_classes` is K. It has no images to give: where they lie, py-faster-rcnn's own datasets know, so that
    a net is built with it, but not run.
    """

    def setup(self, bottom, top):
        images, width = settings.IMAGES, 4 * number(options(self), "num_classes")
        shapes: list[tuple[int, ...]] = [(images.number, 3, images.shortest, images.longest)]
        shapes += [(1, 3), (1, 5)] if len(top) == 3 else [(1, 5), (1,), (1, width), (1, width), (1, width)]
        if len(top) > len(shapes):
            raise InputError(f"it has {len(top)} tops, and gives {len(shapes)} at most; leave out the others.")
        for blob, shape in zip(top, shapes):
            blob.reshape(*shape)

    def reshape(self, bottom, top):
        """The tops keep their shapes."""

    def forward(self, bottom, top):
        raise InputError("its images are read by py-faster-rcnn's own module roi_data_layer.layer, which is not found; "
                         "put the folder lib of py-faster-rcnn into PYTHONPATH, and run the script that sets the "
                         "layer's roidb by `cae-caffe run --from-python2`.")

    def backward(self, top, propagate_down, bottom):
        """There is nothing before it."""
