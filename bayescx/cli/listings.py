"""Answers that are no draws as a screen shows them: ranks of drivers, quality of items, loadings that differ."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from bayescx._names import ORGANIZATION
from bayescx.cli.console import say, table_of

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

__all__ = ["show_loadings", "show_quality", "show_ranks"]

_MOST_RANKS = 8  # columns that fit a page


def show_ranks(console: Console, about: str, table: pd.DataFrame) -> None:
    """Probabilities of ranks, tidy, as one row per driver; of more than eight ranks the first eight."""
    ranks = sorted(table["rank"].unique())
    shown = ranks[:_MOST_RANKS]
    rows: list[list[str]] = []
    for name, part in table.groupby(ORGANIZATION, sort=False) if ORGANIZATION in table else [(None, table)]:
        if name is not None:
            rows.append([str(name), *[""] * (len(shown) + 2)])
        for driver, own in part.groupby("driver", sort=False):
            chances = dict(zip(own["rank"], own["probability"], strict=True))
            mean = sum(rank * chance for rank, chance in chances.items())
            figures = [*(f"{chances[rank]:.2f}" for rank in shown), f"{mean:.1f}", f"{own['negative'].iloc[0]:.2f}"]
            rows.append([f" {driver}" if name is not None else str(driver), *figures])
    say(console, f"{about[0].upper()}{about[1:]}. Last: mean rank, and probability that the effect is negative.")
    console.print()
    console.print(table_of(["driver", *(f"rank {rank}" for rank in shown), "mean", "P(<0)"], rows, 1))


def show_quality(console: Console, table: pd.DataFrame, whom: str, ci_prob: float) -> None:
    """What reviewers ask of items: one row per factor."""
    rows: list[list[str]] = []
    for name, part in table.groupby(ORGANIZATION, sort=False) if ORGANIZATION in table else [(None, table)]:
        if name is not None:
            rows.append([str(name), *[""] * 7])
        indent = "" if name is None else " "
        rows += [[indent + row["factor"], *_quality(row)] for row in part.to_dict("records")]
    say(
        console,
        "How well items measure: reliability of their sum (omega), average variance extracted (AVE), the probability",
        "that AVE exceeds the largest squared correlation with another factor, the largest heterotrait-monotrait ratio",
        f"(HTMT) and the probabilities that it is below .85 and .90. Means and {100 * ci_prob:g} % intervals. Target:",
        f"{whom}.",
    )
    console.print()
    console.print(table_of(["factor", "items", "omega", "AVE", "AVE > r2", "HTMT", "< .85", "< .90"], rows, 1))


def _quality(row: dict[Any, Any]) -> list[str]:
    """The figures of one factor."""
    intervals = (_interval(row[key], row[f"{key}_lb"], row[f"{key}_ub"]) for key in ("omega", "ave"))
    others = (row["p_fornell_larcker"], row["htmt"], row["p_htmt_85"], row["p_htmt_90"])
    return [str(row["items"]), *intervals, *map(_or_blank, others)]


def show_loadings(console: Console, table: pd.DataFrame) -> None:
    """Items by how likely they differ somewhere, each above the organizations where it does."""
    factors = table.groupby("item")["factor"].nunique().to_dict()
    rows: list[list[str]] = []
    for (item, factor), part in table.groupby(["item", "factor"], sort=False):
        first, *_ = own = part.to_dict("records")
        name = str(item) if factors[item] == 1 else f"{item} ({factor})"
        tau = _interval(first["tau"], first["tau_lb"], first["tau_ub"])
        rows.append([name, tau, _or_blank(first["differs_somewhere"]), "", ""])
        for row in own:
            if row[ORGANIZATION]:
                deviation = _interval(row["deviation"], row["deviation_lb"], row["deviation_ub"])
                rows.append([f" {row[ORGANIZATION]}", "", "", deviation, _or_blank(row["differs"])])
    about = table.attrs
    say(
        console,
        "How much loadings differ between organizations, as shares of the factor's average loading: their SD (tau),",
        f"the probability that one differs by more than {about['at_least']:g} somewhere, and below it where it does so",
        f"with a probability above {about['probability']:g}. Means and {100 * about['ci_prob']:g} % intervals.",
    )
    console.print()
    console.print(table_of(["item", "tau", "somewhere", "differs by", "P"], rows, 1))


def _interval(mean: float, lower: float, upper: float) -> str:
    return "" if math.isnan(mean) else f"{mean:.2f} [{lower:.2f}, {upper:.2f}]"


def _or_blank(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.2f}"
