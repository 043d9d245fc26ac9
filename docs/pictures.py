"""Draw the pictures of the README from the shipped, simulated evidence: ``make pictures``."""

from __future__ import annotations

from pathlib import Path

import bayescx as bcx

HERE = Path(__file__).parent


def main() -> None:
    """Fit the ten simulated organizations and save two pictures beside this file."""
    evidence = bcx.load_evidence("ten_organizations")
    fit = bcx.fit(bcx.load_model("value_creation"), evidence, random_seed=1, progressbar=False)
    bcx.plot_path_diagram(fit).save(HERE / "path_diagram.svg")
    bcx.plot_forest(fit, "connection_cs~trust_cs").save(HERE / "forest.svg")


if __name__ == "__main__":
    main()
