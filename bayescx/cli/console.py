"""What the command line shows: tables of at most 100 columns, each under words that say what it holds."""

from __future__ import annotations

import io
import math
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bayescx._names import ORGANIZATION

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from bayescx.fitted import Fit

__all__ = [
    "as_text", "heading", "say", "screen", "show_demo", "show_heterogeneity", "show_summary", "table_of", "whom_words",
]  # fmt: skip

WIDTH = 100
_LABELS = ("path", "cause", "outcome", "definition", "construct", "driver", ORGANIZATION)
_MARK = "†"  # as in reports; a star would be taken for significance
_TARGETS = {
    "typical": "the typical organization: every parameter at the centre of the population",
    "new": "an organization that nobody has asked yet",
    "alone": "each organization by itself, as if the others had not reported",
}


def screen() -> Console:
    """Standard output, never wider than a page."""
    console = Console(highlight=False, soft_wrap=False)
    console.width = min(console.width, WIDTH) if console.is_terminal else WIDTH
    return console


def as_text() -> Console:
    """A console whose text ends in its file, an ``io.StringIO``."""
    return Console(file=io.StringIO(), width=WIDTH, highlight=False)


def table_of(headers: Sequence[str], rows: Sequence[Sequence[str]], n_labels: int) -> Table:
    """Labels to the left, folded where they are long; figures to the right, never broken."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True, header_style="bold")
    for position, header in enumerate(headers):
        if position < n_labels:
            table.add_column(header, overflow="fold")
        else:
            table.add_column(header, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))  # Text: names are never read as markup
    return table


def say(console: Console, *sentences: str) -> None:
    """Sentences as one paragraph."""
    console.print(Text(textwrap.fill(" ".join(sentences), console.width)))


# --------------------------------------------------------------------------------------------- estimands


def heading(fit: Fit, array: xr.DataArray | xr.Dataset, whom: str = "") -> str:
    """What a table holds: the quantity, its units, and whom it is about, by default the array's target."""
    quantity, units = str(array.attrs["long_name"]), str(array.attrs["units"])
    about = whom or whom_words(fit, str(array.attrs["target"]))
    return f"{quantity[0].upper()}{quantity[1:]}. Units: {units}. Target: {about}."


def whom_words(fit: Fit, target: str) -> str:
    """Whom an answer is about."""
    only = sum(level == "figures" for level in fit.evidence.level.values())
    whom = _TARGETS.get(target) or (_each(only) if target == ORGANIZATION else _average(fit, only))
    if target == "alone" and only:
        whom += "; those that only published figures speak of have nothing of their own"
    return whom


def _each(only: int) -> str:
    return "each organization that reported" + (" or that figures were published about" if only else "")


def _average(fit: Fit, only: int) -> str:
    reported = len(fit.organizations) - only
    if reported == fit.n_planned:
        return f"the average of the {fit.n_planned} organizations"
    known = [f"{reported} {'have' if reported != 1 else 'has'} reported"] if reported or not only else []
    known += [f"{only} {'are' if only != 1 else 'is'} known by published figures only"] if only else []
    return f"the average of the {fit.n_planned} organizations planned, of which {' and '.join(known)}"


def show_summary(
    console: Console, text: str, table: pd.DataFrame, *, by: str = ORGANIZATION, more: Sequence[str] = ()
) -> None:
    """A summary as `summarize` makes it, without columns that only a file needs. What rests on the prior is marked.

    Rows are grouped ``by`` a label that the table may have; ``more`` names columns to show besides.
    """
    labels = [name for name in table.columns if name in _LABELS and name != by]
    has_marks = "rests_on_prior" in table and bool(table["rests_on_prior"].any())
    marked = [""] if has_marks else []
    figures = ["mean", "sd", *_bounds(table)]
    digits, places = _decimals(table, figures), _decimals(table, more) if more else ""
    headers = [*labels, *marked, *figures, *more, "ess_bulk", "r_hat"]
    rows: list[list[str]] = []
    for name, part in table.groupby(by, sort=False) if by in table else [(None, table)]:
        if name is not None:
            rows.append([str(name), *[""] * (len(headers) - 1)])
        for record in part.to_dict("records"):
            words = [str(record[label]) for label in labels]
            words[0] = f" {words[0]}" if name is not None else words[0]
            numbers = [_unless_nan(record[figure], digits) for figure in figures]
            numbers += [_unless_nan(record[column], places) for column in more]
            mark = [_MARK if record["rests_on_prior"] else ""] if has_marks else []
            ends = [_unless_nan(record["ess_bulk"], ".0f"), _unless_nan(record["r_hat"], ".3f")]
            rows.append([*words, *mark, *numbers, *ends])
    say(console, text)
    console.print()
    console.print(table_of(headers, rows, len(labels) + len(marked)))
    if has_marks:
        console.print()
        say(console, f"{_MARK} Rests mostly on the prior: the evidence leaves it open.")


def _unless_nan(value: float, digits: str) -> str:
    return "" if math.isnan(value) else f"{value:{digits}}"  # what the model fixes has no R-hat


def _bounds(table: pd.DataFrame) -> list[str]:
    return [name for name in table.columns if name.startswith("eti")]


def _decimals(table: pd.DataFrame, figures: Sequence[str]) -> str:
    """Three decimals where the figures are near 1, else four significant digits."""
    largest = float(table[list(figures)].abs().max().max())
    return ".3f" if 0.05 <= largest < 1000 else ".4g"


def show_heterogeneity(console: Console, table: pd.DataFrame) -> None:
    """How much paths differ between organizations: one row per path."""
    lower, upper = _bounds(table)
    by_quantity = {name: part.set_index("path") for name, part in table.groupby("quantity", sort=False)}
    tau, new = by_quantity["beta_tau"], by_quantity["prediction"]
    digits = _decimals(new, ["mean", lower, upper])
    total = by_quantity.get("total_sd")  # where paths depend on attributes of organizations
    rows = [
        [
            str(path),
            *([] if total is None else [f"{total.loc[path, 'mean']:{digits}}"]),
            f"{tau.loc[path, 'mean']:{digits}}",
            f"[{tau.loc[path, lower]:{digits}}, {tau.loc[path, upper]:{digits}}]",
            _unless_nan(by_quantity["i_squared"].loc[path, "mean"], ".0%"),
            f"{by_quantity['pooling_factor'].loc[path, 'mean']:.2f}",
            f"[{new.loc[path, lower]:{digits}}, {new.loc[path, upper]:{digits}}]",
        ]
        for path in tau.index
    ]
    interval = lower.removesuffix("_lb")
    say(
        console,
        "How much paths differ between organizations, in the data's units: their SD (tau), the share of the",
        "variance between estimates that it makes up (I2), how strongly organizations are drawn together",
        "(pooling: 0 not at all, 1 into one), and where the path of a new organization lies.",
    )
    if total is not None:
        console.print()
        say(
            console,
            "SD is with what attributes of organizations do to a path; tau, I2 and pooling are of what these leave.",
        )
    console.print()
    sd = [] if total is None else ["SD"]
    console.print(table_of(["path", *sd, "tau", interval, "I2", "pooling", "new organization"], rows, 1))


# -------------------------------------------------------------------------------------------------- demo


def show_demo(console: Console, fit: Fit, truth: pd.DataFrame) -> None:
    """The main job on simulated evidence: paths, total effects, explained variance, and what was recovered."""
    from bayescx.estimands import direct_effects, heterogeneity, r_squared, summarize, total_effects

    count = len(fit.organizations)
    whom = ["typical", f"average of {count}", "new organization"]
    targets = ("typical", "average", "new")

    direct = [summarize(direct_effects(fit, target)) for target in targets]  # type: ignore[arg-type]
    tau = summarize(heterogeneity(fit)["beta_tau"]).set_index("path").loc[[row.name for row in fit.model.paths]]
    rows: list[list[str]] = []
    for i, path in enumerate(fit.model.paths):
        if i == 0 or path.lhs != fit.model.paths[i - 1].lhs:
            rows.append([path.lhs, "", "", "", ""])
        rows.append([f" <- {path.rhs}", *(_interval(table, i) for table in (*direct, tau))])
    _part(
        console,
        "What each construct does to the next",
        "If the cause rises by one standard deviation and the outcome's other causes stay where they are,",
        "the outcome changes by so many standard deviations (mean and 95 % interval): in the typical",
        f"organization, on average over these {count}, and in a new one. The last column is the SD of the",
        "path between organizations, in the data's units.",
    )
    console.print(table_of(["outcome <- cause", *whom, "SD between"], rows, 1))

    cause = fit.model.exogenous[0]
    total = [summarize(total_effects(fit, target).sel(cause=cause)) for target in targets]  # type: ignore[arg-type]
    _part(
        console,
        f"What {cause} does in the end",
        f"If {cause} rises by one standard deviation, all constructs behind it follow along every path:",
        "the total effect, in standard deviations of the outcome.",
    )
    console.print(_by_outcome(whom, total))

    explained = [summarize(r_squared(fit, target)) for target in targets]  # type: ignore[arg-type]
    _part(
        console,
        "How much is explained",
        "The share of each construct's variance that its direct causes explain (R-squared).",
    )
    console.print(_by_outcome(whom, explained))
    console.print()
    console.print(Text(_recovered(fit, truth)))


def _part(console: Console, title: str, *sentences: str) -> None:
    console.print()
    console.print(Text(title, style="bold"))
    say(console, *sentences)
    console.print()


def _by_outcome(whom: Sequence[str], tables: Sequence[pd.DataFrame]) -> Table:
    outcomes = tables[0]["outcome"]
    rows = [[str(name), *(_interval(table, i) for table in tables)] for i, name in enumerate(outcomes)]
    return table_of(["outcome", *whom], rows, 1)


def _interval(table: pd.DataFrame, row: int) -> str:
    mean, lower, upper = (table[name].iloc[row] for name in ("mean", *_bounds(table)))
    return f"{_short(mean)} [{_short(lower)}, {_short(upper)}]"


def _short(value: float) -> str:
    """Two decimals without the zero before the point."""
    return f"{value:.2f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:.2f}"


def _recovered(fit: Fit, truth: pd.DataFrame) -> str:
    """How many of the simulated paths and explained variances lie in their intervals, and which do not."""
    from bayescx.estimands import direct_effects, r_squared, summarize

    known = truth.set_index(["kind", ORGANIZATION, "parameter"])["value"]
    count, missed = 0, []
    for kind, estimand, label in (("standardized_path", direct_effects, "path"), ("r_squared", r_squared, "outcome")):
        for target in ("typical", "organization"):
            table = summarize(estimand(fit, target), kind="stats")
            lower, upper = _bounds(table)
            for row in table.to_dict("records"):
                whom = row.get(ORGANIZATION, "typical")
                value = known[kind, whom, row[label]]
                count += 1
                if not row[lower] <= value <= row[upper]:
                    name = row[label] if label == "path" else f"R-squared of {row[label]}"
                    missed.append(
                        f"{whom}: {name}, {_short(value)} not in [{_short(row[lower])}, {_short(row[upper])}]"
                    )
    inside = count - len(missed)
    return "\n".join(
        [
            f"Of the {count} values that were simulated, for each path and R-squared in the typical and every",
            f"organization, {inside} lie inside their 95 % intervals ({inside / count:.0%})"
            + (". Outside:" if missed else "."),
            *(f"  {one}" for one in missed),
        ]
    )
