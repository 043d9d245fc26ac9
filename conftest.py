"""A small fit for tests and for the examples in docstrings."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import bayescx as bcx
from tests.moderated import moderated_fit

EXAMPLE_MODEL = """
trust ~ a*satisfaction
loyalty ~ b*trust + satisfaction
mediated := a*b
"""


@pytest.fixture(scope="session")
def example_rows() -> pd.DataFrame:
    """Four organizations, 150 respondents each, with units far from 1."""
    rng = np.random.default_rng(20)
    frames = []
    for name, n in {"north": 150, "south": 150, "east": 150, "west": 150}.items():
        satisfaction = 5 + 2 * rng.standard_normal(n)
        trust = (0.8 + 0.1 * rng.standard_normal()) * satisfaction + rng.standard_normal(n)
        loyalty = 10 * ((0.5 + 0.1 * rng.standard_normal()) * trust + 0.2 * satisfaction + rng.standard_normal(n))
        frames.append(
            pd.DataFrame({"organization": name, "satisfaction": satisfaction, "trust": trust, "loyalty": loyalty})
        )
    return pd.concat(frames, ignore_index=True)


@pytest.fixture(scope="session")
def example_fit(example_rows: pd.DataFrame) -> bcx.Fit:
    """Four of six planned organizations."""
    evidence = bcx.Evidence.from_rows(example_rows, organization="organization", n_planned=6)
    return bcx.fit(bcx.parse_model(EXAMPLE_MODEL, name="example"), evidence, random_seed=1, progressbar=False)


@pytest.fixture(autouse=True)
def _examples(
    request: pytest.FixtureRequest,
    doctest_namespace: dict[str, Any],
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # only examples in these rooms speak of `fit`; sampling it for every doctest would be waste
    rooms = ("estimands/", "plots/", "replication/", "report/", "wording.py")
    if request.node.nodeid.startswith(tuple(f"bayescx/{room}" for room in rooms)):
        doctest_namespace["fit"] = request.getfixturevalue("example_fit")
        monkeypatch.chdir(tmp_path_factory.mktemp("example"))  # examples write files
    if request.node.nodeid.startswith(("bayescx/estimands/moderation.py", "bayescx/estimands/intercept_regression.py")):
        doctest_namespace["moderated"] = moderated_fit()
