"""Published figures as a posterior predicts them, draw by draw."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayescx._names import CHAIN, DRAW
from bayescx.errors import FitError, did_you_mean
from bayescx.estimands.system import layout_of
from bayescx.evidence import Published, figure_problems
from bayescx.evidence.findings import printable, shortened
from bayescx.fitted import Fit

if TYPE_CHECKING:
    from bayescx.model.figures import Term

__all__ = ["FIGURE", "asked_figures", "predicted_figures", "term_labels", "unlike"]

Floats = NDArray[np.float64]
FIGURE = "figure"
_PRINTS = 17  # random stream, apart from the seed's own


def predicted_figures(fit: Fit, figures: Sequence[Published] | None = None, *, printed: bool = False) -> xr.DataArray:
    """Predict published figures: the statistic of each one's set in every draw.

    Parameters
    ----------
    fit : Fit
    figures : sequence of Published, optional
        Any figures of organizations in the fit, whether or not it knew of them; by default those of its evidence.
    printed : bool
        Add what a print adds, so that the draws are those of the figure as it would be published: sampling error of
        as many respondents as the figure had, and rounding to its grid.

    Returns
    -------
    xarray.DataArray
        Dims chain, draw, figure, in the published unit. A figure that every organization of its set shows (rule
        "each"), and an ordering among several, has one entry for each organization or pair; that of an ordering is
        by how much it holds. Coordinates along figure: ``use`` and the ``published`` value (NaN for an ordering).

    Raises
    ------
    FitError
        If there are no figures, or one speaks of what the fit does not have.

    Notes
    -----
    Sampling error is that of the delta method for normal data in each draw. Figures of one sample err together, so
    where other figures of the same organizations inform the posterior their errors are taken as known: an R-squared
    and the only path behind it agree up to rounding in any sample, however small.

    Organizations that shared rows or moments are those of the posterior. A print then answers what *another* sample of
    the set, of the figure's size, would have shown. If the figure was computed from the very respondents that
    were shared, part of this error is not there, and draws are wider than they need to be, by up to sqrt(2). With
    ``overlap="replace"`` their own statistic counts as known instead, as it does in the posterior.

    Examples
    --------
    >>> from bayescx.evidence import Published
    >>> figure = Published(statistic="r_squared", outcome="trust", value=0.70, organizations=["north"], n_obs=150)
    >>> draws = predicted_figures(fit, [figure], printed=True)
    >>> draws.dims, draws["figure"].item()
    (('chain', 'draw', 'figure'), 'r_squared trust (north)')
    """
    from bayescx.estimands.figure_predictions import predictions_of  # which loads the compiler

    found = predictions_of(fit, asked_figures(fit, figures))
    values = found.statistic
    if printed:
        rng = np.random.default_rng([fit.seed, _PRINTS])
        sample = found.expected + found.noise * rng.standard_normal(values.shape)
        values = np.stack([_rounded(term.figure, sample[..., t]) for t, term in enumerate(found.terms)], axis=-1)
    value = [np.nan if term.figure.value is None else term.figure.value for term in found.terms]
    posterior = fit.posterior
    return xr.DataArray(
        values,
        dims=(CHAIN, DRAW, FIGURE),
        coords={
            CHAIN: posterior[CHAIN].values,
            DRAW: posterior[DRAW].values,
            FIGURE: term_labels(fit, found.terms),
            "use": (FIGURE, [term.figure.use for term in found.terms]),
            "published": (FIGURE, value),
        },
        name="predicted_figure",
        attrs={
            "long_name": "published figure as it would be printed"
            if printed
            else "statistic behind a published figure",
            "units": "as published",
            "estimand": "predicted_figures",
        },
    )


def _rounded(figure: Published, values: Floats) -> Floats:
    """Values on the grid that the published one lies on."""
    if figure.value is None:
        return values
    return np.asarray(figure.value + figure.rounded_to * np.round((values - figure.value) / figure.rounded_to))


def asked_figures(fit: Fit, figures: Sequence[Published] | None) -> tuple[Published, ...]:
    """Figures to predict; those that the fit does not know of are to be checked.

    Raises
    ------
    FitError
        If there are none, or one speaks of what the fit does not have.
    """
    known = fit.evidence.published
    if figures is None:
        if not known:
            raise FitError(
                "there are no published figures in this fit's evidence; give some, as in "
                'figures=[Published(statistic="r_squared", outcome=..., value=..., organizations=[...], n_obs=...)]'
            )
        return known
    given = [figures] if isinstance(figures, Published) else list(figures)
    if not given or not all(isinstance(one, Published) for one in given):
        raise FitError(f"figures must be a list of Published, found {figures!r:.100}")
    causes: dict[str, list[str]] = {}
    for row in fit.model.paths:
        causes.setdefault(row.lhs, []).append(row.rhs)
    problems = [*figure_problems(given, layout_of(fit).constructs, causes)]
    for figure in given:
        for name in figure.organizations:
            if name not in fit.organizations:
                hint = did_you_mean(name, fit.organizations) or "."
                problems.append(f"{figure.label}: the fit has no organization {name!r}{hint}")
    if problems:
        raise FitError("; ".join(problems))
    by_statement = {replace(figure, use="check"): figure for figure in known}  # whatever use is asked for, it had one
    checks = [replace(figure, use="check") for figure in given]
    return tuple(by_statement.get(check, check) for check in checks)


def term_labels(fit: Fit, terms: Sequence[Term]) -> list[str]:
    """A label for each term, all different: that of its figure, narrowed to the term's organization or pair."""
    constructs = layout_of(fit).constructs
    labels = []
    for term in terms:
        figure = term.figure
        if figure.rule == "each":
            figure = replace(figure, organizations=term.members)
        if figure.statistic == "ordering":
            figure = replace(figure, among=(constructs[term.atoms[1].column],))
        labels.append(figure.label)
    return unlike(labels, [term.figure.source for term in terms])


def unlike(labels: Sequence[str], sources: Sequence[str]) -> list[str]:
    """Labels that are all different: where two are alike, the source is added, or else a number."""
    counts = Counter(labels)
    told = [
        f"{label} [{shortened(printable(source), 40)}]" if counts[label] > 1 and source else label
        for label, source in zip(labels, sources, strict=True)
    ]
    seen: Counter[str] = Counter()
    out = []
    for label in told:
        seen[label] += 1
        out.append(f"{label} #{seen[label]}" if seen[label] > 1 else label)
    return out
