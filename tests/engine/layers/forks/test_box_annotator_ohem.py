"""R-FCN's BoxAnnotatorOHEM."""

from __future__ import annotations

import numpy as np
import pytest
from conformance import Case, distinct, examples, run_embedded, values, whole_numbers
from fork_references.ohem import box_annotator_ohem
from hypothesis import given
from hypothesis import strategies as st

from cae_caffe.errors import InputError


def case(bottoms, roi_per_img=2, options="", **further):
    return Case(f'type: "BoxAnnotatorOHEM" box_annotator_ohem_param {{ roi_per_img: {roi_per_img} {options} }}',
                bottoms, tops=2, **{"backward": False, **further})


def regions(images, *places):
    rows = values(len(images), 5, *places)
    rows[:, 0] = np.reshape(images, (-1, *[1] * len(places)))
    return rows


@examples(40)
@given(images=st.lists(st.integers(0, 2), min_size=1, max_size=8), places=st.sampled_from([(), (1, 1), (2, 3)]),
       roi_per_img=st.integers(1, 4), ignore_label=st.sampled_from([-1, 0, 255]))
def test_the_largest_losses_of_each_image_are_kept(images, places, roi_per_img, ignore_label):
    number = len(images)
    bottoms = [regions(images, *places), distinct(number, 1, *places), whole_numbers(number, 1, *places, below=9),
               values(number, 8, *places)]
    found, = run_embedded(case(bottoms, roi_per_img, f"ignore_label: {ignore_label}"))

    labels, weights = box_annotator_ohem(*bottoms, roi_per_img=roi_per_img, ignore_label=ignore_label)
    np.testing.assert_array_equal(found["top0.data"], labels)
    np.testing.assert_array_equal(found["top1.data"], weights.astype(np.float32))


def test_of_equal_losses_the_first_are_kept():
    found, = run_embedded(case([regions([0, 0, 0]), np.ones(3), [5, 6, 7], np.ones((3, 2))]))

    assert found["top0.data"].ravel().tolist() == [5, 6, -1]


def test_no_gradient_goes_to_the_bottoms():
    text = """layer { name: "scale" type: "Scale" bottom: "losses" top: "scaled" }
              layer { name: "ohem" type: "BoxAnnotatorOHEM" bottom: "rois" bottom: "scaled" bottom: "labels"
                      bottom: "weights" top: "kept" top: "kept_weights" box_annotator_ohem_param { roi_per_img: 1 } }"""
    found, = run_embedded(Case(text, {"rois": regions([0, 0]), "losses": values(2, 1), "labels": np.ones((2, 1)),
                                      "weights": values(2, 4)}))

    assert not found["losses.diff"].any()
    assert not found["scale[0].diff"].any()


@pytest.mark.parametrize(("wrong", "match"), [
    (Case('type: "BoxAnnotatorOHEM"', [regions([0]), [1], [1], [[1]]], tops=2), "`roi_per_img` is 0 or not given"),
    (case([regions([0, 0]), [1], [1], [[1]]]), "shapes 2 5.*R regions of 5 values"),
    (case([values(2, 4), [1, 2], [1, 2], values(2, 4)]), "shapes 2 4.*R regions of 5 values"),
    (case([regions([0, -1]), [1, 2], [1, 2], values(2, 4)]), "the image -1.*numbered from 0"),
    (case([regions([0, np.nan]), [1, 2], [1, 2], values(2, 4)]), "the image nan.*numbered from 0"),
])
def test_what_are_no_regions_is_refused(wrong, match):
    with pytest.raises(InputError, match=match):
        run_embedded(wrong)
