"""Kept answers: the same numbers, computed once, safe from their users, and bounded."""

from __future__ import annotations

import dataclasses
import gc
import weakref

import numpy as np
import pytest

import bayescx as bcx
from bayescx.estimands import memory, population
from bayescx.estimands.memory import remembered


@pytest.fixture
def fit(example_fit: bcx.Fit) -> bcx.Fit:
    """The same fit without a memory."""
    return dataclasses.replace(example_fit)


def test_a_question_is_computed_once(fit: bcx.Fit, monkeypatch: pytest.MonkeyPatch) -> None:
    first = {target: bcx.total_effects(fit, target) for target in ("organization", "average", "alone")}
    monkeypatch.setattr(population, "_computed", lambda *_: pytest.fail("computed again"))
    for target, answer in first.items():
        assert bcx.total_effects(fit, target).equals(answer)  # type: ignore[arg-type]


def test_other_questions_are_not_confused(fit: bcx.Fit) -> None:
    asked = [
        bcx.total_effects(fit), bcx.indirect_effects(fit), bcx.total_effects(fit, standardized=False),
        bcx.mediated_share(fit), bcx.what_if(fit, {"trust": 1.0}), bcx.what_if(fit, {"trust": 2.0}),
        bcx.what_if(fit, {"trust": 1.0}, standardized=True), bcx.what_if(fit, {"satisfaction": 1.0}),
    ]  # fmt: skip
    again = dataclasses.replace(fit)
    np.testing.assert_array_equal(bcx.what_if(again, {"satisfaction": 1.0}), asked[-1])
    np.testing.assert_array_equal(bcx.indirect_effects(again), asked[1])
    assert len({float(one.mean()) for one in asked}) == len(asked)


def test_writing_into_an_answer_changes_no_other(fit: bcx.Fit) -> None:
    answer = bcx.direct_effects(fit)
    kept = answer.copy(deep=True)
    answer.values[:] = 0
    assert bcx.direct_effects(fit).equals(kept)


def test_the_average_of_all_that_reported_is_the_mean_of_their_answers(example_fit: bcx.Fit) -> None:
    everybody = dataclasses.replace(example_fit, evidence=dataclasses.replace(example_fit.evidence, n_planned=4))
    expected = bcx.direct_effects(everybody, "organization").mean("organization")
    np.testing.assert_allclose(bcx.direct_effects(everybody, "average"), expected, rtol=1e-12)
    ratio = bcx.indirect_effects(everybody, "average", standardized=False) / bcx.total_effects(
        everybody, "average", standardized=False
    )
    np.testing.assert_allclose(bcx.mediated_share(everybody, "average"), ratio, rtol=1e-12)


def test_the_oldest_answers_make_room(fit: bcx.Fit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "MOST_KEPT", 10)
    computed = []

    def ask(key: str, size: int) -> None:
        remembered(fit, key, lambda: computed.append(key) or np.zeros(size))  # type: ignore[func-returns-value]

    for key, size in (("a", 4), ("b", 4), ("a", 4), ("c", 4), ("b", 4), ("a", 4), ("large", 11), ("large", 11)):
        ask(key, size)
    assert computed == ["a", "b", "c", "a", "large", "large"]


def test_answers_go_with_their_fit(example_fit: bcx.Fit) -> None:
    fit = dataclasses.replace(example_fit)
    bcx.direct_effects(fit)
    alive = weakref.ref(fit)
    assert fit in memory._KEPT
    del fit
    gc.collect()
    assert alive() is None
