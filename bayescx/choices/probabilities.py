"""Probabilities of categories, averaged over respondents; effects of terms on them, and their ratios."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayescx.choices.fitted import ChoiceFit
from bayescx.choices.population import (
    CATEGORY,
    ChoiceTarget,
    components,
    labelled,
    mean_probabilities,
    over_organizations,
)
from bayescx.coding import Category, Hinge, level_text
from bayescx.errors import FitError
from bayescx.evidence.findings import listing, printable, suggestion

__all__ = ["choice_effects", "choice_probabilities", "choice_ratio"]

Floats = NDArray[np.float64]
Values = Mapping[str, float | str]


def choice_probabilities(
    fit: ChoiceFit, at: Values | None = None, target: ChoiceTarget = "organization"
) -> xr.DataArray:
    """Probability of each category, averaged over respondents.

    Parameters
    ----------
    fit : ChoiceFit
    at : mapping of str to number or level, optional
        What all respondents are taken to have, by column: ``{"expectations": 3, "issue": "billing"}``. Everything else
        stays as it is for each of them.
    target : {"organization", "typical", "average", "new"}
        "average": the mean of the N organizations' probabilities. An organization's respondents are its own; see
        ``bayescx.choices.population`` for those of the others.

    Returns
    -------
    xarray.DataArray
        Dims chain, draw[, organization], category.

    Raises
    ------
    FitError
        If the target is unknown, or a column or level is none of the model's.

    Examples
    --------
    >>> import pandas as pd
    >>> from bayescx.choices import ChoiceCounts, fit_choices
    >>> counted = {"shop": list("aaabbb"), "effort": [1, 3, 5] * 2, "leave": [20, 42, 60, 10, 28, 45]}
    >>> counted["stay"] = [80, 58, 40, 90, 72, 55]
    >>> counts = ChoiceCounts.from_table(
    ...     pd.DataFrame(counted), "choice ~ effort", organization="shop", categories=["leave", "stay"]
    ... )
    >>> fit = fit_choices(counts, random_seed=1, progressbar=False)
    >>> stay = choice_probabilities(fit, {"effort": 1}, "average").sel(category="stay")
    >>> bool(abs(stay.mean() - 0.85) < 0.05)
    True
    """
    values = _probabilities(fit, at, target)
    said = "".join(f", {printable(str(name))} = {printable(str(value))}" for name, value in (at or {}).items())
    return _labelled(fit, target, values, "choice_probabilities", f"probability of each category{said}", "probability")


def choice_effects(fit: ChoiceFit, term: str, target: ChoiceTarget = "average") -> xr.DataArray:
    """Average change of each category's probability with one unit more of a term.

    Parameters
    ----------
    fit : ChoiceFit
    term : str
        A number: everyone has one unit more. A hinge: the same, as if everyone were on its side of the knot, so that
        equal slopes have equal effects. A level of a category, ``issue[billing]``: everyone has it rather than the
        reference.
    target : {"organization", "typical", "average", "new"}

    Returns
    -------
    xarray.DataArray
        Dims chain, draw[, organization], category; adds up to 0 over categories.

    Raises
    ------
    FitError
        If the target or the term is unknown.

    Examples
    --------
    >>> import pandas as pd
    >>> from bayescx.choices import ChoiceCounts, fit_choices
    >>> counted = {"shop": list("aaabbb"), "effort": [1, 3, 5] * 2, "leave": [20, 42, 60, 10, 28, 45]}
    >>> counted["stay"] = [80, 58, 40, 90, 72, 55]
    >>> counts = ChoiceCounts.from_table(
    ...     pd.DataFrame(counted), "choice ~ effort", organization="shop", categories=["leave", "stay"]
    ... )
    >>> fit = fit_choices(counts, random_seed=1, progressbar=False)
    >>> effects = choice_effects(fit, "effort").mean(("chain", "draw"))
    >>> effects.round(1).values.tolist()
    [0.1, -0.1]
    """
    if term not in fit.terms:
        raise FitError(f"there is no term {printable(str(term))!r}{suggestion(str(term), fit.terms)}")
    k, how = fit.terms.index(term), fit.counts.equation.coded.get(term)
    less: Callable[[Floats], Floats] | None = None
    if isinstance(how, Category):
        more, less = _set(fit, {how.column: how.level}), _set(fit, {how.column: how.reference})
    else:

        def more(x: Floats) -> Floats:
            return np.asarray(x + np.eye(x.shape[1])[k])

    found = components(fit, target)
    change = mean_probabilities(fit, found, more) - mean_probabilities(fit, found, less)
    against = f" rather than {printable(how.reference)}" if isinstance(how, Category) else ", one unit more"
    said = f"change of each category's probability: {printable(term)}{against}"
    values = over_organizations(change, target)
    return _labelled(fit, target, values, "choice_effects", said, "difference of probabilities")


def choice_ratio(
    fit: ChoiceFit,
    numerator: str | Sequence[str],
    denominator: str | Sequence[str],
    target: ChoiceTarget = "average",
    *,
    at: Values | None = None,
) -> xr.DataArray:
    """How many times as likely one category is as another: "four times as likely disloyal as loyal".

    Parameters
    ----------
    fit : ChoiceFit
    numerator, denominator : str or sequence of str
        Different categories; of several, their probabilities together.
    target : {"organization", "typical", "average", "new"}
        "average": the ratio of the average probabilities.
    at : mapping, optional
        As of ``choice_probabilities``.

    Returns
    -------
    xarray.DataArray
        Dims chain, draw[, organization].

    Raises
    ------
    FitError
        If the target, a category, a column or a level is unknown, or a category stands above and below.

    Examples
    --------
    >>> import pandas as pd
    >>> from bayescx.choices import ChoiceCounts, fit_choices
    >>> counted = {"shop": list("aaabbb"), "effort": [1, 3, 5] * 2, "leave": [20, 42, 60, 10, 28, 45]}
    >>> counted["stay"] = [80, 58, 40, 90, 72, 55]
    >>> counts = ChoiceCounts.from_table(
    ...     pd.DataFrame(counted), "choice ~ effort", organization="shop", categories=["leave", "stay"]
    ... )
    >>> fit = fit_choices(counts, random_seed=1, progressbar=False)
    >>> ratio = choice_ratio(fit, "leave", "stay", at={"effort": 5})
    >>> bool(0.5 < ratio.median() < 2)
    True
    """
    above, below = _categories(fit, numerator), _categories(fit, denominator)
    if both := [fit.categories[c] for c in above if c in below]:
        raise FitError(f"{listing([printable(one) for one in both])} stands above and below; compare other categories")
    values = _probabilities(fit, at, target)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = values[..., above].sum(axis=-1) / values[..., below].sum(axis=-1)
    named = [" + ".join(printable(fit.categories[c]) for c in places) for places in (above, below)]
    return labelled(
        fit, target, ratio, None, name="choice_ratio", units="ratio of probabilities",
        long_name=f"probability of {named[0]} / probability of {named[1]}",
    )  # fmt: skip


def _probabilities(fit: ChoiceFit, at: Values | None, target: str) -> Floats:
    changed = None if at is None else _set(fit, at)
    return over_organizations(mean_probabilities(fit, components(fit, target), changed), target)


def _labelled(fit: ChoiceFit, target: str, values: Floats, name: str, long_name: str, units: str) -> xr.DataArray:
    return labelled(fit, target, values, (CATEGORY, list(fit.categories)), name=name, long_name=long_name, units=units)


def _categories(fit: ChoiceFit, asked: str | Sequence[str]) -> list[int]:
    names = [asked] if isinstance(asked, str) else list(asked)
    for name in names:
        if name not in fit.categories:
            raise FitError(f"there is no category {printable(str(name))!r}{suggestion(str(name), fit.categories)}")
    if not names or len(set(names)) < len(names):
        raise FitError(f"name one category or several distinct ones, found {asked!r:.60}")
    return [fit.categories.index(name) for name in names]


def _set(fit: ChoiceFit, at: Values) -> Callable[[Floats], Floats]:
    """Give all respondents these values of columns, coded as the model's terms code them."""
    if not isinstance(at, Mapping):
        raise FitError(f'at is a mapping such as {{"effort": 3}}, found {at!r:.60}')
    equation = fit.counts.equation
    places: dict[int, float] = {}
    for column, value in at.items():
        if column not in equation.columns:
            hint = suggestion(str(column), equation.columns)
            raise FitError(f"the model has no column {printable(str(column))!r}{hint}")
        for k, name in enumerate(fit.terms):
            how = equation.coded.get(name)
            if (how.column if how else name) == column:
                places[k] = _coded(how, column, value)

    def changed(x: Floats) -> Floats:
        out = x.copy()
        for k, value in places.items():
            out[:, k] = value
        return out

    return changed


def _coded(how: Hinge | Category | None, column: str, value: object) -> float:
    if isinstance(how, Category):
        level = level_text(str(value))
        if level not in how.levels:
            raise FitError(f"{printable(column)!r} has no level {printable(level)!r}{suggestion(level, how.levels)}")
        return float(level == how.level)
    if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not np.isfinite(value):
        raise FitError(f"{printable(column)!r} is a number, found {value!r:.60}")
    return float(value) if how is None else float(how.values(np.array([float(value)]))[0])
