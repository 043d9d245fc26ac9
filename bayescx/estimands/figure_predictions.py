"""What a posterior says of published figures: the statistic of each set in every draw, and what a print of it adds.

Figures of one sample err together. With e_f the sampling error of figure f and D_fq its derivative in the covariance
matrix Phi_q of member q, Cov(e_f, e_g) = sum_q 2 / sqrt(n_fq n_gq) tr(D_fq Phi_q D_gq Phi_q), as in the likelihood.
The other figures that inform the posterior show their own errors, so that of f is normal given theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayescx._names import CHAIN, DRAW, ORGANIZATION
from bayescx.estimands.figure_slopes import regressed, slopes_of
from bayescx.estimands.population import evaluate
from bayescx.estimands.system import layout_of
from bayescx.evidence import Published
from bayescx.fitted import Fit
from bayescx.model.figure_arrays import FigureSet
from bayescx.model.figures import Term, causes_of, contrast_of, figure_terms
from bayescx.model.layout import Layout

__all__ = ["Predictions", "predictions_of"]

Floats = NDArray[np.float64]
_SIZES = 16  # random stream, apart from the seed's own


@dataclass(frozen=True)
class Predictions:
    """Predictive distribution of the terms of published figures, each (chain, draw, term), in the published unit.

    Attributes
    ----------
    terms : tuple of Term
    statistic : array
        What the set shows in each draw.
    expected : array
        What its sample would show: the statistic, moved by the errors that other figures of the same sample show.
    noise : array
        SD of the sample's statistic around that, before rounding.
    """

    terms: tuple[Term, ...]
    statistic: Floats
    expected: Floats
    noise: Floats


@dataclass(frozen=True)
class _Linear:
    """A statistic of one term in the draws of one chain and its sampling error to first order.

    ``value`` (draw,), ``products`` (member: (draw, m, m)) are Phi D, ``log_n`` (draw,), ``rounding`` (draw,) an SD.
    """

    term: Term
    value: Floats
    products: dict[str, Floats]
    log_n: Floats
    rounding: Floats


def predictions_of(fit: Fit, figures: Sequence[Published]) -> Predictions:
    """Predict figures from a posterior, given what other figures of the same samples show.

    Parameters
    ----------
    fit : Fit
    figures : sequence of Published
        A figure that counts as evidence is predicted as it enters the likelihood: what is known of organizations that
        shared data is taken out. It is never given itself.
    """
    layout = layout_of(fit)
    asked = figure_terms(layout, fit.evidence, figures)
    given = figure_terms(layout, fit.evidence, [one for one in fit.evidence.published if one.use == "evidence"])
    spoken_of = {name for term in (*given, *asked) for name in term.members}
    kept = [j for j, name in enumerate(fit.organizations) if name in spoken_of]
    phi = evaluate(fit, ORGANIZATION, lambda system: system.covariance[:, kept])
    sizes = _log_sizes(fit, given, asked)
    names = [fit.organizations[j] for j in kept]
    values = [term for term in given if not term.is_sign]
    chains = [_predicted(layout, asked, values, _Chain(names, phi[c], sizes[c], layout)) for c in range(len(phi))]
    statistic, expected, noise = (np.stack(parts) for parts in zip(*chains, strict=True))
    return Predictions(tuple(asked), statistic, expected, noise)


class _Chain:
    """Covariance matrices of constructs (draw, organization, m, m) of one chain, and log sample sizes (draw,)."""

    def __init__(self, organizations: Sequence[str], phi: Floats, log_n: dict[object, Floats], layout: Layout) -> None:
        self.organizations, self.phi, self.log_n = organizations, phi, log_n
        self.regressed = regressed(phi, causes_of(layout))

    def positions(self, term: Term) -> list[int]:
        """Where a term's members are."""
        return [self.organizations.index(name) for name in term.members]

    def of(self, term: Term) -> Floats:
        """Covariance matrices of a term's members, (draw, members, m, m)."""
        return np.asarray(self.phi[:, self.positions(term)])


def _log_sizes(fit: Fit, given: Sequence[Term], asked: Sequence[Term]) -> list[dict[object, Floats]]:
    """Log of the respondents behind one member's part, by sample, (draw,), for each chain."""
    posterior = fit.posterior
    shape = (posterior.sizes[CHAIN], posterior.sizes[DRAW])
    rng = np.random.default_rng([fit.seed, _SIZES])
    known: dict[object, Floats] = {}
    in_order = FigureSet.of(given, fit.evidence).terms  # as the posterior has its unknown sizes
    for k, sample in enumerate(dict.fromkeys(term.sample for term in in_order if term.log_n_sd > 0)):
        known[sample] = np.log(posterior["published_n_obs"].values[..., k] / len(sample[0]))
    for term in (*given, *asked):
        if term.sample not in known:  # published, or known from its range alone
            spread = rng.standard_normal(shape) if term.log_n_sd else np.zeros(shape)
            known[term.sample] = term.log_n + term.log_n_sd * spread
    return [{sample: values[c] for sample, values in known.items()} for c in range(shape[0])]


def _predicted(layout: Layout, asked: Sequence[Term], given: Sequence[Term], chain: _Chain) -> tuple[Floats, ...]:
    """Statistic, expected print and its SD, each (draw, term)."""
    informing = [_contrast(layout, term, chain) for term in given]
    among = _covariances(informing, len(chain.phi))
    columns = []
    for term in asked:
        own = _published(layout, term, chain)
        others = [i for i in _linked(own, informing) if given[i].figure != term.figure and not term.is_sign]
        columns.append(_given_others(own, [informing[i] for i in others], among[:, others][:, :, others]))
    return tuple(np.stack(parts, axis=-1) for parts in zip(*columns, strict=True))


def _linked(own: _Linear, others: Sequence[_Linear]) -> list[int]:
    """Positions of those linked to a term by common members, directly or through others."""
    reached: set[int] = set()
    names = set(own.products)
    while new := {i for i, one in enumerate(others) if i not in reached and names & set(one.products)}:
        reached |= new
        names = names.union(*(others[i].products for i in new))
    return sorted(reached)


def _covariances(linear: Sequence[_Linear], n_draw: int) -> Floats:
    """Covariance of the errors that prints show, rounding included, (draw, G, G)."""
    out = np.zeros((n_draw, len(linear), len(linear)))
    for i, one in enumerate(linear):
        for k in range(i + 1):
            out[:, i, k] = out[:, k, i] = _covariance(one, linear[k])
        out[:, i, i] += one.rounding**2
    return out


def _given_others(own: _Linear, others: Sequence[_Linear], among: Floats) -> tuple[Floats, Floats, Floats]:
    """A term's statistic, its expectation and SD in a sample whose other figures are known, each (draw,)."""
    variance = _covariance(own, own)
    if not others:
        return own.value, own.value, np.sqrt(variance)
    between = np.stack([_covariance(own, one) for one in others], axis=-1)
    weights = np.linalg.solve(among, between[..., None])[..., 0]
    # a sample whose contrast is 0 was printed: its error is what the contrast lacks
    errors = -np.stack([one.value for one in others], axis=-1)
    left = variance - (weights * between).sum(axis=-1)
    return own.value, own.value + (weights * errors).sum(axis=-1), np.sqrt(np.maximum(left, 0.0))


def _covariance(one: _Linear, other: _Linear) -> Floats:
    """Covariance of two sampling errors, (draw,)."""
    common = [name for name in one.products if name in other.products]
    traces = [np.einsum("dik,dki->d", one.products[name], other.products[name]) for name in common]
    return np.asarray(2.0 * np.exp(-0.5 * (one.log_n + other.log_n)) * sum(traces, np.zeros_like(one.log_n)))


def _contrast(layout: Layout, term: Term, chain: _Chain) -> _Linear:
    """A term as the likelihood sees it: what it compares with 0."""
    contrast, below = contrast_of(term, layout, chain.of(term))
    weights = [np.full_like(contrast, atom.contrast) for atom in term.atoms]
    rounding = term.rounding * np.abs(below)
    return _Linear(term, contrast, _products(term, chain, weights), chain.log_n[term.sample], rounding)


def _published(layout: Layout, term: Term, chain: _Chain) -> _Linear:
    """The statistic of a term in the unit of its published value v: from N - v D and D back to N / D."""
    contrast, below = contrast_of(term, layout, chain.of(term))
    turn = -1.0 if term.figure.side == "at_most" else 1.0
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = contrast / below
        weights = [turn * (atom.contrast - atom.denominator * ratio) / below for atom in term.atoms]
    value = (term.figure.value or 0.0) + turn * ratio
    rounding = np.full_like(value, term.rounding)
    return _Linear(term, value, _products(term, chain, weights), chain.log_n[term.sample], rounding)


def _products(term: Term, chain: _Chain, weights: Sequence[Floats]) -> dict[str, Floats]:
    """Phi D of each member, (draw, m, m), of a sum of the term's atoms with weights (draw,)."""
    shares = np.array(term.weights)
    phi = chain.of(term)
    if term.is_pooled:
        at = regressed((phi * shares[:, None, None]).sum(axis=1, keepdims=True), chain.regressed.causes)
    else:
        at = chain.regressed.at(chain.positions(term))
    atoms = [(*atom[:3], weight[:, None]) for atom, weight in zip(term.atoms, weights, strict=True)]
    products = phi @ (slopes_of(atoms, at) * shares[:, None, None])
    return {name: products[:, q] for q, name in enumerate(term.members)}
