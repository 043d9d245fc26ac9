"""What the priors say of an answer before any evidence, and how much narrower the evidence made it.

Population values are drawn from their priors and go through the same code as the posterior's. What is agreed and no
evidence belongs to the prior: declared signs and, where only figures speak, the common scale on which every construct
has a variance of about 1.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayescx import algebra
from bayescx.estimands.memory import remembered
from bayescx.estimands.population import System, layout_of
from bayescx.fitted import Fit
from bayescx.model.layout import Layout
from bayescx.priors import Prior

if TYPE_CHECKING:
    from bayescx.model.informed import Informed

__all__ = ["CONTRACTION", "PRIOR_SD", "assumed_signs", "with_contraction"]

Floats = NDArray[np.float64]
Function = Callable[[System], Floats]

CONTRACTION, PRIOR_SD = "contraction", "prior_sd"

_SEED = 20  # of the priors' draws: the same for every fit, so that what is marked does not depend on its seed
_DRAWS, _SCALED_DRAWS, _FEWEST_DRAWS = 4000, 2000, 1000
_CANDIDATES = 12  # of each draw, from which the common scale takes one
_ROUNDING = 1e-20
_LEAST_DRAWS = 500  # of those whose correlations can occur together
_PAIR = 2  # organizations of one population, from which follows how alike they are


def with_contraction(
    answer: xr.DataArray,
    fit: Fit,
    function: Function,
    denominator: Function | None = None,
    *,
    key: Hashable,
    standardized: bool = True,
) -> xr.DataArray:
    """Add to an estimand how much narrower it is than under the priors.

    Parameters
    ----------
    answer : DataArray
        Draws of the estimand, labelled.
    fit : Fit
    function, denominator : callable
        What it was computed with; see ``population.evaluate``.
    key : hashable
        What they compute.
    standardized : bool
        Whether units cancel, so that no prior of a parameter makes the variance infinite.

    Returns
    -------
    xarray.DataArray
        With coordinates along all dimensions but chain and draw: ``prior_sd``, the SD under the priors of the same
        target (of one new organization, where the target is each organization), and ``contraction``, 1 - variance of
        the posterior / variance of the prior: near 1 the answer comes from the evidence, near 0 from the prior, and
        below 0 the posterior is the wider one. nan where the priors leave the variance undefined (as of a ratio whose
        denominator may be 0), or nothing varies. A fit without organizations is its own prior and is left as it is.

    Examples
    --------
    >>> from bayescx.estimands import r_squared
    >>> found = r_squared(fit, "average")["contraction"]
    >>> found.dims, bool((found > 0.9).all())
    (('outcome',), True)
    """
    if not fit.organizations:
        return answer
    target = answer.attrs["target"]
    population = target if target in ("typical", "average") else "new"
    before = remembered(
        fit,
        ("prior variance", population, key),
        lambda: _variance(fit, population, function, denominator, standardized),
    )
    after = answer.values.var(axis=(0, 1), ddof=1)
    variance = np.broadcast_to(before, after.shape)
    dims = answer.dims[2:]
    return answer.assign_coords({PRIOR_SD: (dims, np.sqrt(variance)), CONTRACTION: (dims, 1.0 - after / variance)})


def assumed_signs(fit: Fit) -> dict[str, int]:
    """Signs, 1 or -1, of free paths that were declared, or assumed where no organization has data that would tell.

    Examples
    --------
    >>> assumed_signs(fit)
    {}
    """
    layout = layout_of(fit)
    informed = _informed(fit, layout)
    return {} if informed is None else {layout.components[c].name: sign for c, sign in informed.signs.items()}


def _informed(fit: Fit, layout: Layout) -> Informed | None:
    if not (fit.evidence.published or fit.evidence.signs):
        return None
    from bayescx.model.informed import inform  # which loads the compiler

    return inform(layout, fit.evidence)


def _variance(
    fit: Fit,
    target: str,
    function: Function,
    denominator: Function | None,
    standardized: bool,
) -> Floats:
    """Variance of an estimand under the priors, shape of its cells; nan where it has none."""
    layout = layout_of(fit)
    ratio_of_averages = target == "average" and denominator is not None
    u = _simulated(fit, layout, max(fit.n_planned, _PAIR) if ratio_of_averages else _PAIR)
    u = {"typical": u[:, :1], "new": u[:, 1:2]}.get(target, u[:, 1 : 1 + max(fit.n_planned, _PAIR)])
    u = u[_possible(layout, u)]
    if not standardized:
        u[..., _without_variance(fit, layout)] = np.nan
    system = System(layout, u if len(u) >= _LEAST_DRAWS else np.full((2, *u.shape[1:]), np.nan))
    with np.errstate(all="ignore"):
        values = function(system)
        if denominator is not None:
            return _of_ratio(*(part[:, : fit.n_planned].mean(axis=1) for part in (values, denominator(system))))
        if target == "average":
            return _of_average(values[:, 0], values[:, 1], fit.n_planned)
        return _spread(values[:, 0])


def _of_ratio(above: Floats, below: Floats) -> Floats:
    """Variance of a ratio; one whose denominator may have either sign has none."""
    return np.where((below > 0).all(axis=0) | (below < 0).all(axis=0), _spread(above / below), np.nan)


def _without_variance(fit: Fit, layout: Layout) -> list[int]:
    """Components with a prior, or a prior of their SD between organizations, of infinite variance."""
    from bayescx.model.arrays import component_priors  # which loads the compiler

    def has_none(prior: Prior | None) -> bool:
        return prior is not None and not np.isfinite(prior.distribution().var())

    return [c for c, priors in enumerate(component_priors(layout, fit.priors)) if any(map(has_none, priors))]


def _of_average(one: Floats, other: Floats, planned: int) -> Floats:
    """Variance of the average of so many organizations, from two organizations of each population."""
    alike = ((one - one.mean(axis=0)) * (other - other.mean(axis=0))).mean(axis=0)
    each = 0.5 * (_spread(one) + _spread(other))
    return np.asarray(np.clip(alike, 0.0, each) * (1.0 - 1.0 / planned) + each / planned)


def _spread(draws: Floats) -> Floats:
    """Variance over the first axis; nan where nothing varies."""
    variance = draws.var(axis=0, ddof=1)
    least = _ROUNDING * (draws**2).mean(axis=0)
    return np.where(np.isfinite(variance) & (variance > least), variance, np.nan)


def _possible(layout: Layout, u: Floats) -> NDArray[np.bool_]:
    """Populations whose simulated organizations have correlations that can occur together, (draw,)."""
    if np.all(layout.psi_cells < 0):
        return np.ones(len(u), dtype=bool)
    return np.asarray(np.isfinite(algebra.correlation(u, layout.psi_cells)).all(axis=(1, 2, 3)))


def _simulated(fit: Fit, layout: Layout, count: int) -> Floats:
    """Components of a population's centre and of ``count`` organizations, (draw, 1 + count, C).

    Second-order loadings that average 1 are nan: their priors are given that average.
    """

    def compute() -> Floats:
        rng = np.random.default_rng(_SEED)
        draws = _DRAWS if count == _PAIR else max(_DRAWS * _PAIR // count, _FEWEST_DRAWS)
        informed = _informed(fit, layout)
        if informed is None or not informed.only_figures:
            return _drawn(rng, fit, layout, dict(informed.signs) if informed else {}, (draws, 1 + count))
        draws = min(draws, _SCALED_DRAWS)
        pool = _drawn(rng, fit, layout, dict(informed.signs), (draws * _CANDIDATES, 1 + count))
        return _on_common_scale(rng, layout, pool.reshape(draws, _CANDIDATES, *pool.shape[1:]))

    return remembered(fit, ("prior draws", count), compute)


def _drawn(rng: np.random.Generator, fit: Fit, layout: Layout, signs: dict[int, int], shape: tuple[int, int]) -> Floats:
    """Draws from the priors, (draw, 1 + count, C): the centre, then organizations around it."""
    from bayescx.model.arrays import component_priors  # which loads the compiler

    tied = {entry.component for factor in layout.averages for entry in factor}
    wanted = {entry.component for entry in layout.paths}
    columns = []
    for c, (centre, sd) in enumerate(component_priors(layout, fit.priors)):
        if c in tied:
            columns.append(np.full(shape, np.nan if c in wanted else 1.0))
        elif layout.kinds[c] == "none":
            columns.append(centre.sample(rng, shape))
        else:
            middle = _sampled(rng, centre, signs.get(c, 0), shape[0])[:, None]
            spread = 0.0 if sd is None else sd.sample(rng, (shape[0], 1))
            noise = rng.standard_normal(shape)
            noise[:, 0] = 0.0  # the centre itself
            columns.append(middle + spread * noise)
    return np.stack(columns, axis=-1)


def _on_common_scale(rng: np.random.Generator, layout: Layout, pool: Floats) -> Floats:
    """Draws given that the variance of every construct is about 1, from a pool (draw, candidate, 1 + count, C).

    Equation by equation in causal order, each draw takes one of its candidates, and draws are taken anew, by how well
    they keep to the scale.
    """
    from bayescx.model.figure_arrays import UNIT_SD

    u = pool[:, 0].copy()
    every = np.arange(len(u))
    for k, members in enumerate(_equations(layout)):
        tried = np.repeat(u[:, None], pool.shape[1], axis=1)
        tried[..., members] = pool[..., members]
        with np.errstate(all="ignore"):
            off = np.log(System(layout, tried[:, :, 1:]).variance[..., k].mean(axis=-1)) / UNIT_SD
        weight = np.nan_to_num(np.exp(-0.5 * off**2)) + np.finfo(float).tiny
        total = weight.cumsum(axis=1)
        u = tried[every, (total > total[:, -1:] * rng.random((len(u), 1))).argmax(axis=1)]
        u = u[rng.choice(every, len(u), p=total[:, -1] / total[:, -1].sum())]
    return u


def _equations(layout: Layout) -> list[list[int]]:
    """Components that the variance of each construct depends on, and those of constructs before it do not."""
    seen = {-1}
    out = []
    for k, sd in enumerate(layout.psi):
        named = [*(entry.component for entry in layout.paths if entry.row == k), sd.component, *layout.psi_cells[k]]
        new = [c for c in dict.fromkeys(map(int, named)) if c not in seen]
        seen.update(new)
        out.append(new)
    return out


def _sampled(rng: np.random.Generator, prior: Prior, sign: int, draws: int) -> Floats:
    """Draws from a prior, of the half-line of a declared sign only; nan if the prior does not reach there."""
    if sign == 0 or (prior.positive and sign > 0):
        return prior.sample(rng, draws)
    if prior.positive:
        return np.full(draws, np.nan)
    shape = prior.distribution()
    below = float(shape.cdf(0.0))
    lower, upper = (below, 1.0) if sign > 0 else (0.0, below)
    return np.asarray(shape.ppf(lower + (upper - lower) * rng.random(draws)))
