"""Published shares and ratios of shares: what was printed about organizations that shared no counts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from bayescx.errors import EvidenceError, did_you_mean
from bayescx.evidence.findings import listing, on_one_screen, printable, shortened
from bayescx.evidence.moments_checks import is_whole
from bayescx.rates.counts import Counts

__all__ = ["PublishedRate", "members_of"]

_CHOICES = {"statistic": ("share", "ratio"), "rule": ("pooled", "mean", "each"), "use": ("evidence", "check")}
_MOST = 10**12
_MOST_NAMELESS = 10_000
_WIDEST_GRID, _FINEST_GRID = 0.5, 1e-9  # of a ratio, the finest in units of its value
_PERCENT = 0.01


@dataclass(frozen=True, kw_only=True)
class PublishedRate:
    """A share, or a ratio of two shares, that was published about a set of organizations; checked when it is made.

    Parameters
    ----------
    value : float
        A share as a fraction; a ratio as it is ("four times": 4).
    categories : str or sequence of str
        Whose share it is: of one category, or of several together.
    statistic : {"share", "ratio"}
        "ratio": the share of ``categories`` to that of ``relative_to``, in the same group; between groups there is
        no figure.
    relative_to : str or sequence of str
        Of a ratio: what stands below.
    group : str, optional
        Needed where the counts have groups.
    organizations : sequence of str or int
        The set by name; or how many there were, when they are not named. All figures that give a number speak of the
        same nameless organizations, from the first on.
    n_obs : int or (int, int)
        Respondents in the group, all organizations of the set together and in equal parts; a range (of 95 %) where
        it was not published.
    rounded_to : float, optional
        The grid that the value was rounded to, in its own units. By default 0.01 for a share, and for a ratio the last
        digit of the value as given: 1 for 4, 0.1 for 3.6 (and for 4.0).
    rule : {"pooled", "mean", "each"}
        The share of all respondents together, the mean of the organizations' shares, or what each of them shows. The
        sizes within a set are not known and taken to be equal: then "pooled" and "mean" are the same.
    use : {"evidence", "check"}
        Whether it informs the posterior, or is only predicted by it.
    wording, source : str
        The words as printed, and where.

    Raises
    ------
    EvidenceError
        With everything that is wrong with the figure.

    Examples
    --------
    >>> PublishedRate(value=0.2, categories="leaves", group="satisfied", organizations=10, n_obs=(500, 5000)).label
    'share of leaves, satisfied (10 organizations)'
    """

    value: float
    categories: tuple[str, ...]
    organizations: tuple[str, ...] | int
    n_obs: int | tuple[int, int]
    statistic: str = "share"
    relative_to: tuple[str, ...] = ()
    group: str | None = None
    rounded_to: float = None  # type: ignore[assignment]  # a number once it is made
    rule: str = "pooled"
    use: str = "evidence"
    wording: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        for name in ("categories", "relative_to"):
            given = getattr(self, name)
            object.__setattr__(self, name, (given,) if isinstance(given, str) and given else given)
        grid: Any = self.rounded_to
        if grid is None and _is_number(self.value):
            object.__setattr__(self, "rounded_to", _last_digit(self.value) if self.statistic == "ratio" else _PERCENT)
        problems = list(self._problems())
        if problems:
            raise EvidenceError("published rate", on_one_screen(problems))
        for name in ("categories", "relative_to"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        named: Any = self.organizations
        object.__setattr__(self, "organizations", int(named) if is_whole(named) else tuple(named))
        asked: Any = self.n_obs
        object.__setattr__(self, "n_obs", int(asked) if is_whole(asked) else tuple(map(int, asked)))

    @property
    def subject(self) -> str:
        """What the figure is about, without its set."""
        above, below = (" + ".join(map(printable, side)) for side in (self.categories, self.relative_to))
        what = f"share of {above}" if self.statistic == "share" else f"ratio of {above} to {below}"
        return f"{what}, {printable(self.group)}" if self.group else what

    @property
    def label(self) -> str:
        """What the figure is about and its set, in one line."""
        return f"{self.subject} ({self.set_label})"

    @property
    def set_label(self) -> str:
        """Its organizations: some by name, or how many."""
        if isinstance(self.organizations, tuple):
            return listing(list(map(printable, self.organizations)), 3, width=30)
        return f"{self.organizations} organization{'s' * (self.organizations != 1)}"

    @property
    def size(self) -> int:
        """How many organizations the set has."""
        return len(self.organizations) if isinstance(self.organizations, tuple) else int(self.organizations)

    def _problems(self) -> Iterator[str]:
        for name, known in _CHOICES.items():
            if (given := getattr(self, name)) not in known:
                yield f"unknown {name} {given!r:.60}{did_you_mean(str(given), known) or ': ' + ' or '.join(known)}"
        for name in ("categories", "relative_to"):
            yield from _name_problems(name, getattr(self, name))
        if self.statistic == "ratio" and not self.relative_to:
            yield "a ratio needs relative_to: the categories whose share stands below"
        if self.statistic == "share" and self.relative_to:
            yield 'a share has no relative_to; statistic="ratio" has'
        group: Any = self.group
        if group is not None and not isinstance(group, str):
            yield f"group must be a name, found {group!r:.60}"
        yield from self._set_problems()
        yield from self._value_problems()
        yield from self._n_obs_problems()

    def _set_problems(self) -> Iterator[str]:
        given: Any = self.organizations
        if is_whole(given):
            if not 1 <= given <= _MOST_NAMELESS:
                yield f"organizations must be 1 to {_MOST_NAMELESS:,} of them, found {given}"
        elif isinstance(given, str) or not isinstance(given, Sequence) or not given:
            yield f"organizations must be a list of names, or how many there were; found {given!r:.60}"
        else:
            yield from _name_problems("organizations", given)

    def _value_problems(self) -> Iterator[str]:
        grid: Any = self.rounded_to
        if not _is_number(self.value):
            yield f"value must be a finite number, found {self.value!r:.60}"
        if grid is not None and not _is_number(grid):
            yield f"rounded_to must be a finite number, found {grid!r:.60}"
        if not (_is_number(self.value) and _is_number(grid)):
            return
        size = self.value if self.statistic == "ratio" else 1.0
        if self.rounded_to <= 0:
            yield f"rounded_to must be above 0, found {self.rounded_to:g}"
        elif self.rounded_to < _FINEST_GRID * size:
            yield f"rounded_to = {self.rounded_to:g} is finer than any print; state the digit that was printed last"
        if self.statistic == "ratio":
            if self.value <= 0:
                yield f"a ratio is above 0, found {self.value:g}"
            return
        if not 0 <= self.value <= 1:
            hint = f": write {self.value / 100:g}" if 1 < self.value <= 100 else ""
            yield f"a share lies between 0 and 1, found {self.value:g}{hint}"
        if self.rounded_to > _WIDEST_GRID:
            yield f"rounded_to is in the units of value, a fraction; found {self.rounded_to:g}"

    def _n_obs_problems(self) -> Iterator[str]:
        given: Any = self.n_obs
        if is_whole(given) and 1 <= given <= _MOST:
            return
        ends = list(given) if isinstance(given, tuple | list) else []
        if len(ends) != 2 or not all(is_whole(end) and 1 <= end <= _MOST for end in ends) or ends[0] > ends[1]:
            yield f"n_obs must be a number of respondents, or a range (low, high) of it; found {given!r:.60}"


def _is_number(value: object) -> bool:
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool | np.bool_)
    return number and math.isfinite(value)  # type: ignore[arg-type]


def _last_digit(value: float) -> float:
    """The unit of the last digit that a number is written with: 0.1 for 3.6, 1 for 4 and 40."""
    exponent = Decimal(repr(int(value) if isinstance(value, int | np.integer) else float(value))).as_tuple().exponent
    return float(10.0 ** min(int(exponent), 0))


def _name_problems(what: str, names: object) -> Iterator[str]:
    if isinstance(names, str) or not isinstance(names, Sequence) or not all(isinstance(one, str) for one in names):
        yield f"{what} must be a name or a list of names, found {names!r:.60}"
        return
    if what == "categories" and not names:
        yield "categories must name whose share it is"
    if any(not one.strip() for one in names):
        yield f"{what}: an empty name"
    for one in sorted({one for one in names if list(names).count(one) > 1}):
        yield f"{what} names {shortened(printable(one), 40)!r} twice"


def members_of(figure: PublishedRate, counts: Counts) -> tuple[str, ...]:
    """The organizations of a figure's set by name; nameless ones are numbered."""
    if isinstance(figure.organizations, tuple):
        return figure.organizations
    mark = "unnamed"
    while any(name.startswith(f"{mark} ") for name in counts.organizations):
        mark = f"({mark})"
    return tuple(f"{mark} {i + 1}" for i in range(figure.organizations))
