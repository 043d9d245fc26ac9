"""The data of one posterior, as the flat arrays that the compiled density reads.

Nothing here is compiled per model: which paths exist, which prior family a value has, and how it is pooled are all
array *contents*, so one cached machine function serves every model.

Terms. A *component* is one scalar that an organization has (a path, a log SD, a loading, a Fisher-z partial
correlation); an organization's components form a row of length C. *Own* components differ between organizations
(pooled or independent); *shared* ones are equal over them. Every entry of a model matrix is ``value * component``
or, with component -1, the constant ``value``; SDs are ``value * exp(component)``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "GENERAL",
    "LATENT",
    "LINEAR",
    "OBSERVED",
    "PLACED",
    "RECORD",
    "Data",
    "Moderation",
    "Pooling",
    "Priors",
    "Steering",
    "Structure",
    "pack",
]

OBSERVED, LATENT, GENERAL = 0, 1, 2
"""Likelihood routes: one regression per equation, m x m latent form, p x p covariance matrix."""

LINEAR, PLACED = 0, 2
"""Kinds of population means and shared components: as they are, of declared sign (1 or -1), placed by figures."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Data(NamedTuple):
    """Sample moments: ``half_df`` (J,) is (n - 1) / 2, ``cov`` (J, p, p) has divisor n - 1."""

    half_df: Floats
    cov: Floats


class Structure(NamedTuple):
    """Where components sit in B, Lambda, Psi and Theta.

    Paths are stored by outcome (rows ``path_start[i]:path_start[i + 1]`` point into construct i), loadings by item.
    ``block`` (e,) lists exogenous constructs that covary, ``single`` the constructs whose residual stands alone
    (a lone exogenous construct is one of them: an equation without predictors). ``block_cell`` (e, e), ``psi_cell``
    (m, m) and ``theta_cell`` (p, p) hold the component of each free correlation below the diagonal, else -1.
    ``observed_row`` (m,) is the data column of an observed construct, else -1.
    """

    options: Ints  # route, C
    path_start: Ints
    path_source: Ints
    path_component: Ints
    path_value: Floats
    loading_start: Ints
    loading_column: Ints
    loading_component: Ints
    loading_value: Floats
    psi_component: Ints
    psi_value: Floats
    theta_component: Ints
    theta_value: Floats
    block: Ints
    single: Ints
    block_cell: Ints
    psi_cell: Ints
    theta_cell: Ints
    observed_row: Ints


class Pooling(NamedTuple):
    """How free parameters become components.

    Own components come in blocks that are moved together; blocks of more than one component come first.
    ``population`` (O,) is the index of a component's (mu, tau), or -1 where organizations are independent
    (then ``pooled`` is 0 instead of 1, and the component is listed in ``independent``);
    ``fixed_mean`` and ``fixed_sd`` then steer it. ``sd_scale`` (populations,) is a typical tau = scale * log(1 + e^x);
    mu is placed given tau, its prior (about ``mean_centre`` and ``mean_scale``) and the estimates of organizations
    whose data tell (``told_start`` into ``told_estimate``, sampling variances ``told_variance``). Shared components are
    ``shared_offset + shared_matrix @ z``; ``log_volume`` (1,) is what scaling z adds to the log density. ``mean_kind``
    (populations,) and ``shared_kind`` (F,) are ``LINEAR``, a declared sign (value = sign * log(1 + e^linear)), or
    ``PLACED`` (see ``kernel.anchors``).

    Population means of loadings that average 1 are tied: with m as placed above, mu = m - tie_back (tie m -
    tie_target), ``tie`` (constraints, populations), ``tie_back`` (populations, constraints) its pseudoinverse. What is
    taken away, tie m - tie_target, is Normal(0, tie_scale): a number that nothing else reads.
    """

    own_component: Ints
    population: Ints
    pooled: Floats
    independent: Ints
    fixed_mean: Floats
    fixed_sd: Floats
    mean_centre: Floats
    mean_scale: Floats
    told_start: Ints
    told_estimate: Floats
    told_variance: Floats
    sd_scale: Floats
    log_volume: Floats
    block_start: Ints
    block_offset: Ints
    shared_component: Ints
    shared_offset: Floats
    shared_matrix: Floats
    mean_kind: Ints
    shared_kind: Ints
    tie: Floats
    tie_back: Floats
    tie_target: Floats
    tie_scale: Floats


class Priors(NamedTuple):
    """Family codes and parameters (see ``kernel.priors``) of shared, own, population-mean and population-SD values."""

    shared_family: Ints
    shared_parameters: Floats
    own_family: Ints
    own_parameters: Floats
    mean_family: Ints
    mean_parameters: Floats
    sd_family: Ints
    sd_parameters: Floats


class Steering(NamedTuple):
    """Normal approximation of each organization's likelihood: it changes the speed of sampling, never the posterior.

    ``scalar`` (J, O) and ``block`` (J, total) are precisions; ``information`` (J, O) is precision times estimate.
    """

    information: Floats
    scalar: Floats
    block: Floats


class Moderation(NamedTuple):
    """How means of populations depend on what organizations are: mean of organization j = mu + gamma' z_j.

    Coefficients gamma (G,) are stored by population: those of population k are ``start[k]`` to ``start[k + 1]``;
    ``column`` (G,) is the column of ``covariate`` (J, K) that each belongs to. ``centre`` and ``scale`` (G,) of their
    priors steer them, ``family`` and ``parameters`` are the priors. ``told_row`` names the organization of each entry
    of ``Pooling.told_estimate``. Free numbers of gamma stand last in x.
    """

    start: Ints
    column: Ints
    centre: Floats
    scale: Floats
    family: Ints
    parameters: Floats
    covariate: Floats
    told_row: Ints

    @classmethod
    def nothing(cls, n_pop: int, n_told: int) -> Moderation:
        """All organizations of a population have the same mean."""
        no, floats = np.zeros(0, dtype=np.int64), np.zeros(0)
        start, rows = np.zeros(n_pop + 1, dtype=np.int64), np.zeros(n_told, dtype=np.int64)
        return cls(start, no, floats, floats, no, np.zeros((0, 4)), np.zeros((0, 0)), rows)


class Work(NamedTuple):
    """Room for one evaluation, filled on the way to the density and read on the way back.

    ``u`` (J, C): components. ``mean``, ``precision`` (O,): of the populations of own components. ``centre``,
    ``mean_slope``, ``mean_turn``, ``sd_slope`` (populations,): mu, d mu / dx, d mu / d log tau, d log tau / dx.
    ``mean_pull`` (populations,): derivatives in mu. ``shared_slope`` (F,): of shared components. ``deviation`` (J, O):
    of own components from ``mean``. ``scale`` (J, O): of components that are moved alone. ``inverse`` (J, total): the
    matrices K of blocks. ``gamma``, ``gamma_turn``, ``gamma_pull`` (G,) are to moderators what ``centre``,
    ``mean_turn`` and ``mean_pull`` are to means; ``placing`` (populations, q, q) are the matrices that place both (see
    ``kernel.moderators``), ``own_mean`` (O,) the means of one organization.
    """

    u: Floats
    mean: Floats
    precision: Floats
    centre: Floats
    mean_slope: Floats
    mean_turn: Floats
    sd_slope: Floats
    mean_pull: Floats
    shared_slope: Floats
    deviation: Floats
    scale: Floats
    inverse: Floats
    gamma: Floats
    gamma_turn: Floats
    gamma_pull: Floats
    placing: Floats
    own_mean: Floats


RECORD = 4
"""Numbers per array in the record: its address and up to three lengths."""


def pack(*groups: tuple[NDArray[np.generic], ...]) -> tuple[NDArray[np.uint64], list[NDArray[np.generic]]]:
    """Lay out addresses and shapes of all arrays for the compiled density.

    Returns the record array that travels as ``user_data`` and the arrays it points to: keep both alive.
    """
    arrays: list[NDArray[np.generic]] = [
        np.ascontiguousarray(value, dtype=np.int64 if np.issubdtype(value.dtype, np.integer) else np.float64)
        for group in groups
        for value in group
    ]
    records = np.zeros((len(arrays), RECORD), dtype=np.uint64)
    for record, array in zip(records, arrays, strict=True):
        record[0] = array.ctypes.data
        record[1 : 1 + array.ndim] = array.shape
    return records.ravel(), arrays
