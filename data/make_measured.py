"""Makes the simulated evidence of measured models: moments of ten organizations, and the values behind them.

``python data/make_measured.py`` writes each study into the folder of its name, beside this file or in a folder that is
named; with ``--rows`` also rows.csv, the answers that the moments sum up. `bayescx simulate` makes organizations that
differ in their paths alone; these also differ in loadings and means.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import bayescx as bcx
from bayescx import algebra
from bayescx.evidence import shared_files
from bayescx.simulation.slots import Slot, parameter_slots
from bayescx.simulation.system import System, check_positive_definite, derived_values

Floats = NDArray[np.float64]
Values = dict[str, float]
Equations = Mapping[str, tuple[float, Mapping[str, float]]]
"""Of each outcome: the explained variance in the typical organization, and the relative weights of its causes."""

ORGANIZATIONS, N_OBS = 10, 500
PATH_SD, LOADING_SD, MEAN_SD, INTERCEPT_SD = 0.08, 0.02, 0.3, 0.05
ITEM_VARIANCE = 1.2**2
SPREAD = 0.08
"""Loadings of a factor run from 1 + SPREAD to 1 - SPREAD in the typical organization, where they average 1."""
DECIMALS = 4

SIX = [f"factor_{number}" for number in range(3, 9)]
DIMENSIONS = [
    "reliability", "empathy", "customer_knowledge", "customer_focus", "waiting_cost", "voice_response", "accessibility",
]  # fmt: skip

DRIVERS: Equations = {
    "problem_solving": (0.55, {"individual_attention": 5, **dict(zip(SIX, (2, 1.5, 1.5, 1, 1, 0.5), strict=True))}),
    "satisfaction_cs": (
        0.765,
        {"problem_solving": 5, "individual_attention": 2, **dict(zip(SIX, (1.5, 1.5, 1, 1, 0.5, 0.5), strict=True))},
    ),
}
VALUE_CREATION: Equations = {
    "trust_cs": (0.86**2, {"satisfaction_cs": 1}),
    "connection_cs": (0.30, {"trust_cs": 1}),
    "satisfaction_company": (0.60, {"satisfaction_cs": 1}),
    "trust_company": (0.70, {"trust_cs": 1, "satisfaction_company": 1}),
    "connection_company": (0.76, {"trust_company": 1, "connection_cs": 1}),
    "loyalty": (0.68, {"satisfaction_company": 1, "trust_company": 2, "connection_company": 2}),
}
QUALITY: Equations = {
    "satisfaction_company": (0.60, dict(zip(DIMENSIONS, (3, 2, 1.5, 2, -1.5, 1, 1), strict=True))),
    "trust_company": (
        0.65,
        {"satisfaction_company": 3, **dict(zip(DIMENSIONS, (2.5, 1, 1, 1, -0.5, 0.5, 0.5), strict=True))},
    ),
    "connection_company": (
        0.55,
        {
            "trust_company": 3,
            "satisfaction_company": 1.5,
            **dict(zip(DIMENSIONS, (0.5, 1.5, 0.5, 1, -0.5, 0.5, 0.5), strict=True)),
        },
    ),
    "loyalty": (0.60, {"satisfaction_company": 1.5, "trust_company": 2, "connection_company": 2}),
}


@dataclass(frozen=True)
class Study:
    """A model, its population, and the items that mean something else somewhere.

    ``drifts``: item to the factor that its loading is multiplied by, and the numbers of the organizations where.
    ``costs``: constructs of which more is worse, which correlate negatively with the others and have lower answers.
    """

    model: str
    equations: Equations
    correlation: float
    drifts: Mapping[str, tuple[float, tuple[int, int]]]
    seed: int
    costs: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Of the folder, and of the evidence."""
        return f"{self.model}_ten_organizations"


ATTENTION_AND_SOLVING = {"individual_attention_3": (0.55, (3, 7)), "problem_solving_4": (1.5, (3, 8))}
STUDIES = (
    Study("drivers", DRIVERS, 0.4, ATTENTION_AND_SOLVING, seed=1),
    Study(
        "contact_center_quality",
        QUALITY,
        0.35,
        {"empathy_2": (0.55, (2, 6)), "customer_focus_3": (1.5, (6, 9))},
        seed=6,
        costs=("waiting_cost",),
    ),
    Study("drivers_to_loyalty", DRIVERS | VALUE_CREATION, 0.4, ATTENTION_AND_SOLVING, seed=4),
)


# ------------------------------------------------------------------------------------------- the population


def population(study: Study, model: bcx.PathModel, slots: Mapping[str, Slot]) -> Values:
    """Values of the typical organization: constructs have mean 0 and variance 1, items variance 1.2 squared."""
    sign = {name: -1.0 if name in study.costs else 1.0 for name in model.constructs}
    values: Values = {f"{name}~~{name}": 1.0 for name in model.exogenous}
    for slot in slots.values():
        if slot.kind == "covariance":
            values[slot.name] = study.correlation * sign[slot.lhs] * sign[slot.rhs]
    values |= _measurement(model)
    for outcome in model.endogenous:
        _equation(study.equations[outcome], outcome, values, model, slots)
    check_positive_definite(model, System.of(model, slots, values))
    return {name: values[name] for name in slots}


def _measurement(model: bcx.PathModel) -> Values:
    values: Values = {}
    for factor in model.constructs:
        items = [row.rhs for row in model.loadings if row.lhs == factor]
        for item, loading in zip(items, np.linspace(1 + SPREAD, 1 - SPREAD, len(items)), strict=True):
            values[f"{factor}=~{item}"] = float(loading)
            values[f"{item}~~{item}"] = float(ITEM_VARIANCE - loading**2)
    return values


def _equation(
    equation: tuple[float, Mapping[str, float]],
    outcome: str,
    values: Values,
    model: bcx.PathModel,
    slots: Mapping[str, Slot],
) -> None:
    """Paths in the given proportions that explain the given part of an outcome of variance 1."""
    explained, weights = equation
    index = [model.constructs.index(cause) for cause in weights]
    before = System.of(model, slots, values)
    among = algebra.construct_covariance(before.paths, before.psi)[np.ix_(index, index)]
    weight = np.array(list(weights.values()))
    scale = np.sqrt(explained / (weight @ among @ weight))
    values |= {f"{outcome}~{cause}": float(scale * w) for cause, w in weights.items()}
    values[f"{outcome}~~{outcome}"] = 1.0 - explained


# ---------------------------------------------------------------------------------------- one organization


@dataclass(frozen=True)
class Drawn:
    """An organization: its parameters, the means of its constructs (m,), the intercepts of its items (p,), its rows."""

    values: Values
    means: Floats
    intercepts: Floats
    rows: pd.DataFrame


def typical_intercepts(study: Study, model: bcx.PathModel) -> Floats:
    """Answers of somebody who is average in everything: 4.8 to 5.2 by item, 2 less where they speak of a cost."""
    costs = [row.rhs for row in model.loadings if row.lhs in study.costs]
    lower = np.array([2.0 if item in costs else 0.0 for item in model.observed])
    return 5.0 + 0.1 * (np.arange(len(model.observed)) % 5 - 2.0) - lower


def organization(study: Study, number: int, rng: np.random.Generator) -> Drawn:
    """Draw an organization and its respondents."""
    model = bcx.load_model(study.model)
    slots = parameter_slots(model)
    typical = population(study, model, slots)
    own = dict(typical)
    for slot in slots.values():
        if slot.kind == "path":
            own[slot.name] += PATH_SD * float(rng.standard_normal())
        elif slot.kind == "loading":
            factor, where = study.drifts.get(slot.rhs, (1.0, ()))
            own[slot.name] *= factor if number in where else 1.0
            own[slot.name] += LOADING_SD * float(rng.standard_normal())
    centre, system = System.of(model, slots, typical), System.of(model, slots, own)
    # organizations differ in the means of constructs as their customers differ in the constructs, at a smaller scale
    between = np.linalg.cholesky(algebra.construct_covariance(centre.paths, centre.psi))
    means = MEAN_SD * between @ rng.standard_normal(len(model.constructs))
    intercepts = typical_intercepts(study, model) + INTERCEPT_SD * rng.standard_normal(len(model.observed))
    answers = intercepts + system.loadings @ means + system.draw(rng, N_OBS)
    return Drawn(own, means, intercepts, pd.DataFrame(answers, columns=list(model.observed)))


# ------------------------------------------------------------------------------------------ what is written


def drawn(study: Study) -> dict[str, Drawn]:
    """All organizations of a study by name."""
    streams = np.random.default_rng(study.seed).spawn(ORGANIZATIONS)
    return {f"org_{number:02d}": organization(study, number, rng) for number, rng in enumerate(streams, start=1)}


def truth(study: Study, organizations: Mapping[str, Drawn]) -> pd.DataFrame:
    """The values behind a study, in the columns of `bayescx.simulate`, with kinds mean and intercept besides."""
    model = bcx.load_model(study.model)
    slots = parameter_slots(model)
    typical = population(study, model, slots)
    systems = {"typical": (typical, np.zeros(len(model.constructs)), typical_intercepts(study, model))}
    systems |= {name: (one.values, one.means, one.intercepts) for name, one in organizations.items()}
    rows = [(name, *row) for name, one in systems.items() for row in _truth_of(model, slots, *one)]
    return pd.DataFrame(rows, columns=["organization", "kind", "parameter", "value"]).round({"value": 6})


def _truth_of(
    model: bcx.PathModel, slots: Mapping[str, Slot], values: Values, means: Floats, intercepts: Floats
) -> Iterator[tuple[str, str, float]]:
    for slot in slots.values():
        yield slot.kind, slot.name, values[slot.name]
    yield from derived_values(model, System.of(model, slots, values), values)
    for name, mean in zip(model.constructs, means, strict=True):
        yield "mean", f"{name}~1", mean
    for item, intercept in zip(model.observed, intercepts, strict=True):
        yield "intercept", f"{item}~1", intercept


def moments(rows: pd.DataFrame) -> bcx.SampleMoments:
    """What is shared of an organization's rows."""
    return bcx.SampleMoments(n_obs=len(rows), mean=rows.mean().round(DECIMALS), cov=rows.cov().round(DECIMALS))


def write(study: Study, folder: Path, *, with_rows: bool = False) -> None:
    """Write a study into the folder of its name: evidence.toml, moments by organization, truth.csv."""
    home = folder / study.name
    home.mkdir(parents=True, exist_ok=True)
    organizations = drawn(study)
    shared = {name: moments(one.rows) for name, one in organizations.items()}
    for file, text in shared_files(shared, n_planned=ORGANIZATIONS, simulated=True).items():
        (home / file).write_text(text, encoding="utf-8")
    truth(study, organizations).to_csv(home / "truth.csv", index=False)
    if with_rows:
        together = pd.concat({name: one.rows for name, one in organizations.items()}, names=["organization"])
        together.round(DECIMALS).reset_index(0).to_csv(home / "rows.csv", index=False)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parent, help="where to write")
    parser.add_argument("--rows", action="store_true", help="also write rows.csv")
    given = parser.parse_args()
    for one_study in STUDIES:
        write(one_study, given.folder, with_rows=given.rows)
