"""Published figures as contrasts of standardized quantities: what both densities and predictions are made of.

A figure becomes one or more terms. A term compares sum_q w_q (N_q - v D_q) with a constant, N and D being weighted sums
of *atoms* (paths, total effects, correlations, explained variances) in the equation-by-equation regressions that the
covariance matrix of constructs of organization q implies. Where a model has no residual covariances these regressions
are its equations. A statistic that is no ratio has D = 0 and the published value as constant; an ordering or a bound
says that the contrast is positive. Orderings speak of size, and bounds of a ratio divide by D: both are turned by the
sign of what they compare or divide by, where it is declared or assumed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bayescx import algebra
from bayescx.errors import EvidenceError
from bayescx.evidence import Matched, Published
from bayescx.evidence.figure_checks import limits_of
from bayescx.evidence.findings import listing, printable
from bayescx.kernel.statistics import CORRELATION, PATH, PRATT, R_SQUARED, SQUARED_TOTAL, TOTAL
from bayescx.model.layout import Layout
from bayescx.model.signs import EffectSigns, component_signs

__all__ = ["Atom", "Term", "causes_of", "contrast_of", "figure_terms", "member_log_n"]

Floats = NDArray[np.float64]
_FEWEST_LEFT = 10  # respondents of each organization that is left once others of its set are taken out
_BY_ITEMS = 'cannot be taken out where constructs are measured by items; use = "check" compares the figure instead'


class Atom(NamedTuple):
    """``contrast`` times it goes into N - v D, ``denominator`` times it into D; ``code`` is of kernel.statistics."""

    code: int
    row: int
    column: int
    contrast: float
    denominator: float


@dataclass(frozen=True)
class Term:
    """One contrast of a published figure.

    Attributes
    ----------
    figure : Published
    members : tuple of str
        Organizations whose covariance matrices it is computed from, with ``weights``.
    atoms : tuple of Atom
    constant, denominator_constant : float
        What the contrast is compared with; D of what is known (1 where the figure is no ratio).
    rounding : float
        SD of rounding, in units of the published value.
    is_sign : bool
        An ordering or bound: the contrast is positive.
    is_pooled : bool
        The statistic of all respondents together.
    log_n, log_n_sd : float
        Log of the respondents behind one member's part, and how unsure it is (0 where it was published).
    """

    figure: Published
    members: tuple[str, ...]
    weights: tuple[float, ...]
    atoms: tuple[Atom, ...]
    constant: float
    denominator_constant: float
    rounding: float
    is_sign: bool
    is_pooled: bool
    log_n: float
    log_n_sd: float

    @property
    def is_ratio(self) -> bool:
        """Whether the figure is a ratio of two sums of atoms."""
        return any(atom.denominator for atom in self.atoms)

    @property
    def sample(self) -> tuple[tuple[str, ...], int | tuple[int, int]]:
        """The set, in the order of names, and its size: figures that have them in common come from one sample."""
        return tuple(sorted(self.figure.organizations)), self.figure.n_obs


def causes_of(layout: Layout) -> list[list[int]]:
    """Positions of the direct causes of each construct."""
    out: list[list[int]] = [[] for _ in layout.constructs]
    for entry in layout.paths:
        if entry.column not in out[entry.row]:
            out[entry.row].append(entry.column)
    return out


def figure_terms(layout: Layout, matched: Matched, published: Sequence[Published]) -> list[Term]:
    """The terms of published figures, what is known of organizations that shared data taken out.

    Raises
    ------
    EvidenceError
        If a figure's part cannot be taken out, or leaves what the others cannot show.
    """
    effects = EffectSigns.of(layout, component_signs(layout, matched))
    return [term for figure in published for term in _terms(layout, matched, effects, figure)]


def member_log_n(figure: Published) -> tuple[float, float]:
    """Log of the respondents behind one organization's part of a figure, and its SD: a range holds 95 % of it."""
    low, high = figure.n_obs if isinstance(figure.n_obs, tuple) else (figure.n_obs, figure.n_obs)
    middle = 0.5 * (np.log(low) + np.log(high)) - np.log(len(figure.organizations))
    return float(middle), float((np.log(high) - np.log(low)) / 4.0)


def _terms(layout: Layout, matched: Matched, effects: EffectSigns, figure: Published) -> list[Term]:
    log_n, log_n_sd = member_log_n(figure)
    sets = [(name,) for name in figure.organizations] if figure.rule == "each" else [figure.organizations]
    out = []
    for atoms, value in _readings(layout, effects, figure):
        is_ratio = any(atom.denominator for atom in atoms)
        for members in sets:
            whole = Term(
                figure, members, (1.0 / len(members),) * len(members), atoms,
                constant=0.0 if is_ratio else value,
                denominator_constant=0.0 if is_ratio else 1.0,
                rounding=0.0 if figure.statistic == "ordering" else figure.rounded_to / np.sqrt(12.0),
                is_sign=figure.statistic in ("ordering", "bound"),
                is_pooled=figure.rule == "pooled" and len(members) > 1,
                log_n=log_n,
                log_n_sd=log_n_sd,
            )  # fmt: skip
            rest = _without_known(layout, matched, whole)
            out += [rest] if rest is not None else []
    return out


def _readings(layout: Layout, effects: EffectSigns, figure: Published) -> list[tuple[tuple[Atom, ...], float]]:
    """Atoms and published value of each contrast; bounds and orderings are turned so that they say "positive"."""
    index = {name: i for i, name in enumerate(layout.constructs)}
    if figure.statistic == "ordering":
        code = PATH if figure.of == "path" else TOTAL
        row = index[figure.outcome]
        sign_of = effects.path if figure.of == "path" else effects.total
        first, *others = (
            Atom(code, row, index[name], float(sign_of(row, index[name]) or 1), 0.0)
            for name in (figure.cause, *figure.among)
        )
        return [((first, other._replace(contrast=-other.contrast)), 0.0) for other in others]
    value = float(figure.value or 0.0)
    numerator, denominator = _parts(layout, figure, index)
    turn = -1.0 if figure.statistic == "bound" and figure.side == "at_most" else 1.0
    divided = _denominator_sign(effects, figure, denominator) if figure.statistic == "bound" else 1.0
    weights: dict[tuple[int, int, int], list[float]] = {}
    for key, weight in numerator:
        weights.setdefault(key, [0.0, 0.0])[0] += divided * turn * weight
    for key, weight in denominator:
        weights.setdefault(key, [0.0, 0.0])[0] -= divided * turn * weight * value
        weights[key][1] += divided * weight
    return [(tuple(Atom(*key, *pair) for key, pair in weights.items()), turn * value)]


Weighted = list[tuple[tuple[int, int, int], float]]


def _denominator_sign(effects: EffectSigns, figure: Published, denominator: Weighted) -> float:
    """The sign of what a bound divides by; + where it is open, and where nothing is divided."""
    signs = {effects.path(row, cause) for (code, row, cause), _ in denominator if code == PATH}
    if figure.reading == "mediated":
        signs = {effects.total(row, cause) for (_, row, cause), _ in denominator}
    return -1.0 if signs == {-1} else 1.0


def _parts(layout: Layout, figure: Published, index: Mapping[str, int]) -> tuple[Weighted, Weighted]:
    """Numerator and denominator as weighted atoms; no denominator where the figure is no ratio."""
    statistic, reading = figure.measured, figure.reading
    if statistic == "correlation":
        one, other = (index[name] for name in figure.between)
        return [((CORRELATION, one, other), 1.0)], []
    row = index[figure.outcome]
    explained: Weighted = [((R_SQUARED, row, row), 1.0)]
    if statistic == "r_squared":
        return explained, []
    if statistic == "path_ratio":
        sums = []
        for names in (figure.numerator, figure.denominator):
            share = 1.0 / len(names) if reading == "mean" else 1.0
            sums.append([((PATH, row, index[name]), share) for name in names])
        return sums[0], sums[1]
    column = index[figure.cause]
    path, total = (PATH, row, column), (TOTAL, row, column)
    if statistic == "path":
        return [(path, 1.0)], []
    if statistic == "total_effect":
        return [(total, 1.0)], []
    if reading == "mediated":
        direct: Weighted = [(path, -1.0)] if column in causes_of(layout)[row] else []
        return [(total, 1.0), *direct], [(total, 1.0)]
    if reading == "coefficients":
        return [(path, 1.0)], [((PATH, row, cause), 1.0) for cause in causes_of(layout)[row]]
    if reading == "pratt":
        return [((PRATT, row, column), 1.0)], explained
    return [((SQUARED_TOTAL, row, column), 1.0)], explained


def _without_known(layout: Layout, matched: Matched, term: Term) -> Term | None:
    """The term without organizations that shared data themselves: their own statistic is known, not estimated."""
    figure = term.figure
    shared = [name for name in figure.organizations if matched.level.get(name) != "figures"]
    if not shared or figure.use == "check":
        return term
    known = [name for name in term.members if name in shared]
    if known and layout.model.latents:
        raise EvidenceError(
            "published figures",
            [f"{figure.label}: the statistic of {', '.join(known)} {_BY_ITEMS}"],
        )
    left = [(name, w) for name, w in zip(term.members, term.weights, strict=True) if name not in known]
    if not left:
        return None
    columns = [matched.variables.index(name) for name in layout.constructs] if known else []
    constant, below = term.constant, term.denominator_constant
    for name in known:
        cov = matched.cov[matched.organizations.index(name)][np.ix_(columns, columns)]
        if np.isnan(cov).any():
            raise EvidenceError(
                "published figures",
                [f"{figure.label}: {name} lacks variables, so its statistic cannot be taken out of the figure"],
            )
        contrast, denominator = _sums(term, algebra.regressions(cov, causes_of(layout)))
        constant -= float(contrast) / len(term.members)
        below += float(denominator) / len(term.members)
    log_n = _log_n_of_rest(matched, figure, shared, term.log_n)
    rest = replace(
        term, members=tuple(name for name, _ in left), weights=tuple(w for _, w in left),
        constant=constant, denominator_constant=below, log_n=log_n,
    )  # fmt: skip
    _check_rest(rest, known)
    return rest


def _log_n_of_rest(matched: Matched, figure: Published, shared: Sequence[str], stated: float) -> float:
    """Log of the respondents of each organization of the rest; of a range, as ``stated``.

    Raises
    ------
    EvidenceError
        If those who shared data are so many that fewer than ten of the figure's respondents are left for each other.
    """
    most = figure.n_obs[1] if isinstance(figure.n_obs, tuple) else figure.n_obs
    counts = {name: int(matched.n_obs[matched.organizations.index(name)]) for name in shared}
    others = [name for name in figure.organizations if name not in counts]
    rest = most - sum(counts.values())
    if rest < _FEWEST_LEFT * len(others):
        of_whom = listing([f"{printable(name)} {n}" for name, n in counts.items()], 8)
        to_whom = listing([printable(name) for name in others], 8)
        problem = (
            f"{figure.label}: n_obs counts the respondents of the set together, {most}, of whom shared data: "
            f"{of_whom}; that leaves {max(rest, 0)} for {to_whom}, and each needs "
            f'{_FEWEST_LEFT}; n_obs = {most - rest + _FEWEST_LEFT * len(others)} or more would do, or use = "check"'
        )
        raise EvidenceError("published figures", [problem])
    return stated if isinstance(figure.n_obs, tuple) else float(np.log(rest) - np.log(len(others)))


def _check_rest(rest: Term, known: Sequence[str]) -> None:
    """Refuse what the others of a set cannot show, once the known ones are taken out."""
    figure, total = rest.figure, sum(rest.weights)
    limits = limits_of(figure.measured, figure.reading)
    if not known or rest.is_ratio or len(rest.atoms) != 1 or limits is None:
        return
    needed = rest.atoms[0].contrast * rest.constant / total
    slack = 0.5 * figure.rounded_to / total
    too_low = needed < limits[0] - slack and figure.side != "at_least"
    too_high = needed > limits[1] + slack and figure.side != "at_most"
    if too_low or too_high:
        own = listing([printable(name) for name in known], 8)
        others = listing([printable(name) for name in rest.members], 8)
        problem = (
            f"{figure.label}: once what {own} shared is taken out, {needed:.2f} is left for {others}, and it lies "
            f'between {limits[0]:g} and {limits[1]:g}; use = "check" compares the figure instead'
        )
        raise EvidenceError("published figures", [problem])


def _sums(term: Term, regressions: algebra.Regressions) -> tuple[Floats, Floats]:
    """N - v D and D of one organization, shape (...)."""
    shape = regressions.phi.shape[:-2]
    contrast = np.zeros(shape, dtype=regressions.phi.dtype)
    denominator = np.zeros(shape, dtype=regressions.phi.dtype)
    for code, i, k, weight, below in term.atoms:
        value = _atom(code, i, k, regressions)
        contrast += weight * value
        denominator += below * value
    return contrast, denominator


def _atom(code: int, i: int, k: int, found: algebra.Regressions) -> Floats:
    variance = found.phi[..., i, i]
    spread = np.sqrt(found.phi[..., k, k] / variance)
    if code == PATH:
        return np.asarray(found.paths[..., i, k] * spread)
    if code == TOTAL:
        return np.asarray(found.effects[..., i, k] * spread)
    if code == CORRELATION:
        return np.asarray(found.phi[..., i, k] / np.sqrt(variance * found.phi[..., k, k]))
    if code == R_SQUARED:
        return np.asarray(found.explained[..., i] / variance)
    if code == PRATT:
        return np.asarray(found.paths[..., i, k] * found.phi[..., i, k] / variance)
    return np.asarray((found.effects[..., i, k] * spread) ** 2)


def contrast_of(term: Term, layout: Layout, phi: Floats) -> tuple[Floats, Floats]:
    """Contrast (less its constant) and denominator; ``phi`` (..., members, m, m), result (...)."""
    causes = causes_of(layout)
    weights = np.array(term.weights)
    if term.is_pooled:
        contrast, below = _sums(term, algebra.regressions((phi * weights[:, None, None]).sum(axis=-3), causes))
    else:
        parts = _sums(term, algebra.regressions(phi, causes))
        contrast, below = ((part * weights).sum(axis=-1) for part in parts)
    return contrast - term.constant, below + term.denominator_constant
