"""Numbers, names and targets as readers of pictures and reports see them: said the same way everywhere."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from bayescx.fitted import Fit

__all__ = [
    "chance",
    "count",
    "counted",
    "enumeration",
    "in_words",
    "interval_name",
    "numbers",
    "numeral",
    "share",
    "target_words",
    "together_words",
    "with_minus",
]

_NUMERALS = (
    *("no", "one", "two", "three", "four", "five", "six"),
    *("seven", "eight", "nine", "ten", "eleven", "twelve"),
)


def numbers(*values: float) -> tuple[str, ...]:
    """Figures that belong together, with the same decimals: two, or as many as give the largest two digits.

    Examples
    --------
    >>> numbers(0.8571, 0.84, 0.871), numbers(0.0031, -0.0112, 0.0164)
    (('0.86', '0.84', '0.87'), ('0.003', '−0.011', '0.016'))
    >>> numbers(1234.5), numbers(0.0), numbers(float("nan"))
    (('1,234',), ('0.00',), ('–',))
    """
    largest = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
    decimals = 0 if largest >= 1000 else 2
    if 1e-9 < largest < 0.0995:
        decimals = min(1 - math.floor(math.log10(largest)), 9)
    return tuple("–" if math.isnan(value) else with_minus(f"{value:,.{decimals}f}") for value in values)


def share(value: float) -> str:
    """A share or probability, always with two decimals.

    Examples
    --------
    >>> share(0.0043), share(0.4)
    ('0.00', '0.40')
    """
    return with_minus(f"{value:.2f}")


def chance(probability: float) -> str:
    r"""A probability counted in draws, which is never rounded to certainty.

    Examples
    --------
    >>> chance(0.9991), chance(0.42), chance(0.0)
    ('>\xa00.99', '0.42', '<\xa00.01')
    """
    if math.isnan(probability):
        return "–"
    if probability >= 0.995:
        return ">\u00a00.99"
    return "<\u00a00.01" if probability < 0.005 else share(probability)


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
        Leave out how many of the organizations planned have reported, or are known by published figures.

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
    how = "known" if "figures" in fit.evidence.level.values() else "reported"
    beyond = "" if short or planned == reported else f" planned, {numeral(reported)} {how}"
    return f"average of the {numeral(planned)}{beyond}"


def together_words(fit: Fit) -> str:
    """How an organization's own figures come about, as columns and legends name it."""
    if len(fit.organizations) == 1:
        return "the only organization"
    return {"none": "by itself", "full": "all as one"}.get(fit.pooling["paths"], "with the others")


def in_words(fit: Fit, names: Sequence[str]) -> list[str]:
    """What the model calls several constructs."""
    return [fit.model.in_words(name) for name in names]
