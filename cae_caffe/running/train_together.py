"""Training one solver prototxt from several seeds at once, as one batched computation."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from .. import locks, schema, standard_streams
from ..backend_protocol import Backend, EmbeddedBackend
from ..errors import InputError
from .device import gpu_of, use_device
from .first_weights import warn_of_weights
from .signals import requests
from .solver import NetFiles, keep_snapshots, make_solver, watch_for_nan
from .solving import solve_together
from .train_options import Options, solver_parameter, warn_of_prefix


def train_together(backend: Backend, options: Options, seeds: Sequence[int]) -> list[Path]:
    """Train the solver of `options` from each of `seeds`, all at once; returns the runs' logs.

    The run of seed S writes its snapshots to the solver's snapshot_prefix with `-seedS` behind it, and its log beside
    them, in PREFIX-seedS.log. A signal whose effect is `stop` ends all runs with a snapshot each. Raises InputError for
    an engine that cannot do it, for doubled seeds, and for options that are about one run.
    """
    if not hasattr(backend, "solve_together"):
        raise InputError("--seeds trains several runs as one computation, which only the embedded engine does "
                         "(--backend torch); with real Caffe, train them one by one.")
    if len(set(seeds)) < len(seeds):
        raise InputError(f"--seeds {','.join(map(str, seeds))} names a seed twice; each run needs its own.")
    if options.snapshot:
        raise InputError("--seeds starts new runs, so it cannot be given with -snapshot; resume the runs one by one.")
    with contextlib.ExitStack() as stack:
        solvers, logs = [], []
        net_files = NetFiles()
        common = solver_parameter(options, net_files)
        use_device(backend, gpu_of(common, options.gpu))
        warn_of_prefix(common)
        for seed in seeds:
            param = schema.SolverParameter()
            param.CopyFrom(common)
            param.random_seed = seed
            param.snapshot_prefix += f"-seed{seed}"
            stack.enter_context(locks.of_snapshots(param.snapshot_prefix))
            solvers.append(make_solver(backend, param, options.solver, net_files))
            watch_for_nan(solvers[-1], options.on_nan)
            keep_snapshots(solvers[-1], options.keep)
            logs.append(stack.enter_context(standard_streams.lossy(f"{param.snapshot_prefix}.log")))
        warn_of_weights(solvers[0], common)
        asked = requests(options.sigint_effect, options.sighup_effect, options.sigterm_effect)
        solve_together(cast(EmbeddedBackend, backend), solvers, common, logs, stack.enter_context(asked))
    return [Path(log.name) for log in logs]
