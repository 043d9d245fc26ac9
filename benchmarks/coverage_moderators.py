"""Coverage where paths depend on attributes of organizations: coefficients, what they leave, explained shares, levels.

    python -m benchmarks.coverage_moderators [--studies 200] [--processes 2] [--seed 1]

A mediation whose two paths depend on a number and a category of organizations; 6 or 15 organizations of 40 to 400
respondents, five of which have not reported, two of these with known attributes. Truth is drawn from the priors in use;
means of the outcome follow the attributes too, with coefficients drawn from the priors of ``intercept_regression``. The
table is written to benchmarks/results/coverage_moderators.md.
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
from bayescx.estimands.intercept_regression import COEFFICIENT_SD, SPREAD, intercept_regression
from bayescx.estimands.moderation import explained_heterogeneity
from bayescx.model.layout import Layout
from benchmarks.calibration import covered
from benchmarks.studies import Truth
from benchmarks.tables import markdown

Floats = NDArray[np.float64]
RESULTS = Path(__file__).parent / "results" / "coverage_moderators.md"
MODEL = bcx.parse_model(
    "trust ~ pool(effort, size); loyalty ~ pool(effort, size, category(kind, services, goods)) + trust",
    name="moderated",
)
PRIORS = bcx.Priors()
BEYOND, STATED = 5, 2
CI_PROB = 0.9
PATHS = ("trust~effort", "loyalty~effort")


def attributes_of(count: int, rng: np.random.Generator) -> pd.DataFrame:
    """Sizes far from normal, and a category of which the first two organizations have both levels."""
    kinds = np.where(rng.random(count) < 1 / 3, "goods", "services")
    kinds[:2] = "goods", "services"
    names = [f"org_{j + 1:02d}" for j in range(count)]
    return pd.DataFrame({"size": rng.lognormal(6, 1, count), "kind": kinds}, index=names)


def z_of(attributes: pd.DataFrame, reported: int) -> Floats:
    """Attributes centred over those that reported, the number in SDs, by their definition."""
    columns = np.column_stack([attributes["size"], attributes["kind"] == "goods"]).astype(float)
    middle, sd = columns[:reported].mean(axis=0), [columns[:reported, 0].std(), 1.0]
    return np.asarray((columns - middle) / sd)


def study(index: int, *, seed: int, reported: int) -> tuple[dict[str, Floats], bool]:
    """Coverage by kind of quantity, and whether it converged."""
    rng = np.random.default_rng([seed, index, 7, reported])
    layout = Layout.of(MODEL)
    planned = reported + BEYOND
    attributes = attributes_of(planned + 1, rng)
    z = z_of(attributes, reported)
    hidden = z.copy()
    hidden[reported + STATED :] = z[rng.integers(reported + STATED, size=planned + 1 - reported - STATED)]
    drawn = Truth.from_priors(layout, PRIORS, planned, rng)
    gamma = 0.2 * rng.standard_normal(len(layout.moderators))
    u = drawn.u.copy()
    moved = np.zeros((planned + 1, len(gamma)))
    for g, one in enumerate(layout.moderators):
        moved[:, g] = gamma[g] * hidden[:, one.column]
        u[:, one.component] += moved[:, g]
    truth = Truth(layout, drawn.mu, drawn.tau, u)
    n_obs = [int(n) for n in rng.integers(40, 400, reported)]
    shared = truth.evidence(n_obs, planned, rng).matched(MODEL.observed).moments()
    delta, spread = COEFFICIENT_SD * rng.standard_normal(2), abs(float(SPREAD.sample(rng)))
    level = rng.normal(0, 2) + hidden[:reported] @ delta + spread * rng.standard_normal(reported)
    moments = {
        name: bcx.SampleMoments(one.n_obs, means_of(truth, j, level[j], one.n_obs, rng), one.cov)
        for j, (name, one) in enumerate(shared.items())
    }
    stated = attributes.iloc[: reported + STATED].to_dict("index")
    evidence = bcx.Evidence.from_moments(moments, n_planned=planned, attributes=stated)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", bcx.ConvergenceWarning)  # counted
        fit = bcx.fit(
            MODEL, evidence, PRIORS, draws=750, tune=500, chains=4, cores=1, random_seed=index, progressbar=False,
            scale=False,
        )  # fmt: skip
    return _covered(fit, truth, gamma, moved, delta, spread), not fit.provenance["convergence_problems"]


def means_of(truth: Truth, j: int, level: float, n: int, rng: np.random.Generator) -> pd.Series:
    """Draw sample means given equation intercepts: causes about 0, so that adjusted means are the levels.

    Means of normal respondents are independent of their covariances.
    """
    system, names = truth.system(), truth.layout.constructs
    inverse = system.effects[j]
    noise = np.linalg.cholesky(inverse @ system.psi[j] @ inverse.T / n) @ rng.standard_normal(len(names))
    intercepts = np.array([{"effort": 0.0, "trust": 0.0}.get(name, level) for name in names])
    return pd.Series(inverse @ intercepts + noise, index=list(names))


def _covered(
    fit: bcx.Fit, truth: Truth, gamma: Floats, moved: Floats, delta: Floats, spread: float
) -> dict[str, Floats]:
    layout, k = truth.layout, len(fit.organizations)
    place = {component.name: c for c, component in enumerate(layout.components)}
    columns = [place[name] for name in PATHS]
    tau = truth.tau[columns]
    by_path = [[g for g, one in enumerate(layout.moderators) if one.component == c] for c in columns]
    variance = np.array([moved[:k, mine].sum(axis=1).var() for mine in by_path])
    effects = {target: bcx.direct_effects(fit, target, standardized=False).sel(path=list(PATHS))
               for target in ("organization", "average", "new", "typical")}  # fmt: skip
    levels = intercept_regression(fit, "loyalty", standardized=True)
    left = (delta @ fit.evidence.attributes.z().T).var()
    pairs = {
        "coefficients of attributes": (fit.posterior["moderation"].values, gamma),
        "SD that attributes leave": (fit.posterior["beta_tau"].sel(path=list(PATHS)).values, tau),
        "explained share of heterogeneity": (
            explained_heterogeneity(fit).sel(path=list(PATHS)).values, variance / (variance + tau**2)
        ),
        "paths (organizations)": (effects["organization"].values, truth.u[:k, columns]),
        "path (average of those planned)": (effects["average"].values, truth.u[:-1, columns].mean(axis=0)),
        "path (new organization)": (effects["new"].values, truth.u[-1, columns]),
        "path (population centre)": (effects["typical"].values, truth.mu[columns]),
        "levels: coefficients": (levels["coefficient"].values, delta),
        "levels: SD that attributes leave": (levels["tau"].values, np.asarray(spread)),
        "levels: explained share": (levels["explained"].values, np.asarray(left / (left + spread**2))),
    }  # fmt: skip
    return {name: covered(draws, true, CI_PROB) for name, (draws, true) in pairs.items()}


def main() -> None:
    """Run all studies, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=200)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    table, converged = pd.DataFrame(), []
    with ProcessPoolExecutor(options.processes) as pool:
        for reported in (6, 15):
            found = list(pool.map(partial(study, seed=options.seed, reported=reported), range(options.studies)))
            for quantity in found[0][0]:
                per_study = np.array([np.mean(one[quantity]) for one, _ in found])
                error = 100 * per_study.std(ddof=1) / np.sqrt(options.studies)
                table.loc[quantity, f"{reported} reported, %"] = 100 * per_study.mean()
                table.loc[quantity, f"error, {reported}"] = error
            converged.append(f"{sum(fine for _, fine in found)} of {options.studies} ({reported} organizations)")
    about = (
        f"{options.studies} studies each with 6 and with 15 organizations of 40 to 400 respondents that reported, of "
        "11 and 20 planned; two paths depend on a number, one of them on a category too; attributes of two "
        "organizations that did not report are known; truth drawn from the default priors, attributes of the others "
        f"from those that are known; 4 x (500 + 750) draws, seed {options.seed}. Without a convergence warning: "
        f"{', '.join(converged)}; all are counted. `error` is the simulation error. Written by "
        "`python -m benchmarks.coverage_moderators`."
    )
    parts = ["# Coverage of 90 % intervals where paths depend on attributes of organizations", about]
    parts.append(markdown(table.rename_axis("quantity").reset_index()))
    RESULTS.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    print("\n\n".join(parts))


if __name__ == "__main__":
    main()
