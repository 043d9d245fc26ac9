"""Every number that is told of shares, gathered once: for reports and for the command line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from bayescx._names import ORGANIZATION
from bayescx.errors import FitError
from bayescx.estimands import summarize
from bayescx.estimands.summary import LEAST_CONTRACTION
from bayescx.evidence.findings import printable
from bayescx.rates.estimands import RateTarget, category_rates, group_rate_ratio, rate_ratio
from bayescx.rates.fitted import GROUP, SPLIT, RatesFit

__all__ = ["EVERY", "Quantity", "Spread", "draws_of", "populations_of", "quantities_of", "rates_table", "spreads_of"]

Floats = NDArray[np.float64]

EVERY: tuple[RateTarget, ...] = ("organization", "typical", "average", "new")
_POPULATIONS: tuple[RateTarget, ...] = ("typical", "average", "new")

_PRIOR_DRAWS, _PRIOR_ORGANIZATIONS = 4000, 30
_SEED = 5  # of draws from the prior, which say how much the evidence added


class Quantity(NamedTuple):
    """A share, or a ratio of two shares: of categories in one group, or of one category in two groups.

    Groups are "" where respondents are not told apart.
    """

    categories: tuple[str, ...]
    group: str = ""
    relative_to: tuple[str, ...] = ()
    relative_to_group: str = ""

    @property
    def is_ratio(self) -> bool:
        """Whether one share is told relative to another."""
        return bool(self.relative_to)

    @property
    def words(self) -> str:
        """What it is, without its group."""
        above, below = (" + ".join(map(printable, side)) for side in (self.categories, self.relative_to))
        if not self.is_ratio:
            return above
        if self.relative_to_group:
            return f"{above}: {printable(self.group)} to {printable(self.relative_to_group)}"
        return f"{above} to {below}"


def quantities_of(fit: RatesFit, ratios: Sequence[tuple[str, str]] = ()) -> list[Quantity]:
    """What there is to tell: each category's share, what figures speak of, ratios.

    Parameters
    ----------
    fit : RatesFit
    ratios : sequence of (str, str)
        Categories whose ratio is told besides those of published figures; where there are none of these, besides that
        of the first of three or more categories to the last.

    Returns
    -------
    list of Quantity
        Shares before ratios of categories before ratios of groups (each later group to the first).

    Raises
    ------
    FitError
        If the fit has no such category, or a ratio is of a category to itself.
    """
    printed = [Quantity(one.categories, _group(fit, one.group), one.relative_to) for one in fit.published]
    shares = [Quantity((name,), group) for group in fit.groups for name in fit.categories]
    shares += [one for one in printed if not one.is_ratio]
    between = [one for one in printed if one.is_ratio]
    ends = [(fit.categories[0], fit.categories[-1])] if len(fit.categories) > 2 and not between else []
    pairs = [*ends, *ratios]
    for above, below in pairs:
        rate_ratio(fit, above, below, "typical")  # says what is wrong with a pair
    between += [Quantity((above,), group, (below,)) for above, below in pairs for group in fit.groups]
    first, *others = fit.groups
    across = [Quantity((name,), group, (name,), first) for group in others for name in fit.categories]
    order = {group: i for i, group in enumerate(fit.groups)}
    return [
        *sorted(dict.fromkeys(shares), key=lambda one: order[one.group]),
        *sorted(dict.fromkeys(between), key=lambda one: order[one.group]),
        *across,
    ]


def _group(fit: RatesFit, group: str | None) -> str:
    return fit.groups[0] if group is None else group


def populations_of(fit: RatesFit) -> tuple[RateTarget, ...]:
    """Targets that are not about each organization; one that is all there is says nothing of others."""
    return _POPULATIONS if fit.n_planned > 1 else ("average",)


def draws_of(fit: RatesFit, quantity: Quantity, target: RateTarget) -> xr.DataArray:
    """Draws of a quantity, (chain, draw[, organization])."""
    group = quantity.group or None
    if quantity.relative_to_group:
        return group_rate_ratio(fit, quantity.categories, quantity.group, quantity.relative_to_group, target)
    if quantity.is_ratio:
        return rate_ratio(fit, quantity.categories, quantity.relative_to, target, group=group)
    return category_rates(fit, target, category=quantity.categories, group=group)


def rates_table(
    fit: RatesFit,
    quantities: Sequence[Quantity],
    targets: Sequence[RateTarget] = EVERY,
    ci_prob: float = 0.95,
    *,
    kind: Literal["all", "stats"] = "all",
) -> pd.DataFrame:
    """Summarize quantities for targets, one row each.

    Returns
    -------
    pandas.DataFrame
        Columns quantity (share or ratio), category, group, relative_to, relative_to_group, target, organization (empty
        but for the target of that name, which leaves nameless organizations out), then those of `summarize`, and
        ``rests_on_prior``: the evidence cut the variance, of a ratio that of its logarithm, by less than half; of the
        target "new" also where it says so little of how much organizations differ.

    Raises
    ------
    FitError
        If ``ci_prob`` is not between 0 and 1.
    """
    if tuple(targets) == (ORGANIZATION,) and not fit.named:
        raise FitError("no organization is known by name; targets are typical, average and new")
    told = [target for target in targets if target != ORGANIZATION or fit.named]
    prior, spreads = _Prior(fit), spreads_of(fit)
    tables = [_rows(fit, quantity, target, prior, spreads, ci_prob, kind) for quantity in quantities for target in told]
    return pd.concat(tables, ignore_index=True)


def _rows(
    fit: RatesFit,
    quantity: Quantity,
    target: RateTarget,
    prior: _Prior,
    spreads: Sequence[Spread],
    ci_prob: float,
    kind: Literal["all", "stats"],
) -> pd.DataFrame:
    draws = draws_of(fit, quantity, target)
    if target == ORGANIZATION:
        draws = draws.sel({ORGANIZATION: list(fit.named)})
    rests = prior.resting(quantity, target, draws)
    if target == "new":
        rests = rests | _is_spread_open(fit, quantity, spreads)
    found = summarize(draws, ci_prob, kind=kind)
    names = found.pop(ORGANIZATION) if ORGANIZATION in found else ""
    about = {
        "quantity": "ratio" if quantity.is_ratio else "share",
        "category": " + ".join(quantity.categories),
        "group": quantity.group,
        "relative_to": " + ".join(quantity.relative_to),
        "relative_to_group": quantity.relative_to_group,
        "target": target,
        ORGANIZATION: names,
    }
    return pd.DataFrame({**about, **found, "rests_on_prior": rests})


# ------------------------------------------------------------------------------------------ differences


@dataclass(frozen=True)
class Spread:
    """How much organizations differ in one split of one group: the SD of logits, and whether it is the prior's."""

    group: str
    split: str
    mean: float
    lower: float
    upper: float
    rests_on_prior: bool


def spreads_of(fit: RatesFit, ci_prob: float = 0.95) -> list[Spread]:
    """SDs between organizations, of every split in every group."""
    table = summarize(fit.posterior["tau"], ci_prob, kind="stats")
    lower, upper = (str(name) for name in table if str(name).startswith("eti"))
    with np.errstate(invalid="ignore"):
        open_ = 1.0 - table["sd"] ** 2 / float(fit.sd.distribution().var()) < LEAST_CONTRACTION
    return [
        Spread(str(row[GROUP]), str(row[SPLIT]), row["mean"], row[lower], row[upper], bool(rests))
        for row, rests in zip(table.to_dict("records"), open_, strict=True)
    ]


def _is_spread_open(fit: RatesFit, quantity: Quantity, spreads: Sequence[Spread]) -> bool:
    """Whether a split that the quantity depends on has an SD that rests on the prior."""
    return any(
        one.rests_on_prior
        for one in spreads
        if one.group in (quantity.group, quantity.relative_to_group or quantity.group)
        and one.split in set(_splits(fit, quantity))
    )


def _splits(fit: RatesFit, quantity: Quantity) -> Iterator[str]:
    """Splits that tell a quantity's categories apart: of a ratio not those where both stand on the same side."""
    sides = [set(quantity.categories), set(quantity.relative_to)]
    if quantity.relative_to_group or not quantity.is_ratio:
        sides = [sides[0], set(fit.categories) - sides[0]]
    for name, (left, right) in zip(fit.tree.names, fit.tree.splits, strict=True):
        parted = [[bool(side & set(half)) for half in (left, right)] for side in sides]
        if (parted[0][0] and parted[1][1]) or (parted[0][1] and parted[1][0]):
            yield name


class _Prior:
    """Shares as the priors have them, before any count or figure; of two groups, which are independent."""

    def __init__(self, fit: RatesFit) -> None:
        rng = np.random.default_rng([fit.seed, _SEED])
        self.categories = fit.categories
        self.shares, self.others = _prior_shares(fit, rng), _prior_shares(fit, rng)

    def resting(self, quantity: Quantity, target: str, draws: xr.DataArray) -> Any:
        """Whether draws of a quantity, for each organization where there are several, vary nearly as its prior."""
        drawn = "new" if target == ORGANIZATION else target
        before, after = self.shares[drawn] @ self._in(quantity.categories), draws.values
        with np.errstate(divide="ignore", invalid="ignore"):
            if quantity.is_ratio:
                beside = (self.others if quantity.relative_to_group else self.shares)[drawn]
                before, after = np.log(before / (beside @ self._in(quantity.relative_to))), np.log(after)
            found = 1.0 - after.var(axis=(0, 1)) / before.var()
        return found < LEAST_CONTRACTION

    def _in(self, names: Sequence[str]) -> Floats:
        return np.array([name in names for name in self.categories], dtype=np.float64)


def _prior_shares(fit: RatesFit, rng: np.random.Generator) -> dict[str, Floats]:
    """Shares of categories under the priors for each target, (draws, categories)."""
    # the average of many organizations hardly varies less than that of some, as their common centre is not known
    shape = (_PRIOR_DRAWS, min(fit.n_planned, _PRIOR_ORGANIZATIONS), len(fit.tree.splits))
    mu, tau = (prior.sample(rng, (_PRIOR_DRAWS, 1, shape[2])) for prior in (fit.mean, fit.sd))
    own = fit.tree.shares(mu + tau * rng.standard_normal(shape))
    return {"typical": fit.tree.shares(mu[:, 0]), "new": own[:, 0], "average": own.mean(axis=1)}
