"""naibaf7's MergeCrop."""

from __future__ import annotations

import pytest
from conformance import Case, examples, run_embedded, values
from fork_judge import agree, hold, top_weights
from fork_references.mergecrop import mergecrop, mergecrop_backward
from hypothesis import given
from hypothesis import strategies as st

from cae_caffe.errors import InputError


def case(shapes, options="", **further):
    return Case(f'type: "MergeCrop" mergecrop_param {{ {options} }}',
                [values(*shape, seed=i) for i, shape in enumerate(shapes)], **further)


def written(name, flags):
    return " ".join(f"{name}: {str(flag).lower()}" for flag in flags)


SPACES = st.lists(st.tuples(st.integers(1, 4), st.integers(0, 3)), min_size=0, max_size=3)
FLAGS = st.tuples(st.booleans(), st.booleans())


@examples(40)
@given(batch=st.integers(1, 2), channels=st.tuples(st.integers(1, 3), st.integers(1, 3)), space=SPACES,
       operation=st.sampled_from(["STACK", "ADD"]), forward=FLAGS, backward=FLAGS, later=st.booleans())
def test_every_option(batch, channels, space, operation, forward, backward, later):
    first = (batch, channels[0], *(length for length, _ in space))
    second = (batch, channels[0] if operation == "ADD" else channels[1], *(length + more for length, more in space))
    text = f"operation: {operation} {written('forward', forward)} {written('backward', backward)}"
    merged = case([first, second], text, passes=2 if later else 1)

    hold(merged, lambda bottoms, params: [mergecrop(*bottoms, operation=operation, forward=forward)], gradients=[])

    top = mergecrop(*merged.bottoms, operation=operation)
    diffs = mergecrop_backward(*merged.bottoms, *top_weights(merged, {}, [top]), operation=operation, backward=backward)
    agree(merged, dict(zip(["bottom0.diff", "bottom1.diff"], diffs)))


def test_by_default_both_go_forward_and_the_gradient_to_the_first():
    merged = case([(1, 2, 2, 2), (1, 1, 5, 4)])

    hold(merged, lambda bottoms, params: [mergecrop(*bottoms)], gradients=[0])

    assert not run_embedded(merged)[0]["bottom1.diff"].any()


def test_with_both_flags_the_gradient_is_the_derivative():
    hold(case([(2, 1, 2, 3), (2, 3, 4, 3)], written("backward", (True, True))),
         lambda bottoms, params: [mergecrop(*bottoms)])


def test_later_batches_of_other_sizes():
    hold(case([(1, 2, 2, 2), (1, 1, 3, 3)], written("backward", (True, True)),
              then=[[values(2, 1, 3, 2), values(2, 2, 3, 4)]]), lambda bottoms, params: [mergecrop(*bottoms)])


@pytest.mark.parametrize(("shapes", "options", "match"), [
    ([(1, 2, 3, 3), (1, 2, 2, 3)], "", "is smaller"),
    ([(1, 2, 3, 3), (2, 2, 3, 3)], "", "axis 0"),
    ([(1, 2, 3), (1, 2, 3, 3)], "", "as many axes"),
    ([(2,), (2,)], "", "at least two"),
    ([(1, 2, 3), (1, 3, 3)], "operation: ADD", "as many channels"),
    ([(1, 2, 3), (1, 2, 3)], written("forward", [True] * 3), "`forward` 3 times"),
    ([(1, 2, 3)], "", "1 bottom blob"),
])
def test_what_does_not_fit(shapes, options, match):
    with pytest.raises(InputError, match=match):
        run_embedded(case(shapes, options))
