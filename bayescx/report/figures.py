"""Published figures in a report: as they were printed, what the posterior says of them, and whether it agrees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pandas as pd

from bayescx.estimands import summarize
from bayescx.estimands.conflict import conflict
from bayescx.estimands.prior_draws import assumed_signs
from bayescx.estimands.published import predicted_figures
from bayescx.estimands.system import layout_of
from bayescx.evidence import Published
from bayescx.fitted import Fit
from bayescx.model.figures import Term, figure_terms, member_log_n
from bayescx.model.informed import inform
from bayescx.model.signs import told_paths
from bayescx.report.answers import Estimate, estimate_of
from bayescx.report.draws import with_fewer_draws
from bayescx.report.tables import Cell, Group, Row, Table, cell
from bayescx.wording import count, enumeration, in_words, interval_name, numeral, share, with_minus

__all__ = ["declared_sentences", "figure_words", "figures_table", "sign_sentences"]

_ENOUGH = 400
"""Draws that a check is computed from: the probability of a print is an average over them."""

_RULES = {"mean": "mean over", "pooled": "all respondents of", "each": "each of"}


def figures_table(fit: Fit, ci_prob: float) -> Table | None:
    """One row per figure, grouped by the sample that it was printed of; None where there are no figures."""
    published = fit.evidence.published
    if not published:
        return None
    terms = figure_terms(layout_of(fit), fit.evidence, published)
    rows = summarize(predicted_figures(fit), ci_prob, kind="stats").to_dict("records") if terms else []
    said = [estimate_of(row, f"published-{i}") for i, row in enumerate(rows)]
    sizes = _sizes(fit, ci_prob)
    groups: dict[str, list[Row]] = {}
    for figure in published:
        own = [(term, one) for term, one in zip(terms, said, strict=True) if term.figure is figure]
        groups.setdefault(_sample(figure, sizes), []).extend(_rows(fit, figure, own))
    return Table(
        "published",
        "Published figures",
        f"Each figure as it was printed; the mean and {interval_name(ci_prob)} that the posterior gives the same "
        "statistic of the same organizations; and whether the print is one that the posterior would expect, sampling "
        "error and rounding counted: p is the probability of a print at least as far out, chance that of a claim to be "
        "seen to hold. Evidence helped to make the posterior that it is compared with; what is only checked did not.",
        "figure",
        ("printed", "posterior", "expected"),
        tuple(Group(heading, tuple(found)) for heading, found in groups.items()),
    )


def _rows(fit: Fit, figure: Published, own: Sequence[tuple[Term, Estimate]]) -> list[Row]:
    printed = _printed(figure)
    if not own:  # the whole set shared data, which say it all
        return [Row(figure_words(fit, figure), (printed, Cell("–"), Cell("–")), figure.wording)]
    verdicts = _verdicts(fit, figure)
    return [
        Row(
            figure_words(fit, _narrowed(fit, term)),
            (printed, cell(one), verdicts.get(term.members, Cell("–"))),
            figure.wording,
        )
        for term, one in own
    ]


def _printed(figure: Published) -> Cell:
    """The value with the decimals of its grid, and the grid."""
    if figure.value is None:
        return Cell("greatest")
    decimals = max(_decimals(figure.value), _decimals(figure.rounded_to))
    side = f"{figure.side.replace('_', ' ')} " if figure.statistic == "bound" else ""
    return Cell(side + with_minus(f"{figure.value:.{decimals}f}"), f"to {figure.rounded_to:g}")


def _decimals(value: float) -> int:
    """How many decimals a number has as it is usually written."""
    return min(max(-int(Decimal(f"{value:g}").as_tuple().exponent), 0), 6)


def _narrowed(fit: Fit, term: Term) -> Published:
    """A figure as far as one of its contrasts goes: one organization of "each", one pair of an ordering."""
    figure = term.figure
    if figure.rule == "each" and len(figure.organizations) > 1:
        figure = replace(figure, organizations=term.members)
    if figure.statistic == "ordering":
        figure = replace(figure, among=(layout_of(fit).constructs[term.atoms[1].column],))
    return figure


def _verdicts(fit: Fit, figure: Published) -> dict[tuple[str, ...], Cell]:
    """Whether the posterior expects a figure, by the organizations that it is about."""
    found = conflict(with_fewer_draws(fit, _ENOUGH), [figure], split=False, progressbar=False)
    sets = [(name,) for name in figure.organizations] if figure.rule == "each" else [figure.organizations]
    if len(found) != len(sets):  # some of them shared data, and are known instead
        sets = [term.members for term in figure_terms(layout_of(fit), fit.evidence, [figure])]
        sets = list(dict.fromkeys(sets))
    return {members: _verdict(row) for members, (_, row) in zip(sets, found.iterrows(), strict=True)}


def _verdict(row: pd.Series) -> Cell:
    chance = row["holds"] if np.isfinite(row["holds"]) else row["tail_probability"]
    word = "chance" if np.isfinite(row["holds"]) else "p"
    return Cell("no" if row["flag"] else "yes", f"{word} {share(float(chance))}")


def _sample(figure: Published, sizes: dict[tuple[object, ...], str]) -> str:
    """Use, set, respondents and source, as the heading of all figures that have them in common."""
    low, high = figure.n_obs if isinstance(figure.n_obs, tuple) else (figure.n_obs, figure.n_obs)
    together = " together" if len(figure.organizations) > 1 else ""
    size = count(low) if low == high else f"{count(low)} to {count(high)}"
    known = sizes.get(_size_key(figure), "")
    rule = f"{_RULES[figure.rule]} " if len(figure.organizations) > 1 else ""
    source = f". Source: {figure.source}" if figure.source else ""
    use = "Evidence" if figure.use == "evidence" else "Only checked"
    return f"{use}: {rule}{enumeration(figure.organizations)}, {size} respondents{together}{known}{source}"


def _size_key(figure: Published) -> tuple[object, ...]:
    return tuple(sorted(figure.organizations)), *(round(one, 9) for one in member_log_n(figure))


def _sizes(fit: Fit, ci_prob: float) -> dict[tuple[object, ...], str]:
    """What the posterior says of samples whose size was published as a range."""
    if "published_n_obs" not in fit.posterior:
        return {}
    informed = inform(layout_of(fit), fit.evidence)
    unknown = informed.figures.unknown_sizes if informed is not None else ()
    rows = summarize(fit.posterior["published_n_obs"], ci_prob, kind="stats").to_dict("records")
    out: dict[tuple[object, ...], str] = {}
    for size, row in zip(unknown, rows, strict=True):
        one = estimate_of(row, "")
        mean, lower, upper = (count(round(value)) for value in (one.mean, one.lower, one.upper))
        key = (tuple(sorted(size.organizations)), round(size.log_n, 9), round(size.log_n_sd, 9))
        out[key] = f" (posterior {mean}, {interval_name(ci_prob)} {lower} to {upper})"
    return out


# ------------------------------------------------------------------------------------------------- words


def figure_words(fit: Fit, figure: Published) -> str:
    """What a figure is about, in the model's words.

    Examples
    --------
    >>> figure = Published(statistic="r_squared", outcome="trust", value=0.75, organizations=["north"], n_obs=400)
    >>> figure_words(fit, figure)
    'R² of trust'
    """
    words = fit.model.in_words
    outcome, cause = words(figure.outcome), words(figure.cause)
    only = f", in {figure.organizations[0]}" if figure.rule == "each" and len(figure.organizations) == 1 else ""
    if figure.statistic == "ordering":
        others = enumeration(in_words(fit, figure.among))
        kind = "path" if figure.of == "path" else "total effect"
        return f"{kind} from {cause} to {outcome} above that from {others}{only}"
    if figure.measured == "correlation":
        return f"correlation of {enumeration(in_words(fit, figure.between))}{only}"
    if figure.measured == "path_ratio":
        above, below = (enumeration(in_words(fit, names)) for names in (figure.numerator, figure.denominator))
        how = "means of paths" if figure.reading == "mean" else "paths"
        return f"{how} to {outcome} from {above}, relative to {below}{only}"
    if figure.measured == "share":
        return f"{_shares(cause, outcome)[figure.reading]}{only}"
    plain = {
        "r_squared": f"R² of {outcome}",
        "path": f"path from {cause} to {outcome}",
        "total_effect": f"total effect of {cause} on {outcome}",
    }
    return f"{plain[figure.measured]}{only}"


def _shares(cause: str, outcome: str) -> dict[str, str]:
    return {
        "mediated": f"share of the total effect of {cause} on {outcome} that is mediated",
        "coefficients": f"share of {cause} in the sum of all paths to {outcome}",
        "pratt": f"share of {cause} in the R² of {outcome} (path times correlation)",
        "traceable": f"squared total effect of {cause} on {outcome}, relative to R²",
    }


def sign_sentences(fit: Fit) -> list[str]:
    """What R² leaves open, and which signs were taken for granted."""
    signs, words = assumed_signs(fit), fit.model.in_words
    said = ["An R² fixes how strong the paths of its equation are together, neither their signs nor how they share it."]
    rows = {row.name: row for row in fit.model.paths}
    named = {
        sign: [f"{words(rows[name].rhs)} → {words(rows[name].lhs)}" for name, one in signs.items() if one == sign]
        for sign in (1, -1)
    }
    if len(named[1]) == len(rows) > 1:
        said.append(f"Taken to be positive: all {numeral(len(rows))} paths.")
    elif named[1]:
        said.append(f"Taken to be positive: {enumeration(named[1])}.")
    if named[-1]:
        said.append(f"Taken to be negative: {enumeration(named[-1])}.")
    said += declared_sentences(fit)
    only = [name for name in fit.organizations if fit.evidence.level[name] == "figures"]
    if only:
        said.append(
            f"An organization known by figures only ({enumeration(only)}) has parameters of its own, drawn from the "
            "population as those of any other. What the figures say must come out of them; what no figure says stays "
            "as open as the population leaves it."
        )
    return said


def declared_sentences(fit: Fit) -> list[str]:
    """Which declared signs are of paths that data tell of too: there they decide, not the data."""
    if not fit.evidence.signs:
        return []
    words, told = fit.model.in_words, told_paths(layout_of(fit), fit.evidence)
    both = {row.name: f"{words(row.rhs)} → {words(row.lhs)}" for row in fit.model.paths if row.name in told}
    named = {
        sign: [both[name] for name, one in fit.evidence.signs.items() if one == sign and name in both]
        for sign in (1, -1)
    }
    arrows = [
        f"{enumeration(named[sign])} ({word})" for sign, word in ((1, "positive"), (-1, "negative")) if named[sign]
    ]
    if not arrows:
        return []
    told_too = f"The sign was declared though data tell of the path too: {enumeration(arrows)}."
    return [f"{told_too} The centre of the population keeps to the declared sign, whatever the data say."]
