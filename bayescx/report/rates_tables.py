"""Tables of a report on shares, and the numbers that its sentences point to."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from bayescx._names import ORGANIZATION
from bayescx.estimands import summarize
from bayescx.estimands.conflict import FLAG_BELOW
from bayescx.evidence.findings import listing, printable, shortened
from bayescx.rates import PublishedRate, RatesFit, predicted_rates
from bayescx.rates.estimands import RateTarget
from bayescx.report.answers import Estimate, estimate_of
from bayescx.report.rates_answers import Quantity, Spread, populations_of, quantities_of, rates_table, spreads_of
from bayescx.report.tables import Cell, Group, Row, Table, cell
from bayescx.wording import chance, count, counted, interval_name, numeral, with_minus

__all__ = [
    "Told", "each_tables", "gather_rates", "printed_value", "published_table", "ratio_table", "set_words",
    "settings_table", "share_table", "spread_table", "whom",
]  # fmt: skip

_LEAST_WIDTH = 1e-5
_WIDEST_HEADER = 30


@dataclass(frozen=True)
class Told:
    """Everything that is told of one question.

    Attributes
    ----------
    id : str
        What the ids of its section and cells begin with.
    asks : str
        The question.
    fit : RatesFit
    ci_prob : float
    quantities : tuple of Quantity
    estimates : dict
        (quantity, target, organization) to Estimate; organizations are "" but for the target of that name.
    spreads : tuple of Spread
    """

    id: str
    asks: str
    fit: RatesFit
    ci_prob: float
    quantities: tuple[Quantity, ...]
    estimates: dict[tuple[Quantity, str, str], Estimate]
    spreads: tuple[Spread, ...]

    @property
    def populations(self) -> tuple[RateTarget, ...]:
        """Targets that tables have columns for."""
        return populations_of(self.fit)

    def of(self, quantity: Quantity, target: str, organization: str = "") -> Estimate:
        """One number."""
        return self.estimates[quantity, target, organization]


def gather_rates(asks: str, fit: RatesFit, name: str, ci_prob: float, ratios: Sequence[tuple[str, str]] = ()) -> Told:
    """Ask a fit of shares everything that a report tells.

    Parameters
    ----------
    asks : str
        The question in words.
    fit : RatesFit
    name : str
        What ids begin with.
    ci_prob : float
    ratios : sequence of (str, str)
        As in `quantities_of`.

    Raises
    ------
    FitError
        If ``ci_prob`` is not between 0 and 1, or a ratio is none that the fit has.
    """
    quantities = tuple(quantities_of(fit, ratios))
    estimates: dict[tuple[Quantity, str, str], Estimate] = {}
    for number, quantity in enumerate(quantities):
        targets: tuple[RateTarget, ...] = (*populations_of(fit), *(("organization",) if fit.named else ()))
        rows = rates_table(fit, [quantity], targets, ci_prob, kind="stats").to_dict("records")
        estimates |= {
            (quantity, str(row["target"]), str(row[ORGANIZATION])): estimate_of(row, f"{name}-{number}-{i}")
            for i, row in enumerate(rows)
        }
    return Told(name, asks, fit, ci_prob, quantities, _sharp(estimates), tuple(spreads_of(fit, ci_prob)))


class _Sharp(Estimate):
    """An estimate with decimals that tell the ends of the narrowest interval apart, whose width ``beside`` holds."""

    __slots__ = ()

    @property
    def figures(self) -> tuple[str, ...]:
        """Mean, lower and upper bound as they are printed."""
        width = max(self.beside[0], _LEAST_WIDTH)
        decimals = max(2, 1 - math.floor(math.log10(5 * width)))
        return tuple(with_minus(f"{value:,.{decimals}f}") for value in self[:3])


def _sharp(estimates: dict[tuple[Quantity, str, str], Estimate]) -> dict[tuple[Quantity, str, str], Estimate]:
    """The same estimates: all shares with the same decimals, and all ratios; organizations with their own."""
    widths: dict[tuple[bool, bool], float] = {}
    for (quantity, target, _), one in estimates.items():
        kind = quantity.is_ratio, target == ORGANIZATION
        widths[kind] = min(widths.get(kind, math.inf), one.upper - one.lower)
    return {
        key: _Sharp(*one[:5], beside=(widths[key[0].is_ratio, key[1] == ORGANIZATION],))
        for key, one in estimates.items()
    }


def _alone(one: Estimate) -> Estimate:
    """An estimate with the decimals of its own interval."""
    return _Sharp(*one[:5], beside=(one.upper - one.lower,))


def whom(fit: RatesFit, target: str) -> str:
    """Whom a column is about."""
    if target != "average":
        return f"{target} organization"
    return "the only one" if fit.n_planned == 1 else f"average of the {numeral(fit.n_planned)}"


def share_table(told: Told) -> Table:
    """Shares of every category in every group, one column per population."""
    shares = [one for one in told.quantities if not one.is_ratio]
    return Table(
        f"{told.id}-shares",
        "Shares",
        f"Posterior mean and {interval_name(told.ci_prob)} of the part of all answers that each category has"
        f"{' in each group of respondents' if len(told.fit.groups) > 1 else ''}.",
        "answer",
        _headers(told),
        tuple(
            Group(printable(group), tuple(_row(told, one) for one in shares if one.group == group))
            for group in told.fit.groups
        ),
    )


def ratio_table(told: Told) -> Table | None:
    """Ratios of shares, of two categories in a group and of one category in two groups."""
    ratios = [one for one in told.quantities if one.is_ratio]
    if not ratios:
        return None
    between = [
        Group(
            printable(group),
            tuple(_row(told, one) for one in ratios if one.group == group and not one.relative_to_group),
        )
        for group in told.fit.groups
    ]
    across = Group("between groups", tuple(_row(told, one) for one in ratios if one.relative_to_group))
    return Table(
        f"{told.id}-ratios",
        "Ratios of shares",
        f"Posterior mean and {interval_name(told.ci_prob)} of one share relative to another: how many times as large "
        "it is. On average: the ratio of the average shares.",
        "ratio",
        _headers(told),
        tuple(group for group in (*between, across) if group.rows),
    )


def _headers(told: Told) -> tuple[str, ...]:
    return tuple(whom(told.fit, target) for target in told.populations)


def _row(told: Told, quantity: Quantity) -> Row:
    return Row(quantity.words, tuple(cell(told.of(quantity, target)) for target in told.populations))


def each_tables(told: Told) -> list[Table]:
    """Shares in every organization that has a name, one table per group."""
    if not told.fit.named:
        return []
    fit, tables = told.fit, []
    for g, group in enumerate(fit.groups):
        asked = dict(zip(fit.counts.organizations, fit.counts.n_obs[:, g].tolist(), strict=True))
        own = [one for one in told.quantities if one.group == group and not one.is_ratio and len(one.categories) == 1]
        rows = tuple(
            Row(
                printable(name),
                (_answers(asked.get(name, 0)), *(cell(told.of(one, ORGANIZATION, name)) for one in own)),
            )
            for name in fit.named
        )
        tables.append(
            Table(
                f"{told.id}-each-{g}",
                f"{'Shares' if not group else printable(group)} in {counted(len(rows), 'organization')}",
                f"Answers that were counted, posterior mean and {interval_name(told.ci_prob)} of each share, with the "
                "others. An organization without answers is known by a figure, or by the population only.",
                "organization",
                ("answers", *(shortened(one.words, _WIDEST_HEADER) for one in own)),
                (Group("", rows),),
            )
        )
    return tables


def _answers(number: int) -> Cell:
    return Cell(count(number) if number else "–")


def spread_table(told: Told) -> Table | None:
    """SD of logits between organizations, for each split in each group; None where only one can be known."""
    if told.fit.n_planned == 1:
        return None
    rows: dict[str, list[Row]] = {}
    for i, one in enumerate(told.spreads):
        estimate = Estimate(one.mean, one.lower, one.upper, f"{told.id}-tau-{i}", one.rests_on_prior)
        rows.setdefault(one.group, []).append(Row(printable(one.split), (cell(estimate),)))
    return Table(
        f"{told.id}-spread",
        "Differences between organizations",
        f"Posterior mean and {interval_name(told.ci_prob)} of τ, the standard deviation between organizations of the "
        "logit of each split's left side among both.",
        "split",
        ("τ",),
        tuple(Group(printable(group), tuple(own)) for group, own in rows.items()),
    )


# ------------------------------------------------------------------------------------- published figures


def published_table(told: Told) -> Table | None:
    """Each figure as printed, beside what the posterior says of its set and of a print like it."""
    fit = told.fit
    if not fit.published:
        return None
    behind, prints = predicted_rates(fit), predicted_rates(fit, printed=True)
    said = summarize(behind, told.ci_prob, kind="stats").to_dict("records")
    groups: dict[str, list[tuple[int, Row]]] = {}
    for i, row in enumerate(said):
        number = int(behind["number"].values[i])
        figure = fit.published[number]
        only = f", in {printable(str(row['figure'])[len(figure.subject) + 2 : -1])}" if figure.rule == "each" else ""
        cells = (
            Cell(printed_value(figure), f"to {figure.rounded_to:g}"),
            cell(_alone(estimate_of(row, f"{told.id}-published-{i}"))),
            _verdict(prints.values[..., i].ravel(), figure),
        )
        groups.setdefault(_sample(figure), []).append((number, Row(figure.subject + only, cells, figure.wording)))
    return Table(
        f"{told.id}-published",
        "Published figures",
        f"Each figure as it was printed; the mean and {interval_name(told.ci_prob)} that the posterior gives the same "
        "quantity of the same organizations; and whether the print is one that the posterior would expect, sampling "
        "error and rounding counted: p is the probability of a print at least as far out. Evidence helped to make the "
        "posterior that it is compared with; what is only checked did not.",
        "figure",
        ("printed", "posterior", "expected"),
        tuple(
            Group(heading, tuple(row for _, row in sorted(rows, key=lambda one: one[0])))
            for heading, rows in groups.items()
        ),
    )


def printed_value(figure: PublishedRate) -> str:
    """The value with the decimals of its grid, or its own where it has more."""
    return with_minus(f"{figure.value:.{max(map(_decimals, (figure.value, figure.rounded_to)))}f}")


def _decimals(value: float) -> int:
    return min(max(-int(Decimal(f"{value:g}").as_tuple().exponent), 0), 6)


def _verdict(prints: np.ndarray, figure: PublishedRate) -> Cell:
    """Whether a print as far out as this one is to be expected; values on a grid differ by rounding errors only."""
    near = 1e-6 * figure.rounded_to
    tails = (prints >= figure.value - near).mean(), (prints <= figure.value + near).mean()
    p = min(2.0 * float(min(tails)), 1.0)
    return Cell("no" if p < FLAG_BELOW else "yes", f"p {chance(p)}")


def _sample(figure: PublishedRate) -> str:
    """Use, set, respondents and source, as the heading of all figures that have them in common."""
    low, high = figure.n_obs if isinstance(figure.n_obs, tuple) else (figure.n_obs, figure.n_obs)
    size = count(low) if low == high else f"{count(low)} to {count(high)}"
    together = " together" if figure.size > 1 else ""
    rule = {"each": "each of ", "mean": "mean over ", "pooled": "all respondents of "}[figure.rule]
    source = f". Source: {printable(figure.source)}" if figure.source else ""
    use = "Evidence" if figure.use == "evidence" else "Only checked"
    return f"{use}: {rule if figure.size > 1 else ''}{set_words(figure)}, {size} respondents{together}{source}"


def set_words(figure: PublishedRate) -> str:
    """The organizations of a figure."""
    if isinstance(figure.organizations, tuple):
        return listing(list(map(printable, figure.organizations)), 6, width=60)
    return f"{counted(figure.organizations, 'organization')} without names"


def settings_table(questions: Iterable[Told]) -> Table:
    """What each fit was made with."""
    rows = []
    for told in questions:
        sizes = told.fit.posterior.sizes
        values = (
            "; ".join(map(printable, told.fit.tree.names)), str(told.fit.mean), str(told.fit.sd),
            f"{sizes['chain']} × {count(sizes['draw'])}", str(told.fit.seed),
        )  # fmt: skip
        rows.append(Row(told.asks, tuple(map(Cell, values))))
    return Table(
        "settings", "Settings", "The settings of each fit. Splits are named by what they set apart.", "question",
        ("splits", "prior of μ", "prior of τ", "draws", "seed"), (Group("", tuple(rows)),),
    )  # fmt: skip
