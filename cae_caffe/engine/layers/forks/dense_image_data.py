"""DenseImageData: batches of images and label images that a list names."""

from __future__ import annotations

import numpy as np

from ....errors import InputError
from ...resizing import resize_nearest
from ...rng import Stream
from ..image_list import LogPlaces
from ..registry import register
from .image_pairs import ImagePairs, Pair, read_pairs


@register("DenseImageData")
class DenseImageData(ImagePairs):
    """The images and label images of the lines `image label-image` in the file `source` (SegNet's and ENet's
    src/caffe/layers/dense_image_data_layer.cpp).

    `new_height` and `new_width` resize the images linearly, and the labels to their `label_divide_factor`th part by
    the nearest pixel. `mirror` and `crop_height` x `crop_width` of dense_image_data_param come before transform_param,
    whose `mirror` and `crop_size`, too, hold for image and labels alike; SegNet refuses these, and ENet draws them
    twice. In phase TEST the crop is the middle one, which is at random there.
    """

    field = "dense_image_data_param"
    size_place = "dense_image_data_layer.cpp:109"
    log_places = LogPlaces(*(f"dense_image_data_layer.cpp:{line}" for line in (41, 51, 57, 64)))

    @classmethod
    def unsupported(cls, param):
        if param.dense_image_data_param.has("mean_file"):
            return [("its `mean_file` in dense_image_data_param, which SegNet reads and then does not subtract; give "
                     "it in transform_param")]
        return []

    def open(self):
        options = self.options
        self._crop = options.crop_height, options.crop_width
        self._divisor = options.label_divide_factor
        self._check_options()
        self._augmenter = Stream(self.context.stream().word()) if options.mirror or any(self._crop) else None
        return super().open()

    def read_lines(self, source):
        return read_pairs(source)

    def _check_options(self) -> None:
        options, (height, width) = self.options, self._crop
        if bool(height) != bool(width):
            raise InputError(f"its `crop_height` is {height} and its `crop_width` {width}; give both, or none.")
        if height and self.transformer.crops:
            raise InputError("it has crops in dense_image_data_param and in transform_param; give one of them.")
        if self._divisor < 1:
            raise InputError("its `label_divide_factor` is 0; give at least 1.")
        if self._divisor > 1 and (height or self.transformer.crops):
            raise InputError(f"its `label_divide_factor` is {self._divisor}, and it crops; labels of another size than "
                             "the images cannot be cropped with these, so leave out one of them.")
        if 0 < min(options.new_height, options.new_width) < self._divisor:
            raise InputError(f"its `label_divide_factor` is {self._divisor}, more than its `new_height` of "
                             f"{options.new_height} or `new_width` of {options.new_width}; nothing is left of labels.")

    def label_shape(self, pair):
        return pair.label.shape if self._divisor > 1 else super().label_shape(pair)

    def pair(self):
        options = self.options
        path, label_path = (options.root_folder + name for name in self.entry())
        image = self.resized(self.read_image(path, options.is_color))
        label = self.read_image(label_path, color=False)
        if options.new_height:
            label = resize_nearest(label, options.new_height // self._divisor, options.new_width // self._divisor)
        self._check_label(image, path, label, label_path)
        image, label = self._augmented(image, label[:, :, 0], path)
        return Pair(image.transpose(2, 0, 1), label, path)

    def _check_label(self, image: np.ndarray, path: str, label: np.ndarray, label_path: str) -> None:
        if self._divisor == 1:
            self.check_sizes(image, path, label, label_path)
        elif label.shape[:2] != (image.shape[0] // self._divisor, image.shape[1] // self._divisor):
            raise InputError(f"its image {path} has the size {image.shape[1]}x{image.shape[0]}, and its label image "
                             f"{label_path} {label.shape[1]}x{label.shape[0]}; by its `label_divide_factor` of "
                             f"{self._divisor} labels must be {image.shape[1] // self._divisor}x"
                             f"{image.shape[0] // self._divisor}.")

    def _augmented(self, image: np.ndarray, label: np.ndarray, path: str) -> tuple[np.ndarray, np.ndarray]:
        """Image (H, W, channels) and label (H, W), mirrored and cropped by the layer's own options."""
        if self._augmenter is None:
            return image, label
        if self.options.mirror and self._augmenter.word() % 2:
            image, label = image[:, ::-1], label[:, ::-1]
        height, width = self._crop
        if not height:
            return image, label
        spare = [image.shape[0] - height, image.shape[1] - width]
        if min(spare) < 0:
            raise InputError(f"{path} is {image.shape[0]} pixels high and {image.shape[1]} wide, too small for a crop "
                             f"of {height} and {width}; take a smaller crop or larger images.")
        row, column = [self._augmenter.word() % (s + 1) if self.param.phase == "TRAIN" else s // 2 for s in spare]
        window = np.s_[row:row + height, column:column + width]
        return image[window], label[window]

    def is_capturable(self):
        return super().is_capturable() or any(self._crop)

    def reading_place(self):
        drawn = {} if self._augmenter is None else {"augmenter": self._augmenter.place}
        return {**super().reading_place(), **drawn}

    def read_from(self, place):
        super().read_from(place)
        if self._augmenter is not None and "augmenter" in place:
            self._augmenter.place = place["augmenter"]
