"""The reference of the commands: what each one's `--help` prints, from the very parsers."""

from __future__ import annotations

import argparse
import os

from cae_caffe.cli import main, make_prototxt

COLUMNS = "96"      # the width of the help texts

_INTRODUCTION = """\
# Commands

What `--help` prints, for every command. An error is one sentence on standard error, with the exit status: 0 done, 1 the
run failed, 2 wrong use or bad input, 130 interrupted. Every command of
`cae-caffe` takes `--debug`, which shows the traceback of an error, and `--fork NAME`, the fork of Caffe that a net is
written for, where its own fields do not tell (see [Models of Caffe's forks](../how-to/models-of-forks.md)).

"""


def text() -> str:
    """The page in Markdown: `make-prototxt` and each command of `cae-caffe`, the kinds of a command below it."""
    os.environ["COLUMNS"] = COLUMNS
    sections = [_section("make-prototxt", make_prototxt),
                *(_section(f"cae-caffe {name}", main.module_of(name), about) for name, about in main.COMMANDS.items())]
    return _INTRODUCTION + "\n".join(sections)


def _section(program: str, module, about: str = "") -> str:
    parser = argparse.ArgumentParser(prog=program, allow_abbrev=False)
    module.add_arguments(parser)
    about = about or "write the nets and the solver of each model"
    return f"## {program}\n\n{about[0].upper()}{about[1:]}.\n\n" + _help(parser) + "".join(
        f"### {program} {kind}\n\n" + _help(child) for kind, child in _kinds(parser).items())


def _kinds(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    kinds: dict[str, argparse.ArgumentParser] = {}
    for action in parser._actions:      # noqa: SLF001  argparse has no public way to walk a parser
        if isinstance(action, argparse._SubParsersAction):      # noqa: SLF001  and none to tell what it finds there
            kinds.update(action.choices)
    return kinds


def _help(parser: argparse.ArgumentParser) -> str:
    return f"```text\n{parser.format_help()}```\n\n"
