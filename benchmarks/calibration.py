"""Calibration: do 90 % intervals contain the truth 90 % of the time.

    python -m benchmarks.calibration [--studies 200] [--processes 2] [--seed 1]

Truth drawn from the priors in use (scale=False, so that the priors do not depend on the data): then coverage must be
nominal on average, whatever the priors are. Studies with a fixed truth, sampled with all defaults, are reported apart:
there coverage may differ from nominal and says how the priors behave for that truth. For a population SD that is truly
0, no interval can contain it.
The tables are written to benchmarks/results/calibration.md.
"""

from __future__ import annotations

import argparse
import warnings
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import bayescx as bcx
from bayescx.model.layout import Layout
from benchmarks.studies import Truth
from benchmarks.tables import markdown

Floats = NDArray[np.float64]
RESULTS = Path(__file__).parent / "results" / "calibration.md"

MODEL = bcx.load_model("value_creation")
N_PLANNED = 10
INDIRECT = ("satisfaction_cs", "loyalty")
CI_PROB = 0.9
# fixed truths: standardized-looking paths, and how much organizations differ
FIXED = {"homogeneous, tau = 0": 0.0, "tau = 0.08": 0.08, "tau = 0.30": 0.30}


def covered(draws: Floats, truth: Floats, ci_prob: float) -> Floats:
    """Whether the equal-tailed interval of draws (chain, draw, ...) contains the truth."""
    lower, upper = np.quantile(draws, [(1 - ci_prob) / 2, (1 + ci_prob) / 2], axis=(0, 1))
    return (lower <= truth) & (truth <= upper)


def _fit(truth: Truth, n_reported: int, rng: np.random.Generator, seed: int, *, scale: bool) -> tuple[bcx.Fit, bool]:
    n_obs = [int(n) for n in rng.integers(60, 400, n_reported)]
    evidence = truth.evidence(n_obs, N_PLANNED, rng)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", bcx.ConvergenceWarning)  # counted below
        fit = bcx.fit(
            MODEL, evidence, bcx.Priors(), draws=750, tune=500, chains=4, cores=1, random_seed=seed,
            progressbar=False, scale=scale,
        )  # fmt: skip
    return fit, not fit.provenance["convergence_problems"]


def coverage_of(truth: Truth, fit: bcx.Fit, ci_prob: float = CI_PROB) -> dict[str, Floats]:
    """For each kind of quantity, which of its intervals contain the truth."""
    layout, k = truth.layout, len(fit.organizations)
    names = [layout.components[c].name for c in layout.of_block("paths")]
    members = layout.of_block("paths")
    system = truth.system()
    outcomes = [layout.constructs.index(str(name)) for name in bcx.r_squared(fit)["outcome"].values]
    residual = np.diagonal(system.psi, axis1=-2, axis2=-1)
    r2 = (1 - residual / system.variance)[:, outcomes]
    cause, outcome = (layout.constructs.index(name) for name in INDIRECT)
    total = system.effects - np.eye(len(layout.constructs))
    indirect = system.in_units(total - system.paths, standardized=True)[:, outcome, cause]
    rows, columns = [e.row for e in layout.paths], [e.column for e in layout.paths]
    direct = system.in_units(system.paths, standardized=True)[:, rows, columns]
    posterior = fit.posterior
    # the truth is in data units, the posterior on the common scale (which are the same with scale=False)
    unit = np.array([fit.scale[lhs] / fit.scale[rhs] for lhs, rhs in (name.split("~") for name in names)])
    pick = {"cause": INDIRECT[0], "outcome": INDIRECT[1]}
    average, new = slice(None, -1), -1
    pairs = {
        "beta": (posterior["beta"].sel(path=names) * unit, truth.u[:k, members]),
        "beta_mu": (posterior["beta_mu"].sel(path=names) * unit, truth.mu[members]),
        "beta_tau": (posterior["beta_tau"].sel(path=names) * unit, truth.tau[members]),
        "R2 (organizations)": (bcx.r_squared(fit), r2[:k]),
        "indirect effect (organizations)": (bcx.indirect_effects(fit).sel(pick), indirect[:k]),
        "average: paths": (bcx.direct_effects(fit, "average"), direct[average].mean(axis=0)),
        "average: indirect effect": (bcx.indirect_effects(fit, "average").sel(pick), indirect[average].mean(axis=0)),
        "average: R2": (bcx.r_squared(fit, "average"), r2[average].mean(axis=0)),
        "new organization: paths": (bcx.direct_effects(fit, "new"), direct[new]),
        "new organization: R2": (bcx.r_squared(fit, "new"), r2[new]),
    }
    return {name: covered(draws.values, true, ci_prob) for name, (draws, true) in pairs.items()}


def study(
    index: int, *, seed: int, n_reported: int, tau: float | None, ci_prob: float
) -> tuple[dict[str, Floats], bool]:
    """One simulated study; ``tau`` None draws the truth from the priors, which are then meant in data units."""
    rng = np.random.default_rng([seed, n_reported, index, 0 if tau is None else 1 + round(1000 * tau)])
    layout = Layout.of(MODEL)
    if tau is None:
        truth = Truth.from_priors(layout, bcx.Priors(), N_PLANNED, rng)
    else:
        block = np.array([component.block for component in layout.components])
        mu = np.where(block == "paths", 0.4, np.where(block == "residuals", -0.4, 0.0))
        truth = Truth.of_population(layout, mu, np.where(block == "paths", tau, 0.1), N_PLANNED, rng)
    fit, converged = _fit(truth, n_reported, rng, index, scale=tau is not None)
    return coverage_of(truth, fit, ci_prob), converged


def run(
    studies: int,
    *,
    seed: int,
    n_reported: int,
    tau: float | None = None,
    processes: int = 1,
    ci_prob: float = CI_PROB,
) -> pd.DataFrame:
    """Coverage in percent with its simulation error, one row per kind of quantity."""
    job = partial(study, seed=seed, n_reported=n_reported, tau=tau, ci_prob=ci_prob)
    if processes > 1:
        with ProcessPoolExecutor(processes) as pool:
            results = list(pool.map(job, range(studies)))
    else:
        results = [job(index) for index in range(studies)]
    converged = sum(fine for _, fine in results)
    rows = []
    for quantity in results[0][0]:
        per_study = np.array([result[quantity].mean() for result, _ in results])
        rows.append(
            {
                "quantity": quantity,
                "coverage %": 100 * per_study.mean(),
                # studies are independent, quantities within a study are not
                "simulation error": 100 * per_study.std(ddof=1) / np.sqrt(studies),
                "studies": studies,
                "converged": converged,
            }
        )
    return pd.DataFrame(rows)


def main() -> None:
    """Run all studies, print and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=200)
    parser.add_argument("--fixed-studies", type=int, default=60)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    parts = [
        "# Coverage of 90 % intervals",
        (
            f"Model `value_creation` on composites, {N_PLANNED} organizations planned, 60 to 400 respondents each; "
            f"4 x (500 + 750) draws, seed {options.seed}. Written by `python -m benchmarks.calibration`; *converged* "
            "counts studies without a convergence warning (with so few draws a chance R-hat just above 1.01 among "
            "hundreds of parameters is the usual reason)."
        ),
    ]
    designs: list[tuple[str, int, float | None, int]] = [
        (f"Truth drawn from the priors, {k} of {N_PLANNED} organizations reported", k, None, options.studies)
        for k in (10, 4)
    ]
    designs += [
        (f"Fixed truth, {k} of {N_PLANNED} reported: {name}", k, tau, options.fixed_studies)
        for name, tau in FIXED.items()
        for k in (10, 4)
    ]
    for title, k, tau, count in designs:
        table = run(count, seed=options.seed, n_reported=k, tau=tau, processes=options.processes)
        parts += [f"## {title}", markdown(table)]
        print(f"\n{title}\n{table.to_string(index=False, float_format='%.1f')}", flush=True)
        RESULTS.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
