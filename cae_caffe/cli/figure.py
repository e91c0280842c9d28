"""`cae-caffe figure KIND ... --out PICTURE`; figures/kinds.py says which kinds there are."""

from __future__ import annotations

import argparse
from typing import Any

from ..figures.kinds import KINDS, module_of
from ..interruption import unwinding
from ..printing import shown
from .arguments import add_backend_argument, add_fork_argument
from .engine import chosen_quiet_engine
from .flag_parser import FlagParser


class KindParser(FlagParser):
    """The parser of the kind `word`, whose module it asks for the flags when they are needed, and not before."""

    def __init__(self, *, word: str, **options: Any):
        super().__init__(**options)
        self.word, self._has_flags = word, False

    def parse_known_args(self, *arguments, **options):
        """As argparse does it, with the kind's flags."""
        self._add_flags()
        return super().parse_known_args(*arguments, **options)

    def format_help(self) -> str:
        """As argparse does it, with the kind's flags."""
        self._add_flags()
        return super().format_help()

    def _add_flags(self) -> None:
        if self._has_flags:
            return
        self._has_flags = True
        self.add_argument("--out", metavar="PICTURE", required=True, help="a .png, .svg or .pdf file")
        # Also accepted here, behind KIND; without defaults of their own they leave alone what stood before.
        self.add_argument("--debug", action="store_true", default=argparse.SUPPRESS,
                          help="show the traceback of an error")
        add_fork_argument(self)
        module_of(self.word).add_arguments(self)
        if KINDS[self.word].runs_net:
            add_backend_argument(self)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give `parser` the kinds of figures and their flags."""
    kinds = parser.add_subparsers(dest="kind", metavar="KIND", required=True, parser_class=KindParser)
    for word, kind in KINDS.items():
        kinds.add_parser(word, word=word, help=kind.about, description=kind.about[0].upper() + kind.about[1:] + ".",
                         allow_abbrev=False)


def run(arguments: argparse.Namespace) -> int:
    """Draw the figure and print the files it is in."""
    engine = [chosen_quiet_engine(arguments, only_looks=True)] if KINDS[arguments.kind].runs_net else []
    with unwinding():
        pictures = module_of(arguments.kind).pictures(arguments, *engine)
    for picture in pictures:
        print(shown(picture))
    return 0
