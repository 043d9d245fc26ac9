"""Published figures, written out: the log-likelihood that the kernel and the PyMC model must both equal.

Regressions are solved one by one with plain inverses, derivatives in covariance matrices are taken entry by entry
(complex step), covariances of figures two figures and one organization at a time. Of the package only the layout, the
figures as stated, the declared signs and how closely scale and signs are known are used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from bayescx.evidence import Matched, Published
from bayescx.model.arrays import Sample
from bayescx.model.figure_arrays import UNIT_SD
from bayescx.model.layout import Layout
from bayescx.model.prepare import Prepared
from tests.model import dense, dense_patterns

Floats = NDArray[np.float64]
Size = tuple[tuple[str, ...], Any]
"""A set and the range of its respondents: figures that have them in common come from one sample."""


class Point(NamedTuple):
    """Components (J, C), population centres and SDs by component, a standard normal number for each unknown size, and
    log SDs (organizations that shared correlations, p)."""

    u: Floats
    mu: Mapping[int, float]
    tau: Mapping[int, float]
    sizes: Mapping[Size, float]
    log_scale: Floats


def log_posterior(at: Prepared, point: Point) -> float:
    """Log posterior density of a point, up to a number that does not depend on it."""
    layout, matched, sample = at.layout, at.evidence, at.sample
    complete = [j for j, n in enumerate(matched.n_obs) if n > 0 and matched.organizations[j] not in matched.patterns]
    known = Sample(sample.n_obs[complete], sample.cov[complete])
    total = dense.log_likelihood(layout, known, point.u[complete])
    total += dense.log_prior(layout, at.priors, point.u, point.mu, point.tau)
    total += answers(at, point)
    if at.informed is not None:
        total += declared_signs(at, point) + figures(at, point) - 0.5 * sum(e**2 for e in point.sizes.values())
    return float(total)


def answers(at: Prepared, point: Point) -> float:
    """Of organizations with missing answers, or correlations only."""
    matched, total = at.evidence, 0.0
    unit = np.array([at.layout.scale[name] for name in at.layout.variables])
    free = iter(point.log_scale)
    for j, name in enumerate(matched.organizations):
        if name not in matched.patterns:
            continue
        seen = matched.patterns[name]
        sigma = dense.implied_covariance(at.layout, point.u[j])
        if matched.level[name] == "correlations":
            log_sd = next(free)
            lacking = [k for k in range(len(log_sd)) if k not in {v for one in seen for v in one.variables}]
            total -= sum(one.n_obs for one in seen) * np.sum(log_sd[lacking] ** 2)  # SD 1 / sqrt(2 n)
            sigma = dense_patterns.with_sds(sigma, np.exp(log_sd))
        else:
            sigma = sigma * np.outer(unit, unit)
        total += dense_patterns.log_likelihood(sigma, seen)
    return total


def declared_signs(at: Prepared, point: Point) -> float:
    """Centres, or values that all share, have the declared sign; members' own values nearly so, and wholly where the
    path's outcome has no other cause and a published R-squared."""
    assert at.informed is not None
    total = 0.0
    for c, sign in at.informed.signs.items():
        kind = at.layout.kinds[c]
        if kind == "none":
            continue
        centre = point.mu[c] if kind == "partial" else point.u[0, c]
        if sign * centre <= 0:
            return -np.inf
        for name in members(at.evidence) if kind == "partial" else ():
            value = sign * point.u[at.evidence.organizations.index(name), c]
            if value <= 0 and is_firm(at, c, name):
                return -np.inf
            total += stats.norm.logcdf(value / at.informed.figures.sign_width[name])
    return float(total)


def is_firm(at: Prepared, c: int, name: str) -> bool:
    """Whether an R-squared of the path's sole cause cannot be met without this member."""
    rows = [entry.row for entry in at.layout.paths]
    alone = [at.layout.constructs[e.row] for e in at.layout.paths if e.component == c and rows.count(e.row) == 1]
    published = [one for one in at.evidence.published if one.use == "evidence" and name in one.organizations]
    return any(
        one.statistic == "r_squared"
        and one.outcome in alone
        and one.rule != ("pooled" if len(one.organizations) > 1 else "")
        and needs(at, one, name)
        for one in published
    )


def needs(at: Prepared, one: Published, name: str) -> bool:
    """Whether the other members would have to explain more than everything."""
    if one.rule == "each":
        return one.value > 0
    informed = at.informed.figures
    (term,) = [term for term in informed.terms if term.figure == one]
    return term.constant > sum(w for other, w in zip(term.members, term.weights, strict=True) if other != name)


def members(matched: Matched) -> list[str]:
    return [name for name in matched.organizations if matched.level[name] == "figures"]


def figures(at: Prepared, point: Point) -> float:
    """Of values jointly, of orderings and bounds one by one, and of the unit that constructs have by convention."""
    layout, matched = at.layout, at.evidence
    phi = {name: covariance(layout, point.u[matched.organizations.index(name)]) for name in members(matched)}
    total = 0.0
    if len(phi) == len(matched.organizations):
        for k in range(len(layout.constructs)):
            total -= 0.5 * (np.log(np.mean([one[k, k] for one in phi.values()])) / UNIT_SD) ** 2
    found = [one for figure in matched.published if figure.use == "evidence" for one in contrasts(at, figure)]
    values = [one for one in found if not one.is_sign]
    if values:
        c, d = np.array([one.evaluated(phi) for one in values]).T
        sampling = sampling_covariance(values, phi, point.sizes)
        rounding = np.array([one.rounding for one in values])
        total += stats.multivariate_normal(np.zeros(len(c)), sampling + np.diag((rounding * d) ** 2)).logpdf(c)
        total += np.log(np.abs(d)).sum()
    for one in found:
        if one.is_sign:
            contrast, below = one.evaluated(phi)
            variance = sampling_covariance([one], phi, point.sizes)[0, 0] + (one.rounding * below) ** 2
            total += stats.norm.logcdf(contrast / np.sqrt(variance))
    return float(total)


def covariance(layout: Layout, components: Floats) -> Floats:
    """Of one organization's constructs."""
    m = len(layout.constructs)
    total = np.linalg.inv(np.eye(m) - dense.matrix(layout.paths, components, (m, m)))
    return total @ dense.residual_covariance(layout.psi, layout.psi_cells, components) @ total.T


# ------------------------------------------------------------------------------------------ one figure


@dataclass(frozen=True)
class Contrast:
    """One thing that a figure says: turn * (mean of N_q - v D_q over a set) is 0, or positive.

    ``known`` are covariance matrices of organizations of the set that shared data, ``counted`` their respondents.
    """

    figure: Published
    layout: Layout
    organizations: tuple[str, ...]
    known: Mapping[str, Floats]
    counted: int
    other: str = ""  # of an ordering

    @property
    def is_sign(self) -> bool:
        return self.figure.statistic in ("ordering", "bound")

    @property
    def rounding(self) -> float:
        return 0.0 if self.figure.statistic == "ordering" else float(self.figure.rounded_to / np.sqrt(12))

    def log_n(self, sizes: Mapping[Size, float]) -> float:
        """Log of the respondents of one organization."""
        n_obs, count = self.figure.n_obs, len(self.figure.organizations)
        if isinstance(n_obs, int):
            return float(np.log((n_obs - self.counted) / (count - len(self.known))))
        low, high = np.log(n_obs)
        return float(
            (low + high) / 2 - np.log(count) + (high - low) / 4 * sizes[tuple(sorted(self.figure.organizations)), n_obs]
        )

    def evaluated(self, phi: Mapping[str, Any]) -> tuple[Any, Any]:
        """Contrast and mean D."""
        matrices = [self.known[name] if name in self.known else phi[name] for name in self.organizations]
        if self.figure.rule == "pooled":
            matrices = [sum(matrices) / len(matrices)]
        pairs = [parts(self.figure, self.layout, matrix, self.other) for matrix in matrices]
        above, below = (sum(pair[k] for pair in pairs) / len(pairs) for k in range(2))
        turn = -1 if self.figure.statistic == "bound" and self.figure.side == "at_most" else 1
        return turn * (above - (self.figure.value or 0.0) * below), below

    def derivative(self, name: str, phi: Mapping[str, Floats]) -> Floats:
        """D, symmetric, with d contrast = tr(D dPhi) for one organization."""
        m = len(self.layout.constructs)
        out = np.empty((m, m))
        for i in range(m):
            for k in range(i + 1):
                moved = {one: matrix.astype(complex) for one, matrix in phi.items()}
                moved[name][i, k] += 0.5e-30j
                moved[name][k, i] += 0.5e-30j
                out[i, k] = out[k, i] = self.evaluated(moved)[0].imag / 1e-30
        return out


def contrasts(at: Prepared, figure: Published) -> list[Contrast]:
    matched, constructs = at.evidence, at.layout.constructs
    columns = [matched.variables.index(name) for name in constructs if name in matched.variables]
    known = {
        name: matched.cov[matched.organizations.index(name)][np.ix_(columns, columns)]
        for name in figure.organizations
        if matched.level[name] != "figures"
    }
    sets = [(name,) for name in figure.organizations] if figure.rule == "each" else [figure.organizations]
    sets = [names for names in sets if not set(names) <= set(known)]
    others = figure.among or ("",)
    counted = sum(int(matched.n_obs[matched.organizations.index(name)]) for name in known)
    return [Contrast(figure, at.layout, names, known, counted, other) for other in others for names in sets]


def sampling_covariance(said: Sequence[Contrast], phi: Mapping[str, Floats], sizes: Mapping[Size, float]) -> Floats:
    """sum_q 2 exp(-(l + l') / 2) tr(D_q Phi_q D'_q Phi_q) over organizations that two contrasts speak of."""
    out = np.zeros((len(said), len(said)))
    for name, matrix in phi.items():
        products = {f: one.derivative(name, phi) @ matrix for f, one in enumerate(said) if name in one.organizations}
        for f, one in products.items():
            for g, other in products.items():
                n = np.exp((said[f].log_n(sizes) + said[g].log_n(sizes)) / 2)
                out[f, g] += 2 / n * np.trace(one @ other)
    return out


def parts(figure: Published, layout: Layout, phi: Any, other: str) -> tuple[Any, Any]:
    """Numerator and denominator (1 where there is none) of one covariance matrix."""
    index = {name: i for i, name in enumerate(layout.constructs)}
    causes = {i: [e.column for e in layout.paths if e.row == i] for i in index.values()}
    sd = np.sqrt(np.diagonal(phi))
    correlation = phi / np.outer(sd, sd)
    coefficients = np.zeros_like(phi)
    for i, columns in causes.items():
        if columns:
            coefficients[i, columns] = np.linalg.inv(phi[np.ix_(columns, columns)]) @ phi[columns, i]
    path = coefficients * np.outer(1 / sd, sd)
    effect = np.linalg.inv(np.eye(len(phi)) - coefficients) * np.outer(1 / sd, sd)

    def r_squared(i: int) -> Any:
        columns = causes[i]
        residual = phi[i, i] - phi[i, columns] @ np.linalg.inv(phi[np.ix_(columns, columns)]) @ phi[columns, i]
        return 1 - residual / phi[i, i]

    statistic = figure.of if figure.statistic == "bound" else figure.statistic
    if statistic == "correlation":
        return correlation[index[figure.between[0]], index[figure.between[1]]], 1.0
    i, k = index[figure.outcome], index.get(figure.cause, -1)
    if statistic == "ordering":
        compared = path if figure.of == "path" else effect
        return compared[i, k] - compared[i, index[other]], 1.0
    if statistic == "path_ratio":
        combine = np.mean if figure.reading == "mean" else np.sum
        above, below = ([index[name] for name in names] for names in (figure.numerator, figure.denominator))
        return combine(path[i, above]), combine(path[i, below])
    plain = {"r_squared": lambda: r_squared(i), "path": lambda: path[i, k], "total_effect": lambda: effect[i, k]}
    if statistic in plain:
        return plain[statistic](), 1.0
    shares = {
        "mediated": lambda: (effect[i, k] - path[i, k], effect[i, k]),
        "coefficients": lambda: (path[i, k], path[i].sum()),
        "pratt": lambda: (path[i, k] * correlation[i, k], r_squared(i)),
        "traceable": lambda: (effect[i, k] ** 2, r_squared(i)),
    }
    above, below = shares[figure.reading]()
    return above, below
