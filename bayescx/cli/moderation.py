"""How paths differ with attributes of organizations, as a screen shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bayescx.cli.console import say, table_of

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

__all__ = ["show_moderation"]

_MARK = "†"


def show_moderation(console: Console, differences: pd.DataFrame, explained: pd.DataFrame, *, raw: bool) -> None:
    """Show two tables: differences by path and attribute, and the shares that attributes explain beside their prior."""
    lower, upper = (name for name in differences.columns if name.startswith("eti"))
    interval = lower.removesuffix("_lb")
    largest = float(differences[["mean", lower, upper]].abs().max().max())
    digits = ".3f" if 0.05 <= largest < 1000 else ".4g"
    rows: list[list[str]] = []
    for path, part in differences.groupby("path", sort=False):
        rows.append([str(path), "", "", "", "", ""])
        for row in part.to_dict("records"):
            told = [f"{row['mean']:{digits}}", f"[{row[lower]:{digits}}, {row[upper]:{digits}}]"]
            mark = _MARK if row["rests_on_prior"] else ""
            rows.append([f" {_name(row)}", mark, _per(row, raw=raw), *told, _chance(row["higher"])])
    per = "per step" if raw else "per SD"
    unit = f"in {"the data's units" if raw else 'SDs of the typical organization'}, {per} of a number"
    say(
        console,
        f"By how much paths differ between organizations with their attributes, {unit} or from the reference level",
        "of a category, other attributes being equal; P(higher): probability that the path is higher. A comparison of",
        "organizations, which need not be a cause.",
    )
    console.print()
    console.print(table_of(["attribute", "", "per", "difference", interval, "P(higher)"], rows, 1))
    if differences["rests_on_prior"].any():
        console.print()
        say(console, f"{_MARK} Rests mostly on the prior: the evidence leaves it open.")
    console.print()
    say(
        console,
        "Share of the variance of a path between organizations that their attributes explain, and what the priors",
        "alone would give. It is never below 0: compare the two.",
    )
    console.print()
    told_shares = [
        [
            str(row["path"]),
            f"{row['mean']:.2f}",
            f"[{row[lower]:.2f}, {row[upper]:.2f}]",
            f"{row['prior_mean']:.2f}",
            f"[{row['prior_lower']:.2f}, {row['prior_upper']:.2f}]",
        ]
        for row in explained.to_dict("records")
    ]
    console.print(table_of(["path", "explained", interval, "prior", interval], told_shares, 1))


def _name(row: dict[Any, Any]) -> str:
    return f"{row['attribute']}: {row['level']} (not {row['reference']})" if row["level"] else str(row["attribute"])


def _per(row: dict[Any, Any], *, raw: bool) -> str:
    if row["level"]:
        return ""
    return f"{row['per']:,g}" if raw else f"SD ({row['per']:.4g})"


def _chance(probability: float) -> str:
    """A probability counted in draws, never rounded to certainty."""
    if probability >= 0.995:
        return "> 0.99"
    return "< 0.01" if probability < 0.005 else f"{probability:.2f}"
