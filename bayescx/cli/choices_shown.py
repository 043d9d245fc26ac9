"""Choices as a screen shows them, and as files take them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from bayescx._names import ORGANIZATION
from bayescx.choices.fitted import cut_names
from bayescx.cli.console import say, screen, table_of
from bayescx.evidence.findings import printable
from bayescx.report.choices_answers import EVERY, choices_table, hinged, populations_of
from bayescx.report.choices_prose import known
from bayescx.report.choices_tables import Told, gather_choices, larger_below, whom, words_of
from bayescx.report.prose import capital
from bayescx.report.tables import Cell, cell, share_cell
from bayescx.wording import chance

if TYPE_CHECKING:
    from rich.console import Console

    from bayescx.choices import ChoiceFit
    from bayescx.choices.population import ChoiceTarget

__all__ = ["show_choices", "tidy_choices"]

_MARK = "†"
Named = list[tuple[str, str]]


def tidy_choices(fit: ChoiceFit, target: ChoiceTarget | None, ci_prob: float, form: str) -> str:
    """Every number as CSV or JSON, one row each."""
    table = choices_table(fit, EVERY if target is None else (target,), ci_prob)
    if form == "csv":
        return table.to_csv(index=False)
    return table.to_json(orient="records", indent=2, double_precision=15, force_ascii=False) + "\n"


def show_choices(fit: ChoiceFit, target: ChoiceTarget | None, ci_prob: float) -> None:
    """Print what was counted, and shares, slopes and thresholds: one column per population, or organization by row."""
    targets = populations_of(fit) if target is None else (target,)
    told, console = gather_choices(fit, ci_prob, targets), screen()
    console.print(Text(words_of(fit, fit.counts.equation.outcome), style="bold"))
    simulated = " Simulated data." if fit.simulated else ""
    say(console, *known(told), f"Below: means (of ratios, medians) and {100 * ci_prob:g} % intervals.{simulated}")
    for note in fit.counts.notes:
        say(console, f"{capital(note)}.")
    is_marked = False
    for title, quantity, names in _sections(told):
        console.print()
        is_marked |= _show(console, told, title, quantity, names, targets)
    console.print()
    for name in hinged(fit) if target != ORGANIZATION else []:
        about = "average" if "average" in targets else targets[0]
        where = "on average" if about == "average" else f"in the {whom(fit, about)}"
        found = chance(larger_below(told, name, about))
        say(console, f"{capital(words_of(fit, name))}: {where} the slope below the knot is the larger in size with "
                     f"probability {found}.")  # fmt: skip
    if is_marked:
        say(console, f"{_MARK} Rests mostly on the prior: the answers leave it open.")


def _sections(told: Told) -> Iterator[tuple[str, str, Named]]:
    """Title, quantity, and its names with their words."""
    fit = told.fit
    first, last = (printable(one) for one in (fit.categories[0], fit.categories[-1]))
    yield "ratio of shares", "ratio", [(told.ratio, f"{first} to {last}")]
    yield "share", "share", [(name, printable(name)) for name in fit.categories]
    yield "slope, latent SDs per unit", "slope", [(name, words_of(fit, name)) for name in fit.terms]
    if sides := hinged(fit):
        yield "slope below less above", "slope_difference", [(name, words_of(fit, name)) for name in sides]
    yield "threshold, latent SDs", "threshold", [(name, printable(name)) for name in cut_names(fit.categories)]


def _show(
    console: Console, told: Told, title: str, quantity: str, names: Named, targets: Sequence[ChoiceTarget]
) -> bool:
    """One table; return whether any number in it is marked."""
    shown = share_cell if quantity == "share" else cell
    if tuple(targets) == (ORGANIZATION,):
        return _show_organizations(console, told, title, quantity, names)
    cells = {name: [shown(told.of(quantity, name, target)) for target in targets] for name, _ in names}
    rows = [[words, *map(_text, cells[name])] for name, words in names]
    console.print(table_of([title, *(whom(told.fit, target) for target in targets)], rows, 1))
    return any(found.mark for own in cells.values() for found in own)


def _show_organizations(console: Console, told: Told, title: str, quantity: str, names: Named) -> bool:
    shown = share_cell if quantity == "share" else cell
    rows: list[list[str]] = []
    is_marked = False
    for name, words in names:
        rows.append([words, ""])
        for organization in told.fit.organizations:
            found = shown(told.of(quantity, name, ORGANIZATION, organization))
            rows.append([f" {printable(organization)}", _text(found)])
            is_marked |= found.mark
    console.print(table_of([title, "each organization"], rows, 1))
    return is_marked


def _text(found: Cell) -> str:
    return f"{found.text}{_MARK if found.mark else ''} {found.interval}".rstrip()
