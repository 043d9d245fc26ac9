"""Conflict: how often published figures are flagged, with and without a contradiction.

    python -m benchmarks.conflict [--studies 100] [--seed 1]

Four organizations share moments of 300 respondents; a fifth of the same population is known by three rounded figures
of 300 respondents, two of them evidence (each is predicted by a refit without it) and one a check. Figures computed
from the fifth's own sample should be flagged in at most 5 % of studies. Then one of the three, each in turn, is moved
by four SDs of its predictive distribution, and should be flagged in at least 80 %.
The table is written to benchmarks/results/conflict.md.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import wishart

import bayescx as bcx
from bayescx import algebra
from bayescx.estimands.conflict import FLAG_BELOW, conflict
from bayescx.evidence import Published
from bayescx.model.layout import Layout
from benchmarks.studies import Truth
from benchmarks.tables import markdown

Floats = NDArray[np.float64]
RESULTS = Path(__file__).parent / "results" / "conflict.md"

MODEL = bcx.parse_model("trust ~ satisfaction; loyalty ~ trust + satisfaction")
PATHS = {"trust~satisfaction": 0.6, "loyalty~trust": 0.4, "loyalty~satisfaction": 0.3}
TAU = 0.08
N_OBS, N_PLANNED, WITH_MOMENTS = 300, 10, 4
SHORT: dict[str, Any] = {"draws": 300, "tune": 300, "chains": 2, "progressbar": False}
PLANTED_SDS = 4.0
MOST_FALSE, LEAST_FOUND = 5.0, 80.0


def population(layout: Layout, rng: np.random.Generator) -> Truth:
    """Organizations of one fixed population."""
    block = np.array([component.block for component in layout.components])
    mu = np.where(block == "residuals", -0.4, 0.0)
    for c, component in enumerate(layout.components):
        mu[c] = PATHS.get(component.name, mu[c])
    return Truth.of_population(layout, mu, np.full(mu.size, TAU), WITH_MOMENTS, rng)


def published(truth: Truth, rng: np.random.Generator) -> list[Published]:
    """Figures of a sample of the last organization, the third of which is a check."""
    sigma = truth.system().covariance[-1]
    sample = wishart(N_OBS - 1, sigma / (N_OBS - 1)).rvs(random_state=rng)
    names = list(truth.layout.constructs)
    satisfaction, trust, loyalty = (names.index(name) for name in ("satisfaction", "trust", "loyalty"))
    causes: list[list[int]] = [[] for _ in names]
    causes[trust], causes[loyalty] = [satisfaction], [satisfaction, trust]
    found = algebra.regressions(sample, causes)
    sd = np.sqrt(np.diagonal(sample))
    about: dict[str, Any] = {"organizations": ("fifth",), "n_obs": N_OBS}
    r_squared = found.explained[loyalty] / sample[loyalty, loyalty]
    path = found.paths[loyalty, trust] * sd[trust] / sd[loyalty]
    correlation = sample[satisfaction, trust] / (sd[satisfaction] * sd[trust])
    return [
        Published(statistic="r_squared", outcome="loyalty", value=_printed(r_squared), **about),
        Published(statistic="path", outcome="loyalty", cause="trust", value=_printed(path), **about),
        Published(
            statistic="correlation",
            between=("satisfaction", "trust"),
            value=_printed(correlation),
            use="check",
            **about,
        ),
    ]


def _printed(value: float) -> float:
    return round(float(value), 2)


def compared(shared: bcx.Evidence, figures: Sequence[Published], seed: int, only: int | None = None) -> pd.DataFrame:
    """Fit, and compare all figures or one with what all other evidence predicts."""
    evidence = replace(shared, published=tuple(figures))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", bcx.ConvergenceWarning)  # chains are short; the table does not depend on it
        fit = bcx.fit(MODEL, evidence, random_seed=seed, cores=1, **SHORT)
        return conflict(fit, None if only is None else [figures[only]], **SHORT)


def planted(figures: Sequence[Published], sds: Sequence[float], first: int) -> tuple[list[Published], int]:
    """The same figures, one of them moved by four SDs, and which: the first from ``first`` on that has the room."""
    for which in (*range(first, len(figures)), *range(first)):
        lowest = 0.0 if figures[which].statistic == "r_squared" else -1.0
        value = figures[which].value or 0.0
        for moved in (value - PLANTED_SDS * sds[which], value + PLANTED_SDS * sds[which]):
            if lowest < moved < 1:
                there = replace(figures[which], value=_printed(moved))
                return [*figures[:which], there, *figures[which + 1 :]], which
    raise ValueError("no figure has the room for a contradiction")


def study(index: int, seed: int) -> pd.DataFrame:
    """Comparisons of one study: figure, whether it was planted, whether it was flagged, z."""
    rng = np.random.default_rng([seed, index])
    layout = Layout.of(MODEL)
    truth = population(layout, rng)
    shared = truth.evidence([N_OBS] * WITH_MOMENTS, N_PLANNED, rng)
    figures = published(truth, rng)
    clean = compared(shared, figures, index)
    moved, which = planted(figures, clean["sd"].tolist(), index % len(figures))
    contradicted = compared(shared, moved, index, which)
    return pd.concat([clean.assign(planted=False), contradicted.assign(planted=True)]).reset_index()


def run(studies: int, seed: int) -> pd.DataFrame:
    """Rates in percent with their simulation errors."""
    every = pd.concat([study(index, seed) for index in range(studies)], ignore_index=True)
    every["flagged"] = every["flag"] == "conflict"
    rows = []
    for is_planted, comparisons in every.groupby("planted"):
        parts = [*comparisons.groupby("figure", sort=False), ("all", comparisons)]
        for figure, part in parts:
            rate = part["flagged"].mean()
            rows.append(
                {
                    "contradiction": f"{PLANTED_SDS:g} SDs" if is_planted else "none",
                    "figure": figure,
                    "predicted by": "fit and refits" if figure == "all" else _predictor(part["use"].iloc[0]),
                    "comparisons": len(part),
                    "flagged %": 100 * rate,
                    "simulation error": 100 * np.sqrt(rate * (1 - rate) / len(part)),
                    "SD of z": part["z"].std(),
                    "should be": f"at least {LEAST_FOUND:g}" if is_planted else f"at most {MOST_FALSE:g}",
                }
            )
    return pd.DataFrame(rows)


def _predictor(use: str) -> str:
    return "the fit" if use == "check" else "a refit without it"


def main() -> None:
    """Run all studies, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    table = run(options.studies, options.seed)
    about = (
        f"{options.studies} studies: {WITH_MOMENTS} of {N_PLANNED} organizations with moments (n = {N_OBS}) and one "
        f"known by three figures (n = {N_OBS}), with a SD of {TAU} between organizations; 2 x (300 + 300) draws, seed "
        f"{options.seed}. Written by `python -m benchmarks.conflict`. In every study each figure is compared as it was "
        f"computed from the organization's own sample; then one of them, by turns, is moved by {PLANTED_SDS:g} SDs of "
        "its predictive distribution (the next one, where these would lead beyond the values that it can have). "
        f"Flagged: a two-sided tail probability below {FLAG_BELOW}."
    )
    RESULTS.write_text("\n\n".join(["# False alarms and found contradictions", about, markdown(table)]) + "\n", "utf-8")
    print(f"{table.to_string(index=False, float_format='%.1f')}\n{RESULTS}")


if __name__ == "__main__":
    main()
