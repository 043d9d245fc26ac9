"""Several shares of the same respondents, as the multinomial distribution joins them.

Of some categories without a common one, the first share is binomial; the second is binomial among those who did not
answer so; and so on. What was printed of the first says how many those are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import numpy as np

from bayescx.errors import EvidenceError
from bayescx.rates.figures import Term

__all__ = ["joined"]

_MOST = 6  # shares of the same respondents that are joined


def joined(terms: Sequence[Term]) -> tuple[Term, ...]:
    """Return the terms, those that are shares of the same respondents each given the ones before."""
    alike: dict[tuple[object, ...], list[Term]] = {}
    for number, term in enumerate(terms):
        key = (number,) if term.is_ratio else (tuple(term.members.tolist()), term.log_n, term.log_n_sd)
        alike.setdefault(key, []).append(term)
    return tuple(one for together in alike.values() for one in _in_turn(_apart(together)))


def _apart(terms: list[Term]) -> list[Term]:
    """The same figures, some by their complement, so that no two have a category in common; empty where none do."""
    if len(terms) < 2 or len(terms) > _MOST:
        return terms
    for turned in product((False, True), repeat=len(terms)):
        found = [_complement(term) if turn else term for term, turn in zip(terms, turned, strict=True)]
        covered = np.sum([term.above for term in found], axis=0)
        if (covered <= 1).all() and not (covered == 1).all():
            return found
    return terms


def _complement(term: Term) -> Term:
    return replace(term, above=1 - term.above, value=1 - term.value)


def _in_turn(terms: list[Term]) -> list[Term]:
    """Each given that the answer was none of those before; all as they are where categories are shared."""
    if len(terms) == 1 or (np.sum([term.above for term in terms], axis=0) > 1).any():
        return terms
    total, slack = (sum(getattr(term, name) for term in terms) for name in ("value", "step"))
    if total - slack / 2 > 1:
        problem = f"shares of the same respondents, none a part of another, add up to {total:g}"
        raise EvidenceError("published rates", [f"{problem}; were all asked of the same respondents?"])
    found, below, left = [], terms[0].below, 1.0
    for term in sorted(terms, key=lambda one: one.value):
        value = min(term.value / left, 1.0)
        found.append(
            replace(term, below=below, value=value, step=term.step / left, log_n=term.log_n + float(np.log(left)))
        )
        below, left = below - term.above, max(left - term.value, 1e-9)
    return found
