"""What is wrong with one published figure: every check that needs the figure alone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from bayescx.evidence.figure_fields import (
    BOUNDED,
    CHOICES,
    DEFAULTS,
    KEYS,
    LISTS,
    NEEDED,
    OWN,
    READINGS,
    measured,
    needed_keys,
    shown,
)
from bayescx.evidence.findings import listing, printable, shortened, suggestion
from bayescx.evidence.moments import is_whole

__all__ = ["field_problems", "limits_of"]

FEWEST = 3
"""Respondents without which no statistic here has a sampling error."""

MOST = 10**12
LARGEST_SHARE = 10.0
"""Mediated shares leave 0 to 1 where paths have different signs, but beyond this somebody wrote a percentage."""

LARGEST_EFFECT = 2.0
"""Standardized paths leave -1 to 1 where causes are closely related, but beyond this somebody wrote a percentage."""

WIDEST_GRID = 0.5
"""On a grid as wide as this a statistic between -1 and 1 has next to no values."""

_OFF_GRID = 1e-4  # of a step, which single precision keeps to


def field_problems(figure: Mapping[str, Any]) -> list[str]:
    """Return everything that is wrong with the keys and values of one figure; absent keys have their default.

    Examples
    --------
    >>> figure = {"statistic": "r_squared", "outcome": "trust", "value": 75, "organizations": ["one"], "n_obs": 400}
    >>> field_problems(figure)
    ['value of an r_squared lies between 0 and 1, found 75: write 0.75']
    """
    unknown = [
        f"unknown key '{shortened(printable(key), 40)}'{suggestion(key, KEYS)}" for key in figure if key not in KEYS
    ]
    return [
        *unknown,
        *_choice_problems(figure),
        *_key_problems(figure),
        *_text_problems(figure),
        *_set_problems(figure.get("organizations")),
        *_name_problems(figure),
        *_value_problems(figure),
        *_n_obs_problems(figure),
        *_rule_problems(figure),
    ]


def _choice_problems(figure: Mapping[str, Any]) -> Iterator[str]:
    choices = dict(CHOICES)
    statistic = figure.get("statistic")
    if isinstance(statistic, str) and statistic in BOUNDED:
        choices["of"] = BOUNDED[statistic]
    if measured(figure) in READINGS:
        choices["reading"] = READINGS[measured(figure)]
    for key, known in choices.items():
        value = figure.get(key, DEFAULTS.get(key))
        if key == "statistic" and value is None:
            yield f"statistic is missing: one of {', '.join(known)}"
        elif value is not None and not (isinstance(value, str) and value in known):
            found = value if isinstance(value, str) else ""
            yield f"unknown {key} {shown(value)}{suggestion(found, known)}"


def _key_problems(figure: Mapping[str, Any]) -> Iterator[str]:
    """Say which keys the statistic needs and does not have, or has and does not need."""
    needed = needed_keys(figure)
    if not needed:
        return
    statistic = str(figure["statistic"])
    if len(needed) > len(NEEDED["bound"]) and statistic == "bound":
        statistic = f"bound of {figure['of']}"
    optional = ("reading",) if measured(figure) == "path_ratio" else ()
    missing = [key for key in needed if figure.get(key) is None]
    if missing:
        yield f"{_a(statistic)} needs {', '.join(missing)}{_of_which(missing[0], figure)}"
    of_is_known = statistic != "bound"
    surplus = [key for key in OWN if of_is_known and figure.get(key) is not None and key not in (*needed, *optional)]
    if surplus:
        yield f"{_a(statistic)} has no {', '.join(surplus)}; it has {', '.join((*needed, *optional))}"


def _a(statistic: str) -> str:
    return f"{'an' if statistic.startswith(('r_', 'ordering')) else 'a'} {statistic}"


def _of_which(key: str, figure: Mapping[str, Any]) -> str:
    """Name what could stand under a missing key, where that is a short list."""
    known = {
        "of": BOUNDED.get(str(figure.get("statistic")), ()),
        "side": CHOICES["side"],
        "reading": READINGS.get(measured(figure), ()),
    }.get(key, ())
    return f": one of {', '.join(known)}" if known else ""


def _text_problems(figure: Mapping[str, Any]) -> Iterator[str]:
    for key in ("outcome", "cause", "wording", "source"):
        value = figure.get(key)
        if value is not None and not isinstance(value, str):
            yield f"{key} must be text in quotes, found {shown(value)}"
        elif value is not None and key in ("outcome", "cause") and not value.strip():
            yield f"{key} is empty"


def _set_problems(organizations: object) -> Iterator[str]:
    if organizations is None:
        yield 'organizations are missing: the set that the figure speaks of, as in organizations = ["one", "two"]'
    elif isinstance(organizations, str):
        yield f'organizations must be a list: write organizations = ["{shortened(printable(organizations), 40)}"]'
    elif not isinstance(organizations, list | tuple):
        yield f'organizations must be a list of names such as ["one", "two"], found {shown(organizations)}'
    elif not organizations:
        yield "organizations is an empty list; a figure speaks of at least one organization"
    elif not is_names(organizations):
        wrong = next(one for one in organizations if not (isinstance(one, str) and one.strip()))
        yield f"organizations must be names in quotes, found {shown(wrong)}"
    elif twice := _twice([name.strip() for name in organizations]):
        yield f"an organization is in the set twice: {listing(twice)}"


def _name_problems(figure: Mapping[str, Any]) -> Iterator[str]:
    """Check the lists of constructs, and that no construct plays two parts."""
    known = needed_keys(figure)
    lists: dict[str, list[str]] = {}
    for key in [key for key in LISTS[1:] if figure.get(key) is not None]:
        value = figure[key]
        if isinstance(value, str):
            yield f'{key} must be a list: write {key} = ["{shortened(printable(value), 40)}"]'
        elif not is_names(value) or not value:
            yield f"{key} must be a list of names in quotes, found {shown(value)}"
        else:
            lists[key] = [one.strip() for one in value]
            if twice := _twice(lists[key]):
                yield f"{key} names a construct twice: {listing(twice)}"
    if "between" in lists and len(lists["between"]) != 2:
        yield f"between must name two constructs, found {len(lists['between'])}"
    both = [name for name in lists.get("numerator", []) if name in lists.get("denominator", [])]
    if both:
        yield f"numerator and denominator share {listing(both)}; each path belongs to one of them"
    outcome, cause = (_stripped(figure.get(key)) if key in known else "" for key in ("outcome", "cause"))
    if cause and cause in lists.get("among", []):
        yield f"cause {shown(cause)} is also in among; among names the others"
    if outcome and (cause == outcome or any(outcome in names for key, names in lists.items() if key != "between")):
        yield f"outcome {shown(outcome)} cannot be a cause of itself"


def _stripped(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _twice(names: Sequence[str]) -> list[str]:
    return [printable(name) for name in dict.fromkeys(names) if names.count(name) > 1]


def _value_problems(figure: Mapping[str, Any]) -> Iterator[str]:
    value, statistic = figure.get("value"), figure.get("statistic")
    if statistic == "ordering":
        for key in ("value", "rounded_to"):
            if figure.get(key) not in (None, DEFAULTS.get(key)):
                yield f"an ordering has no {key}; it says which effect is the greatest"
        return
    if value is None:
        yield "value is missing" if "value" not in figure else "value is missing; only an ordering has none"
    elif not is_finite(value):
        yield f"value must be a finite number, found {shown(value)}{_in_numbers(value)}"
    else:
        yield from _range_problems(measured(figure), figure.get("reading"), float(value), value)
    grid = figure.get("rounded_to", DEFAULTS["rounded_to"])
    if not is_finite(grid) or float(grid) <= 0:
        yield f"rounded_to is the grid of the value, a number above 0 such as 0.01, found {shown(grid)}"
    else:
        yield from _grid_problems(limits_of(measured(figure), figure.get("reading")), value, float(grid), grid)


def limits_of(statistic: str, reading: object) -> tuple[float, float] | None:
    """Where the values of a statistic lie, if there are limits."""
    if statistic == "r_squared" or (statistic == "share" and reading in ("coefficients", "pratt", "traceable")):
        return 0.0, 1.0
    effect = (-LARGEST_EFFECT, LARGEST_EFFECT)
    others = {"correlation": (-1.0, 1.0), "share": (-LARGEST_SHARE, LARGEST_SHARE), "path": effect}
    return (others | {"total_effect": effect}).get(statistic)


def _grid_problems(limits: tuple[float, float] | None, value: Any, grid: float, found: object) -> Iterator[str]:
    """Check a grid against what it holds: values of some size, and this one."""
    if limits is not None and (grid > 1 or (limits[1] == 1 and grid >= WIDEST_GRID)):
        yield f"rounded_to is in the units of value, found {shown(found)}{_as_fraction(grid) or ': such as 0.01'}"
    elif is_finite(value) and (limits is None or limits[0] <= float(value) <= limits[1]):
        steps = float(value) / grid
        if math.isfinite(steps) and abs(steps - round(steps)) > _OFF_GRID + 1e-9 * abs(steps):
            finer = 10.0 ** -min(max(-int(Decimal(repr(float(value))).as_tuple().exponent), 0), 9)
            works = f"write rounded_to = {finer:g}, or the value as it was printed"
            yield f"value {shown(value)} is not on its grid, the multiples of {shown(found)}: {works}"


def _range_problems(statistic: str, reading: object, value: float, found: object) -> Iterator[str]:
    limits = limits_of(statistic, reading)
    if limits is None or limits[0] <= value <= limits[1]:
        return
    name = f"{statistic} ({reading})" if statistic == "share" else statistic
    low, high = (f"{limit:g}" for limit in limits)
    works = _as_fraction(value) if value > 0 or limits[0] < 0 else ""
    yield f"value of {_a(name)} lies between {low} and {high}, found {shown(found)}{works}"


def _as_fraction(value: float) -> str:
    """Say how a percentage is written, where a value looks like one."""
    return f": write {value / 100:g}" if 2 <= abs(value) <= 100 else ""


def _in_numbers(value: object) -> str:
    """Say how the number inside a text is written, where there is one."""
    if not isinstance(value, str):
        return ""
    text = value.strip().removesuffix("%").strip().replace(",", ".")
    try:
        number = float(text)
    except ValueError:
        return ""
    if not math.isfinite(number):
        return ""
    return f": write {number / 100 if '%' in value else number:g}"


def _n_obs_problems(figure: Mapping[str, Any]) -> Iterator[str]:
    n_obs = figure.get("n_obs")
    works = (
        "the respondents of the set together, such as 400, or a range such as [200, 1000] where it was not published"
    )
    if n_obs is None:
        yield f"n_obs is missing: {works}"
        return
    ends = list(n_obs) if isinstance(n_obs, list | tuple) else [n_obs]
    if len(ends) not in (1, 2) or (len(ends) == 1 and isinstance(n_obs, list | tuple)):
        yield f"n_obs as a range has two numbers, the lowest and the highest, found {shown(n_obs)}"
    elif not all(is_whole(end) and FEWEST <= end <= MOST for end in ends):
        yield f"n_obs must be a whole number of at least {FEWEST}, found {shown(n_obs)}; it is {works}"
    elif len(ends) == 2 and ends[0] > ends[1]:
        turned = f"[{int(ends[1])}, {int(ends[0])}]"
        yield f"n_obs is a range from the lowest to the highest: write {turned}, not {shown(n_obs)}"
    elif len(ends) == 2 and ends[0] == ends[1]:
        yield f"n_obs is a range from {int(ends[0])} to the same: write n_obs = {int(ends[0])}"
    else:
        yield from _too_few(int(ends[0]), figure.get("organizations"))


def _too_few(n_obs: int, organizations: object) -> Iterator[str]:
    size = len(organizations) if isinstance(organizations, list | tuple) else 0
    if n_obs < FEWEST * size:
        yield (
            f"n_obs counts the respondents of the set together; its {size} organizations need at least {FEWEST * size},"
            f" found {n_obs}"
        )


def _rule_problems(figure: Mapping[str, Any]) -> Iterator[str]:
    if figure.get("overlap") == "replace" and figure.get("rule") == "pooled":
        yield (
            'overlap = "replace" takes single organizations out of a figure, which rule = "pooled" does not allow;'
            ' use rule = "mean" or "each", or use = "check"'
        )


def is_finite(value: object) -> bool:
    """Tell whether a value is a finite number, and not True or text."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.integer | np.floating):
        return False
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False


def is_names(value: object) -> bool:
    """Tell whether a value is a list of texts that are not blank."""
    return isinstance(value, list | tuple) and all(isinstance(one, str) and one.strip() for one in value)
