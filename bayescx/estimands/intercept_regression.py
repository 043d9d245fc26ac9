"""Whether attributes of organizations go with how high an outcome stands in them, at equal standing of its causes."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayescx._names import CHAIN, DRAW, ORGANIZATION
from bayescx.errors import FitError, PriorError
from bayescx.estimands.equation import predictors_of
from bayescx.estimands.mean_evidence import SharedMeans, shared_means
from bayescx.estimands.moderation import moderated_layout
from bayescx.estimands.normal_regression import Regression, draw_regression
from bayescx.estimands.population import evaluate
from bayescx.estimands.quantity import whole_number
from bayescx.estimands.system import System
from bayescx.fitted import Fit
from bayescx.model.layout import Layout
from bayescx.priors import Prior

__all__ = ["ATTRIBUTE", "intercept_regression"]

Floats = NDArray[np.float64]
ATTRIBUTE = "attribute"
SPREAD = Prior("HalfNormal", sigma=0.5)
COEFFICIENT_SD = 0.5
_FLAT = 100.0  # SDs of the outcome: the prior of the common level says nothing
_STREAM = 13


def intercept_regression(
    fit: Fit,
    outcome: str,
    *,
    standardized: bool = False,
    coefficient_sd: float = COEFFICIENT_SD,
    sd: Prior = SPREAD,
    random_seed: int | None = None,
) -> xr.Dataset:
    """Regress an outcome's level in organizations, adjusted for its causes, on their attributes.

    The adjusted mean of an organization is what its customers would say on average if its causes stood as in the
    average organization: mean of y - b' (means of x - their average). Its error is that of the mean, with residual
    variance / n, and that of the paths b, as the posterior has them; both enter one regression,
    ``level_j ~ Normal(a + delta' z_j, tau)``. Paths are learned from covariances only, and this second step tells the
    first nothing, as that of ``latent_means``; its draws are independent, and do not go with those of the paths.

    Parameters
    ----------
    fit : Fit
        Of a model with moderators: its attributes are those that paths depend on.
    outcome : str
        An observed variable; its causes are observed too.
    standardized : bool
        False: in units of the outcome, per unit of a number. True: in SDs of the outcome within organizations, per SD
        of a number over organizations. Of a category, against its reference level either way.
    coefficient_sd : float
        SD of the normal prior of each coefficient, in SDs of the outcome (per SD of a number).
    sd : Prior
        Of tau, in SDs of the outcome.
    random_seed : int, optional
        By default that of the fit.

    Returns
    -------
    xarray.Dataset
        ``coefficient`` (chain, draw, attribute); ``tau`` (chain, draw), the SD of what attributes leave; ``explained``
        (chain, draw), variance of delta' z over the organizations (divisor J) divided by itself plus tau^2; ``level``
        (chain, draw, organization), adjusted means, pooled. The attribute ``left_out`` names organizations that shared
        no means of these variables.

    Raises
    ------
    FitError
        If the model has no attributes or no such outcome, a variable is a factor, too few organizations shared
        means, or a setting is none.
    PriorError
        If ``sd`` is no prior of an SD.

    Examples
    --------
    >>> found = intercept_regression(moderated, "loyalty")
    >>> found["coefficient"].dims, found["coefficient"]["attribute"].values.tolist()
    (('chain', 'draw', 'attribute'), ['employees', 'industry[goods]'])
    """
    layout = moderated_layout(fit)
    causes = predictors_of(fit, outcome)
    _refuse_factors(fit, (outcome, *causes))
    seed = _checked(fit, coefficient_sd, sd, random_seed)
    shared, kept = _complete(fit, (outcome, *causes))
    attributes = fit.evidence.attributes
    z = attributes.z()[[shared.positions[j] for j in kept]]
    if len(kept) < z.shape[1] + 2:
        raise FitError(
            f"{len(kept)} organizations shared means of {outcome} and its causes; {z.shape[1]} attributes need at "
            f"least {z.shape[1] + 2}"
        )
    sizes = fit.posterior.sizes
    values, noise = _adjusted(fit, layout, outcome, causes, shared, kept)
    found = draw_regression(
        values - values.mean(),
        noise,
        np.column_stack([np.ones(len(kept)), z]),
        np.array([_FLAT, *[float(coefficient_sd)] * z.shape[1]]),
        sd,
        sizes[CHAIN] * sizes[DRAW],
        np.random.default_rng([seed, _STREAM]),
    )
    names = [shared.organizations[j] for j in kept]
    found = found._replace(level=found.level + values.mean())
    if standardized:
        return _labelled(fit, outcome, found, z, names, 1.0, np.ones(z.shape[1]), "SD of the outcome")
    unit = float(layout.scale[outcome])
    return _labelled(fit, outcome, found, z, names, unit, attributes.scale, "units of the outcome")


def _checked(fit: Fit, coefficient_sd: object, sd: object, random_seed: object) -> int:
    """Refuse settings that are none; return the seed."""
    number = isinstance(coefficient_sd, int | float | np.number) and not isinstance(coefficient_sd, bool)
    if not (number and 0 < float(coefficient_sd) < np.inf):  # type: ignore[arg-type]
        raise FitError(f"coefficient_sd must be a number above 0, found {coefficient_sd!r}")
    if not (isinstance(sd, Prior) and sd.positive):
        raise PriorError(f"sd is the prior of an SD, such as Prior('HalfNormal', sigma=0.5); found {sd!r}")
    return fit.seed if random_seed is None else whole_number("random_seed", random_seed, 0)


def _labelled(
    fit: Fit, outcome: str, found: Regression, z: Floats, organizations: list[str], unit: float, per: Floats, what: str
) -> xr.Dataset:
    """Draws by name, in the units asked for (``what``)."""
    axes = {CHAIN: fit.posterior[CHAIN].values, DRAW: fit.posterior[DRAW].values}
    names = {ORGANIZATION: organizations, ATTRIBUTE: list(fit.evidence.attributes.names)}
    moved = (found.theta[:, 1:] @ z.T).var(axis=1)
    told = {
        "coefficient": (found.theta[:, 1:] * unit / per, (ATTRIBUTE,), f"{what} per unit of the attribute"),
        "tau": (found.tau * unit, (), what),
        "explained": (moved / (moved + found.tau**2), (), "share"),
        "level": (found.level * unit, (ORGANIZATION,), what),
    }
    arrays = {
        name: xr.DataArray(
            draws.reshape(*(len(values) for values in axes.values()), *draws.shape[1:]), dims=(CHAIN, DRAW, *dims),
            coords={**axes, **{dim: names[dim] for dim in dims}}, attrs={"units": units, "estimand": name},
        )
        for name, (draws, dims, units) in told.items()
    }  # fmt: skip
    left_out = [name for name in fit.organizations if name not in organizations]
    return xr.Dataset(arrays, attrs={"outcome": outcome, "left_out": left_out})


def _refuse_factors(fit: Fit, names: tuple[str, ...]) -> None:
    factors = [name for name in names if name in fit.model.latents]
    if factors:
        raise FitError(
            f"{', '.join(factors)} are factors, whose levels latent_means compares; intercept_regression takes "
            "equations of observed variables"
        )


def _complete(fit: Fit, names: tuple[str, ...]) -> tuple[SharedMeans, list[int]]:
    """Means that were shared, and which organizations have those of all these variables."""
    shared = shared_means(fit)
    columns = [fit.evidence.variables.index(name) for name in names]
    return shared, np.flatnonzero(np.isfinite(shared.mean[:, columns]).all(axis=1)).tolist()


def _adjusted(
    fit: Fit, layout: Layout, outcome: str, causes: tuple[str, ...], shared: SharedMeans, kept: list[int]
) -> tuple[Floats, Floats]:
    """Adjusted means (J,) on the common scale, and the covariance (J, J) of their errors."""
    row, columns = layout.constructs.index(outcome), [layout.constructs.index(name) for name in causes]
    place = fit.evidence.variables.index
    x = shared.mean[kept][:, [place(name) for name in causes]]
    n = np.array([shared.answers[j][1][shared.answers[j][0][:, place(outcome)]].sum() for j in kept])

    def function(system: System) -> Floats:
        own = np.broadcast_to(system.psi[..., row, row, None], (*system.paths.shape[:-2], 1))
        return np.concatenate([system.paths[..., row, columns], own], axis=-1)

    drawn = evaluate(fit, "organization", function)[:, :, [shared.positions[j] for j in kept]]
    moved = (drawn[..., :-1] * (x - x.mean(axis=0))).sum(axis=-1).reshape(-1, len(kept))
    noise = np.cov(moved, rowvar=False) + np.diag(drawn[..., -1].mean(axis=(0, 1)) / n)
    return shared.mean[kept, place(outcome)] - moved.mean(axis=0), noise
