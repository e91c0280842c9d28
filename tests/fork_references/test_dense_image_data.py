"""fork_references.dense_image_data by hand."""

import numpy as np
import pytest
from fork_references.dense_image_data import dense_image_data, label_size, nearest

IMAGE, LABEL = np.arange(12).reshape(2, 3, 2), np.array([[0, 1, 2], [3, 4, 5]])


def test_data_and_labels_move_together():
    data, labels = dense_image_data(IMAGE, LABEL, mirror=True, crop_height=1, crop_width=2, top=1, left=1,
                                    mean_value=[1], scale=0.5)
    assert data.tolist() == [[[(8 - 1) / 2, (6 - 1) / 2]], [[(9 - 1) / 2, (7 - 1) / 2]]]
    assert labels.tolist() == [[[4, 3]]]


def test_without_options():
    data, labels = dense_image_data(IMAGE, LABEL)
    assert data.tolist() == [[[0, 2, 4], [6, 8, 10]], [[1, 3, 5], [7, 9, 11]]]
    assert labels.tolist() == [LABEL.tolist()]


def test_labels_are_resized_to_the_nearest():
    assert label_size(360, 481, 8) == (45, 60)
    assert nearest(LABEL, 1, 2).tolist() == [[0, 1]]
    assert nearest(LABEL, 4, 3).tolist() == [[0, 1, 2]] * 2 + [[3, 4, 5]] * 2
    cv2 = pytest.importorskip("cv2", reason="OpenCV 4 is not here: it resizes labels in the fork")
    label = np.random.RandomState(1).randint(0, 9, (7, 5)).astype(np.uint8)
    for size in [(3, 4), (14, 5), (10, 11)]:
        assert (nearest(label, *size) == cv2.resize(label, size[::-1], interpolation=cv2.INTER_NEAREST)).all()
