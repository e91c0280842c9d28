"""The typical mistakes of docs/reliability.md: what a user is told, and that the page says so."""

from __future__ import annotations

import re

import mistake_runs
import mistakes_page
import pytest
from mistake_runs import MISTAKES

# Lines of an answer that are no sentence of this package's: the usage, and what Python says of a script.
OTHERS = re.compile(r"usage: |SyntaxError: |[IW] ")
PLACES = re.compile(r"\.part\b|/tmp/|(?<!/home/you/digits)/[\w/]+\.py\b")       # temporaries, this package's modules


@pytest.fixture(scope="module")
def answers():
    pytest.importorskip("torch")
    return mistake_runs.ours()


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.key)
def test_a_mistake_is_told_as_a_user_needs_it(mistake, answers):
    status, said = answers[mistake.key]
    assert status == mistake.status
    assert "Traceback" not in said and not PLACES.search(said), said
    assert not [name for name in mistake.names if name not in said], said
    sentences = [line for line in said.splitlines() if not OTHERS.match(line)]
    assert bool(sentences) == bool(status)
    assert all(re.fullmatch(r"\S.*\S[.?]|.*did you mean \S+\?", line) for line in sentences), said


def test_mistakes_have_names_of_their_own():
    keys = [mistake.key for mistake in MISTAKES]
    assert len(set(keys)) == len(keys) >= 30
    assert all(mistake.verdict.startswith(("better: ", "equal: ")) for mistake in MISTAKES)


def test_the_page_says_what_the_commands_say(answers):
    page = mistakes_page.PAGE.read_text(encoding="utf-8")
    assert page == mistakes_page.text(page, mistakes_page.section(answers, mistakes_page.golden())), (
        "docs/reliability.md is not what the commands say; run scripts/mistakes, and look at what has changed")


@pytest.mark.parametrize("part", [pytest.param(slice(0, None, 5)), pytest.param(slice(None), marks=pytest.mark.long)])
def test_real_caffe_says_what_the_page_says(part, caffe_command):
    kept = mistakes_page.golden()
    assert set(kept) == {mistake.key for mistake in MISTAKES}
    told = mistake_runs.caffe(caffe_command, MISTAKES[part])
    assert told == {key: kept[key] for key in told}
