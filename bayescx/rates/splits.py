"""Categories as a tree of binary splits, and shares of categories from the splits' logits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from bayescx.errors import EvidenceError
from bayescx.evidence.findings import listing, printable, suggestion

__all__ = ["Side", "Tree", "tree_of"]

Floats = NDArray[np.float64]
Side = str | Sequence[str]


@dataclass(frozen=True, eq=False)
class Tree:
    """Binary splits that part the categories, one after the other.

    Attributes
    ----------
    categories : tuple of str
    splits : tuple of (tuple of str, tuple of str)
        Left and right side of each split; a split's share is that of the left among both.
    sign : array of int, shape (C, S)
        1 where a category lies on the left side of a split, -1 on the right, 0 where the split does not concern it.
    """

    categories: tuple[str, ...]
    splits: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]
    sign: NDArray[np.int64] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        rows = [[(c in left) - (c in right) for left, right in self.splits] for c in self.categories]
        object.__setattr__(self, "sign", np.array(rows, dtype=np.int64))

    @property
    def names(self) -> tuple[str, ...]:
        """What each split sets apart: "disloyal : neutral + loyal"."""
        return tuple(" : ".join(" + ".join(side) for side in split) for split in self.splits)

    def counts(self, answers: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Counts of each split's left side and of both sides, (..., S), from those of categories, (..., C)."""
        return answers @ (self.sign == 1), answers @ (self.sign != 0)

    def shares(self, logits: Floats) -> Floats:
        """Shares of categories, (..., C), from the logits of the splits, (..., S)."""
        half = expit(logits), expit(-logits)
        out = np.ones((*logits.shape[:-1], len(self.categories)))
        for c, s in zip(*np.nonzero(self.sign), strict=True):
            out[..., c] *= half[0 if self.sign[c, s] == 1 else 1][..., s]
        return out


def tree_of(categories: Sequence[str], splits: Sequence[tuple[Side, Side]] | None = None) -> Tree:
    """Make a tree of its splits; in stated order by default, each category against all that follow.

    Parameters
    ----------
    categories : sequence of str
    splits : sequence of (side, side), optional
        A side is a category or several. The first split parts all categories, and each side of several is parted by
        a later one.

    Raises
    ------
    EvidenceError
        With everything that keeps the splits from being such a tree.

    Examples
    --------
    >>> tree_of(["disloyal", "neutral", "loyal"]).names
    ('disloyal : neutral + loyal', 'neutral : loyal')
    >>> tree_of(["disloyal", "neutral", "loyal"], [("neutral", ("disloyal", "loyal")), ("disloyal", "loyal")]).names
    ('neutral : disloyal + loyal', 'disloyal : loyal')
    """
    known = tuple(categories)
    if splits is None:
        return Tree(known, tuple(((one,), known[i + 1 :]) for i, one in enumerate(known[:-1])))
    pairs = [_sides(pair) for pair in splits]
    if wrong := [problem for pair, given in zip(pairs, splits, strict=True) for problem in _wrong(pair, given, known)]:
        raise EvidenceError("splits", wrong)
    sound = [pair for pair in pairs if pair is not None]
    waiting, problems = [frozenset(known)], []
    for left, right in sound:
        parted = frozenset(left) | frozenset(right)
        if parted in waiting:
            waiting.remove(parted)
            waiting += [frozenset(side) for side in (left, right) if len(side) > 1]
        else:
            there = " or ".join(_said(sorted(one, key=known.index)) for one in waiting) or "nothing"
            problems.append(f"a split parts {_said((*left, *right))}, but what is left to part is {there}")
    if waiting and not problems:
        left_over = [_said(sorted(one, key=known.index)) for one in waiting]
        problems.append(f"no split parts {listing(left_over)}; add one, such as {_example(waiting, known)}")
    if problems:
        raise EvidenceError("splits", problems)
    return Tree(known, tuple(sound))


def _sides(pair: object) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """Both sides of a split as tuples of names; None where it is no such pair."""
    if isinstance(pair, str) or not isinstance(pair, Sequence) or len(pair) != 2:
        return None
    left, right = ((side,) if isinstance(side, str) else side for side in pair)
    if not all(isinstance(side, Sequence) and side and all(isinstance(c, str) for c in side) for side in (left, right)):
        return None
    return tuple(left), tuple(right)


def _wrong(pair: tuple[tuple[str, ...], tuple[str, ...]] | None, given: object, known: tuple[str, ...]) -> list[str]:
    """What is wrong with one split by itself."""
    if pair is None:
        return [f'a split is a pair of sides, such as ("neutral", ("disloyal", "loyal")); found {given!r:.100}']
    names = [*pair[0], *pair[1]]
    unknown = [
        f"there is no category {printable(name)!r}{suggestion(name, known)}" for name in names if name not in known
    ]
    twice = sorted({name for name in names if names.count(name) > 1})
    return unknown + [f"a split names {printable(name)!r} twice" for name in twice]


def _said(names: Sequence[str]) -> str:
    return " + ".join(printable(name) for name in names)


def _example(waiting: Sequence[frozenset[str]], known: tuple[str, ...]) -> str:
    first, *rest = sorted(waiting[0], key=known.index)
    return repr((first, rest[0] if len(rest) == 1 else tuple(rest)))
