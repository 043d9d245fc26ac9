"""Numbers, names and targets as readers of pictures and reports see them: said the same way everywhere."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from bayescx.fitted import Fit

__all__ = [
    "count",
    "counted",
    "enumeration",
    "in_words",
    "interval_name",
    "number",
    "numeral",
    "target_words",
    "with_minus",
]

_NUMERALS = (
    *("no", "one", "two", "three", "four", "five", "six"),
    *("seven", "eight", "nine", "ten", "eleven", "twelve"),
)


def number(value: float) -> str:
    """Two decimals, more where that would leave one digit or none.

    Examples
    --------
    >>> number(0.8571), number(-0.0312), number(0.00042), number(1234.5)
    ('0.86', '−0.03', '0.0004', '1,234')
    """
    if math.isnan(value):
        return "–"
    size = abs(value)
    decimals = 0 if size >= 1000 else 2
    if 1e-9 < size < 0.005:
        decimals = min(-math.floor(math.log10(size)), 9)
    return with_minus(f"{value:,.{decimals}f}")


def with_minus(text: str) -> str:
    """A written number with a true minus sign, and without one before zero.

    Examples
    --------
    >>> with_minus("-0.46"), with_minus("-0.00")
    ('−0.46', '0.00')
    """
    shown = text if any(digit in "123456789" for digit in text) else text.lstrip("-")
    return shown.replace("-", "−")


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
    return _NUMERALS[value] if 0 <= value < len(_NUMERALS) else count(value)


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


def target_words(fit: Fit, target: str, *, short: bool = False) -> str:
    """Whom an answer is about, as rows, columns and captions name it.

    Parameters
    ----------
    fit : Fit
    target : str
        One of the targets of estimands.
    short : bool
        Leave out how many of the organizations planned have reported.

    Examples
    --------
    >>> target_words(fit, "average")
    'average of the six planned, four reported'
    """
    if target != "average":
        return {"organization": "each organization", "alone": "each organization alone"}.get(
            target, f"{target} organization"
        )
    planned, reported = fit.n_planned, len(fit.organizations)
    if planned == 1:
        return "the only one"
    beyond = "" if short or planned == reported else f" planned, {numeral(reported)} reported"
    return f"average of the {numeral(planned)}{beyond}"


def in_words(fit: Fit, names: Sequence[str]) -> list[str]:
    """What the model calls several constructs."""
    return [fit.model.in_words(name) for name in names]
