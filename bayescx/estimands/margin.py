"""k of N: how the interval of the average of the N planned shrinks as organizations report."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import permutations

import numpy as np
import xarray as xr

from bayescx.errors import FitError, did_you_mean
from bayescx.estimands.quantity import (
    Interval,
    QuantityName,
    check_population,
    interval_of,
    is_settled,
    quantity_of,
    whole_number,
)
from bayescx.fitted import Fit
from bayescx.model.refit import refit_each, warn_of_refits

__all__ = ["AS_REPORTED", "margin_by_reporting"]

AS_REPORTED = "as reported"

_ORDERS, _REFIT = 11, 12  # random streams, apart from the seed's own
_MOST_ORDERS = 1000

Order = tuple[str, ...]
Names = frozenset[str]


def margin_by_reporting(
    fit: Fit,
    quantity: QuantityName,
    *,
    order: Sequence[str] | None = None,
    orders: int = 8,
    ci_prob: float = 0.95,
    standardized: bool = True,
    draws: int = 500,
    tune: int = 500,
    random_seed: int | None = None,
    progressbar: bool = True,
) -> xr.Dataset:
    """Answer for the average of the N planned, as it would have been after each organization's report.

    For k = 1, 2, … the model is fitted to the first k organizations alone, exactly as it would have been then. After
    the last one stands the fit's own answer. Before any (k = 0) the answer is what the priors say of N organizations,
    simulated; it is left out where that cannot be done (a second-order factor scaled by its average loading, or
    correlations that the model sets to 0 and the priors nearly always make impossible).

    Parameters
    ----------
    fit : Fit
    quantity : str or tuple
        ``"outcome~cause"`` for a direct effect, ``("total", cause, outcome)``, ``("indirect", cause, outcome)`` or
        ``("r_squared", outcome)``.
    order : sequence of str, optional
        All organizations in the order in which they really reported; by default as the evidence lists them.
    orders : int
        How many other orders of reporting, drawn at random, besides the real one; fewer where there are not so many.
    ci_prob : float
        Probability of the equal-tailed intervals.
    standardized : bool
        Effects in SDs; else in the data's units.
    draws, tune : int
        Of each refit, per chain.
    random_seed : int, optional
        Of the orders and the refits; by default the fit's own.
    progressbar : bool
        Show how many refits are done.

    Returns
    -------
    xarray.Dataset
        ``mean``, ``lower``, ``upper`` and ``sd`` with dims order ("as reported", "1", "2", …) and reported (0 to K),
        and ``joined``: who reported last. Attributes: quantity and its words, units, ci_prob, n_planned, simulated
        and converged (1 or 0: of the fit itself), refits and how many of them are not_converged.

    Raises
    ------
    FitError
        If there is no such quantity, ``order`` does not name every organization once, a setting is unusable, or the
        pooling leaves no population to draw from.

    Warns
    -----
    ConvergenceWarning
        Once, if refits did not converge for this quantity.

    Notes
    -----
    An organization known by published figures only counts as having reported once its figures can be used: when the
    whole set that they speak of has reported.

    Examples
    --------
    >>> margin = margin_by_reporting(fit, "loyalty~trust", orders=0, progressbar=False)
    >>> margin["mean"].dims, margin["reported"].values.tolist()
    (('order', 'reported'), [0, 1, 2, 3, 4])
    >>> real = ["west", "north", "east", "south"]
    >>> margin = margin_by_reporting(fit, "loyalty~trust", order=real, orders=0, progressbar=False)
    >>> margin["joined"].sel(order="as reported").values.tolist()
    ['', 'west', 'north', 'east', 'south']
    """
    asked = quantity_of(fit, quantity, standardized=standardized)
    check_population(fit)
    real = fit.organizations if order is None else _checked(order, fit.organizations)
    whole_number("orders", orders, 0, _MOST_ORDERS)
    whole_number("draws", draws, 4)
    whole_number("tune", tune, 1)
    seed = fit.seed if random_seed is None else whole_number("random_seed", random_seed, 0)
    known = {frozenset(fit.organizations): interval_of(asked.average(fit), ci_prob)}
    if (prior := asked.before_any(fit)) is not None:
        known[frozenset()] = interval_of(prior, ci_prob)
    reporting = [real, *_other_orders(real, orders, seed)]
    informed = {first: _informed(fit, first) for one in reporting for first in _firsts(one)}
    missing = [names for names in dict.fromkeys(informed.values()) if names and names not in known]
    changes = [_change(fit, names, draws, tune, seed) for names in missing]
    unsettled = 0
    doing = f"Refitting as organizations report ({len(changes)})"
    for names, again in zip(missing, refit_each(fit, changes, doing=doing, progressbar=progressbar), strict=True):
        answer = asked.average(again)
        known[names] = interval_of(answer, ci_prob)
        unsettled += not is_settled(again, answer)
    warn_of_refits(unsettled, len(changes))
    found = _dataset(reporting, {first: known.get(names) for first, names in informed.items()})
    return found.assign_attrs(
        quantity=asked.name, words=asked.words, units=asked.units, ci_prob=float(ci_prob), n_planned=fit.n_planned,
        simulated=int(fit.evidence.simulated), converged=int(not fit.provenance.get("convergence_problems")),
        refits=len(changes), not_converged=unsettled,
    )  # fmt: skip


def _checked(order: object, organizations: Order) -> Order:
    """The order in which organizations reported, if it names every one of them once."""
    works = f"Name every organization once, in the order in which they reported: {', '.join(organizations)}"
    given = order.tolist() if isinstance(order, np.ndarray) else order
    if isinstance(given, str) or not isinstance(given, Sequence):
        raise FitError(f"order must be a sequence of names, found {order!r}. {works}")
    names = [str(name) for name in given]
    unknown = [name for name in dict.fromkeys(names) if name not in organizations]
    problems = [f"No organization is called {name!r}{did_you_mean(name, organizations) or '.'}" for name in unknown]
    repeated = [repr(name) for name in organizations if names.count(name) > 1]
    missing = [repr(name) for name in organizations if name not in names]
    problems += [f"Named more than once: {', '.join(repeated)}."] if repeated else []
    problems += [f"Missing: {', '.join(missing)}."] if missing else []
    if problems:
        raise FitError(f"order does not fit the organizations of this fit. {' '.join(problems)} {works}")
    return tuple(names)


def _other_orders(organizations: Order, count: int, seed: int) -> list[Order]:
    """Distinct orders that are not the real one: all of them, or as many as asked for at random."""
    if math.factorial(len(organizations)) - 1 <= count:
        return list(permutations(organizations))[1:]
    rng = np.random.default_rng([seed, _ORDERS])
    found = {organizations: None}
    while len(found) <= count:
        found[tuple(organizations[i] for i in rng.permutation(len(organizations)))] = None
    return list(found)[1:]


def _firsts(order: Order) -> list[Names]:
    """Who has reported after 0, 1, … K reports."""
    return [frozenset(order[:k]) for k in range(len(order) + 1)]


def _informed(fit: Fit, names: Names) -> Names:
    """Those of whom the evidence then says something: figures of a set say nothing until all of it has reported."""
    if len(names) == len(fit.organizations):
        return names
    evidence = fit.evidence
    sets = [figure.organizations for figure in evidence.published if figure.use == "evidence"]
    figured = {name for one in sets if names.issuperset(one) for name in one}
    return frozenset(name for name in names if evidence.level[name] != "figures" or name in figured)


def _change(fit: Fit, names: Names, draws: int, tune: int, seed: int) -> dict[str, object]:
    """Arguments of one refit; its seed follows from who has reported, in whatever order."""
    members = [i for i, name in enumerate(fit.organizations) if name in names]
    own_seed = int(np.random.default_rng([seed, _REFIT, *members]).integers(2**31))
    return {"evidence": fit.evidence.only(names), "draws": draws, "tune": tune, "random_seed": own_seed}


def _dataset(reporting: Sequence[Order], answers: dict[Names, Interval | None]) -> xr.Dataset:
    nothing = Interval(*[math.nan] * 4)
    values = np.array([[answers[first] or nothing for first in _firsts(order)] for order in reporting])
    dims = ("order", "reported")
    found = xr.Dataset(
        {name: (dims, values[..., i]) for i, name in enumerate(Interval._fields)},
        coords={
            "order": [AS_REPORTED, *map(str, range(1, len(reporting)))],
            "reported": np.arange(len(reporting[0]) + 1),
            "joined": (dims, [["", *order] for order in reporting]),
        },
    )
    return found.isel(reported=np.flatnonzero(found["mean"].isel(order=0).notnull()))
