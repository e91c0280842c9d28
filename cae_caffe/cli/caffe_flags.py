"""Flags as Caffe's own tool takes them: `-solver FILE`, `--solver FILE`, `-solver=FILE`."""

from __future__ import annotations

import argparse


def add_flag(parser: argparse.ArgumentParser, name: str, **options) -> None:
    """Add the flag `name` with one dash and with two; `options` are argparse's."""
    parser.add_argument(f"-{name}", f"--{name}", **{"dest": name, **options})
