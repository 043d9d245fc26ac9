"""Evidence: what the organizations shared, and how it is matched to the variables of a model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, cast

import pandas as pd

from bayescx._html import heading, table
from bayescx._names import ORGANIZATION
from bayescx.coding import Coded, Moderator
from bayescx.errors import EvidenceError
from bayescx.evidence.arguments import distinct_names, planned_problems, whole_number_problems
from bayescx.evidence.attribute_checks import Organizations, matched_attributes
from bayescx.evidence.attributes import Attributes, Stated
from bayescx.evidence.examining import examined_parts, tables_of
from bayescx.evidence.figure_listing import figures_html, figures_in_words
from bayescx.evidence.figure_sets import list_problems, only_in_figures, set_problems
from bayescx.evidence.findings import lines, listing, on_one_screen
from bayescx.evidence.matching import Examined, Matched, examined_figures
from bayescx.evidence.moments import SampleMoments
from bayescx.evidence.parts import Part, Unusable, part_of, sheet_of
from bayescx.evidence.published import Published
from bayescx.evidence.readers import read_table
from bayescx.evidence.rows import (
    FULL_INFORMATION,
    by_organization,
    missing_problems,
    spelled_apart,
)
from bayescx.evidence.shares import Share, shares_of
from bayescx.evidence.signs import read_signs
from bayescx.evidence.stated import read_stated

__all__ = ["Evidence", "Part", "Unusable"]

StatedAttributes = pd.DataFrame | Stated | None


@dataclass(frozen=True, eq=False)
class Evidence:
    """What each organization shared and what was published about them, before any model is chosen.

    Built by `from_rows`, `from_moments`, `from_published`, `from_parts` or `read_evidence`. Building fails only where
    nothing can be built; every other problem is kept and reported together with the rest by `problems` and
    `matched`, when the variables are known.

    Attributes
    ----------
    organizations : tuple of str
        Those that shared something in order of first appearance, then those that only figures speak of.
    published : tuple of Published
        Figures published about sets of organizations.
    signs : mapping of str to int
        Declared sign, 1 or -1, of paths by name ("loyalty~trust"). The centre of the population has it, even where rows
        or moments tell of the path. Of the others data decide, or they are positive where only figures speak.
    n_planned : int
        Number of organizations planned; by default those present.
    min_n : int or None
        Organizations with fewer respondents are kept out.
    missing : str
        What is done with missing answers. "fiml": every answer counts (full information). "listwise": only
        respondents who answered everything that a model needs.
    simulated : bool
        Whether the data were made up by a program; reports and pictures then say so.
    attributes : mapping of str to mapping
        By organization, the attributes that are stated of it, such as employees; also of planned ones that have not
        reported. Others are columns of the rows.

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
    published: Sequence[Published] = ()
    signs: Mapping[str, int] = field(default_factory=dict)
    missing: str = FULL_INFORMATION
    attributes: Stated = field(default_factory=dict)

    def __post_init__(self) -> None:
        problems = whole_number_problems(n_planned=self.planned, min_n=self.min_n)
        signs, wrong_signs = read_signs(self.signs)
        stated, wrong_attributes = read_stated(self.attributes)
        problems += [*list_problems(self.published), *wrong_signs, *missing_problems(self.missing), *wrong_attributes]
        if not (self.parts or self.published):
            problems += self.defects or ("there is no organization in it",)
        if problems:
            raise EvidenceError(self._headline, on_one_screen(problems))
        for name in ("planned", "min_n"):
            value = getattr(self, name)
            object.__setattr__(self, name, None if value is None else int(value))
        object.__setattr__(self, "published", tuple(self.published))
        object.__setattr__(self, "signs", signs)
        object.__setattr__(self, "attributes", stated)

    @classmethod
    def from_rows(
        cls,
        rows: Any,
        *,
        organization: str,
        n_planned: int | None = None,
        min_n: int | None = None,
        simulated: bool = False,
        published: Sequence[Published] = (),
        signs: Mapping[str, int] | None = None,
        missing: str = FULL_INFORMATION,
        attributes: StatedAttributes = None,
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
            Keep out, by name, organizations with fewer respondents: rows with at least one answer to what a model
            needs (with ``missing="listwise"``: complete rows).
        simulated : bool
            Say in every report and picture that the data are simulated.
        published : sequence of Published
            Figures published about sets of organizations.
        signs : mapping of str to int, optional
            Declared sign, 1 or -1, of paths; it truncates the centre of the population, even where data tell of
            the path. Paths that only figures speak of are positive where it is not declared.
        missing : str
            "fiml" (every answer counts, also of respondents who left some out) or "listwise" (respondents who answered
            everything that a model needs).
        attributes : DataFrame indexed by organization, or mapping of organizations to mappings, optional
            Attributes of organizations on which paths of a model may depend (`PathModel.attributes`), unless they are
            columns of the rows; also of planned organizations that have not reported.

        Raises
        ------
        EvidenceError
            If the file cannot be read, has no rows, or no such column.
        """
        sheet = read_table(rows, organization=organization) if isinstance(rows, str | Path) else sheet_of(rows)
        grouped = by_organization(sheet, organization)
        parts = dict.fromkeys(grouped.organizations, grouped)
        about = simulated, published, signs or {}, missing, cast("Stated", attributes)
        return cls(parts, n_planned, min_n, sheet.source, grouped.problems, *about)

    @classmethod
    def from_moments(
        cls,
        moments: Mapping[str, SampleMoments],
        *,
        n_planned: int | None = None,
        min_n: int | None = None,
        simulated: bool = False,
        published: Sequence[Published] = (),
        signs: Mapping[str, int] | None = None,
        missing: str = FULL_INFORMATION,
        attributes: StatedAttributes = None,
    ) -> Self:
        """Take the moments of each organization, by its name.

        Examples
        --------
        >>> cov = pd.DataFrame([[1.0]], index=["x"], columns=["x"])
        >>> Evidence.from_moments({"north": SampleMoments(412, None, cov)}, n_planned=10)
        Evidence(1 of 10 organizations: north (moments, n = 412))
        """
        return cls.from_parts(
            moments,
            n_planned=n_planned,
            min_n=min_n,
            simulated=simulated,
            published=published,
            signs=signs,
            missing=missing,
            attributes=attributes,
        )

    @classmethod
    def from_published(
        cls,
        published: Sequence[Published],
        *,
        n_planned: int | None = None,
        signs: Mapping[str, int] | None = None,
        simulated: bool = False,
        attributes: StatedAttributes = None,
    ) -> Self:
        """Take published figures alone, of organizations that shared nothing; arguments as in `from_rows`.

        Raises
        ------
        EvidenceError
            If there is no figure, or a sign is none.

        Examples
        --------
        >>> figure = Published(statistic="r_squared", outcome="trust", value=0.75, organizations=["a", "b"], n_obs=400)
        >>> Evidence.from_published([figure], n_planned=10)
        Evidence(2 of 10 organizations: a, b: 1 published figure)
        """
        stated = cast("Stated", attributes)
        return cls({}, n_planned, simulated=simulated, published=published, signs=signs or {}, attributes=stated)

    @classmethod
    def from_parts(
        cls,
        parts: Mapping[str, Any],
        *,
        n_planned: int | None = None,
        min_n: int | None = None,
        simulated: bool = False,
        published: Sequence[Published] = (),
        signs: Mapping[str, int] | None = None,
        missing: str = FULL_INFORMATION,
        attributes: StatedAttributes = None,
    ) -> Self:
        """Take rows (a DataFrame) or moments (SampleMoments) of each organization, by its name.

        Raises
        ------
        EvidenceError
            If there is no organization, or something else than rows or moments.
        """
        names = [str(name).strip() for name in parts]
        defects = spelled_apart(names, [str(name) for name in parts])
        taken = {name: part_of(name, value) for name, value in zip(names, parts.values(), strict=True)}
        about = simulated, published, signs or {}, missing, cast("Stated", attributes)
        return cls(taken, n_planned, min_n, "", defects, *about)

    @property
    def organizations(self) -> tuple[str, ...]:
        """Organizations that shared something, then those that only figures speak of."""
        return (*self.parts, *self._only_in_figures)

    @property
    def n_planned(self) -> int:
        """Number of organizations planned; those present when none was stated."""
        return len(self.organizations) if self.planned is None else self.planned

    @property
    def unassigned(self) -> int:
        """Number of rows that name no organization; they are left out."""
        return sum(grouped.unassigned for grouped in tables_of(self.parts))

    def matched(
        self,
        variables: Sequence[str],
        coded: Mapping[str, Coded] | None = None,
        attributes: Mapping[str, Moderator] | None = None,
    ) -> Matched:
        """Return n, means and covariances of the variables a model needs.

        Respondents are those with an answer to at least one of these variables (``missing="listwise"``: to all of
        them); what the others answered does not matter. An organization may lack variables that others have.
        Organizations with fewer than `min_n` respondents are kept out; where `n_planned` was not stated, it is the
        number of organizations that remain.

        Parameters
        ----------
        variables : sequence of str
        coded : mapping, optional
            `PathModel.coded`: by their names, the variables that the model codes from columns. Rows are coded here,
            unless the table has a column of that name; moments must hold them. An organization may lack variation in
            them (`Matched.empty`), and answers must be complete.
        attributes : mapping, optional
            `PathModel.attributes`: by their names, the attributes of organizations that paths depend on.

        Raises
        ------
        EvidenceError
            With every problem at once; see `problems`.
        """
        wanted = distinct_names(variables)
        examined = self._examined(wanted, coded)
        told, wrong_attributes = self._told(examined, attributes)
        problems = (*self._problems(examined), *wrong_attributes)
        if problems:
            raise EvidenceError(self._headline, on_one_screen(problems))
        return Matched.of(
            examined,
            wanted,
            n_planned=self.planned,
            unassigned=self.unassigned,
            simulated=self.simulated,
            published=tuple(self.published),
            signs=self.signs,
            attributes=told,
        )

    def problems(
        self,
        variables: Sequence[str],
        coded: Mapping[str, Coded] | None = None,
        attributes: Mapping[str, Moderator] | None = None,
    ) -> tuple[str, ...]:
        """Return everything that keeps the evidence from being used for these variables, or nothing.

        Looked for: files that could not be read, columns that no organization has, that are misspelled in some or there
        twice, text, non-finite values, constant and collinear columns, organizations with n <= variables + 1, names
        written in two ways, an `n_planned` below the number of organizations, figures given twice and figures of
        organizations that shared data too, so that respondents would count twice; of coded columns (`coded` as in
        `matched`): cells that are no level of a category, knots outside the data, levels that nobody has; of
        attributes: those that are missing, differ within an organization or tell no organizations apart. One cause in
        many organizations is one entry.
        """
        examined = self._examined(distinct_names(variables), coded)
        return (*self._problems(examined), *self._told(examined, attributes)[1])

    def summary(self, variables: Sequence[str] | None = None, coded: Mapping[str, Coded] | None = None) -> pd.DataFrame:
        """Return one row per organization: level, n_obs (rows shared) and the file.

        With `variables`, n_obs counts the respondents that take part, and three columns are added: lacks (the
        variables that an organization does not have), dropped (rows without an answer that counts) and used.
        """
        if variables is None:
            return pd.DataFrame(list(self._shares()), columns=[ORGANIZATION, "level", "n_obs", "source"])
        return pd.DataFrame(
            {
                ORGANIZATION: one.organization,
                "level": one.level,
                "n_obs": one.n_obs,
                "lacks": ", ".join(one.lacks),
                "dropped": one.n_rows - one.n_obs,
                "used": not (one.is_kept_out or one.findings),
            }
            for one in self._examined(distinct_names(variables), coded)
        )

    def __repr__(self) -> str:
        shares = [str(one) for one in self._shares() if one.level != "figures"]
        known = [listing(shares, 12)] if shares else []
        known += figures_in_words(self.published, self._only_in_figures)
        known += [f"{self.unassigned} rows name no organization"] if self.unassigned else []
        return f"{self._kind}({len(self.organizations)} of {self.n_planned} organizations: {'; '.join(known)})"

    def _repr_html_(self) -> str:
        """Return a table of what each organization shared, for notebooks."""
        title = heading(self._kind, f"{len(self.organizations)} of {self.n_planned} organizations")
        headers = [ORGANIZATION, "shared", "respondents", "file"]
        shares = (
            (name, level, "" if level == "figures" else f"{n:,}", file) for name, level, n, file in self._shares()
        )
        return title + table(headers, shares) + figures_html(self.published)

    @property
    def _kind(self) -> str:
        return "Simulated evidence" if self.simulated else "Evidence"

    @property
    def _only_in_figures(self) -> tuple[str, ...]:
        return only_in_figures(self.published, tuple(self.parts))

    @property
    def _headline(self) -> str:
        return f"evidence {self.source}" if self.source else "evidence"

    def _shares(self) -> Iterator[Share]:
        return shares_of(self.parts, self._only_in_figures)

    def _examined(self, variables: tuple[str, ...], coded: Mapping[str, Coded] | None) -> list[Examined]:
        known = {name: (coded or {})[name] for name in variables if name in (coded or {})}
        shared = examined_parts(self.parts, variables, known, self.missing, self.min_n)
        return [*shared, *(examined_figures(name, len(variables)) for name in self._only_in_figures)]

    def _problems(self, examined: list[Examined]) -> tuple[str, ...]:
        kept = [one for one in examined if not one.is_kept_out]
        problems = [*self.defects, *planned_problems(self.planned, len(kept))]
        if not kept:
            largest = max(one.n_obs for one in examined)
            problems.append(f"min_n = {self.min_n} keeps out every organization; the largest has n = {largest}")
        kept_out = {one.organization: one.n_obs for one in examined if one.is_kept_out}
        shared = {one.organization: one.level for one in kept if one.level not in ("unusable", "figures")}
        problems += set_problems(self.published, shared, kept_out, self.min_n)
        findings = [finding for one in kept for finding in one.findings]
        return (*problems, *lines(findings, len(self.parts)))

    def _told(
        self, examined: list[Examined], wanted: Mapping[str, Moderator] | None
    ) -> tuple[Attributes, tuple[str, ...]]:
        whom = Organizations.of(examined, self.planned)
        return matched_attributes(tables_of(self.parts), self.attributes, wanted or {}, whom)
