"""Whether published figures and counts can be of the same study: no answer may count twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np

from bayescx.errors import EvidenceError
from bayescx.evidence.findings import listing, on_one_screen, printable, suggestion
from bayescx.rates.counts import Counts
from bayescx.rates.published import PublishedRate, members_of

__all__ = ["check_figures"]

_MOST_TOGETHER = 4  # figures of the same respondents that are looked at together


def check_figures(published: object, counts: Counts) -> tuple[PublishedRate, ...]:
    """Return the figures, if they and the counts can be of the same study.

    Raises
    ------
    EvidenceError
        With every figure that speaks of what the counts do not have, or of respondents that counts or other figures
        tell of already.
    """
    given = [published] if isinstance(published, PublishedRate) else published
    if not isinstance(given, Sequence) or not all(isinstance(one, PublishedRate) for one in given):
        raise EvidenceError("published rates", [f"a list of PublishedRate is needed, found {published!r:.100}"])
    problems = [f"{one.label}: {problem}" for one in given for problem in _figure_problems(one, counts)]
    if not problems:
        problems += _repeated(given, counts)
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
    if figure.group and counts.groups == ("",):
        yield f"respondents are not in groups here, so none is {printable(figure.group)!r}; leave group out"
    elif group is None:
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


def _repeated(figures: Sequence[PublishedRate], counts: Counts) -> Iterator[str]:
    """Figures that are evidence and tell of the same respondents what others of them tell already."""
    alike: dict[tuple[str, frozenset[str]], list[PublishedRate]] = {}
    for one in figures:
        if one.use == "evidence":
            group = counts.groups[0] if one.group is None else one.group
            alike.setdefault((group, frozenset(members_of(one, counts))), []).append(one)
    for together in alike.values():
        found: list[set[int]] = []
        for size in range(2, min(len(together), _MOST_TOGETHER) + 1):
            for places in combinations(range(len(together)), size):
                some = [together[i] for i in places]
                if size > _things_to_know(some, counts.categories) and not any(one <= set(places) for one in found):
                    found.append(set(places))
                    yield _said(some)


def _things_to_know(figures: Sequence[PublishedRate], categories: Sequence[str]) -> int:
    """How many of the quantities of figures can be known before the others follow.

    Shares, with the whole, leave one thing less to be known than there are; so do shares in ratios, without the whole.
    """
    sides = [side for one in figures for side in (one.categories, one.relative_to) if side]
    whole = [tuple(categories)] if any(not one.relative_to for one in figures) else []
    return int(np.linalg.matrix_rank(np.array([[c in side for c in categories] for side in sides + whole], float))) - 1


def _said(figures: Sequence[PublishedRate]) -> str:
    names = listing([f"{one.subject} = {one.value:g}" for one in figures], width=80)
    return (
        f"{names} ({figures[0].set_label}): they are of the same respondents, and one follows from the rest, so that "
        'answers would count twice; leave one out, or set use="check" for it. If each was asked of other respondents, '
        "make one figure of them, with all of n_obs"
    )
