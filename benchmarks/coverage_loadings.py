"""Coverage with items: do 90 % intervals of loadings, of how much they differ, of paths and latent means cover.

    python -m benchmarks.coverage_loadings [--studies 200] [--processes 2] [--seed 1]

Two factors of four items each, eight organizations of 150 to 500 respondents, loadings partially pooled. Truth is drawn
from the priors in use, loadings of the population given that they average 1; latent means with an SD of 0.5 and item
intercepts that differ between organizations by an SD drawn from its prior. Every fifth study is sampled a second time
with its organizations in another order: population values may then differ by Monte Carlo error only.
The table is written to benchmarks/results/coverage_loadings.md.
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
from bayescx.estimands.system import System
from bayescx.model import matrices
from bayescx.model.layout import Layout
from benchmarks.calibration import covered
from benchmarks.studies import Truth
from benchmarks.tables import markdown

Floats = NDArray[np.float64]
RESULTS = Path(__file__).parent / "results" / "coverage_loadings.md"

MODEL = bcx.parse_model("attention =~ a1 + a2 + a3 + a4; trust =~ t1 + t2 + t3 + t4; trust ~ attention", name="items")
POOLING = {"loadings": "partial"}
PRIORS = bcx.Priors(loading=bcx.Prior("Normal", mu=1.0, sigma=0.2))  # the usual 0.5 would reverse an item now and then
N_ORGANIZATIONS = 8
MEAN_SD, INTERCEPT_SD = 0.5, 0.1
CI_PROB = 0.9


def truth_of(layout: Layout, rng: np.random.Generator) -> Truth:
    """Draw a population whose loadings average 1 by factor, and its organizations."""
    drawn = Truth.from_priors(layout, PRIORS, N_ORGANIZATIONS, rng)
    mu = drawn.mu.copy()
    for factor in layout.averages:
        members = [entry.component for entry in factor]
        mu[members] -= mu[members].mean() - 1.0
    return Truth.of_population(layout, mu, drawn.tau, N_ORGANIZATIONS, rng)


def shared_by(truth: Truth, rng: np.random.Generator) -> tuple[dict[str, bcx.SampleMoments], Floats]:
    """Moments of every organization, and their latent means less the average of all, (organization, construct)."""
    layout, u = truth.layout, truth.u[:N_ORGANIZATIONS]
    loadings = matrices.loading_matrix(layout, u)
    sigma = matrices.implied_covariance(layout, u)
    names = list(layout.variables)
    latent = MEAN_SD * rng.standard_normal((N_ORGANIZATIONS, len(layout.constructs)))
    differing = np.abs(INTERCEPT_SD * rng.standard_normal(len(names)))  # HalfNormal, as the prior
    moments = {}
    for j in range(N_ORGANIZATIONS):
        n = int(rng.integers(150, 500))
        cov = wishart(n - 1, sigma[j] / (n - 1)).rvs(random_state=rng)
        middle = 5.0 + differing * rng.standard_normal(len(names)) + loadings[j] @ latent[j]
        mean = rng.multivariate_normal(middle, sigma[j] / n)
        moments[f"org_{j + 1}"] = bcx.SampleMoments(n, pd.Series(mean, names), pd.DataFrame(cov, names, names))
    return moments, latent - latent.mean(axis=0)


def fitted(moments: dict[str, bcx.SampleMoments], seed: int) -> bcx.Fit:
    """Sample a study on the scale that its truth was drawn on."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", bcx.ConvergenceWarning)  # counted
        return bcx.fit(
            MODEL, bcx.Evidence.from_moments(moments), PRIORS, pooling=POOLING, draws=1000, tune=500, chains=2,
            cores=1, random_seed=seed, progressbar=False, scale=False,
        )  # fmt: skip


def apart(fit: bcx.Fit, other: bcx.Fit) -> float:
    """Largest difference of population loadings, their SDs and the path between two fits, in Monte Carlo errors."""
    found = []
    for name in ("loading_mu", "loading_tau", "beta_mu"):
        one, two = (bcx.summarize(each.posterior[name]) for each in (fit, other))
        error = np.hypot(one["mcse_mean"].astype(float), two["mcse_mean"].astype(float))
        found.append(np.abs(one["mean"].astype(float) - two["mean"].astype(float)) / error)
    return float(np.concatenate(found).max())


def study(index: int, *, seed: int) -> tuple[dict[str, Floats], bool, float]:
    """Coverage of one simulated study by kind of quantity, whether it converged, and what another order changed."""
    rng = np.random.default_rng([seed, index, 5])
    layout = Layout.of(MODEL, None, POOLING)
    while True:  # samples in which an item runs against its factor by chance are refused: draw another study
        truth = truth_of(layout, rng)
        moments, latent = shared_by(truth, rng)
        try:
            fit = fitted(moments, index)
        except bcx.ModelError:
            continue
        break
    loadings, paths = layout.of_block("loadings"), layout.of_block("paths")
    posterior = fit.posterior
    names = [layout.components[c].name for c in loadings]
    u = truth.u[:N_ORGANIZATIONS]
    direct = System(layout, u).effects_of("direct", standardized=True)[:, 1, 0]
    means = bcx.latent_means(fit, standardized=False, draws=1000).sel(construct=list(layout.constructs))
    pairs = {
        "loadings (organizations)": (posterior["loading"].sel(indicator=names), u[:, loadings]),
        "loadings (population)": (posterior["loading_mu"].sel(indicator=names), truth.mu[loadings]),
        "SD of loadings between organizations": (
            fit.posterior["loading_tau"].sel(indicator=names),
            truth.tau[loadings],
        ),
        "path, raw (organizations)": (posterior["beta"], u[:, paths]),
        "path, standardized (organizations)": (bcx.direct_effects(fit), direct[:, None]),
        "path (population)": (posterior["beta_mu"], truth.mu[paths]),
        "latent means (organizations)": (means, latent),
    }
    turned = apart(fit, fitted(dict(reversed(moments.items())), index + 1)) if index % 5 == 0 else np.nan
    found = {name: covered(draws.values, true, CI_PROB) for name, (draws, true) in pairs.items()}
    return found, not fit.provenance["convergence_problems"], turned


def main() -> None:
    """Run all studies, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=200)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    job = partial(study, seed=options.seed)
    with ProcessPoolExecutor(options.processes) as pool:
        results = list(pool.map(job, range(options.studies)))
    rows = []
    for quantity in results[0][0]:
        per_study = np.array([np.mean(found[quantity]) for found, _, _ in results])
        error = 100 * per_study.std(ddof=1) / np.sqrt(options.studies)
        rows.append((quantity, 100 * per_study.mean(), error))
    table = pd.DataFrame(rows, columns=["quantity", "coverage %", "simulation error"])
    turned = np.array([value for _, _, value in results if np.isfinite(value)])
    fine = sum(converged for _, converged, _ in results)
    about = (
        f"{options.studies} studies of {N_ORGANIZATIONS} organizations, 150 to 500 respondents each; two factors of "
        "four items, truth drawn from the priors in use; 2 x (500 + 1,000) draws, seed "
        f"{options.seed}. {fine} of them had no convergence warning; all are counted. Written by "
        "`python -m benchmarks.coverage_loadings`."
    )
    order = (
        f"The same organizations in reverse order ({len(turned)} studies, 17 population values each): the largest "
        f"difference of a posterior mean was {np.median(turned):.1f} Monte Carlo errors in the median study and "
        f"{turned.max():.1f} in the most extreme one."
    )
    title = "# Coverage of 90 % intervals with items whose loadings differ between organizations"
    parts = [title, about, markdown(table), order]
    RESULTS.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    print("\n\n".join(parts))


if __name__ == "__main__":
    main()
