"""Choices and ratings: ordered probits on counts per covariate pattern, partially pooled over organizations.

What samples loads on first use, as in ``bayescx.model``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bayescx.choices.counts import ChoiceCounts
from bayescx.choices.fitted import ChoiceFit
from bayescx.choices.priors import ChoicePriors
from bayescx.choices.probabilities import choice_effects, choice_probabilities, choice_ratio
from bayescx.choices.slopes import choice_asymmetry, choice_slopes, choice_thresholds
from bayescx.choices.storage import load_choice_fit

if TYPE_CHECKING:
    from bayescx.choices.sampling import fit_choices as fit_choices

__all__ = [
    "ChoiceCounts",
    "ChoiceFit",
    "ChoicePriors",
    "choice_asymmetry",
    "choice_effects",
    "choice_probabilities",
    "choice_ratio",
    "choice_slopes",
    "choice_thresholds",
    "fit_choices",
    "load_choice_fit",
]


def __getattr__(name: str) -> Any:
    if name == "fit_choices":
        from bayescx.choices.sampling import fit_choices

        return fit_choices
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
