"""Choices: coverage of 90 % intervals in simulated studies, and seconds for large ones.

    python -m benchmarks.choices coverage [--studies 200] [--processes 2] [--seed 1]
    python -m benchmarks.choices speed ROWS.parquet

Coverage: eight of ten organizations planned reported, 15 to 400 respondents each, three categories (and two), hinges of
one variable, a number, a category with a common slope. Truth is drawn from the priors in use, so that coverage must be
nominal on average; only studies with an organization that nobody is disloyal to are taken (a posterior covers given
any feature of the data). Speed: 75,000 respondents of 30 companies, with categorical covariates only and with
covariates that give nearly everyone a pattern of their own.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr

from bayescx.choices import (
    ChoiceCounts,
    ChoicePriors,
    choice_asymmetry,
    choice_effects,
    choice_probabilities,
    choice_ratio,
    choice_slopes,
    choice_thresholds,
    fit_choices,
)
from bayescx.errors import ConvergenceWarning, EvidenceError
from benchmarks.tables import markdown

Floats = NDArray[np.float64]

RESULTS = Path(__file__).parent / "results" / "choices.md"
SIZES = np.array([15, 25, 40, 60, 90, 150, 250, 400])
N_PLANNED = 10
MODEL = (
    "after ~ below(expectations, 4) + above(expectations, 4) + effort + category(issue, question, billing, delivery)"
)
CATEGORIES = {3: ("disloyal", "neutral", "loyal"), 2: ("disloyal", "loyal")}
ISSUES = ("question", "billing", "delivery")
SHARES = (0.5, 0.3, 0.2)


def _covariates(rng: np.random.Generator) -> pd.DataFrame:
    """Covariates of all respondents, organizations of different mixes."""
    parts = []
    for j, n in enumerate(SIZES):
        latent = rng.standard_normal((2, n)) + 0.4 * rng.standard_normal((2, 1))
        parts.append(
            pd.DataFrame(
                {
                    "organization": f"org_{j + 1}",
                    "expectations": np.clip(np.round(4 + 1.5 * latent[0]), 1, 7),
                    "effort": np.clip(np.round(3 + 0.5 * latent[0] + latent[1]), 1, 5),
                    "issue": rng.choice(ISSUES, n, p=SHARES),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


class Truth:
    """Parameters of all organizations planned, drawn from the priors on the common scale of some covariates."""

    def __init__(self, counts: ChoiceCounts, priors: ChoicePriors, rng: np.random.Generator) -> None:
        n_cut, n_term = len(counts.categories) - 1, len(counts.terms)
        centres = [priors.threshold] + [priors.increment] * (n_cut - 1) + priors.slopes(counts.terms)
        sds = [priors.threshold_sd] + [priors.increment_sd] * (n_cut - 1) + [priors.slope_sd] * n_term
        pooled = np.array([True] * n_cut + list(counts.equation.pooled))
        self.counts = counts
        self.mu = np.array([float(one.sample(rng)) for one in centres])
        self.tau = np.where(pooled, [float(one.sample(rng)) for one in sds], 0.0)
        self.u = self.mu + self.tau * rng.standard_normal((N_PLANNED, len(self.mu)))

    def thresholds(self, u: Floats) -> Floats:
        """Of respondents whose terms are 0, (..., C - 1)."""
        n_cut = len(self.counts.categories) - 1
        steps = np.concatenate([u[..., :1], np.exp(u[..., 1:n_cut])], axis=-1)
        beta = u[..., n_cut:]
        return np.asarray(np.cumsum(steps, axis=-1) + (beta @ (self.counts.centre / self.counts.spread))[..., None])

    def slopes(self, u: Floats) -> Floats:
        """In units of the data, (..., K)."""
        return np.asarray(u[..., len(self.counts.categories) - 1 :] / self.counts.spread)

    def probabilities(self, j: int, x: Floats) -> Floats:
        """Of each category in organization j, (len(x), C)."""
        below = ndtr(self.thresholds(self.u[j]) - (x @ self.slopes(self.u[j]))[:, None])
        return np.diff(np.pad(below, ((0, 0), (1, 1)), constant_values=((0, 0), (0, 1))), axis=1)


def draw_study(seed: int, n_category: int) -> tuple[ChoiceCounts, Truth]:
    """Counts with an organization that nobody is disloyal to, and the truth behind them."""
    rng = np.random.default_rng([seed, n_category])
    names, rows = CATEGORIES[n_category], _covariates(rng)
    rows["after"] = rng.choice(names, len(rows))
    blank = ChoiceCounts.from_rows(rows, MODEL, organization="organization", categories=names, n_planned=N_PLANNED)
    for _ in range(1000):
        truth = Truth(blank, ChoicePriors(), rng)
        answers = np.zeros_like(blank.answers)
        for p, (j, x, n) in enumerate(zip(blank.organization, blank.x, blank.answers.sum(axis=1), strict=True)):
            answers[p] = rng.multinomial(n, truth.probabilities(j, x[None])[0])
        totals = np.add.reduceat(answers, blank.start[:-1], axis=0)
        if (totals[:, 0] == 0).any() and (totals.sum(axis=0) > 0).all():
            try:
                return replace(blank, answers=answers), truth
            except EvidenceError:  # separated: a feature of the data too
                continue
    raise ArithmeticError("no such study in a thousand")


def study(seed: int, n_category: int = 3, draws: int = 1000) -> dict[str, Floats]:
    """Whether each 90 % interval of one study holds its truth, by kind of quantity."""
    counts, truth = draw_study(seed, n_category)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fit = fit_choices(counts, draws=draws, tune=500, chains=2, cores=1, random_seed=seed, progressbar=False)
    n_org = len(SIZES)
    weight = counts.answers.sum(axis=1) / counts.n_obs[counts.organization]

    def averaged(x: Floats) -> Floats:
        """Mean probabilities over each organization's respondents, (J, C)."""
        by_pattern = [truth.probabilities(j, x[counts.organization == j]) for j in range(n_org)]
        return np.stack([weight[counts.organization == j] @ by_pattern[j] for j in range(n_org)])

    own = np.maximum(averaged(counts.x), np.finfo(np.float64).tiny)
    more = averaged(counts.x + np.eye(len(counts.terms))[counts.terms.index("effort")])
    slope, centre = truth.slopes(truth.u), truth.slopes(truth.mu)
    difference = slope[:, 0] - slope[:, 1]
    pairs = {
        "slope below (organizations)": (choice_slopes(fit)[..., 0], slope[:n_org, 0]),
        "slope above (organizations)": (choice_slopes(fit)[..., 1], slope[:n_org, 1]),
        "below - above (organizations)": (
            choice_asymmetry(fit, "expectations", "organization")["difference"],
            difference[:n_org],
        ),
        "thresholds (organizations)": (choice_thresholds(fit), truth.thresholds(truth.u[:n_org])),
        "probabilities (organizations)": (choice_probabilities(fit), own),
        "effects of effort (organizations)": (choice_effects(fit, "effort", "organization"), more - own),
        "ratio (organizations)": (
            choice_ratio(fit, "disloyal", "loyal", "organization"),
            own[:, 0] / own[:, -1],
        ),
        "slope below (typical)": (choice_slopes(fit, "typical")[..., 0], centre[0]),
        "below - above (typical)": (
            choice_asymmetry(fit, "expectations", "typical")["difference"],
            centre[0] - centre[1],
        ),
        "thresholds (typical)": (choice_thresholds(fit, "typical"), truth.thresholds(truth.mu)),
        "slopes (average of the N)": (choice_slopes(fit, "average"), slope.mean(axis=0)),
        "below - above (average of the N)": (choice_asymmetry(fit, "expectations")["difference"], difference.mean()),
        "thresholds (average of the N)": (choice_thresholds(fit, "average"), truth.thresholds(truth.u).mean(axis=0)),
        "common slopes": (choice_slopes(fit, "typical")[..., 3:], centre[3:]),
        "slope below (new)": (choice_slopes(fit, "new")[..., 0], slope[-1, 0]),
    }
    found = {name: _covered(draws_of.values, true) for name, (draws_of, true) in pairs.items()}
    small = counts.n_obs < 50
    found["slope below (n < 50)"] = found["slope below (organizations)"][small]
    found["probabilities (n < 50)"] = found["probabilities (organizations)"][small]
    nobody = np.add.reduceat(counts.answers, counts.start[:-1], axis=0)[:, 0] == 0
    found["probabilities (nobody disloyal)"] = found["probabilities (organizations)"][nobody]
    found["converged"] = np.array(not fit.provenance["convergence_problems"])
    return found


def _covered(draws: Floats, truth: Floats | float) -> Floats:
    low, high = np.quantile(draws, [0.05, 0.95], axis=(0, 1), method="nearest")  # ratios may be infinite
    return np.asarray((low <= truth) & (truth <= high))


def coverage(studies: int, *, seed: int, n_category: int, processes: int) -> pd.DataFrame:
    """Coverage in percent with its simulation error, one row per kind of quantity."""
    job = partial(study, n_category=n_category)
    seeds = range(1000 * seed, 1000 * seed + studies)
    if processes > 1:
        with ProcessPoolExecutor(processes) as pool:
            results = list(pool.map(job, seeds))
    else:
        results = [job(one) for one in seeds]
    rows = []
    for name in results[0]:
        per_study = np.array([np.mean(result[name]) for result in results if result[name].size])
        rows.append(
            (name, 100 * per_study.mean(), 100 * per_study.std(ddof=1) / np.sqrt(len(per_study)), len(per_study))
        )
    return pd.DataFrame(rows, columns=["quantity", "coverage %", "simulation error", "studies"])


CATEGORICAL = (
    "after ~ below(expectations, 4) + above(expectations, 4) + effort "
    "+ category(issue, question, order, billing, delivery, technical) + fixed(resolved)"
)
CONTINUOUS = (
    "after ~ below(expectations, 4) + above(expectations, 4) + below(effort, 3) + above(effort, 3) + product_quality "
    "+ value + category(issue, question, order, billing, delivery, technical) + fixed(resolved) + fixed(contacts) "
    "+ fixed(tenure)"
)


def speed(rows: str) -> pd.DataFrame:
    """Seconds to read and to fit, 4 x (1000 + 1000) draws."""
    found = []
    for name, model in (("categorical covariates", CATEGORICAL), ("continuous covariates", CONTINUOUS)):
        began = time.perf_counter()
        counts = ChoiceCounts.from_rows(rows, model, organization="company", categories=CATEGORIES[3])
        read = time.perf_counter() - began
        began = time.perf_counter()
        fit = fit_choices(counts, random_seed=1, progressbar=False)
        sampled = time.perf_counter() - began
        began = time.perf_counter()
        choice_probabilities(fit)
        averaged = time.perf_counter() - began
        figures = fit.provenance["convergence"]
        found.append(
            (
                name,
                int(counts.n_obs.sum()),
                len(counts.x),
                read,
                sampled,
                averaged,
                figures["r_hat"],
                figures["ess_bulk"],
            )
        )
    columns = [
        "study",
        "respondents",
        "patterns",
        "read s",
        "fit s",
        "probabilities s",
        "worst R-hat",
        "least bulk ESS",
    ]
    return pd.DataFrame(found, columns=columns)


def main() -> None:
    """Run one of the two, and print its tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["coverage", "speed"])
    parser.add_argument("rows", nargs="?", help="table of respondents, for speed")
    parser.add_argument("--studies", type=int, default=200)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if options.what == "speed":
        print(speed(options.rows).to_string(index=False))
        return
    parts = ["# Coverage of 90 % intervals of ordered probits", _about(options.studies, options.seed)]
    for n_category in CATEGORIES:
        table = coverage(options.studies, seed=options.seed, n_category=n_category, processes=options.processes)
        parts.append(f"{n_category} categories\n\n{markdown(table)}")
    RESULTS.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    print("\n\n".join(parts))


def _about(studies: int, seed: int) -> str:
    return (
        f"{studies} studies each of eight organizations (of ten planned) with 15 to 400 respondents, in which one "
        "organization has nobody in the lowest category; hinges of one variable, a number, a category with a common "
        f"slope; truth drawn from the default priors; 2 x (500 + 1,000) draws, seed {seed}. Written by "
        "`python -m benchmarks.choices coverage`."
    )


if __name__ == "__main__":
    main()
