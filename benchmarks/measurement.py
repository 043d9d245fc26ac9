"""Items and loadings: the joined model of drivers and loyalty, 54 items and 15 constructs at ten organizations.

    python -m benchmarks.measurement [--without-sampling]

Time per gradient with likelihoods in m x m matrices against the same density through p x p matrices, in turns; then a
whole fit with pooled loadings at the default settings, and how well it converged.
"""

from __future__ import annotations

import argparse

import numpy as np

import bayescx as bcx
from bayescx.kernel import problem
from bayescx.kernel.posterior import log_density
from bayescx.model.arrays import Arrays
from bayescx.model.convergence import judge
from bayescx.model.prepare import prepare
from bayescx.model.start import find_start
from bayescx.model.structure import structure_arrays
from benchmarks.timing import in_turns, ratio, seconds

NAME = "drivers_to_loyalty"
POOLING = {"loadings": "partial"}
GRADIENTS = 50


def through_items(arrays: Arrays) -> tuple[np.ndarray, object]:
    """Records of the same posterior that takes the p x p route; and what has to stay alive with them."""
    structure = structure_arrays(arrays.layout)
    options = structure.options.copy()
    options[0] = problem.GENERAL
    return problem.pack(
        arrays.sample.data(), structure._replace(options=options), arrays.pooling_arrays, arrays.prior_arrays(),
        arrays.steering,
    )  # fmt: skip


def gradients() -> None:
    """Time both routes on one point, and say that they agree."""
    ready = prepare(bcx.load_model(NAME), bcx.load_evidence(f"{NAME}_ten_organizations"), pooling=POOLING)
    start = find_start(Arrays.of(ready.layout, ready.sample, ready.priors))
    x, short = start.draw(1), start.arrays.records
    long, _alive = through_items(start.arrays)
    off = abs(log_density(x, short)[0] - log_density(x, long)[0])

    def run(records: np.ndarray) -> None:
        for _ in range(GRADIENTS):
            log_density(x, records)

    taken = in_turns({"m x m": lambda: run(short), "p x p": lambda: run(long)}, rounds=20)
    fastest = {name: 1e6 * times.min() / GRADIENTS for name, times in taken.items()}
    n_org = len(ready.sample.n_obs)
    print(
        f"{len(ready.layout.variables)} items, {len(ready.layout.constructs)} constructs, {start.arrays.n_dim} numbers"
    )
    for name, time in fastest.items():
        print(f"{name}: {time:.0f} us per gradient, {time / n_org:.1f} us per organization (fastest)")
    print(f"p x p / m x m: {ratio(taken['p x p'], taken['m x m'])}; log densities differ by {off:.1e}")


def sampling() -> None:
    """One fit at the default settings."""
    model, evidence = bcx.load_model(NAME), bcx.load_evidence(f"{NAME}_ten_organizations")
    fits: list[bcx.Fit] = []
    wall = seconds(lambda: fits.append(bcx.fit(model, evidence, pooling=POOLING, random_seed=1, progressbar=False)))
    stats = fits[0].tree["sample_stats"].to_dataset()
    found = judge(fits[0].posterior, stats)
    print(f"fit, 4 x (1,000 + 1,000): {wall:.1f} s; {float(stats['n_steps'].mean()):.0f} gradients per draw")
    print(
        f"divergences {found.divergences}, R-hat at most {found.r_hat:.4f}, least ESS bulk {found.ess_bulk:.0f}, "
        f"tail {found.ess_tail:.0f}"
    )


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--without-sampling", action="store_true")
    options = parser.parse_args()
    gradients()
    if not options.without_sampling:
        sampling()


if __name__ == "__main__":
    main()
