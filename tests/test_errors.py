"""Errors come out of another process as they were raised there."""

from __future__ import annotations

import pickle

import pytest

from bayescx.errors import (
    BayescxError,
    EvidenceError,
    FitError,
    InputProblems,
    ModelError,
    ModelSyntaxError,
    PriorError,
)


@pytest.mark.parametrize("kind", [ModelError, ModelSyntaxError, EvidenceError])
def test_problems_survive_a_pool(kind: type[InputProblems]) -> None:
    raised = kind("model three", ["line 1: no", "line 2: neither\nbut this would work"])
    found = pickle.loads(pickle.dumps(raised))  # noqa: S301  (our own bytes)
    assert type(found) is kind
    assert (found.headline, found.problems, str(found)) == (raised.headline, raised.problems, str(raised))


@pytest.mark.parametrize("kind", [FitError, PriorError])
def test_plain_ones_too(kind: type[BayescxError]) -> None:
    found = pickle.loads(pickle.dumps(kind("no")))  # noqa: S301  (our own bytes)
    assert type(found) is kind
    assert str(found) == "no"
