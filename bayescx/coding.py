"""Columns that a model codes from others: the part of a variable below or above a knot, and dummies of a category.

Models name them and evidence computes them, so both know this module and not each other. A coded column has a name
like any other, by which an organization can share its moments: ``below(expectations, 4)``, ``issue[delivery]``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["MISSING_WORDS", "Category", "Coded", "Hinge", "is_coded", "is_missing", "level_text", "number_text"]

Floats = NDArray[np.float64]
Side = Literal["below", "above"]

MISSING_WORDS = frozenset({"", "na", "n/a", "#n/a", "<na>", "nan", "-nan", "null", "none"})
"""Spellings of a missing cell, in small letters; no level of a category can be called so."""

_CODED = re.compile(r"(?:below|above)\(.+, [^,]+\)|.+\[.+\]", re.DOTALL)
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


@dataclass(frozen=True)
class Hinge:
    """The part of a variable below or above a knot: min(x - at, 0) or max(x - at, 0).

    Its path is a slope on that side of the knot, in units of the outcome per unit of the variable: both are positive
    where more is better on both sides. The two add up to x - at.

    Examples
    --------
    >>> hinge = Hinge("expectations", "below", 4.0)
    >>> hinge.name, hinge.values(np.array([2.0, 4.0, 5.0])).tolist()
    ('below(expectations, 4)', [-2.0, 0.0, 0.0])
    """

    column: str
    side: Side
    at: float

    @property
    def name(self) -> str:
        """Of the coded column."""
        return f"{self.side}({self.column}, {number_text(self.at)})"

    def values(self, x: Floats) -> Floats:
        """Code answers; nan stays nan."""
        limit = np.minimum if self.side == "below" else np.maximum
        return np.asarray(limit(x - self.at, 0.0))


@dataclass(frozen=True)
class Category:
    """Whether a categorical variable has one level: 1 or 0. The first level is the reference, which has no path.

    Examples
    --------
    >>> dummy = Category("issue", "delivery", ("billing", "delivery", "technical"))
    >>> dummy.name, dummy.values(np.array([0.0, 1.0, np.nan])).tolist()
    ('issue[delivery]', [0.0, 1.0, nan])
    """

    column: str
    level: str
    levels: tuple[str, ...]

    @property
    def name(self) -> str:
        """Of the coded column."""
        return f"{self.column}[{self.level}]"

    @property
    def reference(self) -> str:
        """The level that the others are compared with."""
        return self.levels[0]

    def values(self, places: Floats) -> Floats:
        """Code the places of answers among the levels, counted from 0; nan stays nan."""
        return np.where(np.isnan(places), np.nan, places == self.levels.index(self.level))


Coded = Hinge | Category


def is_coded(name: str) -> bool:
    """Whether a column bears the name of a coded one, so that an organization may have no variation in it.

    Examples
    --------
    >>> is_coded("issue[delivery]"), is_coded("below(expectations, 4)"), is_coded("issue")
    (True, True, False)
    """
    return _CODED.fullmatch(name) is not None


def is_missing(text: str) -> bool:
    """Whether a cell with this text is an empty one."""
    return text.strip().lower() in MISSING_WORDS


def number_text(value: float) -> str:
    """Return a number as names write it; 12 digits count.

    Examples
    --------
    >>> number_text(4.0), number_text(-0.0), number_text(1234567.0)
    ('4', '0', '1234567')
    """
    return f"{value + 0.0:.12g}"


def level_text(text: str) -> str:
    """Return a level as its name writes it: numbers by their value, so that 1, 1.0 and 01 are one level.

    Examples
    --------
    >>> level_text(" delivery "), level_text("1.0"), level_text("01"), level_text("v1.0")
    ('delivery', '1', '1', 'v1.0')
    """
    stripped = text.strip()
    return number_text(float(stripped)) if _NUMBER.fullmatch(stripped) else stripped
