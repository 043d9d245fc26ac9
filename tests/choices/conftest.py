"""One small fit for all tests of answers."""

from __future__ import annotations

import pytest

from bayescx.choices import ChoiceFit, fit_choices
from tests.choices.worlds import simulated

MODEL = "after ~ below(expectations, 4) + above(expectations, 4) + effort + category(issue, question, billing)"


@pytest.fixture(scope="session")
def choice_fit() -> ChoiceFit:
    counts = simulated(MODEL, sizes=(30, 600, 900), n_planned=5)
    return fit_choices(counts, draws=500, tune=500, chains=4, random_seed=1, progressbar=False)
