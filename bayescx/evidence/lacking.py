"""Variables that an organization does not have: allowed where others have them, unless the name is misspelled."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from bayescx.coding import Coded
from bayescx.evidence.findings import printable
from bayescx.evidence.matching import Examined

__all__ = ["misspelled", "settled", "slip_of"]

SIMILAR = 0.8
"""Ratio of `difflib` from which two names count as one name and a slip."""


def settled(
    examined: Sequence[Examined], variables: Sequence[str], coded: Mapping[str, Coded] | None = None
) -> list[Examined]:
    """Turn variables that organizations lack into findings where that cannot be meant.

    That is: where no organization has the variable, where the organization has none of the variables, and where it has
    a column of nearly the same name that the organizations with the variable do not have. What is coded from a column
    of rows is lacking where that column is.
    """
    present = [one for one in examined if not one.is_kept_out and one.level not in ("unusable", "figures")]
    columns_beside = {name: [one.columns for one in present if name not in one.lacks] for name in variables}
    base = {name: how.column for name, how in (coded or {}).items()}
    return [_settled(one, variables, columns_beside, base) if one.lacks else one for one in examined]


def _settled(
    one: Examined, variables: Sequence[str], columns_beside: dict[str, list[frozenset[str]]], base: Mapping[str, str]
) -> Examined:
    has_none = len(one.lacks) == len(variables)
    findings = []
    for name, finding in one.lacks.items():
        others = columns_beside[name]
        if has_none or not others:
            findings.append(finding)
            continue
        needed = base.get(name, name) if one.level == "rows" else name
        if meant := misspelled(needed, one.columns - set(variables) - frozenset().union(*others)):
            advice = f"; did you mean '{printable(meant)}'? If that is another question, give it another name"
            findings.append(replace(finding, advice=advice))
    return replace(one, findings=(*one.findings, *dict.fromkeys(findings)))


def misspelled(name: str, columns: Iterable[str]) -> str | None:
    """Return the column that is most likely the one meant, if there is one; numbers in names must be the same.

    Examples
    --------
    >>> misspelled("trust_cs", ["Trust CS", "trust_company"]), misspelled("item_1", ["item_2"])
    ('Trust CS', None)
    """
    alike = {_plain(column): column for column in sorted(columns) if _numbers(column) == _numbers(name)}
    close = difflib.get_close_matches(_plain(name), alike, n=1, cutoff=SIMILAR)
    return alike[close[0]] if close else None


def slip_of(name: str, names: Sequence[str]) -> str | None:
    """Return the one of several names that another is most likely meant to be, if it is.

    Names of a series are alike (shop A, shop B), so a slip is more like one of them than they are like each other.

    Examples
    --------
    >>> slip_of("Shop_A", ["shop A", "shop B"]), slip_of("shop C", ["shop A", "shop B"]), slip_of("shp", ["shop"])
    ('shop A', None, 'shop')
    """
    if (meant := misspelled(name, names)) is None:
        return None
    others = [one for one in names if one != meant and _numbers(one) == _numbers(name)]
    usual = max((_likeness(meant, one) for one in others), default=0.0)
    return meant if _likeness(meant, name) > usual else None


def _likeness(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, _plain(one), _plain(other)).ratio()


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.casefold()) or name


def _numbers(name: str) -> list[int]:
    return [int(digits) for digits in re.findall(r"[0-9]+", name)]
