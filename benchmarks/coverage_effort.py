"""Coverage with coded terms: do 90 % intervals of slopes on both sides of a knot, their difference and shares cover.

    python -m benchmarks.coverage_effort [--studies 200] [--processes 2] [--seed 1]

One outcome, one variable in two parts at a knot, a control and a category of three levels of which one is rare; eight
organizations of 25 to 400 respondents, the first two with fewer than 50. Truth is drawn from the priors in use. As many
studies again have no asymmetry: there the probability that the slope below is the larger one should rarely be extreme.
The table is written to benchmarks/results/coverage_effort.md.
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
from bayescx.coding import Hinge
from bayescx.estimands.asymmetry import asymmetry
from bayescx.estimands.given import observed_covariances
from bayescx.estimands.shares import _lmg
from bayescx.estimands.system import System
from bayescx.model.layout import Layout
from benchmarks.calibration import covered
from benchmarks.studies import Truth
from benchmarks.tables import markdown

Floats = NDArray[np.float64]
RESULTS = Path(__file__).parent / "results" / "coverage_effort.md"

KNOT = 0.3
MODEL = bcx.parse_model(
    f"loyalty ~ below(expectations, {KNOT}) + above(expectations, {KNOT}) + fixed(quality) + "
    "category(issue, question, billing, technical)",
    name="asymmetric",
)
PRIORS = bcx.Priors()
LEVELS, SHARES = ("question", "billing", "technical"), (0.6, 0.36, 0.04)
SIZES = (25, 45, 80, 120, 180, 250, 320, 400)
SIDES = tuple(Hinge("expectations", side, KNOT).name for side in ("below", "above"))
CI_PROB, EXTREME = 0.9, 0.05


def truth_of(layout: Layout, rng: np.random.Generator, *, symmetric: bool) -> Truth:
    """Draw a population and its organizations; symmetric ones have equal slopes on both sides, everywhere."""
    drawn = Truth.from_priors(layout, PRIORS, len(SIZES), rng)
    if not symmetric:
        return drawn
    below, above = ([c.name for c in layout.components].index(f"loyalty~{side}") for side in SIDES)
    mu, tau, u = drawn.mu.copy(), drawn.tau.copy(), drawn.u.copy()
    mu[above], tau[above], u[:, above] = mu[below], tau[below], u[:, below]
    return Truth(layout, mu, tau, u)


def rows_of(truth: Truth, rng: np.random.Generator) -> pd.DataFrame:
    """Respondents of every organization."""
    layout = truth.layout
    frames = []
    for j, n in enumerate(SIZES):
        x, quality = rng.standard_normal((2, n))
        x = 0.9 * x + 0.3 * quality
        issue = rng.choice(LEVELS, n, p=SHARES)
        columns = {
            SIDES[0]: np.minimum(x - KNOT, 0), SIDES[1]: np.maximum(x - KNOT, 0), "quality": quality,
            "issue[billing]": issue == "billing", "issue[technical]": issue == "technical",
        }  # fmt: skip
        signal = sum(truth.u[j, entry.component] * columns[layout.constructs[entry.column]] for entry in layout.paths)
        noise = np.exp(truth.u[j, layout.psi[-1].component]) * rng.standard_normal(n)
        frames.append(
            pd.DataFrame(
                {"o": f"org_{j}", "expectations": x, "quality": quality, "issue": issue, "loyalty": signal + noise}
            )
        )
    return pd.concat(frames, ignore_index=True)


def study(index: int, *, seed: int, symmetric: bool) -> tuple[dict[str, Floats], bool, dict[str, float]]:
    """Coverage by kind of quantity, whether it converged, and P(slope below is the larger) by target."""
    rng = np.random.default_rng([seed, index, 6, symmetric])
    layout = Layout.of(MODEL)
    truth = truth_of(layout, rng, symmetric=symmetric)
    evidence = bcx.Evidence.from_rows(rows_of(truth, rng), organization="o")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", bcx.ConvergenceWarning)  # counted
        fit = bcx.fit(
            MODEL, evidence, PRIORS, draws=1000, tune=500, chains=2, cores=1, random_seed=index, progressbar=False,
            scale=False,
        )  # fmt: skip
    u = truth.u[: len(SIZES)]
    system = System(layout, u, observed_covariances(fit, layout))
    row = len(layout.constructs) - 1
    columns = [layout.constructs.index(side) for side in SIDES]
    slopes = system.paths[:, row, columns]
    groups = {"expectations": list(SIDES), "quality": ["quality"], "issue": ["issue[billing]", "issue[technical]"]}
    places = [[layout.constructs.index(name) for name in names] for names in groups.values()]
    parts = _lmg(row, places)(system)
    own, average, typical = (asymmetry(fit, "loyalty", "expectations", target, standardized=False)
                             for target in ("organization", "average", "typical"))  # fmt: skip
    by_name = {component.name: c for c, component in enumerate(layout.components)}
    population = truth.mu[[by_name[f"loyalty~{side}"] for side in SIDES]]
    controls = layout.of_block("controls")
    tau = fit.posterior["beta_tau"]
    pairs = {
        "slopes (organizations)": (own["slope"], slopes),
        "difference of slopes (organizations)": (own["difference"], slopes[:, 0] - slopes[:, 1]),
        "slopes (average)": (average["slope"], slopes.mean(axis=0)),
        "difference of slopes (average)": (average["difference"], np.diff(slopes.mean(axis=0))[0] * -1.0),
        "slopes (population)": (typical["slope"], population),
        "SD of slopes between organizations": (tau, truth.tau[[by_name[name] for name in tau["path"].values]]),
        "controls": (fit.posterior["gamma"], truth.mu[controls]),
        "R² (organizations)": (bcx.r_squared(fit).sel(outcome="loyalty"), system.explained[:, row]),
        "shares of R² (organizations)": (
            bcx.explained_shares(fit, "loyalty", groups=groups, relative=True),
            parts / system.explained[:, [row]],
        ),
    }
    found = {name: covered(draws.values, np.asarray(true), CI_PROB) for name, (draws, true) in pairs.items()}
    chance = {"average": float(average["stronger_below"]), "typical": float(typical["stronger_below"])}
    return found, not fit.provenance["convergence_problems"], chance


def main() -> None:
    """Run all studies, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=200)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with ProcessPoolExecutor(options.processes) as pool:
        runs = {
            symmetric: list(pool.map(partial(study, seed=options.seed, symmetric=symmetric), range(options.studies)))
            for symmetric in (False, True)
        }
    rows = []
    for quantity in runs[False][0][0]:
        per_study = np.array([np.mean(found[quantity]) for found, _, _ in runs[False]])
        error = 100 * per_study.std(ddof=1) / np.sqrt(options.studies)
        rows.append((quantity, 100 * per_study.mean(), error))
    table = pd.DataFrame(rows, columns=["quantity", "coverage %", "simulation error"])
    fine = sum(converged for _, converged, _ in runs[False])
    about = (
        f"{options.studies} studies of {len(SIZES)} organizations of {', '.join(map(str, SIZES))} respondents; one "
        "variable in two parts at a knot, a control, and a category with a level that 4 % have, so that small "
        "organizations lack it; truth drawn from the default priors; 2 x (500 + 1,000) draws, seed "
        f"{options.seed}. {fine} of them had no convergence warning; all are counted. Written by "
        "`python -m benchmarks.coverage_effort`."
    )
    chances = {target: np.array([chance[target] for _, _, chance in runs[True]]) for target in ("average", "typical")}
    outside = {target: 100 * np.mean((values < EXTREME) | (values > 1 - EXTREME)) for target, values in chances.items()}
    null = (
        f"In {options.studies} studies without any asymmetry, the probability that the slope below is the larger one "
        f"was outside [{EXTREME}, {1 - EXTREME}] in {outside['average']:.1f} % (average of the eight) and "
        f"{outside['typical']:.1f} % (typical organization)."
    )
    parts = ["# Coverage of 90 % intervals with slopes on both sides of a knot", about, markdown(table), null]
    RESULTS.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    print("\n\n".join(parts))


if __name__ == "__main__":
    main()
