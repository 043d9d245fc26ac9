"""Coverage of shares: do 90 % intervals of organizations, the average, a new organization and a printed set cover.

    python -m benchmarks.rates [--studies 1000] [--processes 2] [--seed 1]

Truth is drawn from the priors in use: three categories; of nine organizations planned, five with 8 to 300 respondents.
Only studies in which an organization of fewer than 50 respondents has nobody in some category are taken: a posterior
covers given any feature of the data. In as many studies again the mean share of one category over two organizations
that shared nothing is printed besides, in whole percent, of 300 respondents; and in as many, that print is near 0 or 1.
The table is written to benchmarks/results/rates.md.
"""

from __future__ import annotations

import argparse
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from bayescx.rates import Counts, PublishedRate, category_rates, fit_rates, predicted_rates, rate_ratio

Floats = NDArray[np.float64]
RESULTS = Path(__file__).parent / "results" / "rates.md"

SIZES = np.array([8, 20, 40, 90, 300])
CATEGORIES = ("disloyal", "neutral", "loyal")
PLANNED, MEMBERS, PRINTED_OF = 9, 2, 300
SMALL = 50
DRAWS = 1000
CI_PROB = 0.9
NEAR = 0.05  # 0 or 1
QUANTITIES = {
    "organization": "share, organizations with counts",
    "zero": "share that no respondent of an organization gave",
    "typical": "share, typical organization",
    "average": "share, average of the planned",
    "new": "share, new organization",
    "ratio": "ratio of two average shares",
    "tau": "SD between organizations (tau)",
    "printed": "mean share of the printed set",
}


def shares_of(logits: Floats) -> Floats:
    """Shares of three categories, (..., 3), from the logits of the first against the others and of these, (..., 2)."""
    p, q = expit(logits[..., 0]), expit(logits[..., 1])
    return np.stack([p, (1 - p) * q, (1 - p) * (1 - q)], axis=-1)


def holds(draws: Floats, truth: Floats | float) -> NDArray[np.bool_]:
    """Whether intervals from draws, (draw, ...), hold the truth, (...)."""
    low, high = np.quantile(draws, [(1 - CI_PROB) / 2, (1 + CI_PROB) / 2], axis=0)
    return np.atleast_1d((low <= truth) & (truth <= high))


def study(number: int, seed: int, *, nearest: float | None) -> dict[str, NDArray[np.bool_]]:
    """Whether each interval of one study holds its truth; a share so near 0 or 1 at least is printed, if any."""
    rng = np.random.default_rng([seed, number])
    answers = np.ones((len(SIZES), len(CATEGORIES)), dtype=np.int64)
    value = 0.5
    while (answers[SIZES < SMALL] > 0).all() or (nearest is not None and min(value, 1 - value) > nearest):
        mu, tau = rng.normal(0, 1.5, 2), np.abs(rng.normal(0, 0.5, 2))
        truth = shares_of(mu + tau * rng.standard_normal((PLANNED + 1, 2)))
        answers = np.stack([rng.multinomial(n, p) for n, p in zip(SIZES, truth[: len(SIZES)], strict=True)])
        members = truth[len(SIZES) : len(SIZES) + MEMBERS, 0]
        asked = int(rng.binomial(PRINTED_OF // MEMBERS, members).sum())
        value = float(np.floor(100 * asked / PRINTED_OF + 0.5) / 100)
    names = tuple(f"o{j}" for j in range(len(SIZES)))
    counts = Counts(names, ("",), CATEGORIES, answers[:, None, :], PLANNED)
    figure = PublishedRate(value=value, categories=("disloyal",), organizations=MEMBERS, n_obs=PRINTED_OF)
    figures = [] if nearest is None else [figure]
    fit = fit_rates(counts, figures, draws=DRAWS, chains=1, random_seed=number)
    average = truth[:PLANNED].mean(axis=0)
    own = holds(category_rates(fit).values[0, :, : len(SIZES)], truth[: len(SIZES)])
    found = {
        "organization": own,
        "zero": own[answers == 0],
        "typical": holds(category_rates(fit, "typical").values[0], shares_of(mu)),
        "average": holds(category_rates(fit, "average").values[0], average),
        "new": holds(category_rates(fit, "new").values[0], truth[PLANNED]),
        "ratio": holds(rate_ratio(fit, "disloyal", "loyal").values[0], average[0] / average[2]),
        "tau": holds(fit.posterior["tau"].values[0, :, 0], tau),
    }
    if figures:
        found["printed"] = holds(predicted_rates(fit).values[0, :, 0], members.mean())
    return found


def rows_of(studies: list[dict[str, NDArray[np.bool_]]]) -> dict[str, str]:
    """Coverage of each quantity in percent, with the simulation error over studies."""
    out = {}
    for name in QUANTITIES:
        own = [(one[name].sum(), one[name].size) for one in studies if name in one and one[name].size]
        if own:
            hit, asked = np.array(own, dtype=np.float64).T
            share = hit.sum() / asked.sum()
            error = np.sqrt(((hit - share * asked) ** 2).sum()) / asked.sum()
            out[name] = f"{100 * share:.1f} ± {100 * error:.1f}"
    return out


def main() -> None:
    """Run all studies and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=1000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    columns, seconds = [], []
    with ProcessPoolExecutor(given.processes) as pool:
        for column, nearest in enumerate((None, 0.5, NEAR)):
            start = time.perf_counter()
            one = partial(study, seed=given.seed + column, nearest=nearest)
            found = list(pool.map(one, range(given.studies), chunksize=10))
            seconds.append((time.perf_counter() - start) * given.processes / given.studies)
            columns.append(rows_of(found))
    took = ", ".join(f"{one:.2f}" for one in seconds)
    said = (
        f"{given.studies:,} studies from counts alone, as many with a printed share besides, and as many where that is "
        f"at most {NEAR:g} or at least {1 - NEAR:g}. Truth drawn from the priors; {len(SIZES)} organizations of "
        f"{SIZES.min()} to {SIZES.max()} respondents, {PLANNED} planned, three categories, of which in every study an "
        f"organization of fewer than {SMALL} respondents has one that nobody gave; {DRAWS:,} independent draws, seed "
        f"{given.seed}; {took} s a study and process. Coverage in percent with the simulation error. Written by "
        "`python -m benchmarks.rates`."
    )
    lines = [
        f"# Coverage of {100 * CI_PROB:.0f} % intervals of shares",
        "",
        said,
        "",
        "| quantity | counts | counts and a printed share | … near 0 or 1 |",
        "|---|---|---|---|",
        *(f"| {words} | {' | '.join(one.get(name, '') for one in columns)} |" for name, words in QUANTITIES.items()),
    ]
    RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
