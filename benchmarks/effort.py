"""The study of effort: seconds from Parquet to report, and what ten times as many customers add.

    python -m benchmarks.effort [--rounds 3]

75,000 customers of 30 companies, 46 paths. The larger table holds every customer ten times, so its covariances are the
same and only the number of rows differs; fits of both take turns.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

import bayescx as bcx
from bayescx.evidence import Matched
from benchmarks.timing import in_turns, ratio, seconds

TIMES = 10


def main() -> None:
    """Print seconds and ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    model, rows = bcx.load_model("effort"), bcx.load_rows("effort")
    with tempfile.TemporaryDirectory() as folder:
        paths = {"75,000": Path(folder) / "one.parquet", "750,000": Path(folder) / "ten.parquet"}
        rows.to_parquet(paths["75,000"])
        pd.concat([rows] * TIMES, ignore_index=True).to_parquet(paths["750,000"])
        told: dict[str, Matched] = {}

        def read(name: str) -> None:
            evidence = bcx.Evidence.from_rows(str(paths[name]), organization="company", missing="listwise")
            told[name] = evidence.matched(model.observed, model.coded)

        def report() -> None:
            read("75,000")
            fit = bcx.fit(model, told["75,000"], random_seed=1, progressbar=False)
            bcx.write_report(fit, Path(folder) / "report.html", progressbar=False)

        moments = in_turns({name: lambda name=name: read(name) for name in paths}, options.rounds)
        for name, taken in moments.items():
            print(f"read and moments, {name} rows: {np.median(taken):.2f} s")
        fits = in_turns(
            {
                name: lambda name=name: bcx.fit(model, told[name], random_seed=1, progressbar=False)
                for name in paths
            },
            options.rounds,
        )  # fmt: skip
        for name, taken in fits.items():
            print(f"fit, 4 x (1,000 + 1,000), {name} rows: {np.median(taken):.1f} s")
        print(f"fit of 750,000 / fit of 75,000: {ratio(fits['750,000'], fits['75,000'])}")
        print(f"from Parquet to report, 75,000 rows: {seconds(report):.1f} s")


if __name__ == "__main__":
    main()
