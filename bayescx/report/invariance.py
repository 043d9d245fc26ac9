"""Whether items mean the same in every organization: differences of partially pooled loadings, and where they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup

from bayescx._names import BLOCK_VARIABLES, CHAIN, DRAW, ORGANIZATION
from bayescx.errors import FitError
from bayescx.estimands.loading_differences import differing_items, loading_differences
from bayescx.estimands.summary import LEAST_CONTRACTION
from bayescx.estimands.system import layout_of
from bayescx.fitted import Fit
from bayescx.model.component_priors import component_priors
from bayescx.plots.loading_differences import plot_loading_differences
from bayescx.report.answers import Answers, Estimate
from bayescx.report.pictures import both
from bayescx.report.prose import linked
from bayescx.report.tables import Cell, Group, Row, Table, share_cell
from bayescx.wording import chance, counted, interval_name, numeral

__all__ = ["Invariance", "invariance"]

_AT_LEAST, _PROBABILITY = 0.1, 0.95
_MOST_ITEMS, _MOST_PLACES = 8, 4
"""Items that are listed in words, and organizations for each direction; the table has them all."""

_UNIT = "as a share of the factor's average loading"
_MATTERS = "by more than a tenth of the factor's average loading"

Pair = tuple[str, str]  # a factor and an item
Record = dict[Any, Any]  # a row of what differing_items found


@dataclass(frozen=True)
class Invariance:
    """Sentences, items that differ, the picture twice, where they do (None if nowhere for sure), how much all vary."""

    sentence: Markup
    items: tuple[Markup, ...]
    consequence: str
    picture: dict[str, Any]
    where: Table | None
    spread: Table


def invariance(answers: Answers) -> Invariance | None:
    """What is known of differences between loadings; None where loadings cannot differ, or nothing says how they do."""
    fit = answers.fit
    if fit.pooling["loadings"] != "partial":
        return None
    options: dict[str, Any] = {"at_least": _AT_LEAST, "probability": _PROBABILITY, "ci_prob": answers.ci_prob}
    try:
        rows: list[Record] = differing_items(fit, **options).to_dict("records")
    except FitError:  # one organization, or no free loading
        return None
    flagged = [row for row in rows if row[ORGANIZATION]]
    spread: dict[Pair, Record] = {}
    for row in rows:
        spread.setdefault((row["factor"], row["item"]), row | {"id": f"somewhere-{len(spread)}"})
    return Invariance(
        _flagged_sentence(flagged) if flagged else _none_sentence(fit, next(iter(spread.values()))),
        _flagged_items(fit, flagged),
        _CONSEQUENCE,
        both(lambda width: plot_loading_differences(fit, width=width, **options), "loadings"),
        _where(answers, flagged) if flagged else None,
        _spread(answers, spread),
    )


_CONSEQUENCE = (
    "In this fit every organization has its own loadings, so paths already allow for such differences. That a factor "
    "means the same everywhere still rests on the items that agree."
)


def _none_sentence(fit: Fit, likeliest: Record) -> Markup:
    """That no loading differs for sure, which is no proof, and which one most likely does."""
    words = fit.model.in_words
    return Markup(
        "No loading differs from the population's {matters} in any organization with a probability above {sure}. That "
        "is no proof that all are equal: the item that most likely differs somewhere is {item} ({factor}), with "
        "probability {link}."
    ).format(
        matters=_MATTERS, sure=_PROBABILITY, item=words(likeliest["item"]), factor=words(likeliest["factor"]),
        link=_link(likeliest["id"], likeliest["differs_somewhere"]),
    )  # fmt: skip


def _flagged_sentence(flagged: list[Record]) -> Markup:
    """How many items mean something else somewhere."""
    items = len(_by_item(flagged))
    return Markup(
        "{count} differently somewhere: {its} loading differs from the population's {matters}, with a probability "
        "above {sure}. More and less say whether the loading is larger or smaller there."
    ).format(
        count=f"{numeral(items).capitalize()} {'item measures' if items == 1 else 'items measure'}",
        its="its" if items == 1 else "their",
        matters=_MATTERS,
        sure=_PROBABILITY,
    )


def _by_item(flagged: list[Record]) -> dict[Pair, list[tuple[int, Record]]]:
    """Numbered differences of each item."""
    found: dict[Pair, list[tuple[int, Record]]] = {}
    for i, row in enumerate(flagged):
        found.setdefault((row["factor"], row["item"]), []).append((i, row))
    return found


def _flagged_items(fit: Fit, flagged: list[Record]) -> tuple[Markup, ...]:
    """Each of these items with the organizations where it differs; the table has those that would be too many here."""
    words, items = fit.model.in_words, _by_item(flagged)
    said = []
    for (factor, item), rows in list(items.items())[:_MOST_ITEMS]:
        more, less = (
            [_place(i, row) for i, row in rows if (row["deviation"] > 0) == up][:_MOST_PLACES] for up in (True, False)
        )
        parts = [
            Markup("{which} in {where}").format(which=which, where=Markup(", ").join(places))
            for which, places in (("more", more), ("less", less))
            if places
        ]
        left = len(rows) - len(more) - len(less)
        parts += [Markup("and {count} more in the table").format(count=numeral(left))] if left else []
        said.append(
            Markup("{item} ({factor}): {parts}").format(
                item=words(item), factor=words(factor), parts=Markup("; ").join(parts)
            )
        )
    left = len(items) - _MOST_ITEMS
    return (
        *said,
        *([Markup("and {count} in the table below").format(count=counted(left, "item"))] if left > 0 else []),
    )


def _place(number: int, row: Record) -> Markup:
    return Markup("{organization} (probability {link})").format(
        organization=row[ORGANIZATION], link=_link(f"differs-{number}", row["differs"])
    )


def _link(cell_id: str, probability: float) -> Markup:
    return linked(cell_id, chance(probability))


def _where(answers: Answers, flagged: list[Record]) -> Table:
    """Every organization that a loading differs in, item by item."""
    words = answers.fit.model.in_words
    groups: dict[Pair, list[Row]] = {}
    for pair, rows in _by_item(flagged).items():
        for i, row in rows:
            own = share_cell(Estimate(row["deviation"], row["deviation_lb"], row["deviation_ub"], ""))
            cells = (own, Cell(chance(row["differs"]), id=f"differs-{i}"))
            groups.setdefault(pair, []).append(Row(row[ORGANIZATION], cells))
    return Table(
        "differing",
        "Where items differ",
        f"Own loading less that of the population, {_UNIT}, posterior mean and {interval_name(answers.ci_prob)}, and "
        f"the probability that they differ {_MATTERS}. Listed where it is above {_PROBABILITY}.",
        "organization",
        ("difference", "probability"),
        tuple(Group(f"{words(item)} ({words(factor)})", tuple(rows)) for (factor, item), rows in groups.items()),
    )


def _spread(answers: Answers, spread: dict[Pair, Record]) -> Table:
    """The SD of every loading over organizations, in the order of the model."""
    fit = answers.fit
    words = fit.model.in_words
    rests = _resting(fit)
    groups: dict[str, list[Row]] = {}
    for factor, item in _in_order(fit):
        row = spread[factor, item]
        tau = Estimate(row["tau"], row["tau_lb"], row["tau_ub"], "", rests[factor, item])
        cells = (share_cell(tau), Cell(chance(row["differs_somewhere"]), id=row["id"]))
        groups.setdefault(factor, []).append(Row(words(item), cells))
    count = counted(len(fit.organizations), "organization")
    return Table(
        "loading-sd",
        "How much loadings differ",
        f"SD: standard deviation of each loading between organizations, {_UNIT}, posterior mean and "
        f"{interval_name(answers.ci_prob)}. Somewhere: probability that it differs {_MATTERS} in one or more of the "
        f"{count}.",
        "item",
        ("SD", "somewhere"),
        tuple(Group(words(factor), tuple(rows)) for factor, rows in groups.items()),
    )


def _in_order(fit: Fit) -> list[Pair]:
    found = loading_differences(fit, _AT_LEAST)
    return list(zip(found["factor"].values.tolist(), found["item"].values.tolist(), strict=True))


def _resting(fit: Fit) -> dict[Pair, bool]:
    """Whether the SD of a loading rests mostly on its prior: whether evidence narrowed it by less than half."""
    layout = layout_of(fit)
    priors = component_priors(layout, fit.priors)
    variable, dim = BLOCK_VARIABLES["loadings"]
    after = fit.posterior[f"{variable}_tau"].var((CHAIN, DRAW), ddof=1)
    components = {entry.name: entry.component for entry in (*layout.loadings, *layout.paths)}
    out = {}
    for row in fit.model.loadings:
        number = components[row.name]
        if number < 0 or (prior := priors[number][1]) is None:
            continue
        before = float(prior.distribution().var())
        narrowed = 1.0 - float(after.sel({dim: layout.components[number].name})) / before
        out[row.lhs, row.rhs] = bool(np.isfinite(before) and narrowed < LEAST_CONTRACTION)
    return out
