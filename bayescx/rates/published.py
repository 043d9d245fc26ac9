"""Published shares and ratios of shares: what was printed about organizations that shared no counts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bayescx.errors import EvidenceError, did_you_mean
from bayescx.evidence.findings import listing, on_one_screen, printable, shortened, suggestion
from bayescx.evidence.moments_checks import is_whole
from bayescx.rates.counts import Counts

__all__ = ["PublishedRate", "check_figures", "members_of"]

_CHOICES = {"statistic": ("share", "ratio"), "rule": ("pooled", "mean", "each"), "use": ("evidence", "check")}
_MOST = 10**12
_MOST_NAMELESS = 10_000
_WIDEST_GRID = 0.5


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
    rounded_to : float
        The grid that the value was rounded to, in its own units.
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
    rounded_to: float = 0.01
    rule: str = "pooled"
    use: str = "evidence"
    wording: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        for name in ("categories", "relative_to"):
            given = getattr(self, name)
            object.__setattr__(self, name, (given,) if isinstance(given, str) and given else given)
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
        if isinstance(self.organizations, tuple):
            return f"{self.subject} ({listing(list(map(printable, self.organizations)), 3, width=30)})"
        return f"{self.subject} ({self.organizations} organization{'s' * (self.organizations != 1)})"

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
        for name in ("value", "rounded_to"):
            if not _is_number(getattr(self, name)):
                yield f"{name} must be a finite number, found {getattr(self, name)!r:.60}"
        if not (_is_number(self.value) and _is_number(self.rounded_to)):
            return
        if self.rounded_to <= 0:
            yield f"rounded_to must be above 0, found {self.rounded_to:g}"
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


def check_figures(published: object, counts: Counts) -> tuple[PublishedRate, ...]:
    """Return the figures, if they and the counts can be of the same study.

    Raises
    ------
    EvidenceError
        With every figure that speaks of what the counts do not have, or of organizations whose counts are there.
    """
    given = [published] if isinstance(published, PublishedRate) else published
    if not isinstance(given, Sequence) or not all(isinstance(one, PublishedRate) for one in given):
        raise EvidenceError("published rates", [f"a list of PublishedRate is needed, found {published!r:.100}"])
    problems = [f"{one.label}: {problem}" for one in given for problem in _figure_problems(one, counts)]
    if not problems:
        named = {name for one in given for name in members_of(one, counts)}
        known = len(named | set(counts.organizations))
        if known > counts.n_planned:
            problems.append(
                f"n_planned = {counts.n_planned} is smaller than the number of organizations known by counts or "
                f"figures, {known}; n_planned of the counts counts these and those still to come"
            )
    if problems:
        raise EvidenceError("published rates", on_one_screen(problems))
    return tuple(given)


def _figure_problems(figure: PublishedRate, counts: Counts) -> Iterator[str]:
    sides = (figure.categories, figure.relative_to)
    for name in (name for side in sides for name in side):
        if name not in counts.categories:
            yield f"there is no category {printable(name)!r}{suggestion(name, counts.categories)}"
    if both := set(figure.categories) & set(figure.relative_to):
        yield f"{listing(sorted(map(printable, both)))} stands above and below"
    if set(figure.categories) >= set(counts.categories):
        yield "all categories together have the share 1, whatever was answered"
    group = figure.group if figure.group is not None else counts.groups[0] if len(counts.groups) == 1 else None
    if group is None:
        yield f"say which group it is of: {listing(list(map(printable, counts.groups)), 8)}"
    elif group not in counts.groups:
        yield f"there is no group {printable(group)!r}{suggestion(group, counts.groups)}"
    else:
        asked = counts.n_obs[:, counts.groups.index(group)]
        own = [
            name
            for name, n in zip(counts.organizations, asked, strict=True)
            if n and name in members_of(figure, counts)
        ]
        if own:
            yield f"{listing(list(map(printable, own)))} shared counts too: the same respondents would count twice"
