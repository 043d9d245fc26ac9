"""Columns that a model codes from others: the part of a variable below or above a knot, and dummies of a category.

Attributes of organizations, which pooled paths may depend on, are named in the same way.

Models name them and evidence computes them, so both know this module and not each other. A coded column has a name
like any other, by which an organization can share its moments: ``below(expectations, 4)``, ``issue[delivery]``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "MISSING_WORDS",
    "Attribute",
    "Category",
    "Coded",
    "Hinge",
    "Moderator",
    "is_coded",
    "is_missing",
    "level_text",
    "number_text",
]

Floats = NDArray[np.float64]
Side = Literal["below", "above"]

MISSING_WORDS = frozenset({"", "na", "n/a", "#n/a", "<na>", "nan", "-nan", "null", "none"})
"""Spellings of a missing cell, in small letters; no level of a category can be called so."""

_CODED = re.compile(r"(?:below|above)\(.+, [^,]+\)|.+\[.+\]", re.DOTALL)
_WHOLE = re.compile(r"[+-]?[0-9]{1,1000}")
_LONGEST_WHOLE = 1e22
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

    @property
    def other(self) -> Hinge:
        """The part on the other side of the knot."""
        return Hinge(self.column, "above" if self.side == "below" else "below", self.at)

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


@dataclass(frozen=True)
class Attribute:
    """A number that an organization has as a whole, such as its employees.

    Examples
    --------
    >>> Attribute("employees").name
    'employees'
    """

    column: str

    @property
    def name(self) -> str:
        """Of the column."""
        return self.column


Moderator = Attribute | Category
"""What tells organizations apart, and paths may depend on: a number, or whether a category has a level."""


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
    """Return a number as names write it: whole ones by all their digits, of others 12 count.

    Examples
    --------
    >>> number_text(4.0), number_text(-0.0), number_text(1234567890123), number_text(0.1 + 0.2)
    ('4', '0', '1234567890123', '0.3')
    """
    if isinstance(value, int) or (value.is_integer() and abs(value) < _LONGEST_WHOLE):
        return str(int(value))
    return f"{value + 0.0:.12g}"


def level_text(text: str) -> str:
    """Return a level as its name writes it: numbers by their value, so that 1, 1.0 and 01 are one level.

    Examples
    --------
    >>> level_text(" delivery "), level_text("1.0"), level_text("01"), level_text("v1.0")
    ('delivery', '1', '1', 'v1.0')
    """
    stripped = text.strip()
    if _WHOLE.fullmatch(stripped):
        return number_text(int(stripped))
    return number_text(float(stripped)) if _NUMBER.fullmatch(stripped) else stripped
