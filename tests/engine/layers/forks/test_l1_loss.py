"""FlowNet 2.0's L1Loss."""

from __future__ import annotations

import numpy as np
import pytest
from conformance import Case, distinct, examples, run_embedded, values
from fork_judge import hold
from fork_references.l1_loss import l1_loss as reference
from hypothesis import given
from hypothesis import strategies as st

from cae_caffe.errors import InputError


def l1_loss(text, *bottoms):
    return Case(f'type: "L1Loss" l1_loss_param {{ {text} }}', list(bottoms))


@examples(60)
@given(shape=st.lists(st.integers(1, 4), min_size=2, max_size=4).map(tuple), both=st.booleans(),
       per_location=st.booleans(), prescale=st.booleans(), entries=st.booleans(),
       epsilon=st.sampled_from([1e-4, 0.01, 0.5]), plateau=st.sampled_from([0, 0.3, 0.7]), unknown=st.booleans())
def test_l1_loss(shape, both, per_location, prescale, entries, epsilon, plateau, unknown):
    bottoms = [distinct(*shape) + np.float32(0.013), 0.5 * distinct(*shape, seed=1)][:1 + both]
    if unknown and bottoms[0].size > 1:
        bottoms[-1].reshape(-1)[::3] = np.nan
        bottoms[-1].reshape(-1)[1] = 0.9
    flags = {"l2_per_location": per_location, "l2_prescale_by_channels": prescale, "normalize_by_num_entries": entries}
    options = {**flags, "epsilon": epsilon, "plateau": plateau}
    text = " ".join(f"{name}: {str(value).lower()}" for name, value in options.items())

    hold(l1_loss(text, *bottoms), lambda arrays, params: [reference(*arrays, **options)],
         tolerance=2e-5, reason="The root of float32 sums that nearly vanish.")


def test_a_difference_of_nothing_has_no_gradient():
    for text in ("", "l2_per_location: true", "l2_per_location: true epsilon: 0", "normalize_by_num_entries: true"):
        for value in (0, np.nan):
            found, = run_embedded(l1_loss(text, np.full((1, 2, 1, 1), value), np.zeros((1, 2, 1, 1))))

            assert not found["bottom0.diff"].any() and np.isfinite(found["top0.data"])


@pytest.mark.parametrize(("shapes", "match"), [([(2, 3), (2, 4)], "they must agree"), ([(3,)], "at least 2 axes")])
def test_other_shapes_are_refused(shapes, match):
    with pytest.raises(InputError, match=match):
        run_embedded(l1_loss("", *(values(*shape) for shape in shapes)))
