"""ImageLabelmapData: batches of images and maps of their edges."""

from __future__ import annotations

import numpy as np

from ..image_list import LogPlaces
from ..registry import register
from .image_pairs import ImagePairs, Pair, read_pairs

EDGE = 128      # OpenCV rounds a grey of 127 / 255 to 0, and of 128 / 255 to 1


@register("ImageLabelmapData")
class ImageLabelmapData(ImagePairs):
    """The images and edge maps of the lines `image edge-map` in the file `source`; an edge, 1, is where the map,
    resized linearly, has at least half of white (HED's src/caffe/layers/image_labelmap_data_layer.cpp).

    Crops of transform_param hold for both, and lie in the middle in phase TEST, where HED's are at random. The layer
    of this name in DeepSkeleton sorts greys into five scales by numbers of its own; it is another layer.
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
        edges = (self.resized(label)[:, :, 0] >= EDGE).astype(np.uint8)
        return Pair(self.resized(image).transpose(2, 0, 1), edges, path)
