"""Items that run against what the model says of them: found before sampling, because no posterior would say so.

Items run with their factor, or against it where ``upper(0)*`` declares that; the sign is declared, not enforced. Where
loadings average 1, an item that does otherwise drives them far from 1, and the sign of the factor is left to chance.
Where a fixed loading gives the factor its direction, other signs are free, as in lavaan; what is declared must hold.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayescx.errors import ModelError
from bayescx.model.layout import Entry, Layout
from bayescx.spec.scanner import written

__all__ = ["check_directions"]

Floats = NDArray[np.float64]
_CLEAR = 0.15  # weight on the first component of the items' correlations below which an item says little either way
_SURE = 2.0  # standard errors of a correlation within which it says little either way


def check_directions(layout: Layout, n_obs: NDArray[np.int64], cov: Floats) -> None:
    """Refuse factors whose items, or first-order factors, correlate with other signs than those declared.

    What several arrows lead to (items of several factors, factors with other causes) is left out, because its
    correlations are not those that one factor makes. Factors are told by their items, turned and added up.

    Parameters
    ----------
    layout : Layout
    n_obs : int array (J,)
        Respondents; 0 where only figures are known.
    cov : array (J, p, p)
        Sample covariances, or correlations; nan where an organization lacks a variable. Items are compared within
        organizations, on average over them.

    Raises
    ------
    ModelError
        Naming the items to declare, or not to declare, reversed.
    """
    correlations = _Correlations.of(layout, n_obs, cov)
    composites: dict[str, Floats] = dict(zip(layout.variables, np.eye(len(layout.variables)), strict=True))
    problems: dict[str, list[str]] = {}
    for factor, members in _members(layout).items():
        weights = correlations.weights([composites[m.name] for m in members], members) if len(members) > 1 else None
        oriented = np.zeros(len(members)) if weights is None else weights * _orientation(weights, members)
        composites[factor] = correlations.composite([composites[m.name] for m in members], members, oriented)
        problems[factor] = list(_problems(layout, factor, members, oriented))
    found = [problem for factor in layout.model.latents for problem in problems[factor]]
    if found:
        raise ModelError(f"model {layout.model.name or ''}".strip(), found)


@dataclass(frozen=True)
class _Member:
    """An item of a factor, or a factor of a second-order one.

    Attributes
    ----------
    name : str
    sign : int
        What its loading is expected to have: -1 where it is declared reversed or fixed below 0.
    declared : bool
        Whether ``upper(0)*`` declares it reversed.
    leads : bool
        Whether it tells which way the factor points.
    averaged : bool
        Whether its loading is one of those that average 1, so that its sign is settled with or without ``upper(0)*``.
    fixed : float or None
        The loading that the text or convention gives it, in the data's units.
    """

    name: str
    sign: int
    declared: bool
    leads: bool
    averaged: bool
    fixed: float | None


def _members(layout: Layout) -> dict[str, list[_Member]]:
    """Those of each factor on which nothing else acts; factors come after those that they are measured by."""
    arrows: list[Entry] = [*layout.paths, *(e for e in layout.loadings if "=~" in e.name)]
    entries = {entry.name: entry for entry in arrows if entry.component >= 0 or entry.value}
    model = layout.model
    causes = Counter([row.rhs for row in model.loadings if row.name in entries])
    causes.update(row.lhs for row in model.paths if row.name in entries)
    averaged = {entry.name for factor in layout.averages for entry in factor}
    anchored = {row.lhs for row in model.loadings if row.name in entries and entries[row.name].component < 0}
    latents = set(model.latents)
    members: dict[str, list[_Member]] = {name: [] for name in reversed(layout.constructs) if name in latents}
    for row in model.loadings:
        entry = entries.get(row.name)
        if entry is None or causes[row.rhs] > 1:
            continue
        fixed = (row.fixed or 1.0) if entry.component < 0 else None
        leads = fixed is not None if row.lhs in anchored else row.name in averaged or not row.reversed
        sign = -1 if entry.value < 0 else 1
        members[row.lhs].append(_Member(row.rhs, sign, row.reversed, leads, row.name in averaged, fixed))
    return members


@dataclass(frozen=True)
class _Correlations:
    """Correlations of variables within organizations, on average over those that have both; 0 where none has.

    Attributes
    ----------
    pooled, apart : arrays (p, p)
        All of them, and with 0 for pairs whose residuals covary, of which factors are not the only reason.
    df : array (p, p)
        Respondents behind each, less one for each organization.
    covarying : tuple of pairs of str
        Constructs whose residuals covary.
    """

    pooled: Floats
    apart: Floats
    df: Floats
    covarying: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, layout: Layout, n_obs: NDArray[np.int64], cov: Floats) -> _Correlations:
        has_data = n_obs > 1
        sd = np.sqrt(np.diagonal(cov[has_data], axis1=1, axis2=2))
        with np.errstate(invalid="ignore", divide="ignore"):  # a coded column need not vary everywhere
            own = cov[has_data] / (sd[:, :, None] * sd[:, None, :])
        weight = np.where(np.isfinite(own), (n_obs[has_data] - 1.0)[:, None, None], 0.0)
        df = weight.sum(axis=0)
        known = np.where(np.isfinite(own), own, 0.0)
        pooled = np.asarray((weight * known).sum(axis=0) / np.where(df > 0, df, 1.0))
        covary = (layout.theta_cells >= 0) | (layout.theta_cells >= 0).T
        pairs = zip(*np.nonzero(layout.psi_cells >= 0), strict=True)
        names = tuple((layout.constructs[i], layout.constructs[k]) for i, k in pairs)
        return cls(pooled, np.where(covary, 0.0, pooled), df, names)

    def weights(self, rows: Sequence[Floats], members: Sequence[_Member]) -> Floats:
        """Weights of members, turned as expected, on their first component; 0 where too small or unsure to tell."""
        composites = np.array(rows)
        scale = np.sqrt([self._variance(row) for row in rows])
        known = scale > 0
        size = np.where(known, scale, 1.0)
        between = composites @ self.apart @ composites.T / np.multiply.outer(size, size)
        between[~np.logical_and.outer(known, known)] = 0.0
        place = {m.name: i for i, m in enumerate(members)}
        for pair in self.covarying:
            if set(pair) <= set(place):
                between[[place[name] for name in pair], [place[name] for name in reversed(pair)]] = 0.0
        np.fill_diagonal(between, 1.0)
        sign = np.array([m.sign for m in members])
        values, vectors = np.linalg.eigh(between * np.multiply.outer(sign, sign))
        largest, weights = values[-1], vectors[:, -1]
        rest_variance = largest * (1 - 2 * weights**2) + weights**2  # of the others, weighted and added up
        with_rest = (largest - 1) * np.abs(weights) / np.sqrt(np.maximum(rest_variance, np.finfo(float).tiny))
        used = np.abs(composites).sum(axis=0) > 0
        n = self.df[np.ix_(used, used)].mean() if used.any() else 0.0
        return np.where((np.abs(weights) > _CLEAR) & (with_rest * np.sqrt(n) > _SURE), weights, 0.0)

    def composite(self, rows: Sequence[Floats], members: Sequence[_Member], oriented: Floats) -> Floats:
        """Sum of standardized members, each turned the way that it was found to run, else as the text says."""
        total = np.zeros(len(self.pooled))
        for row, member, weight in zip(rows, members, oriented, strict=True):
            variance = self._variance(row)
            if variance > 0 and (weight or member.leads or member.declared):
                total += member.sign * (np.sign(weight) or 1.0) * row / np.sqrt(variance)
        return total

    def _variance(self, row: Floats) -> float:
        """Variance of a sum of standardized variables; 0 where it is not known, or nothing."""
        variance = float(row @ self.pooled @ row)
        return variance if variance > 1e-9 else 0.0


def _orientation(weights: Floats, members: Sequence[_Member]) -> float:
    """1 where weights are positive for members that run as expected, -1 where they are negative, 0 if nothing tells."""
    balance = weights[[m.leads for m in members]].sum()
    if abs(balance) < _CLEAR and all(m.averaged for m in members):
        # as many run one way as the other: those are right that are not declared, or come first
        order = sorted(range(len(members)), key=lambda i: members[i].declared)
        balance = next((weights[i] for i in order if weights[i]), balance)
    return float(np.sign(balance)) if abs(balance) >= _CLEAR else 0.0


def _problems(layout: Layout, factor: str, members: Sequence[_Member], oriented: Floats) -> Iterator[str]:
    against = [m for m, weight in zip(members, oriented, strict=True) if weight < 0]
    undeclared = [m.name for m in against if m.averaged and not m.declared]
    declared = [m.name for m in against if m.declared]
    has_factors = any(m.name in layout.model.latents for m in members)
    others = "the other factors" if has_factors else "the other items"
    if undeclared:
        terms = " + ".join(f"upper(0)*{written(name)}" for name in undeclared)
        works = f"declare that ({written(factor)} =~ ... + {terms})"
        recode = "" if has_factors else ", or recode (lowest + highest answer - answer)"
        kind = "" if has_factors else ", as reverse-coded items do"
        yield f"factor '{factor}': {_run(undeclared)} against {others} (negative correlations){kind}; {works}{recode}"
    if declared:
        with_whom = f"{others} (positive correlations)"
        anchors = [f"{m.name} ({m.fixed:g})" for m in members if m.fixed is not None]
        if anchors:
            with_whom = f"the factor, whose direction the fixed loading of {', '.join(anchors)} gives"
        works = "leave it out" + ("" if has_factors else " where answers were recoded already")
        yield f"factor '{factor}': {_run(declared)} with {with_whom}, but upper(0)* declares the opposite; {works}"


def _run(names: Sequence[str]) -> str:
    return f"{', '.join(names)} {'run' if len(names) > 1 else 'runs'}"
