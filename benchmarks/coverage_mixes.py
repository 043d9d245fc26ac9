"""Coverage by mix: do 90 % intervals contain the truth 90 % of the time, whatever organizations shared.

    python -m benchmarks.coverage_mixes [--studies 200] [--processes 2] [--seed 1] [--only "figures only"]

Three mixes of evidence about ten of twelve organizations planned: rows of all, a tenth of the answers missing; three
with such rows, four with moments (one of them correlations only) and three known by their published R-squared, rounded
to two digits; and ten known by figures alone. Truth is drawn from the priors in use, so that coverage must be nominal
on average. An R-squared has no sign, so with figures every path is declared positive: population centres are drawn
positive, and figures come from samples whose own estimates are. With figures alone the prior holds the common scale
too: truth is then drawn by sampling the posterior of the same evidence with every figure set aside (use = "check").
The tables are written to benchmarks/results/coverage_mixes.md.
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
from scipy.stats import wishart

import bayescx as bcx
from bayescx import algebra
from bayescx.estimands.system import System
from bayescx.model import matrices
from bayescx.model.layout import Layout
from benchmarks.calibration import covered
from benchmarks.studies import Truth
from benchmarks.tables import markdown

Floats = NDArray[np.float64]
RESULTS = Path(__file__).parent / "results" / "coverage_mixes.md"

MODEL = bcx.parse_model("trust ~ satisfaction\nloyalty ~ trust + satisfaction", name="three constructs")
N_PLANNED, N_REPORTED = 12, 10
NAMES = [f"org_{j + 1:02d}" for j in range(N_REPORTED)]
PATHS = [row.name for row in MODEL.paths]
MISSING = 0.1
CI_PROB = 0.9
MIXES = {
    "rows of all ten, a tenth of the answers missing": ["rows"] * 10,
    "three with rows, three with moments, one with correlations, three by figures": ["rows"] * 3
    + ["moments"] * 3
    + ["correlations"]
    + ["figures"] * 3,
    "figures only": ["figures"] * 10,
}


def _rows(sigma: Floats, n: int, rng: np.random.Generator) -> pd.DataFrame:
    values = rng.standard_normal((n, len(sigma))) @ np.linalg.cholesky(sigma).T
    values[rng.random(values.shape) < MISSING] = np.nan
    return pd.DataFrame(values, columns=list(MODEL.observed))


def _moments(sigma: Floats, n: int, rng: np.random.Generator, *, scale_free: bool) -> bcx.SampleMoments:
    cov = wishart(n - 1, sigma / (n - 1)).rvs(random_state=rng)
    sd = np.sqrt(np.diag(cov))
    cov = cov / np.outer(sd, sd) if scale_free else cov
    names = list(MODEL.observed)
    return bcx.SampleMoments(n, None, pd.DataFrame((cov + cov.T) / 2, names, names), scale_free=scale_free)


CAUSES = [[], [0], [1, 0]]  # of the constructs, which stand in causal order


def _signed_sample(sigma: Floats, n: int, rng: np.random.Generator) -> Floats | None:
    """A sample's covariance matrix; None unless its own estimates of all paths are positive."""
    cov = np.asarray(wishart(n - 1, sigma / (n - 1)).rvs(random_state=rng))
    estimates = algebra.regressions(cov, CAUSES).paths[[1, 2, 2], [0, 0, 1]]
    return cov if (estimates > 0).all() else None


def _figures(name: str, cov: Floats, n: int, use: str) -> list[bcx.Published]:
    """R-squared of every equation in a sample, rounded as printed."""
    found = algebra.regressions(cov, CAUSES)
    return [
        bcx.Published(
            statistic="r_squared", outcome=outcome, organizations=[name], n_obs=n, use=use,
            value=float(np.clip(np.round(found.explained[i] / cov[i, i], 2), 0.0, 1.0)), rounded_to=0.01,
        )
        for i, outcome in ((1, "trust"), (2, "loyalty"))
    ]  # fmt: skip


def _evidence(
    sigma: Floats, levels: list[str], rng: np.random.Generator, use: str = "evidence", *, redraw: bool = True
) -> bcx.Evidence | None:
    """What was shared; None if a sample behind figures has an estimate of the wrong sign and is not to be redrawn."""
    parts: dict[str, object] = {}
    published: list[bcx.Published] = []
    order = [MODEL.observed.index(name) for name in MODEL.constructs]
    for name, level, own in zip(NAMES, levels, sigma, strict=True):
        n = int(rng.integers(60, 400))
        if level == "rows":
            parts[name] = _rows(own, n, rng)
        elif level == "figures":
            while (cov := _signed_sample(own[np.ix_(order, order)], n, rng)) is None:
                if not redraw:
                    return None
            published += _figures(name, cov, n, use)
        else:
            parts[name] = _moments(own, n, rng, scale_free=level == "correlations")
    signs = dict.fromkeys(PATHS, "+") if published else {}
    if not parts:
        return bcx.Evidence.from_published(published, n_planned=N_PLANNED, signs=signs)
    return bcx.Evidence.from_parts(parts, n_planned=N_PLANNED, published=published, signs=signs)


def prior_truths(count: int, seed: int) -> list[Floats]:
    """Components of all organizations planned, (N, C), drawn from the prior of evidence of figures only."""
    rng = np.random.default_rng([seed, 99])
    layout = Layout.of(MODEL)
    stand_in = np.broadcast_to(np.eye(3) + 0.5, (N_REPORTED, 3, 3))
    evidence = _evidence(stand_in, ["figures"] * N_REPORTED, rng, use="check")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", bcx.ConvergenceWarning)  # only independent draws count here
        fit = bcx.fit(MODEL, evidence, draws=4000, tune=1000, random_seed=seed, progressbar=False)
    posterior = fit.posterior
    draws = {name: posterior[name].values.reshape(-1, *posterior[name].shape[2:]) for name in posterior.data_vars}
    taken = np.linspace(0, len(draws["beta"]) - 1, count).astype(int)
    truths = []
    for t in taken:
        u = np.empty((N_PLANNED, len(layout.components)))
        for block, variable in (("paths", "beta"), ("residuals", "log_residual_sd"), ("exogenous", "log_exogenous_sd")):
            members = layout.of_block(block)
            mu, tau = draws[f"{variable}_mu"][t], draws[f"{variable}_tau"][t]
            u[:, members] = mu + tau * rng.standard_normal((N_PLANNED, len(members)))
            u[:N_REPORTED, members] = draws[variable][t]
        truths.append(u)
    return truths


def _drawn_with_evidence(layout: Layout, levels: list[str], rng: np.random.Generator) -> tuple[Floats, bcx.Evidence]:
    """Organizations drawn from the priors, and what they shared; with figures, given the declared signs."""
    while True:
        truth = Truth.from_priors(layout, bcx.Priors(), N_PLANNED, rng)
        u = truth.u[:N_PLANNED].copy()
        if "figures" in levels:
            paths = layout.of_block("paths")
            u[:, paths] += np.abs(truth.mu[paths]) - truth.mu[paths]
        evidence = _evidence(matrices.implied_covariance(layout, u[:N_REPORTED]), levels, rng, redraw=False)
        if evidence is not None:
            return u, evidence


def study(index: int, *, seed: int, mix: str, truths: list[Floats] | None) -> tuple[dict[str, Floats], bool]:
    """Coverage of one simulated study, by kind of quantity, and whether it converged."""
    rng = np.random.default_rng([seed, index, list(MIXES).index(mix)])
    layout = Layout.of(MODEL)
    if truths is None:
        u, evidence = _drawn_with_evidence(layout, MIXES[mix], rng)
    else:
        u = truths[index]
        evidence = _evidence(matrices.implied_covariance(layout, u[:N_REPORTED]), MIXES[mix], rng)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", bcx.ConvergenceWarning)
        fit = bcx.fit(
            MODEL, evidence, bcx.Priors(), draws=1000, tune=500, chains=2, cores=1, random_seed=index,
            progressbar=False, scale=False,
        )  # fmt: skip
    system = System(layout, u)
    rows, columns = [e.row for e in layout.paths], [e.column for e in layout.paths]
    direct = system.in_units(system.paths, standardized=True)[:, rows, columns]
    total = system.in_units(system.effects, standardized=True)[:, 2, 0]
    r2 = 1 - (np.diagonal(system.psi, axis1=-2, axis2=-1) / system.variance)[:, 1:]
    effect = {"cause": "satisfaction", "outcome": "loyalty"}
    pairs = {
        "paths (organizations)": (bcx.direct_effects(fit), direct[:N_REPORTED]),
        "total effect (organizations)": (bcx.total_effects(fit).sel(effect), total[:N_REPORTED]),
        "R2 (organizations)": (bcx.r_squared(fit), r2[:N_REPORTED]),
        "average of the N: paths": (bcx.direct_effects(fit, "average"), direct.mean(axis=0)),
        "average of the N: total effect": (bcx.total_effects(fit, "average").sel(effect), total.mean()),
        "average of the N: R2": (bcx.r_squared(fit, "average"), r2.mean(axis=0)),
    }
    found = {name: covered(draws.values, truth, CI_PROB) for name, (draws, truth) in pairs.items()}
    by_level = [level == "figures" for level in MIXES[mix]]
    if 0 < sum(by_level) < N_REPORTED:
        found["paths of organizations known by figures"] = found["paths (organizations)"][by_level]
    return found, not fit.provenance["convergence_problems"]


def run(studies: int, *, seed: int, mix: str, processes: int) -> pd.DataFrame:
    """Coverage in percent with its simulation error, one row per kind of quantity."""
    truths = prior_truths(studies, seed) if mix == "figures only" else None
    job = partial(study, seed=seed, mix=mix, truths=truths)
    if processes > 1:
        with ProcessPoolExecutor(processes) as pool:
            results = list(pool.map(job, range(studies)))
    else:
        results = [job(index) for index in range(studies)]
    rows = []
    for quantity in results[0][0]:
        per_study = np.array([np.mean(result[quantity]) for result, _ in results])
        error = 100 * per_study.std(ddof=1) / np.sqrt(studies)
        fine = sum(converged for _, converged in results)
        rows.append((quantity, 100 * per_study.mean(), error, studies, fine))
    return pd.DataFrame(rows, columns=["quantity", "coverage %", "simulation error", "studies", "converged"])


def main() -> None:
    """Run all studies, print and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=200)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=list(MIXES), help="one mix; its table is printed and not written")
    options = parser.parse_args()
    parts = [
        "# Coverage of 90 % intervals by what organizations shared",
        (
            f"Model `trust ~ satisfaction; loyalty ~ trust + satisfaction`, {N_REPORTED} of {N_PLANNED} organizations "
            "reported, 60 to 400 respondents each, truth drawn from the priors in use; 2 x (500 + 1,000) draws, seed "
            f"{options.seed}. Written by `python -m benchmarks.coverage_mixes`; *converged* counts studies without a "
            "convergence warning at these few draws; all are counted."
        ),
    ]
    for mix in [options.only] if options.only else MIXES:
        table = run(options.studies, seed=options.seed, mix=mix, processes=options.processes)
        parts += [f"## {mix[0].upper()}{mix[1:]}", markdown(table)]
        print(f"\n{mix}\n{table.to_string(index=False, float_format='%.1f')}", flush=True)
        if not options.only:
            RESULTS.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
