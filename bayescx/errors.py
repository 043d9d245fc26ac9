"""Errors and warnings of bayescx: what is wrong, where, what was found, what would work."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

__all__ = [
    "BayescxError",
    "ConvergenceWarning",
    "EvidenceError",
    "FitError",
    "InputProblems",
    "ModelError",
    "ModelSyntaxError",
    "PriorError",
    "did_you_mean",
]


class BayescxError(ValueError):
    """Base of every error that bayescx raises on purpose."""


class InputProblems(BayescxError):
    """Everything wrong with one input, reported together.

    Parameters
    ----------
    headline : str
        What was being read.
    problems : sequence of str
        One entry per problem; an entry may span several lines.
    """

    def __init__(self, headline: str, problems: Sequence[str]) -> None:
        self.headline = headline
        self.problems = tuple(problems)
        super().__init__(self._render())

    def __reduce__(self) -> tuple[type[InputProblems], tuple[str, tuple[str, ...]]]:
        return type(self), (self.headline, self.problems)  # from a process of a pool it comes as it was raised

    def _render(self) -> str:
        if len(self.problems) == 1:
            return f"{self.headline}: {self.problems[0]}"
        width = len(str(len(self.problems)))
        lines = [f"{self.headline}: {len(self.problems)} problems"]
        for number, problem in enumerate(self.problems, start=1):
            first, *rest = problem.splitlines() or [""]
            lines.append(f"  {number:>{width}}. {first}")
            lines.extend(" " * (width + 4) + line for line in rest)
        return "\n".join(lines)


class ModelError(InputProblems):
    """A path model that cannot be used as it stands."""


class ModelSyntaxError(ModelError):
    """Model text that does not parse; every problem names its line and column."""


class EvidenceError(InputProblems):
    """Rows or moments that cannot be used as they stand."""


class PriorError(BayescxError):
    """A prior that bayescx does not know, or with parameters it cannot take."""


class FitError(BayescxError):
    """A question that the fit at hand cannot answer, or a file that is not a fit."""


class ConvergenceWarning(UserWarning):
    """The sampler did not converge: the numbers should not be used as they stand."""


def did_you_mean(name: str, available: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the closest available name, or an empty string.

    Examples
    --------
    >>> did_you_mean("trsut", ["trust", "loyalty"])
    "; did you mean 'trust'?"
    """
    close = difflib.get_close_matches(name, list(available), n=1)
    return f"; did you mean '{close[0]}'?" if close else ""
