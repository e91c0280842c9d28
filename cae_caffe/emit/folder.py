"""A model's folder: which files it holds, what stands at the head of each, and writing them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, NamedTuple

from ..errors import InputError, RunError
from ..families import DataSource, Family, PairSource, Source, family_of
from ..files import FULL, write_text
from ..models import Design
from .legacy import downgrade_net, downgrade_solver
from .nets import deploy_net, layer_nets, train_test_net
from .solver import solver
from .text import Fields, format_fields


class Dialect(NamedTuple):
    """How messages of Caffe 1.0 become a dialect's, where its files go, and which Caffe reads them."""

    net: Callable[[Fields], Fields]
    solver: Callable[[Fields], Fields]
    out: str
    reader: str


DIALECTS = {
    "current": Dialect(lambda net: net, lambda solver: solver, "prototxt", "Caffe 1.0"),
    "legacy": Dialect(downgrade_net, downgrade_solver, "prototxt/legacy", "the authors' Caffe of June 2015"),
}


@dataclass(frozen=True)
class Settings:
    """What of the files does not follow from the design.

    `out` is the folder of models, None the dialect's own. A model takes the one of `source` and `pairs` that is of its
    family's kind (auto-encoders a `Source`, the siamese net a `PairSource`), or else its family's MNIST in data/.
    """

    out: str | None = None
    dialect: str = "current"
    source: DataSource = field(default_factory=Source)
    pairs: DataSource = field(default_factory=PairSource)
    solver_mode: str = "CPU"        # or GPU
    random_seed: int = 1

    def __post_init__(self):
        _check_choice("dialect", self.dialect, DIALECTS)
        _check_choice("solver_mode", self.solver_mode, ("CPU", "GPU"))

    def folder(self, model: str) -> str:
        """The model's folder, as the paths inside its files begin."""
        return Path(self.out or DIALECTS[self.dialect].out, model).as_posix()

    def source_of(self, family: Family) -> DataSource:
        """The source that the family's nets read."""
        given = (source for source in (self.source, self.pairs) if isinstance(source, family.source))
        return next(given, None) or family.source()


def _check_choice(field: str, value: str, choices: Iterable[str]) -> None:
    if value not in choices:
        raise InputError(f"`{field}` is {value!r}; choose {' or '.join(choices)}.")


def write_model(model: str, design: Design, settings: Settings | None = None) -> tuple[Path, ...]:
    """Write all of a model's files, each at once or not at all, and return their paths.

    Files that are there with the same bytes are left alone; `settings` None are those of `Settings()`.
    Raises RunError if the disk is full, InputError for a folder that cannot be written to and a design of no family.
    """
    settings = settings or Settings()
    folder = Path(settings.folder(model))
    files = {folder / name: text for name, text in model_files(model, design, settings).items()}
    try:
        for path, text in files.items():
            # Renaming over a file makes some file systems wait for the disk, and there are hundreds.
            if not (path.is_file() and path.read_bytes() == text.encode("utf-8")):
                write_text(path, text)
    except OSError as error:
        if error.errno in FULL:
            raise RunError(f"{error.filename} cannot be written ({error.strerror}); free some space on the disk, or "
                           "choose a folder on another for `out`.") from None
        raise InputError(f"{folder} cannot be written to ({error.strerror}); choose another folder for "
                         "`out`.") from None
    return tuple(files)


def model_files(model: str, design: Design, settings: Settings | None = None) -> dict[str, str]:
    """The texts of a model's files by their paths in its folder; raises InputError for a design of no family."""
    settings = settings or Settings()
    reader = DIALECTS[settings.dialect].reader
    title = f"{model}: {family_of(design).kind}, {design.parameters} parameters, for {reader}:"
    files = [*_nets(model, design, settings), _solver(model, design, settings)]
    return {f"{file.name}.prototxt": _comment(title, design.notation(), *file.remarks) + format_fields(file.message)
            for file in files}


class _File(NamedTuple):
    name: str                   # path in the model's folder, without the suffix
    remarks: tuple[str, ...]    # what stands under the title at the head
    message: Fields


def _nets(model: str, design: Design, settings: Settings) -> Iterator[_File]:
    folder, downgrade, family = settings.folder(model), DIALECTS[settings.dialect].net, family_of(design)
    weights = f"{folder}/{model}_iter_{family.recipe.max_iter}.caffemodel"
    yield _File("train_test", (family.purpose, *_how_to_train(folder)),
                downgrade(train_test_net(model, design, settings.source_of(family))))
    yield _File("deploy", (f"The trained net, one image at a time; the code is blob `{design.code_blob}`.",
                           "Weights, once trained:", f"    {weights}"),
                downgrade(deploy_net(model, design)))
    cuts = layer_nets(model, design)
    for name, net in cuts.items():
        yield _File(f"layers/{name}", (f"The deploy net cut after layer {name} of {len(cuts)}, to see its values.",
                                       "Give it the whole net's weights: Caffe finds each layer's by its name."),
                    downgrade(net))


def _solver(model: str, design: Design, settings: Settings) -> _File:
    folder, family = settings.folder(model), family_of(design)
    message = solver(family.recipe, net=f"{folder}/train_test.prototxt", snapshot_prefix=f"{folder}/{model}",
                     source=settings.source_of(family), solver_mode=settings.solver_mode,
                     random_seed=settings.random_seed)
    purpose = f"The solver, with the learning parameters of {family.recipe_source}."
    return _File("solver", (purpose, *_how_to_train(folder)), DIALECTS[settings.dialect].solver(message))


def _how_to_train(folder: str) -> tuple[str, ...]:
    return "From the repository's root:", f"    caffe train -solver {folder}/solver.prototxt"


def _comment(*lines: str) -> str:
    return "".join(f"# {line}\n" for line in lines)
