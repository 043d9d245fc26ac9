"""The engine on the standard problem: gradients, cores, effective draws, the plain PyTensor model beside it.

    python -m benchmarks.engine [--prototype FILE.py] [--without-pytensor]

``--prototype`` names a program in the form of the one that the engine grew out of (functions simulate,
moments and logp_c, constants CON and PATHS); it is then timed in turns with ours.
"""

from __future__ import annotations

import argparse
import ctypes
import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import nutpie
from arviz_stats import ess

from bayescx.kernel import posterior as kernel
from bayescx.model.engine import compile_kernel, sample_kernel
from bayescx.model.nuts import SamplerSettings
from bayescx.model.start import Start
from benchmarks import problems
from benchmarks.timing import in_turns, ratio, seconds

GRADIENTS = 500


def gradients(start: Start, repeat: int = GRADIENTS) -> Callable[[], None]:
    """Call the compiled density directly, without a sampler."""
    x = start.draw(1)
    out, value = np.empty_like(x), np.empty(1)
    arguments = (x.size, _at(x), _at(out), _at(value), start.arrays.records.ctypes.data)
    call = kernel.functions_for(start.arrays.records)[0].ctypes

    def job(_alive: object = start.arrays) -> None:  # the addresses are good as long as the arrays live
        for _ in range(repeat):
            call(*arguments)

    return job


def _at(array: np.ndarray) -> object:
    return array.ctypes.data_as(ctypes.POINTER(ctypes.c_double))


def draws(start: Start, *, chains: int, cores: int, n: int = 1000, seed: int = 1) -> object:
    """Sample ``chains`` x (n + n)."""
    return sample_kernel(start, settings(chains=chains, cores=cores, n=n, seed=seed))


def settings(*, chains: int, cores: int, n: int, seed: int = 1) -> SamplerSettings:
    """Sampler settings for ``chains`` x (n + n)."""
    return SamplerSettings(
        draws=n, tune=n, chains=chains, cores=cores, seed=seed, target_accept=0.9, progressbar=False
    )  # fmt: skip


def effective_draws(start: Start, seeds: int = 5) -> None:
    """Smallest bulk ESS of population means and SDs of paths, and divergences, over several seeds."""
    layout, population = start.arrays.layout, start.arrays.population
    paths = [k for k, c in enumerate(population) if layout.components[c].block == "paths"]
    rows = []
    for seed in range(1, seeds + 1):
        tree = draws(start, chains=4, cores=2, seed=seed)
        bulk = ess(tree["posterior"].to_dataset()[["mu", "tau"]])
        diverging = int(tree["sample_stats"]["diverging"].sum())
        rows.append((float(bulk["mu"].values[paths].min()), float(bulk["tau"].values[paths].min()), diverging))
    table = np.array(rows)
    for name, column in {"beta_mu": 0, "beta_tau": 1}.items():
        least, middle = table[:, column].min(), np.median(table[:, column])
        print(f"least bulk ESS of any {name}, of 4,000 draws, over {seeds} seeds: {least:.0f} (median {middle:.0f})")
    print(f"divergences over {seeds} seeds: {int(table[:, 2].sum())}")


def beside_prototype(start: Start, path: Path) -> None:
    """Time per gradient and whole runs, in turns with the prototype."""
    prototype = _load(path)
    other_gradients, other_model = _prototype(prototype)
    taken = in_turns({"ours": gradients(start), "prototype": other_gradients}, rounds=40)
    fastest = [1e6 * taken[name].min() / GRADIENTS for name in ("ours", "prototype")]
    print(f"time per gradient, ours / prototype: {ratio(taken['ours'], taken['prototype'])}")
    print(f"fastest: {fastest[0]:.1f} and {fastest[1]:.1f} us")
    runs = in_turns(
        {
            "ours": lambda: draws(start, chains=4, cores=2),
            "prototype": lambda: nutpie.sample(
                other_model, chains=4, cores=2, draws=500, tune=500, progress_bar=False, seed=1, save_warmup=True
            ),
        },
        rounds=5,
    )
    print(f"wall of ours 4 x (1000 + 1000) / prototype 4 x (500 + 500): {ratio(runs['ours'], runs['prototype'])}")
    print(f"medians: {np.median(runs['ours']):.2f} and {np.median(runs['prototype']):.2f} s")


def _load(path: Path) -> ModuleType:
    sys.path.insert(0, str(path.parent))  # numba's cache looks the module up by its name
    return importlib.import_module(path.stem)


def _prototype(module: ModuleType) -> tuple[Callable[[], None], object]:
    """The prototype's density and nutpie model on its own data: ten organizations of 500."""
    n, _, cov = module.moments(module.simulate(n=500))
    con = {name: i for i, name in enumerate(module.CON)}
    n_org, n_path, m = len(n), len(module.PATHS), len(con)
    p = 3 * m
    free = np.flatnonzero(np.arange(p) % 3)
    arrays = [
        np.array([n_org, n_path, p, m, free.size], np.int64),
        free.astype(np.int64),
        np.ascontiguousarray(cov),
        n.astype(float),
        np.array([con[d] for d, _, _ in module.PATHS], np.int64),
        np.array([con[s] for _, s, _ in module.PATHS], np.int64),
        np.repeat(np.arange(m), 3).astype(np.int64),
        np.tile([float(b) for _, _, b in module.PATHS], (n_org, 1)),
        np.full((n_org, n_path), 0.05**2),
        np.array([0.3]),
    ]
    pointers = np.zeros(16, np.uint64)
    pointers[: len(arrays)] = [a.ctypes.data for a in arrays]
    x = np.concatenate([arrays[7][0], np.full(n_path, -2.0), np.zeros(n_org * n_path), np.ones(free.size),
                        np.full(n_org * (p + m), -1.0)])  # fmt: skip
    out, value = np.empty_like(x), np.empty(1)

    def job(_alive: object = arrays) -> None:
        for _ in range(GRADIENTS):
            module.logp_c.ctypes(x.size, _at(x), _at(out), _at(value), pointers.ctypes.data)

    from nutpie.compile_pymc import CompiledPyMCModel

    model = CompiledPyMCModel(
        dims={}, reparameterized_names=[], compiled_logp_func=module.logp_c,
        compiled_expand_func=module.expand_c, initial_point_func=lambda _seed=None: x.copy(), shared_data={},
        shared_var_keys={}, user_data=pointers, n_expanded=x.size, shape_info=(["x"], [slice(0, x.size)],
        [(x.size,)]), logp_func=None, expand_func=None, _n_dim=x.size, _shapes={"x": (x.size,)}, _coords={},
    )  # fmt: skip
    return job, model


def beside_pytensor(start: Start) -> None:
    """The same posterior in PyTensor (its conditional form), through nutpie's JAX backend, in the same run."""
    from bayescx.model.build import sample_open

    ready = problems.prepared()
    short = settings(chains=2, cores=2, n=100)
    taken: dict[str, tuple[float, float]] = {}
    trees: dict[str, object] = {}

    def ours() -> None:
        trees["kernel"] = sample_kernel(start, short)

    def plain() -> None:
        trees["pytensor"] = sample_open(ready, short)[1]

    for name, job in {"kernel": ours, "pytensor": plain}.items():
        wall = seconds(job)
        taken[name] = (wall, float(trees[name]["sample_stats"]["n_steps"].sum()))
    (a, na), (b, nb) = taken["kernel"], taken["pytensor"]
    print(f"plain PyTensor model through nutpie and JAX, 2 x (100 + 100) with its compilation: {b:.1f} s")
    print(f"the kernel, the same draws: {a:.2f} s; ratio {b / a:.0f} (gradients while drawing {nb:.0f} and {na:.0f})")


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prototype", type=Path)
    parser.add_argument("--without-pytensor", action="store_true")
    options = parser.parse_args()
    print("# Engine: 10 organizations x 500 respondents, 7 constructs, 21 items, 10 paths")
    start = problems.started()
    compile_kernel(start)
    made = seconds(problems.started)
    print(f"{start.arrays.n_dim} free parameters; problem made and start found in {1000 * made:.0f} ms")
    one = in_turns({"ours": gradients(start)}, rounds=20)["ours"] * 1e6 / GRADIENTS
    print(f"time per gradient: fastest {one.min():.1f} us, median {np.median(one):.1f} us")
    cores = in_turns(
        {"two": lambda: draws(start, chains=2, cores=2), "one": lambda: draws(start, chains=2, cores=1)}, rounds=5
    )
    print(f"two chains on two cores / on one core, wall: {ratio(cores['two'], cores['one'])}")
    effective_draws(start)
    if options.prototype is not None:
        beside_prototype(start, options.prototype)
    if not options.without_pytensor:
        beside_pytensor(start)


if __name__ == "__main__":
    main()
