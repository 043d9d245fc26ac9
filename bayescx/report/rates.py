"""write_rates_report: fits of shares in, one HTML file out that needs no network and no other file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bayescx.errors import FitError
from bayescx.evidence.findings import listing, printable
from bayescx.plots.rates import plot_rates
from bayescx.rates import RatesFit
from bayescx.report.page import check_report, write_page
from bayescx.report.pictures import both
from bayescx.report.prose import MARK
from bayescx.report.rates_prose import differences, findings, known
from bayescx.report.rates_tables import (
    Told,
    each_tables,
    gather_rates,
    published_table,
    ratio_table,
    settings_table,
    share_table,
    spread_table,
)
from bayescx.wording import counted, interval_name

__all__ = ["write_rates_report"]

_MOST_PICTURES = 6
"""Pictures of one question."""


def write_rates_report(
    fits: RatesFit | Mapping[str, RatesFit],
    path: str | os.PathLike[str],
    *,
    title: str = "",
    ci_prob: float = 0.95,
) -> Path:
    """Write a report on shares: one HTML file with its pictures inside, which opens anywhere and prints well.

    For each question: every printed figure beside what is known of it on average over the organizations planned, in
    the typical one and in a new one; tables of shares and ratios; a picture of each share in every organization; how
    much organizations differ; then method, conventions and settings. Figures that rest mostly on the prior are marked.

    Parameters
    ----------
    fits : RatesFit or mapping of str to RatesFit
        Fits by their questions, in words.
    path : path
        An ``.html`` file; one that is there is replaced once the new one is complete.
    title : str, optional
        By default the question, or how many there are.
    ci_prob : float
        Probability of all intervals.

    Returns
    -------
    Path

    Raises
    ------
    FitError
        If there is nothing to report, ``ci_prob`` is not between 0 and 1, or the file cannot be written.

    Examples
    --------
    >>> from bayescx.rates import load_rates
    >>> questions = load_rates("effort_published").values()
    >>> write_rates_report({one.asks: one.fit(draws=100) for one in questions}, "shares.html").name
    'shares.html'
    """
    target = Path(path)
    check_report(target)
    asked = _questions(fits)
    told = [gather_rates(asks, fit, f"q{i}", ci_prob) for i, (asks, fit) in enumerate(asked.items(), start=1)]
    return write_page(target, "rates.html.j2", _context(told, title or _title(told)))


def _questions(fits: object) -> dict[str, RatesFit]:
    """Fits by their questions, or an error that says what else was given."""
    if isinstance(fits, RatesFit):
        return {f"Shares of {listing([printable(name) for name in fits.categories], 6)}": fits}
    works = "a RatesFit is needed, or a mapping of questions to them"
    if not isinstance(fits, Mapping):
        raise FitError(f"{works}; found {type(fits).__name__}")
    if not fits:
        raise FitError(f"there is nothing to report: {works}")
    for asks, fit in fits.items():
        if not isinstance(asks, str) or not asks.strip() or not isinstance(fit, RatesFit):
            raise FitError(f"{works}; found {asks!r:.60}: {type(fit).__name__}")
    return dict(fits)


def _title(told: list[Told]) -> str:
    return told[0].asks if len(told) == 1 else f"Shares of answers: {counted(len(told), 'question')}"


def _context(told: list[Told], title: str) -> dict[str, Any]:
    return {
        "title": title,
        "version": version("bayescx"),
        "mark": MARK,
        "interval": interval_name(told[0].ci_prob),
        "questions": [_question(one) for one in told],
        "is_simulated": any(one.fit.counts.simulated for one in told),
        "has_published": any(one.fit.published for one in told),
        "has_marks": any(estimate.rests_on_prior for one in told for estimate in one.estimates.values()),
        "settings": settings_table(told),
    }


def _question(told: Told) -> dict[str, Any]:
    tables = (published_table(told), share_table(told), ratio_table(told))
    pictures = _pictures(told)
    return {
        "id": told.id,
        "asks": told.asks,
        "is_simulated": told.fit.counts.simulated,
        "findings": findings(told),
        "known": known(told),
        "tables": [table for table in tables if table is not None],
        "pictures": pictures[:_MOST_PICTURES],
        "not_drawn": max(len(_drawn(told)) - _MOST_PICTURES, 0),
        "differences": differences(told),
        "spread": spread_table(told),
        "each": each_tables(told),
    }


def _drawn(told: Told) -> list[tuple[tuple[str, ...], str]]:
    """Categories and groups to draw; of two categories one says it all, that which was printed or the first."""
    fit = told.fit
    shares = [(one.categories, one.group) for one in told.quantities if not one.is_ratio]
    if len(fit.categories) > 2:
        return shares
    printed = {one.group or fit.groups[0]: one.categories for one in fit.published if one.statistic == "share"}
    return [(printed.get(group, fit.categories[:1]), group) for group in fit.groups]


def _pictures(told: Told) -> list[dict[str, Any]]:
    return [
        both(
            lambda width, categories=categories, group=group: plot_rates(  # type: ignore[misc]
                told.fit, list(categories), group=group or None, ci_prob=told.ci_prob, width=width
            ),
            f"{told.id}-picture-{number}",
        )
        for number, (categories, group) in enumerate(_drawn(told)[:_MOST_PICTURES])
    ]
