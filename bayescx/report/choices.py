"""write_choice_report: a fit of choices in, one HTML file out that needs no network and no other file."""

from __future__ import annotations

import os
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bayescx._names import CHAIN, DRAW
from bayescx.choices import ChoiceFit
from bayescx.coding import Category
from bayescx.errors import FitError
from bayescx.evidence.findings import WIDEST_PROBLEM, listing, printable, shortened
from bayescx.fitted import Fit
from bayescx.plots.choices import plot_choices
from bayescx.report.choices_answers import hinged, thinned
from bayescx.report.choices_gaussian import check_gaussian, compared
from bayescx.report.choices_prose import findings, known
from bayescx.report.choices_tables import (
    Told,
    effect_table,
    gather_choices,
    organization_tables,
    priors_table,
    share_table,
    slope_table,
    spread_table,
    threshold_table,
    whom,
    words_of,
)
from bayescx.report.page import check_report, write_page
from bayescx.report.pictures import both
from bayescx.report.prose import MARK, capital, diagnosis
from bayescx.wording import count, counted, interval_name

__all__ = ["write_choice_report"]

_MOST_PICTURES = 4


def write_choice_report(
    fit: ChoiceFit,
    path: str | os.PathLike[str],
    gaussian: Fit | None = None,
    *,
    title: str = "",
    ci_prob: float = 0.95,
) -> Path:
    """Write a report on choices: one HTML file with its pictures inside, which opens anywhere and prints well.

    What is most likely, in sentences; tables of shares, slopes, thresholds and every organization; how likely each
    answer is along the model's variables; then method, convergence and settings. What rests mostly on the prior is
    marked.

    Parameters
    ----------
    fit : ChoiceFit
    path : path
        An ``.html`` file; one that is there is replaced once the new one is complete.
    gaussian : Fit, optional
        Of a path model with the same equation and the same organizations, whose outcome is a number: slopes of both
        stand side by side, each in SDs of its outcome within organizations.
    title : str, optional
        By default the outcome and how many organizations have reported.
    ci_prob : float
        Probability of all intervals.

    Returns
    -------
    Path

    Raises
    ------
    FitError
        If ``ci_prob`` is not between 0 and 1, ``gaussian`` has another equation or other organizations, or the file
        cannot be written.

    Examples
    --------
    >>> import pandas as pd
    >>> from bayescx.choices import ChoiceCounts, fit_choices
    >>> counted = {"shop": list("aaabbb"), "effort": [1, 3, 5] * 2, "leave": [20, 42, 60, 10, 28, 45]}
    >>> counted["stay"] = [80, 58, 40, 90, 72, 55]
    >>> counts = ChoiceCounts.from_table(
    ...     pd.DataFrame(counted), "choice ~ effort", organization="shop", categories=["leave", "stay"]
    ... )
    >>> choices = fit_choices(counts, random_seed=1, progressbar=False)
    >>> write_choice_report(choices, "choices.html").name
    'choices.html'
    """
    target = Path(path)
    check_report(target)
    if not isinstance(fit, ChoiceFit):
        raise FitError(f"a ChoiceFit is needed, as fit_choices returns it; found {type(fit).__name__}")
    if gaussian is not None:
        check_gaussian(fit, gaussian)
    told = gather_choices(fit, ci_prob)
    return write_page(target, "choices.html.j2", _context(told, gaussian, title))


def _context(told: Told, gaussian: Fit | None, title: str) -> dict[str, Any]:
    fit = told.fit
    shown = _variables(fit)
    columns = fit.counts.equation.columns
    outcome = words_of(fit, fit.counts.equation.outcome)
    return {
        "title": title or f"{capital(outcome)}: {_size(fit)}",
        "asks": f"What makes customers answer {listing([f'“{printable(one)}”' for one in fit.categories], 7)}?",
        "version": version("bayescx"),
        "mark": MARK,
        "interval": interval_name(told.ci_prob),
        "is_simulated": fit.simulated,
        "several": len(fit.categories) > 2,
        "has_marks": any(one.rests_on_prior for one in told.estimates.values()),
        "findings": findings(told),
        "known": known(told),
        "notes": [f"{capital(note)}." for note in fit.counts.notes],
        "shares": share_table(told),
        "slopes": [slope_table(told), effect_table(told)],
        "hinged": bool(hinged(fit)),
        "pictures": _pictures(told, shown),
        "whom": whom(fit, "average"),
        "not_drawn": len(columns) - len(shown),
        "fewer": _fewer(fit),
        "compared": None if gaussian is None else compared(told, gaussian),
        "thresholds": threshold_table(told),
        "spread": spread_table(told),
        "each": organization_tables(told),
        "diagnosis": diagnosis(fit),  # type: ignore[arg-type]  # it reads what fits of both kinds have
        "problems": [shortened(one, WIDEST_PROBLEM) for one in fit.provenance["convergence_problems"]],
        "model": str(fit.counts.equation.model),
        "settings": priors_table(fit),
    }


def _size(fit: ChoiceFit) -> str:
    reported, planned = len(fit.organizations), fit.n_planned
    several = f"{counted(reported, 'organization')}"
    return several if reported == planned else f"{reported} of {planned} organizations"


def _fewer(fit: ChoiceFit) -> str:
    """Say how many draws the slower figures rest on, where they are not all."""
    kept, every = ((one.posterior.sizes[CHAIN] * one.posterior.sizes[DRAW]) for one in (thinned(fit), fit))
    if kept == every:
        return ""
    return f"Covariate patterns are many: changes of shares and pictures rest on {count(kept)} of {count(every)} draws."


def _variables(fit: ChoiceFit) -> list[str]:
    """Columns to draw: those with a knot, then numbers, then categories."""
    coded = fit.counts.equation.coded.values()
    categories = {how.column for how in coded if isinstance(how, Category)}
    order = {name: (name not in hinged(fit), name in categories) for name in fit.counts.equation.columns}
    return sorted(order, key=order.__getitem__)[:_MOST_PICTURES]


def _pictures(told: Told, variables: list[str]) -> list[dict[str, Any]]:
    fit = thinned(told.fit)
    return [
        both(lambda width, name=name: plot_choices(fit, name, ci_prob=told.ci_prob, width=width), f"picture-{number}")  # type: ignore[misc]
        for number, name in enumerate(variables)
    ]
