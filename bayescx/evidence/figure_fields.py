"""What a published figure consists of: statistics, the keys of each, and a line that says what a figure is about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bayescx.evidence.findings import printable, shortened

NEEDED = {
    "r_squared": ("outcome",),
    "path": ("outcome", "cause"),
    "correlation": ("between",),
    "total_effect": ("outcome", "cause"),
    "path_ratio": ("outcome", "numerator", "denominator"),
    "share": ("outcome", "cause", "reading"),
    "ordering": ("of", "outcome", "cause", "among"),
    "bound": ("of", "side"),
}
"""Keys that say what each statistic is of; a bound has those of the statistic it bounds besides."""

CHOICES = {
    "statistic": tuple(NEEDED),
    "rule": ("mean", "pooled", "each"),
    "use": ("evidence", "check"),
    "overlap": ("refuse", "replace"),
    "side": ("at_least", "at_most"),
}
READINGS = {"path_ratio": ("sum", "mean"), "share": ("mediated", "coefficients", "pratt", "traceable")}
BOUNDED = {
    "ordering": ("path", "total_effect"),
    "bound": tuple(name for name in NEEDED if name not in ("ordering", "bound")),
}
"""Statistics that an ordering compares and that a bound bounds: the key `of`."""

COMMON = ("statistic", "organizations", "value", "rounded_to", "n_obs", "rule", "use", "overlap", "wording", "source")
OWN = ("outcome", "cause", "numerator", "denominator", "between", "reading", "of", "among", "side")
LISTS = ("organizations", "numerator", "denominator", "between", "among")
DEFAULTS: dict[str, object] = {"rounded_to": 0.01, "rule": "mean", "use": "evidence", "overlap": "refuse"}
KEYS = COMMON + OWN


def shown(value: object) -> str:
    """Return a value as a message may print it."""
    try:
        return shortened(printable(repr(value)), 60)
    except ValueError:  # a whole number of thousands of digits
        return "a number too long to print"


def measured(figure: Mapping[str, Any]) -> str:
    """Return the statistic that a figure's keys belong to: that which a bound bounds, else its own."""
    statistic = figure.get("statistic")
    name = figure.get("of") if statistic == "bound" else statistic
    return name if isinstance(name, str) else ""


def needed_keys(figure: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the keys that say what the statistic of a figure is of."""
    statistic = figure.get("statistic")
    if statistic == "bound" and figure.get("of") in BOUNDED["bound"]:
        return (*NEEDED["bound"], *NEEDED[measured(figure)])
    return NEEDED[statistic] if isinstance(statistic, str) and statistic in NEEDED else ()


def subject(figure: Mapping[str, Any]) -> str:
    """Say what a figure is about, in one line, however malformed it is.

    Examples
    --------
    >>> subject({"statistic": "path", "outcome": "loyalty", "cause": "trust"})
    'path loyalty~trust'
    """
    statistic, of = (_text(figure, key) for key in ("statistic", "of"))
    outcome, cause = (_text(figure, key) for key in ("outcome", "cause"))
    numerator, denominator, between, among = (
        _list(figure, key) for key in ("numerator", "denominator", "between", "among")
    )
    about = f"{outcome}~{cause}" if outcome and cause else outcome or cause
    if between:
        about = " with ".join(between)
    if numerator or denominator:
        about = f"{outcome}: {' to '.join(' + '.join(names) for names in (numerator, denominator) if names)}"
    if among:
        about = f"{about} before {', '.join(among)}"
    if statistic == "bound":
        about = f"{about} {_text(figure, 'side').replace('_', ' ')}".strip() + f" {shown(figure.get('value'))}"
    reading = "" if _text(figure, "reading") == "sum" else _text(figure, "reading")
    words = " ".join(word for word in (statistic, of, reading, about.strip()) if word)
    return shortened(printable(words), 100)


def _text(figure: Mapping[str, Any], key: str) -> str:
    value = figure.get(key)
    return shortened(value, 40) if isinstance(value, str) else ""


def _list(figure: Mapping[str, Any], key: str) -> list[str]:
    value = figure.get(key)
    names = (
        [shortened(str(one), 40) for one in value if isinstance(one, str)] if isinstance(value, list | tuple) else []
    )
    return names if len(names) <= 3 else [*names[:2], f"{len(names) - 2} more"]
