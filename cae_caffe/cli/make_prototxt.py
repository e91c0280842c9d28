"""`make-prototxt`: write the nets and solvers of the families' models."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from typing import Any

from ..emit import DIALECTS, Settings, own_images, write_model
from ..errors import InputError
from ..families import FAMILIES, DataSource, DesignFlags, family_of, presets
from ..models import Design, named_design
from .ending import call

PROGRAM = "make-prototxt"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags that apply whatever the family."""
    parser.add_argument("models", nargs="*", metavar="MODEL", help=f"a model: {', '.join(presets())}"
                        + "".join(f"; or `{word}`, with flags of its own (`{PROGRAM} {word} --help`)"
                                  for word in _flags_by_word()))
    parser.add_argument("--all", action="store_true", help="all models; so does naming none")
    parser.add_argument("--out", metavar="FOLDER", help="where the models' folders go (default: prototxt, or "
                        "prototxt/legacy for the legacy dialect)")
    parser.add_argument("--data", metavar="FOLDER", default="data",
                        help=f"where {_lists_of_mnist()} (default: data)")
    parser.add_argument("--train", metavar="LIST",
                        help="a list of your own training images, as `cae-caffe data` writes it, instead of MNIST; the "
                             "nets, auto-encoders only, take on the images' size")
    parser.add_argument("--test", metavar="LIST", help="the list of test images that goes with --train")
    parser.add_argument("--dialect", choices=list(DIALECTS), default="current",
                        help="Caffe 1.0's syntax (current), or that of June 2015 for the authors' Caffe (legacy)")
    parser.add_argument("--solver-mode", choices=["cpu", "gpu"], default="cpu",
                        help="what the solvers ask for (default: cpu)")


def _lists_of_mnist() -> str:
    """The lists that --data's folder has, in words: Source's, and then those of families with another source."""
    readers: dict[str, list[str]] = {}
    for family in FAMILIES:
        source = family.source.mnist("")
        readers.setdefault(f"{source.train} and {source.test}", []).append(family.name)
    first, *others = readers
    words = [f" for {', '.join(readers[lists])} {lists}" for lists in others]
    return " and".join([f"{first} are when the nets run,", *words])


def _flags_by_word() -> dict[str, DesignFlags]:
    """The families' own flags by the word that asks for them."""
    return {family.flags.word: family.flags for family in FAMILIES if family.flags}


def run(arguments: argparse.Namespace) -> int:
    """Write the models' files, and say so."""
    if arguments.all and arguments.models:
        raise InputError(f"--all writes every model, so `{arguments.models[0]}` beside it says nothing; leave one out.")
    if bool(arguments.train) != bool(arguments.test):
        raise InputError("--train and --test go together: a net is trained on the one and tested on the other; give "
                         "both (the same list twice, if there is only one).")
    designs, sources = _designs(arguments), {}
    if arguments.train:
        _check_own_images(designs)
        source, shape = own_images(arguments.train, arguments.test)
        designs = {model: _of_shape(design, shape) for model, design in designs.items()}
        sources = dict.fromkeys(designs, source)
    for model, design in designs.items():
        _write(model, design, sources.get(model) or family_of(design).source.mnist(arguments.data), arguments)
    return 0


def _designs(arguments: argparse.Namespace) -> dict[str, Design]:
    """The designs that the command asks for, by MODEL names."""
    models, flags = arguments.models, _flags_by_word()
    word = next((model for model in models if model in flags), None)
    if word:
        if len(models) > 1:
            raise InputError(f"`{word}` makes one model, by flags of its own, but {len(models)} are named; write the "
                             "others by a command of their own.")
        return dict([flags[word].design(arguments)])
    if arguments.train and not models:
        models = [model for family in FAMILIES if family.own_images for model in family.presets]
    designs = presets()
    return {model: named_design(model, designs) for model in models or designs}


def _check_own_images(designs: dict[str, Design]) -> None:
    for model, design in designs.items():
        family = family_of(design)
        if not family.own_images:
            raise InputError(f"`{model}` is trained on {family.trained_on}, not on the images of --train; leave it "
                             "out, or leave out --train and --test.")


def _of_shape(design: Any, shape: tuple[int, int, int]) -> Design:
    """The design for images of another shape."""
    return replace(design, input=shape)


def _write(model: str, design: Design, source: DataSource, arguments: argparse.Namespace) -> None:
    settings = Settings(out=arguments.out, dialect=arguments.dialect, source=source,
                        solver_mode=arguments.solver_mode.upper())
    files = write_model(model, design, settings)
    print(f"{settings.folder(model)}: {len(files)} files, {design.parameters} parameters")


def main(argv: list[str] | None = None) -> int:
    """Entry point of `make-prototxt`; returns the exit status: 0 done, 1 the run failed, 2 wrong use."""
    argv = sys.argv[1:] if argv is None else argv
    parser = argparse.ArgumentParser(prog=PROGRAM, description="Write the nets and the solver of each model.",
                                     allow_abbrev=False)
    add_arguments(parser)
    for word, flags in _flags_by_word().items():
        if word in argv:
            flags.add(parser)
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return call(run, parser.parse_args(argv), PROGRAM)


if __name__ == "__main__":
    sys.exit(main())
