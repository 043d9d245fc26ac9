"""Evidence: what the organizations shared, and how it is matched to the variables of a model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd

from bayescx._html import heading, table
from bayescx._names import ORGANIZATION
from bayescx.errors import EvidenceError
from bayescx.evidence.findings import Finding, lines, listing, on_one_screen
from bayescx.evidence.matching import Examined, Matched, examined_moments, examined_rows, weighed
from bayescx.evidence.moments import SampleMoments, is_whole
from bayescx.evidence.readers import read_table
from bayescx.evidence.rows import (
    GroupedRows,
    Sheet,
    by_organization,
    one_organization,
    organization_samples,
    spelled_apart,
)


@dataclass(frozen=True)
class Unusable:
    """An organization whose share could not be read; the findings are reported with all others."""

    findings: tuple[Finding, ...]


Part = GroupedRows | SampleMoments | Unusable
"""What one organization shared. Organizations of one table share one GroupedRows."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """What each organization shared, rows or moments, before any model is chosen.

    Built by `from_rows`, `from_moments`, `from_parts` or `read_evidence`. Building fails only where
    nothing can be built; every other problem is kept and reported together with the rest by `problems` and
    `matched`, when the variables are known.

    Attributes
    ----------
    organizations : tuple of str
        In order of first appearance.
    n_planned : int
        Number of organizations planned; by default those present.
    min_n : int or None
        Organizations with fewer complete rows are kept out.
    simulated : bool
        Whether the data were made up by a program; reports and pictures then say so.

    Examples
    --------
    >>> rows = pd.DataFrame({"org": ["a"] * 5 + ["b"] * 5, "x": range(10)})
    >>> Evidence.from_rows(rows, organization="org", n_planned=4)
    Evidence(2 of 4 organizations: a (5 rows), b (5 rows))
    """

    parts: Mapping[str, Part]
    planned: int | None = None
    min_n: int | None = None
    source: str = ""
    defects: tuple[str, ...] = ()
    simulated: bool = False

    def __post_init__(self) -> None:
        problems = whole_number_problems(n_planned=self.planned, min_n=self.min_n)
        if not self.parts:
            problems += self.defects or ("there is no organization in it",)
        if problems:
            raise EvidenceError(self._headline, on_one_screen(problems))
        for name in ("planned", "min_n"):
            value = getattr(self, name)
            object.__setattr__(self, name, None if value is None else int(value))

    @classmethod
    def from_rows(
        cls,
        rows: Any,
        *,
        organization: str,
        n_planned: int | None = None,
        min_n: int | None = None,
        simulated: bool = False,
    ) -> Self:
        """Take one table in which a column names the organization of each row.

        Parameters
        ----------
        rows : pandas.DataFrame, anything with ``to_pandas()``, or path to a CSV or Parquet file
            One row per respondent. Columns that a model does not need may hold anything.
        organization : str
            The column that names the organization; numeric codes become text. Rows without one are left out.
        n_planned : int, optional
            Number of organizations planned, when not all have reported.
        min_n : int, optional
            Keep out, by name, organizations with fewer complete rows.
        simulated : bool
            Say in every report and picture that the data are simulated.

        Raises
        ------
        EvidenceError
            If the file cannot be read, has no rows, or no such column.
        """
        sheet = read_table(rows, organization=organization) if isinstance(rows, str | Path) else _sheet(rows)
        grouped = by_organization(sheet, organization)
        parts = dict.fromkeys(grouped.organizations, grouped)
        return cls(parts, n_planned, min_n, sheet.source, grouped.problems, simulated)

    @classmethod
    def from_moments(
        cls,
        moments: Mapping[str, SampleMoments],
        *,
        n_planned: int | None = None,
        min_n: int | None = None,
        simulated: bool = False,
    ) -> Self:
        """Take the moments of each organization, by its name.

        Examples
        --------
        >>> cov = pd.DataFrame([[1.0]], index=["x"], columns=["x"])
        >>> Evidence.from_moments({"north": SampleMoments(412, None, cov)}, n_planned=10)
        Evidence(1 of 10 organizations: north (moments, n = 412))
        """
        return cls.from_parts(moments, n_planned=n_planned, min_n=min_n, simulated=simulated)

    @classmethod
    def from_parts(
        cls,
        parts: Mapping[str, Any],
        *,
        n_planned: int | None = None,
        min_n: int | None = None,
        simulated: bool = False,
    ) -> Self:
        """Take rows (a DataFrame) or moments (SampleMoments) of each organization, by its name.

        Raises
        ------
        EvidenceError
            If there is no organization, or something else than rows or moments.
        """
        names = [str(name).strip() for name in parts]
        defects = spelled_apart(names, [str(name) for name in parts])
        taken = {name: _part(name, value) for name, value in zip(names, parts.values(), strict=True)}
        return cls(taken, n_planned, min_n, defects=defects, simulated=simulated)

    @property
    def organizations(self) -> tuple[str, ...]:
        """Organizations that shared something, in order of first appearance."""
        return tuple(self.parts)

    @property
    def n_planned(self) -> int:
        """Number of organizations planned; those present when none was stated."""
        return len(self.parts) if self.planned is None else self.planned

    @property
    def unassigned(self) -> int:
        """Number of rows that name no organization; they are left out."""
        return sum(grouped.unassigned for grouped in self._tables())

    def matched(self, variables: Sequence[str]) -> Matched:
        """Return n, means and covariances of the variables a model needs.

        Rows are complete cases over these variables only. Organizations with fewer than `min_n` of them
        are kept out; where `n_planned` was not stated, it is the number of organizations that remain.

        Raises
        ------
        EvidenceError
            With every problem at once; see `problems`.
        """
        wanted = _distinct(variables)
        examined = self._examined(wanted)
        problems = self._problems(examined)
        if problems:
            raise EvidenceError(self._headline, on_one_screen(problems))
        used = [one for one in examined if not one.is_kept_out]
        return Matched(
            organizations=tuple(one.organization for one in used),
            variables=wanted,
            n_obs=np.array([one.n_obs for one in used], dtype=np.int64),
            mean=np.array([one.mean for one in used], dtype=np.float64),
            cov=np.array([one.cov for one in used], dtype=np.float64),
            dropped={one.organization: one.n_rows - one.n_obs for one in used if one.level == "rows"},
            kept_out={one.organization: one.n_obs for one in examined if one.is_kept_out},
            n_planned=len(used) if self.planned is None else self.planned,
            level={one.organization: one.level for one in used},
            unassigned=self.unassigned,
            simulated=self.simulated,
        )

    def problems(self, variables: Sequence[str]) -> tuple[str, ...]:
        """Return everything that keeps the evidence from being used for these variables, or nothing.

        Looked for: files that could not be read, columns that are missing or there twice, text, non-finite
        values, constant and collinear columns, organizations with n <= variables + 1, names written in two
        ways, an `n_planned` below the number of organizations. One cause in many organizations is one entry.
        """
        wanted = _distinct(variables)
        return self._problems(self._examined(wanted))

    def summary(self, variables: Sequence[str] | None = None) -> pd.DataFrame:
        """Return one row per organization: level, n_obs (rows shared) and the file.

        With `variables`, n_obs counts complete rows, and the columns dropped (incomplete rows) and used are
        added.
        """
        if variables is None:
            records = [
                {ORGANIZATION: name, "level": level, "n_obs": n_obs, "source": source}
                for name, level, n_obs, source in self._shares()
            ]
            return pd.DataFrame(records)
        return pd.DataFrame(
            {
                ORGANIZATION: one.organization,
                "level": one.level,
                "n_obs": one.n_obs,
                "dropped": one.n_rows - one.n_obs,
                "used": not (one.is_kept_out or one.findings),
            }
            for one in self._examined(_distinct(variables))
        )

    def __repr__(self) -> str:
        shares = [
            f"{name} ({n_obs} rows)" if level == "rows" else f"{name} ({level}, n = {n_obs})"
            for name, level, n_obs, _ in self._shares()
        ]
        rest = f"; {self.unassigned} rows name no organization" if self.unassigned else ""
        return f"{self._kind}({len(self.parts)} of {self.n_planned} organizations: {listing(shares, 12)}{rest})"

    def _repr_html_(self) -> str:
        """Return a table of what each organization shared, for notebooks."""
        title = heading(self._kind, f"{len(self.parts)} of {self.n_planned} organizations")
        headers = [ORGANIZATION, "shared", "respondents", "file"]
        return title + table(headers, ((name, level, f"{n:,}", file) for name, level, n, file in self._shares()))

    @property
    def _kind(self) -> str:
        return "Simulated evidence" if self.simulated else "Evidence"

    @property
    def _headline(self) -> str:
        return f"evidence {self.source}" if self.source else "evidence"

    def _tables(self) -> list[GroupedRows]:
        tables = [part for part in self.parts.values() if isinstance(part, GroupedRows)]
        return list({id(table): table for table in tables}.values())

    def _shares(self) -> Iterator[tuple[str, str, int, str]]:
        for name, part in self.parts.items():
            if isinstance(part, GroupedRows):
                yield name, "rows", part.sizes()[part.organizations.index(name)], part.sheet.source
            elif isinstance(part, SampleMoments):
                yield name, "moments", part.n_obs, ""
            else:
                yield name, "unusable", 0, ""

    def _examined(self, variables: tuple[str, ...]) -> list[Examined]:
        found = {
            sample.organization: examined_rows(sample)
            for grouped in self._tables()
            for sample in organization_samples(grouped, variables)
        }
        for name, part in self.parts.items():
            if isinstance(part, SampleMoments):
                found[name] = examined_moments(name, part, variables)
            elif isinstance(part, Unusable):
                found[name] = Examined(name, "unusable", 0, 0, None, None, part.findings)
        return [weighed(found[name], self.min_n, len(variables)) for name in self.parts]

    def _problems(self, examined: list[Examined]) -> tuple[str, ...]:
        kept = [one for one in examined if not one.is_kept_out]
        problems = [*self.defects]
        if self.planned is not None and self.planned < len(kept):
            problems.append(
                f"n_planned = {self.planned} is smaller than the number of organizations that reported,"
                f" {len(kept)}; n_planned (command line: --planned) counts these and those still to come"
            )
        if not kept:
            largest = max(one.n_obs for one in examined)
            problems.append(f"min_n = {self.min_n} keeps out every organization; the largest has n = {largest}")
        findings = [finding for one in kept for finding in one.findings]
        return (*problems, *lines(findings, len(self.parts)))


def _distinct(variables: Sequence[str]) -> tuple[str, ...]:
    """Return the variables as a tuple, unless it is no list of distinct names."""
    wanted = tuple(variables)
    if isinstance(variables, str) or not wanted or len(set(wanted)) < len(wanted):
        raise EvidenceError("evidence", [f"the variables must be a list of distinct names, not {variables!r}"])
    return wanted


def whole_number_problems(**values: object) -> list[str]:
    """Say which of the values are neither None nor a whole number above 0."""
    return [
        f"{name} must be a whole number above 0, not {value!r}"
        for name, value in values.items()
        if value is not None and not (is_whole(value) and int(value) > 0)  # type: ignore[call-overload]
    ]


def _sheet(rows: Any) -> Sheet:
    frame = rows.to_pandas() if hasattr(rows, "to_pandas") else rows
    if not isinstance(frame, pd.DataFrame):
        problem = f"a DataFrame or a path to a CSV or Parquet file is needed, not {type(rows).__name__}"
        raise EvidenceError("rows", [problem])
    return Sheet(frame.copy(deep=False))  # copy-on-write: later changes by the caller do not reach it


def _part(name: str, value: Any) -> Part:
    if isinstance(value, SampleMoments):
        return value
    try:
        return one_organization(_sheet(value), name)
    except EvidenceError:
        problem = f"a DataFrame of rows or SampleMoments is needed, not {type(value).__name__}"
        raise EvidenceError(f"organization {name}", [problem]) from None
