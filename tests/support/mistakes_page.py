"""The mistakes of docs/reliability.md: the section written of both engines' answers.

`python mistakes_page.py` (`scripts/mistakes`) runs this package's commands, and real Caffe where it is here, and writes
the section anew; what Caffe says is kept in tests/golden/mistakes.json.
"""

from __future__ import annotations

import json
import re
import shlex
import sys
import textwrap

import caffe_process
import mistake_runs
from mistake_files import Mistake
from mistake_runs import MISTAKES, ROOT, Answers

PAGE = ROOT / "docs" / "reliability.md"
GOLDEN = ROOT / "tests" / "golden" / "mistakes.json"
BEGIN = "<!-- scripts/mistakes writes from here on -->\n"
END = "<!-- up to here -->\n"
WIDTH = 84
ENDS = {0: "goes&nbsp;on", 1: "stops", 2: "stops", 134: "aborts"}     # in words, by status


def golden() -> Answers:
    """Real Caffe's answers, as they were kept."""
    return {key: (status, answer) for key, (status, answer) in json.loads(GOLDEN.read_text("utf-8")).items()}


def section(ours: Answers, caffe: Answers) -> str:
    """The text between the marks: a table, and then for each mistake what both say."""
    better = sum(mistake.verdict.startswith("better") for mistake in MISTAKES)
    lines = [(f"Of these {len(MISTAKES)} mistakes, {better} get a better answer here, and {len(MISTAKES) - better} an "
             "equal one."), "", "| mistake | Caffe | here | this package's answer is |", "|---|---|---|---|"]
    for number, mistake in enumerate(MISTAKES, 1):
        heading = f"{number}. {mistake.title}"
        lines.append(f"| [{heading}](#{_anchor(heading)}) | {_end(caffe[mistake.key])} | {_end(ours[mistake.key])} | "
                     f"{mistake.verdict} |")
    lines.append("")
    for number, mistake in enumerate(MISTAKES, 1):
        lines += [f"### {number}. {mistake.title}", "", mistake.done, ""]
        lines += _answer(_command("caffe", "python3", mistake), caffe[mistake.key])
        lines += _answer(_command("cae-caffe", "cae-caffe run", mistake), ours[mistake.key])
    return "\n".join(lines)


def text(page: str, section: str) -> str:
    """The page with `section` between its marks."""
    before, rest = page.split(BEGIN)
    return f"{before}{BEGIN}\n{section}\n{END}{rest.split(END)[1]}"


def _end(answer: tuple[int, str]) -> str:
    return ENDS.get(answer[0], "dies")


def _command(program: str, python: str, mistake: Mistake) -> str:
    limit = f"ulimit -v {mistake.memory // 1024}; " if mistake.memory else ""
    return f"{limit}{python if mistake.script else program} {shlex.join(mistake.command)}"


def _answer(command: str, answer: tuple[int, str]) -> list[str]:
    status, said = answer
    if not said:
        return [f"`{command}` says nothing (status {status}).", ""]
    wrapped = [textwrap.fill(line, WIDTH, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)
               for line in said.splitlines()]
    return [f"`{command}` (status {status}):", "", "```text", *wrapped, "```", ""]


def _anchor(heading: str) -> str:
    """The name of a heading in a link, as GitHub and the site make it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


def main() -> None:
    """Write the page, and real Caffe's answers if it is here."""
    command = caffe_process.find_command()
    if command is None:
        print("mistakes: real Caffe is not here, so its answers stay as they were.", file=sys.stderr)
    else:
        GOLDEN.write_text(json.dumps(mistake_runs.caffe(command), indent=1, ensure_ascii=False) + "\n", "utf-8")
    PAGE.write_text(text(PAGE.read_text("utf-8"), section(mistake_runs.ours(), golden())), "utf-8")


if __name__ == "__main__":
    main()
