"""Answers without draws on a screen: within the page, marked up by nobody's name, and with no row lost."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
from rich.console import Console

from bayescx.cli.console import as_text
from bayescx.cli.listings import show_loadings, show_quality, show_ranks

NAME = "[bold]loyalty[/bold] to " + "a company " * 8


def lines(console: Console) -> list[str]:
    file = console.file
    assert isinstance(file, io.StringIO)
    found = [line.rstrip() for line in file.getvalue().splitlines()]
    assert max(map(len, found)) <= 100
    return found


def test_of_many_ranks_the_first_eight_are_shown() -> None:
    drivers = [f"x{i}" for i in range(1, 13)]
    table = pd.DataFrame(
        [
            {"organization": one, "driver": driver, "rank": rank, "probability": float(i == rank), "negative": 0.25}
            for one in ("north", NAME)
            for i, driver in enumerate(drivers, start=1)
            for rank in range(1, 13)
        ]
    )
    console = as_text()
    show_ranks(console, "ranks of drivers", table)
    found = lines(console)
    header = next(line for line in found if line.startswith("driver"))
    assert "rank 8" in header
    assert "rank 9" not in header
    assert sum(line.startswith(" x12 ") for line in found) == 2
    last = next(line.split() for line in found if line.startswith(" x12 "))
    assert last == ["x12", *["0.00"] * 8, "12.0", "0.25"]
    assert any("[bold]loyalty[/bold]" in line for line in found)


def test_a_single_factor_is_compared_with_nothing() -> None:
    row = {"factor": NAME, "items": 3, "omega": 0.8, "omega_lb": 0.7, "omega_ub": 0.9, "ave": 0.5, "ave_lb": 0.4}
    row |= {"ave_ub": 0.6, "p_fornell_larcker": np.nan, "htmt": np.nan, "p_htmt_85": np.nan, "p_htmt_90": np.nan}
    console = as_text()
    show_quality(console, pd.DataFrame([row]), "the typical organization", 0.9)
    found = lines(console)
    assert "90 % intervals. Target: the typical organization." in " ".join(found)
    assert any(line.endswith("3  0.80 [0.70, 0.90]  0.50 [0.40, 0.60]") for line in found)
    assert "nan" not in " ".join(found)


def test_items_of_two_factors_are_told_apart() -> None:
    rows = [
        {"item": "x1", "factor": factor, "tau": 0.1, "tau_lb": 0.0, "tau_ub": 0.2, "differs_somewhere": 0.9,
         "organization": name, "deviation": own, "deviation_lb": own, "deviation_ub": own, "differs": own}
        for factor, name, own in (("f", "north", 0.97), ("f", NAME, 0.96), ("g", "", np.nan))
    ]  # fmt: skip
    table = pd.DataFrame(rows)
    table.attrs = {"at_least": 0.1, "probability": 0.95, "ci_prob": 0.95}
    console = as_text()
    show_loadings(console, table)
    found = lines(console)
    assert [line.split("  ")[0] for line in found if line.startswith("x1")] == ["x1 (f)", "x1 (g)"]
    assert [line.split()[0] for line in found if line.endswith(("0.97", "0.96"))] == ["north", "[bold]loyalty[/bold]"]
