"""Priors: distributions with readable defaults, each replaceable.

Only descriptions live here. The kernel encodes them, ``build_model`` turns them into PyMC variables of the same
name and parameters, and ``Prior.sample`` draws from them with NumPy.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayescx._names import parameter_name
from bayescx.errors import PriorError, did_you_mean

__all__ = ["Prior", "Priors"]

Sampler = Callable[[np.random.Generator, Mapping[str, float], Any], Any]


@dataclass(frozen=True)
class _Family:
    """Parameters of a distribution with their defaults (nan: must be given), and how to draw from it."""

    defaults: dict[str, float]
    positive: bool
    sample: Sampler


_REQUIRED = math.nan

_FAMILIES: dict[str, _Family] = {
    "Normal": _Family({"mu": 0.0, "sigma": 1.0}, False, lambda r, p, s: r.normal(p["mu"], p["sigma"], s)),
    "StudentT": _Family(
        {"nu": _REQUIRED, "mu": 0.0, "sigma": 1.0}, False,
        lambda r, p, s: p["mu"] + p["sigma"] * r.standard_t(p["nu"], s),
    ),
    "Cauchy": _Family(
        {"alpha": 0.0, "beta": _REQUIRED}, False, lambda r, p, s: p["alpha"] + p["beta"] * r.standard_cauchy(s)
    ),
    "Laplace": _Family({"mu": 0.0, "b": _REQUIRED}, False, lambda r, p, s: r.laplace(p["mu"], p["b"], s)),
    "Logistic": _Family({"mu": 0.0, "s": 1.0}, False, lambda r, p, s: r.logistic(p["mu"], p["s"], s)),
    "HalfNormal": _Family({"sigma": 1.0}, True, lambda r, p, s: np.abs(r.normal(0.0, p["sigma"], s))),
    "HalfStudentT": _Family(
        {"nu": _REQUIRED, "sigma": 1.0}, True, lambda r, p, s: np.abs(p["sigma"] * r.standard_t(p["nu"], s))
    ),
    "HalfCauchy": _Family({"beta": _REQUIRED}, True, lambda r, p, s: np.abs(p["beta"] * r.standard_cauchy(s))),
    "Exponential": _Family({"lam": _REQUIRED}, True, lambda r, p, s: r.exponential(1 / p["lam"], s)),
    "Gamma": _Family(
        {"alpha": _REQUIRED, "beta": _REQUIRED}, True, lambda r, p, s: r.gamma(p["alpha"], 1 / p["beta"], s)
    ),
    "InverseGamma": _Family(
        {"alpha": _REQUIRED, "beta": 1.0}, True, lambda r, p, s: p["beta"] / r.gamma(p["alpha"], 1.0, s)
    ),
    "LogNormal": _Family({"mu": 0.0, "sigma": 1.0}, True, lambda r, p, s: r.lognormal(p["mu"], p["sigma"], s)),
}  # fmt: skip


class Prior:
    """One prior distribution, by PyMC's name and parameters.

    Parameters
    ----------
    name : str
        Normal, StudentT, Cauchy, Laplace, Logistic, HalfNormal, HalfStudentT, HalfCauchy, Exponential, Gamma,
        InverseGamma or LogNormal.
    **parameters : float
        The distribution's parameters as PyMC names them.

    Raises
    ------
    PriorError
        If the name or a parameter is unknown, missing, not finite or out of range.

    Examples
    --------
    >>> Prior("HalfNormal", sigma=0.5)
    Prior("HalfNormal", sigma=0.5)
    """

    __slots__ = ("name", "parameters")

    name: str
    parameters: Mapping[str, float]

    def __init__(self, name: str, **parameters: float) -> None:
        if name not in _FAMILIES:
            raise PriorError(
                f"unknown prior distribution {name!r}{did_you_mean(str(name), _FAMILIES) or '.'} "
                f"Known: {', '.join(_FAMILIES)}."
            )
        defaults = _FAMILIES[name].defaults
        for key, value in parameters.items():
            self._check(name, key, value, defaults)
        merged = {key: float(parameters.get(key, default)) for key, default in defaults.items()}
        missing = [key for key, value in merged.items() if math.isnan(value)]
        if missing:
            raise PriorError(f"{name} needs {' and '.join(missing)}, e.g. Prior({name!r}, {missing[0]}=1.0)")
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "parameters", MappingProxyType(merged))

    @staticmethod
    def _check(name: str, key: str, value: object, defaults: dict[str, float]) -> None:
        if key not in defaults:
            raise PriorError(f"{name} has no parameter {key!r}; it takes {', '.join(defaults)}")
        if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not math.isfinite(value):
            raise PriorError(f"{name}: {key} must be a finite number, found {value!r}")
        free_sign = key == "mu" or (key == "alpha" and name == "Cauchy")
        if not free_sign and value <= 0:
            raise PriorError(f"{name}: {key} must be positive, found {value!r}")

    def __setattr__(self, key: str, value: object) -> None:
        raise AttributeError("a Prior never changes; make a new one")

    def __repr__(self) -> str:
        inside = "".join(f", {key}={value:g}" for key, value in self.parameters.items())
        return f'Prior("{self.name}"{inside})'

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Prior) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash((self.name, tuple(self.parameters.items())))

    def __reduce__(self) -> tuple[Any, ...]:
        return _prior_from_dict, (self.to_dict(),)

    @property
    def positive(self) -> bool:
        """Whether the distribution lives on the positive half-line."""
        return _FAMILIES[self.name].positive

    def sample(self, rng: np.random.Generator, size: int | tuple[int, ...] | None = None) -> NDArray[np.float64]:
        """Independent draws, shape ``size``."""
        return np.asarray(_FAMILIES[self.name].sample(rng, self.parameters, size))

    def distribution(self) -> Any:
        """The distribution as scipy.stats knows it: an object with ``pdf``, ``ppf`` and ``var``.

        The variance of a heavy-tailed distribution may be infinite or nan.

        Examples
        --------
        >>> float(Prior("Exponential", lam=2.0).distribution().var())
        0.25
        """
        from bayescx.prior_shapes import frozen

        return frozen(self.name, self.parameters)

    def to_dict(self) -> dict[str, Any]:
        """Name and parameters, ready for JSON."""
        return {"name": self.name, **self.parameters}


def _prior_from_dict(entry: Mapping[str, Any]) -> Prior:
    return Prior(entry["name"], **{key: value for key, value in entry.items() if key != "name"})


@dataclass(frozen=True)
class Priors:
    """Priors of the population values, on the common scale.

    Observed variables are divided by their pooled within-organization SD before the fit, so the defaults mean the same
    for every questionnaire: a path of 1 is one SD per SD.

    Attributes
    ----------
    path_mean, path_sd : Prior
        Centre and between-organization SD of each path coefficient. Normal(0, 1) and HalfNormal(0.2).
    moderator : Prior
        How much a path coefficient changes with an attribute of organizations: by one SD (over organizations) of a
        number, or from the reference level of a category to another. Normal(0, 0.2).
    loading, loading_sd : Prior
        Centre (or common value) and between-organization SD of loadings; with factors scaled so that their loadings
        average 1, the prior given that average; of an item declared reversed, that of minus its loading.
        Normal(1, 0.5), HalfNormal(0.1).
    residual, residual_sd : Prior
        Centre and between-organization SD of the log residual SDs of outcomes and items. Normal(-0.5, 1),
        HalfNormal(0.3).
    exogenous, exogenous_sd : Prior
        The same for the log SDs of exogenous constructs. Normal(0, 1), HalfNormal(0.3).
    correlation, correlation_sd : Prior
        The same for correlations of exogenous constructs and of residuals, as Fisher z of (partial) correlations.
        Normal(0, 0.5), HalfNormal(0.2).
    overrides : dict
        Priors of single parameters by lavaan's name, e.g. ``"trust_cs~satisfaction_cs"``; of what an attribute does to
        a path, ``"loyalty~effort:employees"``. Each replaces the prior of
        that parameter's population centre (of its value, where organizations share it) and is on the scale of the
        fields above: ``"y~~y"`` is the prior of a *log SD*, ``"x~~z"`` that of a Fisher z.

    Examples
    --------
    >>> narrow = Prior("HalfNormal", sigma=0.1)
    >>> priors = Priors().replace({"loyalty~trust": Prior("Normal", mu=0.3, sigma=0.2)}, path_sd=narrow)
    >>> priors.path_sd
    Prior("HalfNormal", sigma=0.1)
    """

    path_mean: Prior = Prior("Normal", mu=0.0, sigma=1.0)
    path_sd: Prior = Prior("HalfNormal", sigma=0.2)
    moderator: Prior = Prior("Normal", mu=0.0, sigma=0.2)
    loading: Prior = Prior("Normal", mu=1.0, sigma=0.5)
    loading_sd: Prior = Prior("HalfNormal", sigma=0.1)
    residual: Prior = Prior("Normal", mu=-0.5, sigma=1.0)
    residual_sd: Prior = Prior("HalfNormal", sigma=0.3)
    exogenous: Prior = Prior("Normal", mu=0.0, sigma=1.0)
    exogenous_sd: Prior = Prior("HalfNormal", sigma=0.3)
    correlation: Prior = Prior("Normal", mu=0.0, sigma=0.5)
    correlation_sd: Prior = Prior("HalfNormal", sigma=0.2)
    overrides: Mapping[str, Prior] = field(default_factory=dict)

    def __hash__(self) -> int:
        return hash(json.dumps(self.to_dict(), sort_keys=True))

    def __post_init__(self) -> None:
        for item in fields(self):
            if item.name == "overrides":
                continue
            prior = getattr(self, item.name)
            if not isinstance(prior, Prior):
                raise PriorError(f'{item.name} must be a Prior, e.g. Prior("Normal", mu=0, sigma=1); found {prior!r}')
            if item.name.endswith("_sd") and not prior.positive:
                raise PriorError(
                    f"{item.name} is the prior of a standard deviation: it needs a positive distribution such as "
                    f"HalfNormal; found {prior}"
                )
        for name, prior in self.overrides.items():
            if not isinstance(prior, Prior):
                raise PriorError(f"the prior of {name!r} must be a Prior, found {prior!r}")

    def replace(self, overrides: Mapping[str, Prior] | None = None, **changes: Prior) -> Priors:
        """Return a copy with some priors replaced.

        Parameters
        ----------
        overrides : mapping, optional
            Parameter name (``"loyalty~trust"``) or field name (``"path_sd"``) to Prior.
        **changes : Prior
            Fields by name.

        Raises
        ------
        PriorError
            If a field name is unknown or a prior does not fit.
        """
        names = [item.name for item in fields(self) if item.name != "overrides"]
        unknown = [name for name in changes if name not in names]
        single = dict(self.overrides)
        for name, prior in (overrides or {}).items():
            if name in names:
                changes[name] = prior
            elif any(mark in name for mark in ("~", "=")):
                single[parameter_name(name)] = prior
            else:
                unknown.append(name)
        if unknown:
            raise PriorError(
                f"no prior named {unknown[0]!r}{did_you_mean(unknown[0], names) or '.'} Fields: {', '.join(names)}; "
                'single parameters as in "outcome~cause"'
            )
        return replace(self, overrides=single, **changes)

    def to_dict(self) -> dict[str, Any]:
        """All priors as nested dictionaries, ready for JSON."""
        out: dict[str, Any] = {
            item.name: getattr(self, item.name).to_dict() for item in fields(self) if item.name != "overrides"
        }
        out["overrides"] = {name: prior.to_dict() for name, prior in self.overrides.items()}
        return out

    @classmethod
    def from_dict(cls, entries: Mapping[str, Any]) -> Priors:
        """Priors from what ``to_dict`` returned."""
        single = {name: _prior_from_dict(entry) for name, entry in entries.get("overrides", {}).items()}
        named = {name: _prior_from_dict(entry) for name, entry in entries.items() if name != "overrides"}
        return cls(**named, overrides=single)
