"""ImageLabelmapData: batches of images and maps of their edges."""

from __future__ import annotations

import numpy as np

from ..image_list import LogPlaces
from ..registry import register
from .image_pairs import ImagePairs, Pair, read_pairs

EDGE = 128      # OpenCV rounds a grey of 127 / 255 to 0, and of 128 / 255 to 1
SCALES = (1, 10, 26, 60, 150)       # where the classes 1 to 4 begin, and where they end


@register("ImageLabelmapData")
class ImageLabelmapData(ImagePairs):
    """The images and maps of the lines `image map` in the file `source`; an edge, 1, is where the map, resized
    linearly, has at least half of white (HED's src/caffe/layers/image_labelmap_data_layer.cpp).

    DeepSkeleton's layer of this name gives classes instead: 1 for greys from 1 on, 2 from 10 on, 3 from 26 on, 4 from
    60 on, and 0 for those below 1 and from 150 on. It is meant by `labelmap_scales`, which a net gets that compares
    the labels in a SoftmaxWithLoss. Crops of transform_param hold for image and map, and lie in the middle in phase
    TEST, where both forks' are at random.
    """

    field = "image_data_param"
    size_place = "image_labelmap_data_layer.cpp:112"
    log_places = LogPlaces(*(f"image_labelmap_data_layer.cpp:{line}" for line in (39, 49, 55, 62)))

    def read_lines(self, source):
        return read_pairs(source)

    def pair(self):
        path, label_path = (self.options.root_folder + name for name in self.entry())
        image, label = self.read_image(path, self.options.is_color), self.read_image(label_path, color=False)
        self.check_sizes(image, path, label, label_path)
        greys = self.resized(label)[:, :, 0]
        classes = np.digitize(greys, SCALES) % len(SCALES) if self.options.labelmap_scales else greys >= EDGE
        return Pair(self.resized(image).transpose(2, 0, 1), classes.astype(np.uint8), path)
