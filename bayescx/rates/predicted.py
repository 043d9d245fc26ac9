"""Published shares as a posterior predicts them, draw by draw."""

from __future__ import annotations

import numpy as np
import xarray as xr

from bayescx._names import CHAIN, DRAW
from bayescx.errors import FitError
from bayescx.rates.figures import Term, terms_of
from bayescx.rates.fitted import GROUP, RatesFit
from bayescx.rates.published import PublishedRate

__all__ = ["FIGURE", "predicted_rates"]

FIGURE = "figure"
_PRINTS = 17  # random stream, apart from the others


def predicted_rates(fit: RatesFit, *, printed: bool = False) -> xr.DataArray:
    """Predict the published figures of a fit: the quantity of each one's set in every draw.

    Parameters
    ----------
    fit : RatesFit
        With published figures, as evidence or to be checked. A figure to be checked is predicted for its own
        organizations, of which the fit may know nothing but the population that they come from.
    printed : bool
        Add what a print adds: sampling error of as many respondents as the figure had, and rounding.

    Returns
    -------
    xarray.DataArray
        Dims chain, draw, figure; one entry for each organization of a figure with the rule "each". Coordinates along
        figure: ``use``, the ``published`` value, and its ``number`` among ``fit.published``, from 0.

    Raises
    ------
    FitError
        If the fit has no published figures.

    Examples
    --------
    >>> import pandas as pd
    >>> from bayescx.rates import Counts, PublishedRate, fit_rates
    >>> frame = pd.DataFrame({"shop": ["a", "b"], "leaves": [20, 9], "stays": [80, 51]})
    >>> printed = PublishedRate(value=0.25, categories="leaves", organizations=3, n_obs=300, use="check")
    >>> fit = fit_rates(Counts.from_table(frame, organization="shop", n_planned=5), [printed])
    >>> predicted_rates(fit)["published"].item()
    0.25
    """
    if not fit.published:
        raise FitError("there are no published figures in this fit; give some: fit_rates(counts, [PublishedRate(...)])")
    rng = np.random.default_rng([fit.seed, _PRINTS])
    values, labels, numbers = [], [], []
    for group in fit.groups:
        terms = terms_of(fit.published, fit.counts, fit.organizations, group)
        shares = fit.tree.shares(fit.posterior["logit"].sel({GROUP: group}).values)
        for term in terms:
            own = shares[:, :, term.members]
            values.append(_print(term, own, rng) if printed else term.statistic(own))
            labels.append(_label(fit, term))
            numbers.append(term.figure)
    about = [fit.published[number] for number in numbers]
    return xr.DataArray(
        np.stack(values, axis=-1),
        dims=(CHAIN, DRAW, FIGURE),
        coords={
            CHAIN: fit.posterior[CHAIN].values,
            DRAW: fit.posterior[DRAW].values,
            FIGURE: labels,
            "use": (FIGURE, [figure.use for figure in about]),
            "published": (FIGURE, [figure.value for figure in about]),
            "number": (FIGURE, numbers),
        },
        name="predicted_rates",
        attrs={
            "long_name": "published figure as it would be printed" if printed else "quantity behind a published figure",
            "units": "as published",
            "estimand": "predicted_rates",
        },
    )


def _label(fit: RatesFit, term: Term) -> str:
    """A figure's label; the organization's where the figure is of each."""
    figure: PublishedRate = fit.published[term.figure]
    if figure.rule != "each":
        return figure.label
    return f"{figure.subject} ({fit.organizations[int(term.members[0])]})"


def _print(term: Term, shares: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """What another sample of the set would have printed."""
    above, below = term.mean_shares(shares)
    n = np.exp(term.log_n + term.log_n_sd * rng.standard_normal(above.shape))
    if term.is_ratio:
        found = above / below * np.exp(rng.standard_normal(above.shape) * np.sqrt((1 / above + 1 / below) / n))
    else:
        asked = np.maximum(np.round(n), 1).astype(np.int64)
        found = rng.binomial(asked, np.minimum(above, 1.0)) / asked
    return np.asarray(term.value + term.step * np.floor((found - term.value) / term.step + 0.5 + 1e-9))
