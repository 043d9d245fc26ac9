"""Published figures as PyTensor expressions, for the open PyMC model.

A figure compares a contrast of standardized quantities with 0. How closely follows by the delta method from the
derivatives of the contrast in organizations' covariance matrices, and those are PyTensor's own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pytensor.gradient import grad

from bayescx._names import SAMPLE
from bayescx.kernel.statistics import CORRELATION, PATH, PRATT, R_SQUARED, SQUARED_TOTAL, TOTAL
from bayescx.model.figure_arrays import UNIT_SD, FigureSet
from bayescx.model.figures import Term, causes_of
from bayescx.model.informed import Informed
from bayescx.model.layout import Entry, Layout, SdEntry
from bayescx.model.symbolic import implied_covariance

__all__ = ["add_figures"]

Tensor = Any

_MEMBER = "organization_figures"
_FIGURE = "figure"
_DIRECTION = "figure_direction"


def add_figures(layout: Layout, informed: Informed, u: Tensor) -> None:
    """Add what published figures say to the model; ``u`` (J, C) are everybody's components.

    Each part is a potential and not an observed variable: the sampling variance of a contrast is taken at parameters
    *and* published values, so that there is no distribution that new figures could be drawn from.

    ``published_contrast`` (figure) is kept: what parameters imply less what was published, 0 where they agree (for a
    ratio N / D published as v: N - v D); so is ``published_n_obs`` (published_sample), sizes published as a range.
    """
    figures = informed.figures
    if not figures.members:
        return
    model = pm.modelcontext(None)
    model.add_coord(_MEMBER, list(figures.members))
    u = u[[figures.organizations.index(name) for name in figures.members]]
    _add_declared_signs(layout, informed, u)
    phi = _construct_covariance(layout, u, len(figures.members))
    if informed.only_figures:
        model.add_coord("construct", list(layout.constructs))
        along = np.arange(len(layout.constructs))
        log_variance = pt.log(phi[:, along, along].mean(axis=0))
        pm.Potential("common_scale", pm.logp(pm.Normal.dist(0.0, UNIT_SD), log_variance), dims="construct")
    if figures.terms:
        _add_terms(layout, figures, phi, _log_sizes(figures))


def _add_declared_signs(layout: Layout, informed: Informed, u: Tensor) -> None:
    """Members' own paths have the sign of their population, seen as closely as their sample allows."""
    figures = informed.figures
    signs = {c: sign for c, sign in informed.signs.items() if layout.kinds[c] == "partial"}
    if not signs:
        return
    pm.modelcontext(None).add_coord("signed_path", [layout.components[c].name for c in signs])
    width = np.array([figures.sign_width[name] for name in figures.members])
    seen = np.array(list(signs.values())) * u[:, list(signs)] / width[:, None]
    # where a path is its outcome's only one and R-squared was published, the density is low around 0 and not beyond
    firm = figures.arrays(layout, signs, only_figures=informed.only_figures).firm.astype(bool)
    log_p = pt.switch(firm & (seen <= 0.0), -np.inf, _log_normal_cdf(seen))
    pm.Potential("declared_signs", log_p, dims=(_MEMBER, "signed_path"))


def _log_sizes(figures: FigureSet) -> Tensor:
    """Log of the respondents behind one member's part of each figure, shape (F,)."""
    log_n = np.array([term.log_n for term in figures.terms])
    unknown = list(dict.fromkeys(term.sample for term in figures.terms if term.log_n_sd > 0))
    if not unknown:
        return log_n
    pm.modelcontext(None).add_coord(SAMPLE, _numbered(", ".join(organizations) for organizations, _ in unknown))
    size = pm.Normal("published_size", dims=SAMPLE)
    sd = np.zeros((len(figures.terms), len(unknown)))
    for f, term in enumerate(figures.terms):
        if term.log_n_sd > 0:
            sd[f, unknown.index(term.sample)] = term.log_n_sd
    drawn = log_n + sd @ size
    first = [int(np.argmax(column > 0)) for column in sd.T]
    n_members = np.array([len(organizations) for organizations, _ in unknown])
    pm.Deterministic("published_n_obs", n_members * pt.exp(drawn[first]), dims=SAMPLE)
    return drawn


def _add_terms(layout: Layout, figures: FigureSet, phi: Tensor, log_n: Tensor) -> None:
    """Values err together, normally; that a contrast is positive has its probability, one by one."""
    terms, model = figures.terms, pm.modelcontext(None)
    # each figure sees its own copy of Phi: one derivative of their sum is the derivative of each
    copies = pt.zeros((len(terms), 1, 1, 1)) + phi
    contrast, below = _contrasts(layout, figures, copies)
    labels = _numbered(f"{term.figure.subject} ({', '.join(term.members)})" for term in terms)
    model.add_coord(_FIGURE, labels)
    contrast = pm.Deterministic("published_contrast", contrast, dims=_FIGURE)
    covariance = _sampling_covariance(phi, _symmetric(grad(contrast.sum(), copies)), log_n)
    rounding = (np.array([term.rounding for term in terms]) * below) ** 2
    values = [f for f, term in enumerate(terms) if not term.is_sign]
    directions = [f for f, term in enumerate(terms) if term.is_sign]
    if values:
        noise = covariance[values][:, values] + np.eye(len(values)) * rounding[values]
        density = pm.logp(pm.MvNormal.dist(np.zeros(len(values)), cov=noise), contrast[values])
        pm.Potential("published_values", density + pt.log(pt.abs(below[values])).sum())
    if directions:
        model.add_coord(_DIRECTION, [labels[f] for f in directions])
        sd = pt.sqrt(covariance[directions, directions] + rounding[directions])
        pm.Potential("published_directions", _log_normal_cdf(contrast[directions] / sd), dims=_DIRECTION)


def _contrasts(layout: Layout, figures: FigureSet, phi: Tensor) -> tuple[Tensor, Tensor]:
    """Contrasts and denominators, each (F,); ``phi`` (F, Q, m, m)."""
    terms = figures.terms
    weight = np.array([_weights(term, figures.members) for term in terms])
    pooled = (weight[:, :, None, None] * phi).sum(axis=1, keepdims=True)  # of all respondents together
    every = pt.concatenate([phi, pooled], axis=1)  # type: ignore[no-untyped-call]
    standardized = _standardized(layout, every)
    codes = list(standardized)
    atoms = [(f, atom) for f, term in enumerate(terms) for atom in term.atoms]
    at = np.array([(codes.index(atom.code), f, atom.row, atom.column) for f, atom in atoms]).T
    is_pooled = np.array([[term.is_pooled] for term in terms])
    weight = np.where(is_pooled, np.eye(weight.shape[1] + 1)[-1], np.column_stack([weight, np.zeros(len(terms))]))
    found = (weight[at[1]] * pt.stack(list(standardized.values()))[at[0], at[1], :, at[2], at[3]]).sum(axis=1)
    its_own = np.equal.outer(np.arange(len(terms)), at[1])
    contrast = (its_own * np.array([atom.contrast for _, atom in atoms])) @ found
    below = (its_own * np.array([atom.denominator for _, atom in atoms])) @ found
    constant = np.array([term.constant for term in terms])
    return contrast - constant, below + np.array([term.denominator_constant for term in terms])


def _weights(term: Term, members: Sequence[str]) -> list[float]:
    own = dict(zip(term.members, term.weights, strict=True))
    return [own.get(name, 0.0) for name in members]


def _standardized(layout: Layout, phi: Tensor) -> dict[int, Tensor]:
    """Every statistic of equation-by-equation regressions, by outcome and cause; ``phi`` (..., m, m)."""
    m = len(layout.constructs)
    slopes = pt.zeros(phi.shape)
    for i, causes in enumerate(causes_of(layout)):
        if causes:
            inverse = pt.linalg.inv(phi[..., causes, :][..., causes])
            found = (inverse * phi[..., i, causes][..., None, :]).sum(axis=-1)
            slopes = slopes[..., i, causes].set(found)
    effects = pt.linalg.inv(np.eye(m) - slopes)
    along = np.arange(m)
    sd = pt.sqrt(phi[..., along, along])
    per_sd = sd[..., None, :] / sd[..., :, None]
    path, total = slopes * per_sd, effects * per_sd
    correlation = phi / (sd[..., None, :] * sd[..., :, None])
    pratt = path * correlation
    return {
        PATH: path,
        TOTAL: total,
        CORRELATION: correlation,
        R_SQUARED: pratt.sum(axis=-1, keepdims=True) * np.ones(m),
        PRATT: pratt,
        SQUARED_TOTAL: total**2,
    }


def _sampling_covariance(phi: Tensor, slope: Tensor, log_n: Tensor) -> Tensor:
    """sum over members of 2 / n tr(D Phi D' Phi), of normal data; ``slope`` (F, Q, m, m) holds D."""
    product = phi @ slope
    by_figure = (log_n.shape[0], -1)
    trace = product.reshape(by_figure) @ product.swapaxes(-1, -2).reshape(by_figure).T
    return 2.0 * trace * pt.exp(-(log_n[:, None] + log_n[None, :]) / 2)


def _construct_covariance(layout: Layout, u: Tensor, n_org: int) -> Tensor:
    """Phi = (I - B)^-1 Psi (I - B)^-T: what the model implies were every construct a variable, shape (Q, m, m)."""
    names = layout.constructs
    bare = replace(
        layout,
        variables=names,
        loadings=tuple(Entry(name, i, i, -1, 1.0) for i, name in enumerate(names)),
        theta=tuple(SdEntry(name, -1, 0.0) for name in names),
        theta_cells=np.full((len(names), len(names)), -1),
    )
    return implied_covariance(bare, u, n_org)


def _log_normal_cdf(z: Tensor) -> Tensor:
    """log P(Z < z), with each half of the line kept from where the other's form overflows."""
    left, right = pt.minimum(z, 0.0), pt.maximum(z, 0.0)
    below = pt.log(pt.erfcx(-left / np.sqrt(2.0)) / 2.0) - left**2 / 2.0
    return pt.switch(z < 0.0, below, pt.log1p(-pt.erfc(right / np.sqrt(2.0)) / 2.0))


def _symmetric(matrices: Tensor) -> Tensor:
    return (matrices + matrices.swapaxes(-1, -2)) / 2.0


def _numbered(labels: Iterable[str]) -> list[str]:
    """Labels of a coordinate, alike ones told apart by a number."""
    seen: Counter[str] = Counter()
    out = []
    for label in labels:
        seen[label] += 1
        out.append(label if seen[label] == 1 else f"{label} [{seen[label]}]")
    return out
