"""A model's folder: which files it holds, what stands at the head of each, and writing them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Dict, Iterable, Iterator, NamedTuple, Optional, Tuple

from ..errors import InputError
from ..files import write_text
from ..models import Autoencoder
from .legacy import downgrade_net, downgrade_solver
from .nets import Source, deploy_net, layer_nets, train_test_net
from .recipes import RECIPES
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
    """What of the files does not follow from the design; `out` is the folder of models, None the dialect's own."""

    out: Optional[str] = None
    dialect: str = "current"
    source: Source = Source()
    solver_mode: str = "CPU"        # or GPU
    random_seed: int = 1

    def __post_init__(self):
        _check_choice("dialect", self.dialect, DIALECTS)
        _check_choice("solver_mode", self.solver_mode, ("CPU", "GPU"))

    def folder(self, model: str) -> str:
        """The model's folder, as the paths inside its files begin."""
        return Path(self.out or DIALECTS[self.dialect].out, model).as_posix()


def _check_choice(field: str, value: str, choices: Iterable[str]) -> None:
    if value not in choices:
        raise InputError(f"`{field}` is {value!r}; choose {' or '.join(choices)}")


def write_model(model: str, design: Autoencoder, settings: Settings = Settings()) -> Tuple[Path, ...]:
    """Write all of a model's files, each at once or not at all, and return their paths.

    Raises InputError for a folder that cannot be written to.
    """
    folder = Path(settings.folder(model))
    files = {folder / name: text for name, text in model_files(model, design, settings).items()}
    try:
        for path, text in files.items():
            write_text(path, text)
    except OSError as error:
        raise InputError(f"{folder} cannot be written to ({error.strerror}); choose another folder for `out`") from None
    return tuple(files)


def model_files(model: str, design: Autoencoder, settings: Settings = Settings()) -> Dict[str, str]:
    """The texts of a model's files by their paths in its folder."""
    reader = DIALECTS[settings.dialect].reader
    title = f"{model}: {design.family} auto-encoder, {design.parameters} parameters, for {reader}:"
    files = [*_nets(model, design, settings), _solver(model, design, settings)]
    return {f"{file.name}.prototxt": _comment(title, design.notation(), *file.remarks) + format_fields(file.message)
            for file in files}


class _File(NamedTuple):
    name: str                   # path in the model's folder, without the suffix
    remarks: Tuple[str, ...]    # what stands under the title at the head
    message: Fields


def _nets(model: str, design: Autoencoder, settings: Settings) -> Iterator[_File]:
    folder, downgrade = settings.folder(model), DIALECTS[settings.dialect].net
    weights = f"{folder}/{model}_iter_{RECIPES[design.family].max_iter}.caffemodel"
    yield _File("train_test", ("The net to train and to test.", *_how_to_train(folder)),
                downgrade(train_test_net(model, design, settings.source)))
    yield _File("deploy", (f"The trained net, one image at a time; the code is blob `{design.code_blob}`.",
                           "Weights, once trained:", f"    {weights}"),
                downgrade(deploy_net(model, design)))
    cuts = layer_nets(model, design)
    for name, net in cuts.items():
        yield _File(f"layers/{name}", (f"The deploy net cut after layer {name} of {len(cuts)}, to see its values.",
                                       "Give it the whole net's weights: Caffe finds each layer's by its name."),
                    downgrade(net))


def _solver(model: str, design: Autoencoder, settings: Settings) -> _File:
    folder = settings.folder(model)
    message = solver(RECIPES[design.family], net=f"{folder}/train_test.prototxt", snapshot_prefix=f"{folder}/{model}",
                     source=settings.source, solver_mode=settings.solver_mode, random_seed=settings.random_seed)
    return _File("solver", ("The solver, with the learning parameters of the paper's Table 5.", *_how_to_train(folder)),
                 DIALECTS[settings.dialect].solver(message))


def _how_to_train(folder: str) -> Tuple[str, ...]:
    return "From the repository's root:", f"    caffe train -solver {folder}/solver.prototxt"


def _comment(*lines: str) -> str:
    return "".join(f"# {line}\n" for line in lines)
