"""Numbers and names as a reader sees them. Whatever comes from users is escaped here or by the template."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from bayescx.fitted import Fit

__all__ = ["count", "counted", "enumeration", "in_words", "interval_name", "number", "numeral", "population_name"]

_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def number(value: float) -> str:
    """Two decimals, more where that would leave one digit or none; a minus sign that reads as one.

    Examples
    --------
    >>> number(0.8571), number(-0.0312), number(0.00042), number(1234.5)
    ('0.86', '−0.03', '0.0004', '1,234')
    """
    if math.isnan(value):
        return "–"
    size = abs(value)
    if size >= 1000:
        text = f"{size:,.0f}"
    elif 1e-9 < size < 0.005:
        text = f"{size:.{min(-math.floor(math.log10(size)), 9)}f}"
    else:
        text = f"{size:.2f}"
    return f"−{text}" if value < 0 and float(text.replace(",", "")) != 0 else text


def count(value: int) -> str:
    """A number of things, with thousands set apart."""
    return f"{value:,}"


def numeral(value: int) -> str:
    """A small number as a word.

    Examples
    --------
    >>> numeral(10), numeral(40)
    ('ten', '40')
    """
    return _WORDS[value] if 0 <= value < len(_WORDS) else count(value)


def counted(value: int, noun: str) -> str:
    """So many things.

    Examples
    --------
    >>> counted(1, "organization"), counted(10, "organization")
    ('one organization', 'ten organizations')
    """
    return f"{numeral(value)} {noun}{'s' if value != 1 else ''}"


def enumeration(names: Iterable[str]) -> str:
    """Names in a sentence.

    Examples
    --------
    >>> enumeration(["trust", "connection", "loyalty"])
    'trust, connection and loyalty'
    """
    listed = list(names)
    return " and ".join([", ".join(listed[:-1]), listed[-1]] if len(listed) > 1 else listed)


def interval_name(ci_prob: float) -> str:
    """The name of an interval, such as ``95 % interval`` (with a no-break space)."""
    return f"{100 * ci_prob:g}\u00a0% interval"


def population_name(fit: Fit, target: str) -> str:
    """Whom a column is about, in a few words."""
    return {
        "organization": "each organization",
        "typical": "typical organization",
        "average": f"average of the {numeral(fit.n_planned)}",
        "new": "new organization",
        "alone": "by itself",
    }[target]


def in_words(fit: Fit, names: Sequence[str]) -> list[str]:
    """What the model calls several constructs."""
    return [fit.model.in_words(name) for name in names]
