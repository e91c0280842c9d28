"""`make-prototxt`: write the nets and solvers of the paper's models."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace

from ..emit import DIALECTS, Settings, Source, mnist, mnist_pairs, own_images, write_model
from ..errors import InputError
from ..models import MODELS, PAPER, Design, model_design
from .main import call

PROGRAM = "make-prototxt"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("models", nargs="*", metavar="MODEL", help="a model of the paper: " + ", ".join(MODELS))
    parser.add_argument("--all", action="store_true", help="all models of the paper; so does naming none")
    parser.add_argument("--out", metavar="FOLDER", help="where the models' folders go (default: prototxt, or "
                        "prototxt/legacy for the legacy dialect)")
    parser.add_argument("--data", metavar="FOLDER", default="data",
                        help="where mnist_train.txt and mnist_test.txt are when the nets run, and for siamese "
                             "mnist_siamese_train.txt and mnist_siamese_test.txt (default: data)")
    parser.add_argument("--train", metavar="LIST",
                        help="a list of your own training images, as `cae-caffe data` writes it, instead of MNIST; the "
                             "nets, auto-encoders only, take on the images' size")
    parser.add_argument("--test", metavar="LIST", help="the list of test images that goes with --train")
    parser.add_argument("--dialect", choices=list(DIALECTS), default="current",
                        help="Caffe 1.0's syntax (current), or that of June 2015 for the authors' Caffe (legacy)")
    parser.add_argument("--solver-mode", choices=["cpu", "gpu"], default="cpu",
                        help="what the solvers ask for (default: cpu)")


def run(arguments: argparse.Namespace) -> int:
    if arguments.all and arguments.models:
        raise InputError(f"--all writes every model, so `{arguments.models[0]}` beside it says nothing; leave one out.")
    designs, source = _for_own_images(arguments) if arguments.train or arguments.test else _for_mnist(arguments)
    settings = Settings(out=arguments.out, dialect=arguments.dialect, source=source, pairs=mnist_pairs(arguments.data),
                        solver_mode=arguments.solver_mode.upper())
    for model, design in designs.items():
        files = write_model(model, design, settings)
        print(f"{settings.folder(model)}: {len(files)} files, {design.parameters} parameters")
    return 0


def _for_mnist(arguments: argparse.Namespace) -> tuple[dict[str, Design], Source]:
    return {model: model_design(model) for model in arguments.models or MODELS}, mnist(arguments.data)


def _for_own_images(arguments: argparse.Namespace) -> tuple[dict[str, Design], Source]:
    if not (arguments.train and arguments.test):
        raise InputError("--train and --test go together: a net is trained on the one and tested on the other; give "
                         "both (the same list twice, if there is only one).")
    designs = {model: model_design(model) for model in arguments.models or PAPER}
    for model in designs:
        if model not in PAPER:
            raise InputError(f"`{model}` is trained on pairs of MNIST's images (`cae-caffe data siamese`), not on the "
                             "images of --train; leave it out, or leave out --train and --test.")
    source, shape = own_images(arguments.train, arguments.test)
    return {model: replace(design, input=shape) for model, design in designs.items()}, source


def main(argv: list[str] | None = None) -> int:
    """Entry point of `make-prototxt`; returns the exit status: 0 done, 1 the run failed, 2 wrong use."""
    parser = argparse.ArgumentParser(prog=PROGRAM, description="Write the nets and solvers of the paper's models.",
                                     allow_abbrev=False)
    add_arguments(parser)
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return call(run, parser.parse_args(argv), PROGRAM)


if __name__ == "__main__":
    sys.exit(main())
