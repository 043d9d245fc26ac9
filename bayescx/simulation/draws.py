"""simulate: a model and values in, rows of organizations and the truth behind them out."""

from __future__ import annotations

import math
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from bayescx._names import ORGANIZATION
from bayescx.errors import ModelError
from bayescx.simulation.defaults import population_values
from bayescx.simulation.slots import Slot, given_values, parameter_slots
from bayescx.simulation.system import System, check_positive_definite, derived_values
from bayescx.spec import PathModel

__all__ = ["Simulation", "simulate"]

TYPICAL = "typical"


@dataclass(frozen=True, eq=False)
class Simulation:
    """Rows of simulated organizations and the values that made them.

    Attributes
    ----------
    model : PathModel
    rows : pandas.DataFrame
        Column ``organization`` ("org_01" …), then the observed variables; one row per respondent.
    truth : pandas.DataFrame
        Columns organization ("typical": the population centre, then one organization after the other), kind,
        parameter and value. Kinds path, loading, variance (of exogenous variables, else of residuals) and
        covariance are parameters by lavaan's name in the data's units; standardized_path, r_squared (by
        outcome) and defined follow from them.
    random_seed : int
        Makes the same rows again.
    """

    model: PathModel
    rows: pd.DataFrame = field(repr=False)
    truth: pd.DataFrame = field(repr=False)
    random_seed: int


def simulate(
    model: PathModel,
    *,
    organizations: int = 10,
    n_obs: int | tuple[int, int] = 500,
    values: Mapping[str, float] | None = None,
    heterogeneity: float = 0.08,
    random_seed: int | None = None,
) -> Simulation:
    """Draw respondents of several organizations from a path model.

    Organizations differ in their paths: each adds its own normal deviation to every free path coefficient and
    keeps the population's loadings and (residual) variances and covariances. All variables are normal with
    mean 0.

    Parameters
    ----------
    model : PathModel
        Fixed values stay fixed; parameters of one label are equal within every organization.
    organizations : int
        How many.
    n_obs : int or (int, int)
        Respondents of each organization, or the range from which each one's number is drawn uniformly.
    values : mapping, optional
        Population values by lavaan's name in the data's units: paths ``"y~x"``, loadings ``"f=~x1"``,
        variances ``"x~~x"`` (of an outcome or item: of its residual), covariances ``"x1~~x2"``. What is left
        out has a default: the paths of an equation are equal and explain half of an outcome of variance 1;
        residual variances make up what is missing to 1, at least 0.2; exogenous variances 1, with
        correlations of 0.3; loadings 1, of reversed items -1; residual variances of items 0.36; residual
        correlations 0.2.
    heterogeneity : float
        SD of the organizations' deviations, in the units of the paths.
    random_seed : int, optional
        Makes the rows reproducible; by default a new one, kept in the result. With the same seed, more
        organizations leave the first ones as they are.

    Returns
    -------
    Simulation

    Raises
    ------
    ModelError
        With every setting, name and value that cannot be used, if the values fit no covariance matrix, or if the model
        has coded terms or attributes of organizations.

    Examples
    --------
    >>> from bayescx.spec import parse_model
    >>> model = parse_model("trust ~ satisfaction; loyalty ~ trust + satisfaction")
    >>> study = simulate(model, organizations=3, n_obs=100, values={"trust~satisfaction": 0.8}, random_seed=1)
    >>> study.rows.shape
    (300, 4)
    >>> study.truth.query("organization == 'typical' and kind == 'path'").value.round(3).tolist()
    [0.8, 0.373, 0.373]
    """
    _check_settings(model, organizations, n_obs, heterogeneity, random_seed)
    slots = parameter_slots(model)
    population = population_values(model, slots, given_values(model, values or {}))
    check_positive_definite(model, System.of(model, slots, population))
    seed = secrets.randbelow(2**31) if random_seed is None else int(random_seed)
    width = max(2, len(str(organizations)))
    low, high = (n_obs, n_obs) if isinstance(n_obs, int | np.integer) else n_obs
    rows, truth = [], [*_truth(model, slots, TYPICAL, population)]
    for number, rng in enumerate(np.random.default_rng(seed).spawn(organizations), start=1):
        name = f"org_{number:0{width}d}"
        own = _deviating(slots, population, heterogeneity, rng)
        data = System.of(model, slots, own).draw(rng, int(rng.integers(low, high, endpoint=True)))
        frame = pd.DataFrame(data, columns=list(model.observed))
        frame.insert(0, ORGANIZATION, name)
        rows.append(frame)
        truth += _truth(model, slots, name, own)
    table = pd.DataFrame(truth, columns=[ORGANIZATION, "kind", "parameter", "value"])
    return Simulation(model, pd.concat(rows, ignore_index=True), table, seed)


def _deviating(
    slots: Mapping[str, Slot], population: Mapping[str, float], heterogeneity: float, rng: np.random.Generator
) -> dict[str, float]:
    """The population's values with an organization's own free paths; one deviation per label."""
    own = dict(population)
    shared: dict[str, float] = {}
    for slot in slots.values():
        if slot.kind == "path" and slot.fixed is None:
            deviation = heterogeneity * float(rng.standard_normal())
            own[slot.name] += shared.setdefault(slot.label, deviation) if slot.label is not None else deviation
    return own


def _truth(
    model: PathModel, slots: Mapping[str, Slot], organization: str, values: Mapping[str, float]
) -> Iterator[tuple[str, str, str, float]]:
    for slot in slots.values():
        yield organization, slot.kind, slot.name, values[slot.name]
    for kind, name, value in derived_values(model, System.of(model, slots, values), values):
        yield organization, kind, name, value


def _check_settings(
    model: PathModel, organizations: object, n_obs: object, heterogeneity: object, random_seed: object
) -> None:
    problems = []
    if model.coded:
        problems.append(
            f"the model has coded terms such as {next(iter(model.coded))}, and simulated variables are normal, which "
            "these are not; data/make_effort.py shows how to make such rows"
        )
    if model.moderators:
        path, (first, *_) = next(iter(model.moderators.items()))
        problems.append(
            f"{path} depends on {first.name} of organizations, and simulated organizations have no attributes; take it "
            "out of pool(…)"
        )
    if ORGANIZATION in model.observed:
        problems.append(f"a variable of the model is called '{ORGANIZATION}', as is the column of names; rename it")
    if not _is_whole(organizations, 1):
        problems.append(f"organizations must be a whole number above 0, found {organizations!r}")
    ends = n_obs if isinstance(n_obs, tuple | list) else (n_obs, n_obs)
    if len(ends) != 2 or not all(_is_whole(end, 1) for end in ends) or ends[0] > ends[1]:
        problems.append(f"n_obs must be a whole number above 0 or a range (low, high) of them, found {n_obs!r}")
    real = isinstance(heterogeneity, int | float | np.number) and not isinstance(heterogeneity, bool)
    if not (real and math.isfinite(heterogeneity) and heterogeneity >= 0):  # type: ignore[operator,arg-type]
        problems.append(f"heterogeneity must be a finite number of at least 0, found {heterogeneity!r}")
    if random_seed is not None and not _is_whole(random_seed, 0):
        problems.append(f"random_seed must be a whole number of at least 0, found {random_seed!r}")
    if problems:
        raise ModelError("settings of simulate", problems)


def _is_whole(value: object, least: int) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and int(value) >= least
