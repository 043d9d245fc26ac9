"""What is known of organizations as a whole, against the attributes of a model: everything that is wrong, together."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from bayescx.coding import Attribute, Moderator
from bayescx.evidence.arithmetic import Floats
from bayescx.evidence.attribute_values import CLOSE, Known, known_attributes
from bayescx.evidence.attributes import Attributes, Stated
from bayescx.evidence.findings import Finding, lines, listing, printable, suggestion
from bayescx.evidence.lacking import misspelled, slip_of
from bayescx.evidence.matching import Examined
from bayescx.evidence.rows import GroupedRows
from bayescx.evidence.toml import toml_string

__all__ = ["Organizations", "matched_attributes"]

_BARE = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True)
class Organizations:
    """Who takes part: those used, those kept out for too few respondents, and how many are planned.

    `planned` is None where nobody said; `unusable` are those among the used whose share could not be read.
    """

    used: tuple[str, ...]
    kept_out: tuple[str, ...] = ()
    planned: int | None = None
    unusable: frozenset[str] = frozenset()

    @classmethod
    def of(cls, examined: Sequence[Examined], planned: int | None) -> Self:
        """Tell the parts that organizations play."""
        kept_out = tuple(one.organization for one in examined if one.is_kept_out)
        unusable = frozenset(one.organization for one in examined if one.level == "unusable")
        return cls(tuple(one.organization for one in examined if not one.is_kept_out), kept_out, planned, unusable)

    @property
    def room(self) -> int:
        """How many can have been planned without being used."""
        return 0 if self.planned is None else max(self.planned - len(self.used), 0)


def matched_attributes(
    tables: Sequence[GroupedRows], stated: Stated, attributes: Mapping[str, Moderator], whom: Organizations
) -> tuple[Attributes, tuple[str, ...]]:
    """Return the attributes of a model's organizations, unless something is wrong with them.

    Returns
    -------
    attributes : Attributes
        Empty where there are problems.
    problems : tuple of str
    """
    nothing = Attributes.none(len(whom.used))
    if not attributes:
        return nothing, ()
    known = known_attributes(tables, stated, attributes)
    others = [name for name in stated if name not in (*whom.used, *whom.kept_out) and _knows(known, name)]
    unreported = others if len(others) <= whom.room else []  # else their names are wrong
    problems = [
        *_absent(known, tables, stated, whom),
        *lines(_findings(known, whom, unreported), len(whom.used) + len(unreported)),
        *_without_difference(known, whom),
        *_room_problems(whom, others),
        *_slips(whom, unreported),
        *_without_spread(known, whom),
    ]
    if problems:
        return nothing, tuple(problems)
    absent = (*unreported, *_kept_out(known, whom, len(unreported)))
    values = _values(known, attributes, whom.used), _values(known, attributes, absent)
    return Attributes(tuple(attributes.values()), values[0], absent, values[1]), ()


def _knows(known: Sequence[Known], organization: str) -> bool:
    """Whether anything is known of an organization, or said wrongly."""
    return any(
        organization in one.values or any(finding.organization == organization for finding in one.findings)
        for one in known
    )


def _absent(known: Sequence[Known], tables: Sequence[GroupedRows], stated: Stated, whom: Organizations) -> list[str]:
    """Attributes that nobody has."""
    columns = [str(label) for table in tables for label in table.sheet.frame.columns]
    available = dict.fromkeys([*columns, *(name for entry in stated.values() for name in entry)])
    problems = []
    for one in known:
        if one.is_there:
            continue
        close = suggestion(one.column, available)
        works = (
            f"{close} Otherwise state it"
            if "did you mean" in close
            else "; it is a column with one value for all respondents of an organization, or is stated"
        )
        problems.append(f"no attribute '{printable(one.column)}' of any organization{works}: {_as_in(one, whom)}")
    return problems


def _as_in(one: Known, whom: Organizations, organization: str = "") -> str:
    """Show how an attribute is stated in an evidence document."""
    value = toml_string(one.levels[0]) if one.levels else "1200"
    return f"[attributes.{_key(organization or whom.used[0])}] {_key(one.column)} = {value}"


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else toml_string(name)


def _findings(known: Sequence[Known], whom: Organizations, others: Sequence[str]) -> list[Finding]:
    """What is wrong with values of organizations that count, and which of these have none."""
    counted = [*(name for name in whom.used if name not in whom.unusable), *others]
    found: list[Finding] = []
    for one in known:
        wrong = [finding for finding in one.findings if finding.organization in counted]
        said = {finding.organization for finding in wrong}
        found += wrong
        if one.is_there:
            found += [
                Finding(f"attribute '{one.column}' is missing", name, advice=f"; state it: {_as_in(one, whom, name)}")
                for name in counted
                if name not in one.values and name not in said
            ]
    return found


def _without_difference(known: Sequence[Known], whom: Organizations) -> list[str]:
    """Attributes, and levels of them, that tell no organizations apart; only of what is known of all."""
    problems = []
    for one in known:
        if one.findings or not all(name in one.values for name in whom.used):
            continue
        found = {one.values[name] for name in whom.used}
        if len(found) == 1:
            value = one.shown(found.pop())
            works = "leave it out of the model, or wait for organizations that differ"
            problems.append(f"attribute '{one.column}' is {value} everywhere and tells no organizations apart; {works}")
        elif nobody := [level for place, level in enumerate(one.levels) if place not in found]:
            shown = listing([f"'{printable(level)}'" for level in nobody])
            what = f"no organization has the level{'s' if len(nobody) > 1 else ''} {shown} of attribute '{one.column}'"
            works = "nothing would tell of it: leave it out of the model, or join levels"
            problems.append(f"{what} (only organizations that share something count); {works}")
    return problems


def _room_problems(whom: Organizations, others: Sequence[str]) -> list[str]:
    """More organizations that shared nothing than can have been planned."""
    if len(others) <= whom.room:
        return []
    planned = "n_planned is not stated" if whom.planned is None else f"n_planned = {whom.planned} leaves {whom.room}"
    meant = {name: close for name in others if (close := misspelled(name, whom.used))}
    hints = "".join(f"; did you mean '{printable(one)}' by '{printable(name)}'?" for name, one in meant.items())
    works = hints or "; correct the names, or n_planned (command line: --planned)"
    count = f"{len(others)} organization{'s' if len(others) > 1 else ''}"
    shown = listing([printable(name) for name in others])
    return [f"attributes are stated of {count} that shared nothing ({shown}), but {planned}{works}"]


def _slips(whom: Organizations, unreported: Sequence[str]) -> list[str]:
    """Organizations that shared nothing, by names that are most likely those of others with a slip."""
    problems = []
    for name in unreported:
        if meant := slip_of(name, (*whom.used, *whom.kept_out)):
            what = f"attributes are stated of '{printable(name)}', which shared nothing"
            works = "If that is another organization, give it a name that is less like it"
            problems.append(f"{what}; did you mean '{printable(meant)}'? {works}")
    return problems


def _without_spread(known: Sequence[Known], whom: Organizations) -> list[str]:
    """Numbers that differ, but so large or so close to 0 that their SD cannot be computed."""
    problems = []
    for one in known:
        values = [one.values[name] for name in whom.used if np.isfinite(one.values.get(name, np.nan))]
        if one.levels or len(set(values)) < 2:
            continue
        numbers, size = np.array(values), max(abs(value) for value in values)
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            is_wrong = not np.isclose(numbers.std(), size * (numbers / size).std(), rtol=CLOSE, atol=0.0)
        if is_wrong:
            least, most = (pick(values, key=abs) for pick in (min, max))
            where = ", ".join(
                f"{printable(next(name for name in whom.used if one.values.get(name) == value))} ({value:g})"
                for value in (least, most)
            )
            what = f"values of attribute '{one.column}' are too large, or too close to 0, to be compared: {where}"
            problems.append(f"{what}; tell them in another unit, such as millions")
    return problems


def _kept_out(known: Sequence[Known], whom: Organizations, others: int) -> tuple[str, ...]:
    """Organizations kept out of which everything is known, if all of them can be among those planned."""
    wrong = {finding.organization for one in known for finding in one.findings}
    whole = tuple(name for name in whom.kept_out if name not in wrong and all(name in one.values for one in known))
    return whole if len(whole) + others <= whom.room else ()


def _values(known: Sequence[Known], attributes: Mapping[str, Moderator], organizations: Sequence[str]) -> Floats:
    by_column = {one.column: one.values for one in known}
    read = [np.array([by_column[one.column][name] for name in organizations]) for one in attributes.values()]
    coded = [
        values if isinstance(one, Attribute) else one.values(values)
        for one, values in zip(attributes.values(), read, strict=True)
    ]
    return np.column_stack(coded).reshape(len(organizations), len(coded)).astype(np.float64)
