"""One equation of a model, asked for by its outcome."""

from __future__ import annotations

from bayescx.errors import FitError
from bayescx.estimands.population import positions
from bayescx.estimands.system import layout_of
from bayescx.fitted import Fit

__all__ = ["predictors_of"]


def predictors_of(fit: Fit, outcome: str) -> tuple[str, ...]:
    """The direct causes of an outcome, as the model lists them; of a factor that a second-order one has, also that.

    Raises
    ------
    FitError
        If the model has no such construct, or nothing leads to it.

    Examples
    --------
    >>> predictors_of(fit, "loyalty")
    ('trust', 'satisfaction')
    """
    if not isinstance(outcome, str):
        raise FitError(f"an outcome is named by text such as 'loyalty', found {outcome!r}")
    positions(layout_of(fit), [outcome])
    found = fit.model.predictors(outcome)
    if not found:
        there = ", ".join(fit.model.endogenous)
        raise FitError(
            f"{outcome!r} has no predictors in this model. "
            + (f"Constructs that have some: {there}" if there else "Nor has any other construct")
        )
    return found
