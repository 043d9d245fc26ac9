"""Evidence of every kind, small, and a fit to it: for tests of what carries evidence along."""

from __future__ import annotations

import gc
from typing import Any

import numpy as np
import pandas as pd
import pytest

import bayescx as bcx


def pytest_collection_finish() -> None:
    """Spare what is there to stay from garbage collection: going through it takes half a second each time."""
    gc.freeze()


KINDS_MODEL = "trust ~ a*satisfaction\nloyalty ~ b*trust + satisfaction\nmediated := a*b\n"


def published(organizations: list[str]) -> list[bcx.Published]:
    """Figures of every sort about one set: values, an ordering, a bound, one only to be checked, two unknown sizes."""
    of_set: dict[str, Any] = {"organizations": organizations, "n_obs": (200, 1000)}
    return [
        bcx.Published(statistic="r_squared", outcome="trust", value=0.5, source="Column 3, p. 4", **of_set),
        bcx.Published(statistic="r_squared", outcome="loyalty", value=0.4, **of_set),
        bcx.Published(
            statistic="ordering", of="path", outcome="loyalty", cause="trust", among=["satisfaction"], **of_set
        ),
        bcx.Published(
            statistic="bound", of="path", side="at_least", value=0.1, outcome="loyalty", cause="trust", rule="each",
            organizations=organizations, n_obs=(150, 900),
        ),
        bcx.Published(
            statistic="path_ratio", outcome="loyalty", numerator=["trust"], denominator=["satisfaction"], value=2,
            rounded_to=1, organizations=organizations, n_obs=400, use="check", wording='"twice" as strong',
        ),
    ]  # fmt: skip


@pytest.fixture(scope="session")
def figures_evidence() -> bcx.Evidence:
    """Nothing but published figures."""
    return bcx.Evidence.from_published(published(["one", "two"]), n_planned=10)


@pytest.fixture(scope="session")
def mixed_evidence(example_rows: pd.DataFrame) -> bcx.Evidence:
    """Complete rows, missing answers, a variable lacking, moments without means, correlations alone, and figures."""
    parts = {name: part.drop(columns="organization") for name, part in example_rows.groupby("organization", sort=False)}
    rng = np.random.default_rng(2)
    names = ["satisfaction", "trust", "loyalty"]
    south, east, west = parts["south"], parts["east"], parts["west"]
    return bcx.Evidence.from_parts(
        {
            "north": parts["north"],
            "south": south.mask(rng.random(south.shape) < 0.15),
            "<b>east</b>": east.drop(columns="trust"),
            "west": bcx.SampleMoments(len(west), None, west[names].corr(), scale_free=True),
            "moments": bcx.SampleMoments(60, None, west[names].cov()),
        },
        n_planned=10,
        published=published(["one", "two"]),
        signs={"loyalty~satisfaction": 1},
    )


def quick_fit(evidence: bcx.Evidence, pooling: str = "partial") -> bcx.Fit:
    """Few draws: enough to be carried along, not to be believed."""
    model = bcx.parse_model(KINDS_MODEL, name="kinds")
    with pytest.warns(bcx.ConvergenceWarning):
        return bcx.fit(model, evidence, pooling=pooling, draws=50, tune=200, chains=2, random_seed=1, progressbar=False)


@pytest.fixture(scope="session")
def figures_fit(figures_evidence: bcx.Evidence) -> bcx.Fit:
    """A fit to published figures alone."""
    return quick_fit(figures_evidence)


@pytest.fixture(scope="session")
def open_fit() -> bcx.Fit:
    """A fit to explained variances alone: how the two causes of loyalty share theirs is left to the prior."""
    shares = {"trust": 0.75, "loyalty": 0.85}
    figures = [
        bcx.Published(statistic="r_squared", outcome=outcome, value=value, organizations=["one", "two"], n_obs=400)
        for outcome, value in shares.items()
    ]
    return quick_fit(bcx.Evidence.from_published(figures, n_planned=10), pooling="full")


@pytest.fixture(scope="session")
def mixed_fit(mixed_evidence: bcx.Evidence) -> bcx.Fit:
    """A fit to evidence of every kind."""
    return quick_fit(mixed_evidence)
