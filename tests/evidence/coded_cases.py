"""Rows for a model with coded columns, and its columns coded by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from bayescx.coding import Category, Coded, Hinge
from bayescx.errors import EvidenceError
from bayescx.evidence import Evidence, Matched
from bayescx.spec import PathModel, parse_model

MODEL = parse_model(
    "loyalty ~ trust + below(expectations, 4) + above(expectations, 4) + category(issue, billing, delivery, technical)"
)
LEVELS = ["billing", "delivery", "technical"]
HOSTILE = "<script>alert(1)</script>"


def rows(sizes: dict[str, int] | None = None, seed: int = 1, **columns: Any) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    sizes = sizes or {"south": 60, "north": 45}
    n = sum(sizes.values())
    frame = pd.DataFrame(
        {
            "org": np.repeat(list(sizes), list(sizes.values())),
            "loyalty": rng.normal(5, 1, n),
            "trust": rng.normal(4, 1, n),
            "expectations": rng.integers(1, 8, n),
            "issue": rng.choice(LEVELS, n),
        }
    )
    return frame.assign(**columns)


def by_hand(frame: pd.DataFrame, variables: tuple[str, ...], coded: dict[str, Coded]) -> pd.DataFrame:
    """Code columns with pandas, independently."""
    found = {}
    for name in variables:
        match coded.get(name):
            case Hinge(column, "below", at):
                found[name] = (frame[column] - at).clip(upper=0)
            case Hinge(column, _, at):
                found[name] = (frame[column] - at).clip(lower=0)
            case Category(column, level, _):
                found[name] = (frame[column] == level).astype(float)
            case _:
                found[name] = frame[name]
    return pd.DataFrame(found)


def matched(frame: pd.DataFrame, model: PathModel = MODEL, **options: Any) -> Matched:
    return Evidence.from_rows(frame, organization="org", **options).matched(model.observed, model.coded)


def problems(frame: pd.DataFrame, model: PathModel = MODEL, **options: Any) -> tuple[str, ...]:
    evidence = Evidence.from_rows(frame, organization="org", **options)
    found = evidence.problems(model.observed, model.coded)
    if found:
        with pytest.raises(EvidenceError) as refused:
            evidence.matched(model.observed, model.coded)
        assert len(str(refused.value).splitlines()) <= 24
    return found


def assert_as_coded_by_hand(found: Matched, frame: pd.DataFrame, model: PathModel = MODEL) -> None:
    for j, organization in enumerate(found.organizations):
        own = by_hand(frame[frame["org"] == organization], found.variables, model.coded)
        np.testing.assert_allclose(found.mean[j], own.mean(), rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(found.cov[j], own.cov(), rtol=1e-12, atol=1e-12)
