"""Does the cost of a draw grow with respondents? Ten organizations of 500 and of 500,000, in turns.

python -m benchmarks.respondents
"""

from __future__ import annotations

import numpy as np

from benchmarks import problems
from benchmarks.engine import draws
from benchmarks.timing import in_turns, ratio

SIZES = (500, 500_000)


def main() -> None:
    """Print wall per gradient and per draw for both sizes, and their ratios."""
    print("# Respondents: 10 x 500 against 10 x 500,000")
    starts = {n: problems.started(n) for n in SIZES}
    steps: dict[int, float] = {}

    def job(n: int) -> None:
        tree = draws(starts[n], chains=2, cores=2, n=500)
        steps[n] = float(tree["sample_stats"]["n_steps"].mean())

    taken = in_turns({str(n): lambda n=n: job(n) for n in SIZES}, rounds=7)
    small, large = (taken[str(n)] for n in SIZES)
    print(f"wall per draw, 500,000 / 500: {ratio(large, small)}")
    print(f"gradients per draw {steps[SIZES[1]]:.1f} and {steps[SIZES[0]]:.1f}")
    print(f"medians of 2 x (500 + 500): {np.median(large):.2f} and {np.median(small):.2f} s")


if __name__ == "__main__":
    main()
