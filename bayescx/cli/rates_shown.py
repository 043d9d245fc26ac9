"""Shares as a screen shows them, and as files take them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd
from rich.text import Text

from bayescx._names import ORGANIZATION
from bayescx.cli.console import say, screen, table_of
from bayescx.evidence.findings import printable
from bayescx.report.rates_answers import EVERY, Quantity, populations_of, quantities_of, rates_table
from bayescx.report.rates_prose import known
from bayescx.report.rates_tables import Told, gather_rates, published_table, whom
from bayescx.report.tables import Cell, cell

if TYPE_CHECKING:
    from rich.console import Console

    from bayescx.rates import RatesFit
    from bayescx.rates.estimands import RateTarget

__all__ = ["show_rates", "tidy_rates"]

_MARK = "†"


def tidy_rates(
    fits: Mapping[str, RatesFit],
    ratios: Sequence[tuple[str, str]],
    target: RateTarget | None,
    ci_prob: float,
    form: str,
) -> str:
    """Every number of every question as CSV or JSON, one row each."""
    targets = EVERY if target is None else (target,)
    parts = []
    for name, fit in fits.items():
        if target == ORGANIZATION and not fit.named:
            continue
        table = rates_table(fit, quantities_of(fit, _own(fit, ratios)), targets, ci_prob)
        table.insert(0, "question", name)
        parts.append(table)
    whole = pd.concat(parts, ignore_index=True)
    if form == "csv":
        return whole.to_csv(index=False)
    return whole.to_json(orient="records", indent=2, double_precision=15, force_ascii=False) + "\n"


def show_rates(
    fits: Mapping[str, RatesFit], ratios: Sequence[tuple[str, str]], target: RateTarget | None, ci_prob: float
) -> None:
    """Print what is known of every question: printed figures, shares and ratios."""
    console = screen()
    is_marked = False
    for number, (asks, fit) in enumerate(fits.items()):
        told = gather_rates(asks, fit, str(number), ci_prob, _own(fit, ratios))
        simulated = " Simulated data." if fit.counts.simulated else ""
        if number:
            console.print()
        console.print(Text(printable(asks), style="bold"))
        say(console, *known(told), f"Below: means and {100 * ci_prob:g} % intervals.{simulated}")
        _show_published(console, told)
        if target == ORGANIZATION:
            is_marked |= _show_organizations(console, told)
        else:
            is_marked |= _show_populations(console, told, populations_of(fit) if target is None else (target,))
    if is_marked:
        console.print()
        say(console, f"{_MARK} Rests mostly on the prior: what is known leaves it open.")


def _own(fit: RatesFit, ratios: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The ratios that are of this question's categories."""
    return [pair for pair in ratios if set(pair) <= set(fit.categories)]


def _show_published(console: Console, told: Told) -> None:
    table = published_table(told)
    if table is None:
        return
    rows = [[row.label, *map(_text, row.cells)] for group in table.groups for row in group.rows]
    console.print()
    console.print(table_of([table.label, *table.headers], rows, 1))


def _show_populations(console: Console, told: Told, targets: Sequence[RateTarget]) -> bool:
    """Shares and ratios, one column per population; return whether any is marked."""
    is_marked = False
    for title, quantities in _sections(told):
        rows: list[list[str]] = []
        for i, one in enumerate(quantities):
            if len(told.fit.groups) > 1 and (i == 0 or _heading(one) != _heading(quantities[i - 1])):
                rows.append([_heading(one), *[""] * len(targets)])
            cells = [cell(told.of(one, target)) for target in targets]
            is_marked |= any(found.mark for found in cells)
            rows.append([f" {one.words}" if len(told.fit.groups) > 1 else one.words, *map(_text, cells)])
        console.print()
        console.print(table_of([title, *(whom(told.fit, target) for target in targets)], rows, 1))
    return is_marked


def _show_organizations(console: Console, told: Told) -> bool:
    """Shares and ratios of every organization, one below the other; return whether any is marked."""
    if not told.fit.named:
        console.print()
        say(console, "No organization is known by name.")
    is_marked = False
    for title, quantities in _sections(told) if told.fit.named else []:
        rows: list[list[str]] = []
        for one in quantities:
            group = f", {_heading(one)}" if len(told.fit.groups) > 1 and not one.relative_to_group else ""
            rows.append([f"{one.words}{group}", ""])
            cells = {name: cell(told.of(one, ORGANIZATION, name)) for name in told.fit.named}
            is_marked |= any(found.mark for found in cells.values())
            rows += [[f" {printable(name)}", _text(found)] for name, found in cells.items()]
        console.print()
        console.print(table_of([title, "each organization"], rows, 1))
    return is_marked


def _sections(told: Told) -> list[tuple[str, list[Quantity]]]:
    parts = {"share": [one for one in told.quantities if not one.is_ratio]}
    parts["ratio of shares"] = [one for one in told.quantities if one.is_ratio]
    return [(title, quantities) for title, quantities in parts.items() if quantities]


def _heading(one: Quantity) -> str:
    return "between groups" if one.relative_to_group else printable(one.group)


def _text(found: Cell) -> str:
    beside = found.interval if found.interval.startswith("[") or not found.interval else f"({found.interval})"
    return f"{found.text}{_MARK if found.mark else ''} {beside}".rstrip()
