"""RatesFit: draws of shares with everything that they were made from."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import xarray as xr

from bayescx._html import heading, table
from bayescx._names import CHAIN, DRAW, ORGANIZATION
from bayescx.errors import FitError, PriorError
from bayescx.evidence.findings import printable
from bayescx.evidence.moments_checks import is_whole
from bayescx.priors import Prior
from bayescx.rates import saving
from bayescx.rates.counts import Counts
from bayescx.rates.figure_checks import check_figures
from bayescx.rates.figures import terms_of
from bayescx.rates.published import PublishedRate, members_of
from bayescx.rates.sampling import GroupDraws, draw_group
from bayescx.rates.splits import Side, Tree, tree_of
from bayescx.rates.together import joined

__all__ = ["GROUP", "SPLIT", "RatesFit", "fit_rates"]

GROUP, SPLIT = "group", "split"
_MOST_DRAWS = 1_000_000
_MOST_NUMBERS = 100_000_000  # in the posterior: 0.8 GB


@dataclass(frozen=True, eq=False)
class RatesFit:
    """Draws from the posterior of shares, and their provenance; it never changes.

    Attributes
    ----------
    counts : Counts
    published : tuple of PublishedRate
        Figures that informed it, and those to be checked.
    organizations : tuple of str
        Those with counts, then those known by published figures only.
    tree : Tree
        The binary splits of the categories.
    mean, sd : Prior
        Of centre and SD of each split's logits.
    seed : int
        Draws of unreported and new organizations follow from it.
    posterior : xarray.Dataset
        ``logit`` (chain, draw, organization, group, split); ``mu`` and ``tau`` (chain, draw, group, split).
    proposed, distinct : mapping of str to number
        For each group, how many populations were proposed, and the share of draws that no other draw repeats.
    """

    counts: Counts
    published: tuple[PublishedRate, ...]
    organizations: tuple[str, ...]
    tree: Tree
    mean: Prior
    sd: Prior
    seed: int
    posterior: xr.Dataset = field(repr=False)
    proposed: Mapping[str, int]
    distinct: Mapping[str, float]

    def __post_init__(self) -> None:
        for variable in self.posterior.variables.values():
            if isinstance(values := variable.values, np.ndarray):
                values.flags.writeable = False

    @property
    def named(self) -> tuple[str, ...]:
        """The organizations that have a name: not those that a figure gives a number of."""
        nameless = {
            name
            for one in self.published
            if isinstance(one.organizations, int)
            for name in members_of(one, self.counts)
        }
        return tuple(name for name in self.organizations if name not in nameless)

    @property
    def groups(self) -> tuple[str, ...]:
        """Groups of respondents; one, named "", where they are not told apart."""
        return self.counts.groups

    @property
    def categories(self) -> tuple[str, ...]:
        """Answers, in their stated order."""
        return self.counts.categories

    @property
    def n_planned(self) -> int:
        """The number of organizations planned: what "average" averages over."""
        return self.counts.n_planned

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the fit as one netCDF file, whole or not at all; `load_rates_fit` reads it.

        Parameters
        ----------
        path : path
            Where to; an existing file is replaced only once the new one is complete.

        Returns
        -------
        Path

        Raises
        ------
        FitError
            If the folder is not there or cannot be written to.
        """
        return saving.save(self, path)

    def __repr__(self) -> str:
        sizes = self.posterior.sizes
        known = f"{len(self.organizations)} of {self.n_planned} organizations"
        groups = f", {len(self.groups)} groups" if len(self.groups) > 1 else ""
        return (
            f"RatesFit({known}{groups}, {len(self.categories)} categories, {sizes[CHAIN]} chains x {sizes[DRAW]} draws)"
        )

    def _repr_html_(self) -> str:
        """Return what was fitted to what, for notebooks."""
        sizes = self.posterior.sizes
        rows = [
            ("organizations", f"{len(self.organizations)} of {self.n_planned} planned"),
            ("answers", f"{int(self.counts.answers.sum()):,}{' (simulated)' if self.counts.simulated else ''}"),
            ("published figures", f"{len(self.published)}"),
            ("splits", "; ".join(self.tree.names)),
            ("priors", f"mu ~ {self.mean}, tau ~ {self.sd}"),
            ("draws", f"{sizes[CHAIN]} chains × {sizes[DRAW]:,}, independent, seed {self.seed}"),
        ]
        return heading("Fit of shares") + table([], rows)


def fit_rates(
    counts: Counts,
    published: Sequence[PublishedRate] = (),
    *,
    splits: Sequence[tuple[Side, Side]] | None = None,
    mean: Prior = Prior("Normal", mu=0.0, sigma=1.5),
    sd: Prior = Prior("HalfNormal", sigma=0.5),
    draws: int = 1000,
    chains: int = 4,
    random_seed: int = 1,
) -> RatesFit:
    """Pool shares partially over organizations: independent draws from the posterior, without a Markov chain.

    In each group and for each split of the categories, ``logit p_j ~ Normal(mu, tau)`` over organizations j, and
    counts are binomial. Groups and splits are independent of each other, unless a published figure joins splits.

    Parameters
    ----------
    counts : Counts
        ``Counts.empty(...)`` where only published figures are known.
    published : sequence of PublishedRate
        Shares and ratios printed about organizations that shared no counts.
    splits : sequence of (side, side), optional
        How the categories part, for three or more: ``[("neutral", ("disloyal", "loyal")), ("disloyal", "loyal")]``.
        By default in their order, each against all that follow. The priors of shares depend on it somewhat.
    mean, sd : Prior
        Of mu and tau, on the logit scale.
    draws, chains : int
        Draws are independent; chains only shape them as other posteriors are.
    random_seed : int

    Returns
    -------
    RatesFit

    Raises
    ------
    EvidenceError
        If figures speak of what the counts do not have, or splits are no tree.
    PriorError
        If a prior is none, or that of an SD is not positive.
    FitError
        If nothing is known of a group, figures contradict the counts or each other, or a number is none that can be
        sampled.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"shop": ["a", "b", "c"], "leaves": [20, 9, 0], "stays": [80, 51, 12]})
    >>> fit_rates(Counts.from_table(frame, organization="shop", n_planned=5))
    RatesFit(3 of 5 organizations, 2 categories, 4 chains x 1000 draws)
    """
    if not isinstance(counts, Counts):
        raise FitError(f"counts must be Counts, as Counts.from_rows makes them; found {type(counts).__name__}")
    _check_priors(mean, sd)
    _check_numbers(draws=draws, chains=chains)
    if not is_whole(random_seed) or random_seed < 0:
        raise FitError(f"random_seed must be a whole number, 0 or above, found {random_seed!r:.60}")
    figures = check_figures(published, counts)
    tree = tree_of(counts.categories, splits)
    named = [name for figure in figures for name in members_of(figure, counts)]
    organizations = tuple(dict.fromkeys([*counts.organizations, *named]))
    _check_size(draws * chains, max(len(organizations), 1) * len(counts.groups) * len(tree.splits))
    parts = []
    for g, group in enumerate(counts.groups):
        answers = np.zeros((len(organizations), len(counts.categories)), dtype=np.int64)
        answers[: len(counts.organizations)] = counts.answers[:, g]
        terms = joined(terms_of([one for one in figures if one.use == "evidence"], counts, organizations, group))
        if not (answers.any() or terms):
            which = f" of group {printable(group)!r}" if group else ""
            raise FitError(f"nothing is known{which}: there are neither counts nor published figures that are evidence")
        rng = np.random.default_rng([int(random_seed), 0, g])
        parts.append(draw_group(answers, tree, terms, mean, sd, draws * chains, rng))
    return RatesFit(
        counts, figures, organizations, tree, mean, sd, int(random_seed),
        _dataset(parts, (chains, draws), organizations, counts.groups, tree),
        {group: part.proposed for group, part in zip(counts.groups, parts, strict=True)},
        {group: part.distinct for group, part in zip(counts.groups, parts, strict=True)},
    )  # fmt: skip


def _check_priors(mean: object, sd: object) -> None:
    for name, prior in (("mean", mean), ("sd", sd)):
        if not isinstance(prior, Prior):
            raise PriorError(f'{name} must be a Prior, e.g. Prior("Normal", mu=0, sigma=1.5); found {prior!r:.60}')
    if not sd.positive:  # type: ignore[attr-defined]
        raise PriorError(f"sd is the prior of a standard deviation: it needs a positive distribution, found {sd}")


def _check_numbers(**numbers: object) -> None:
    for name, value in numbers.items():
        if not is_whole(value) or not 1 <= value <= _MOST_DRAWS:  # type: ignore[operator]
            raise FitError(f"{name} must be a whole number from 1 to {_MOST_DRAWS:,}, found {value!r:.60}")


def _check_size(size: int, numbers: int) -> None:
    most = min(_MOST_DRAWS, _MOST_NUMBERS // numbers)
    if size > most:
        raise FitError(
            f"draws x chains = {size:,} are too many to hold: {numbers:,} numbers in each (organizations x groups x "
            f"splits) allow {most:,}; draws are independent, and 4,000 give most answers to three digits"
        )


def _dataset(
    parts: Sequence[GroupDraws],
    shape: tuple[int, int],
    organizations: Sequence[str],
    groups: Sequence[str],
    tree: Tree,
) -> xr.Dataset:
    """Draws with dims and coordinates, cut into chains."""
    logit = np.stack([part.logit for part in parts], axis=2)
    mu, tau = (np.stack([getattr(part, name) for part in parts], axis=1) for name in ("mu", "tau"))
    population = (CHAIN, DRAW, GROUP, SPLIT)
    return xr.Dataset(
        {
            "logit": ((CHAIN, DRAW, ORGANIZATION, GROUP, SPLIT), logit.reshape(*shape, *logit.shape[1:])),
            "mu": (population, mu.reshape(*shape, *mu.shape[1:])),
            "tau": (population, tau.reshape(*shape, *tau.shape[1:])),
        },
        coords={
            CHAIN: np.arange(shape[0]),
            DRAW: np.arange(shape[1]),
            ORGANIZATION: list(organizations),
            GROUP: list(groups),
            SPLIT: list(tree.names),
        },
    )
