"""Evidence files: a TOML document that names what each organization shared, or one table of all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bayescx.errors import EvidenceError
from bayescx.evidence.arguments import whole_number_problems
from bayescx.evidence.evidence import Evidence
from bayescx.evidence.figures_toml import read_figures
from bayescx.evidence.findings import Finding, listing, suggestion
from bayescx.evidence.parts import Part, Unusable
from bayescx.evidence.readers import TABLES, read_moments, read_table, read_toml
from bayescx.evidence.rows import (
    FULL_INFORMATION,
    by_organization,
    missing_problems,
    one_organization,
    spelled_apart,
)
from bayescx.evidence.stated import read_stated

KEYS = (
    *("n_planned", "min_n", "simulated", "rows", "organization", "organizations", "published", "signs", "missing"),
    "attributes",
)
SHARES = ("rows", "moments")


def read_evidence(
    path: str | Path,
    *,
    organization: str | None = None,
    n_planned: int | None = None,
    min_n: int | None = None,
    simulated: bool | None = None,
    missing: str | None = None,
) -> Evidence:
    """Read evidence from a TOML document or from one table of rows.

    Parameters
    ----------
    path : str or Path
        ``.toml``: tables ``[organizations.NAME]`` with ``rows = "file.csv"`` (the whole file is that
        organization) or ``moments = "file.json"``, relative to the document and inside its folder;
        at the top ``n_planned``, ``min_n``, ``simulated = true`` for data that nobody gave, ``missing = "listwise"``
        to use complete rows only, and, for a table of several organizations, ``rows = "file.csv"`` with
        ``organization = "column"``. Figures that were published:
        tables ``[[published]]`` with the fields of `Published`, and a table ``[signs]`` with the declared sign, "+" or
        "-", of paths such as ``"loyalty~trust"``. Attributes of organizations on which paths of a model depend, also of
        planned organizations that shared nothing: tables ``[attributes.NAME]`` with lines such as ``employees = 1200``
        and ``industry = "goods"``.
        ``.csv`` or ``.parquet``: rows of all organizations.
    organization : str
        For a table: the column that names the organization of each row.
    n_planned, min_n, simulated, missing : optional
        As in `Evidence.from_rows`; they take the place of what a document says.

    Returns
    -------
    Evidence
        A share that cannot be read, an unknown key or a malformed figure does not stop the reading:
        `Evidence.problems` and `Evidence.matched` report it together with everything else.

    Raises
    ------
    EvidenceError
        If the file itself cannot be read, is not valid TOML (with the line) or names no organization.
    """
    kind = Path(path).suffix.lower()
    if kind == ".toml":
        return _from_document(Path(path), organization, n_planned, min_n, simulated, missing)
    if kind not in TABLES:
        works = "evidence is a .toml document, or a .csv or .parquet table of rows"
        raise EvidenceError(str(path), [f"cannot read '{kind}' files as evidence; {works}"])
    if organization is None:
        columns = suggestion("", read_table(path).frame.columns)
        problem = (
            f"organization= (command line: --organization COLUMN) must name a column{columns}. Where all rows are of "
            f"one organization, give a .toml document of two lines instead: [organizations.NAME] and rows = "
            f'"{Path(path).name}"'
        )
        raise EvidenceError(str(path), [problem])
    return Evidence.from_rows(
        path,
        organization=organization,
        n_planned=n_planned,
        min_n=min_n,
        simulated=bool(simulated),
        missing=FULL_INFORMATION if missing is None else missing,
    )


def _from_document(
    path: Path,
    organization: str | None,
    n_planned: int | None,
    min_n: int | None,
    simulated: bool | None,
    missing: str | None,
) -> Evidence:
    document = read_toml(path)
    defects = [f"unknown key '{key}'{suggestion(key, KEYS)}" for key in document if key not in KEYS]
    if organization is not None:
        defects.append("organization= (command line: --organization) is for a table of rows, not for .toml")
    stated: dict[str, int | None] = {"n_planned": n_planned, "min_n": min_n}
    for name in [name for name, value in stated.items() if value is None]:
        wrong = whole_number_problems(**{name: document.get(name)})
        stated[name] = None if wrong else document.get(name)
        defects += wrong
    said = document.get("simulated", False)
    if not isinstance(said, bool):
        defects.append(f"simulated must be true or false, not {said!r}")
    stated_missing = document.get("missing", FULL_INFORMATION)
    defects += missing_problems(stated_missing)
    owners: dict[Path, str] = {}
    together, unread = _table_of_several(path.parent, document, owners)
    published, signs, wrong_figures = read_figures(document)
    attributes, wrong_attributes = read_stated(document.get("attributes"))
    alone = "rows" not in document and not document.get("published")
    apart, unshared = _shares(path.parent, document.get("organizations"), owners, alone=alone)
    if twice := [name for name in apart if name in together]:
        defects.append(f"an organization is in the table of rows and has a table of its own: {listing(twice)}")
    return Evidence(
        {**together, **apart},
        stated["n_planned"],
        stated["min_n"],
        path.name,
        (*defects, *unread, *unshared, *wrong_figures, *wrong_attributes),
        said is True if simulated is None else simulated,
        published,
        signs,
        missing or (FULL_INFORMATION if missing_problems(stated_missing) else stated_missing),
        attributes,
    )


def _table_of_several(
    folder: Path, document: Mapping[str, object], owners: dict[Path, str]
) -> tuple[dict[str, Part], tuple[str, ...]]:
    """Read the table in which a column names the organization of each row, if the document has one."""
    given, column = document.get("rows"), document.get("organization")
    if given is None and column is None:
        return {}, ()
    for key, value, means in (
        ("rows", given, "a file"),
        ("organization", column, "the column that names organizations"),
    ):
        if not (isinstance(value, str) and value):
            return {}, (f'rows and organization belong together: {key} = "..." must name {means}, found {value!r}',)
    if (outside := _outside(folder, str(given))) is not None:
        return {}, (outside,)
    owners[(folder / str(given)).resolve()] = "the table of rows"
    try:
        grouped = by_organization(read_table(folder / str(given), organization=str(column)), str(column))
    except EvidenceError as error:
        return {}, tuple(f"rows = {given!r}: {problem}" for problem in error.problems)
    return dict.fromkeys(grouped.organizations, grouped), grouped.problems


def _outside(folder: Path, given: str) -> str | None:
    if (folder / given).resolve().is_relative_to(folder.resolve()):
        return None
    return f"a file must lie in the folder of the evidence file, or below it: {given}"


def _shares(
    folder: Path, organizations: object, owners: dict[Path, str], *, alone: bool
) -> tuple[dict[str, Part], tuple[str, ...]]:
    """Read what each organization shared; return also what is wrong with the tables as a whole.

    ``owners`` remembers which organization each file belongs to; ``alone`` means that nothing else was shared.
    """
    if organizations is None or organizations == {}:
        works = 'an [organizations.NAME] table for each is needed, or rows = "..." and organization = "..."'
        return {}, ((f"there is no organization in it: {works}",) if alone else ())
    if not isinstance(organizations, Mapping):
        return {}, ("organizations must be tables: [organizations.NAME] for each",)
    cleaned = [name.strip() for name in organizations]
    defects = spelled_apart(cleaned, list(organizations))
    if "" in cleaned:
        defects += ("an organization has an empty name",)
    parts: dict[str, Part] = {
        name: _share(folder, name, entry, owners) for name, entry in zip(cleaned, organizations.values(), strict=True)
    }
    return parts, defects


def _share(folder: Path, name: str, entry: object, owners: dict[Path, str]) -> Part:
    """Read the file of one organization."""
    if not isinstance(entry, Mapping):
        return _unusable(name, f"an [organizations.{name}] table is needed, not a value", "")
    unknown = [key for key in entry if key not in SHARES]
    if unknown:
        what = f"unknown key '{unknown[0]}' in an organization's table{suggestion(unknown[0], SHARES)}"
        return _unusable(name, what, "")
    if len(entry) != 1:
        return _unusable(name, 'an organization needs one file, either rows = "..." or moments = "..."', "")
    (kind, given), *_ = entry.items()
    if not (isinstance(given, str) and given):
        return _unusable(name, f"{kind} must be the name of a file in quotes", repr(given))
    file = (folder / given).resolve()
    if _outside(folder, given) is not None:
        return _unusable(name, "a file must lie in the folder of the evidence file, or below it", given)
    if file in owners:
        where = f"{given}, as for {owners[file]}"
        return _unusable(name, "the same file is given for two organizations", where)
    owners[file] = name
    return _read_share(name, kind, folder / given, given)


def _read_share(name: str, kind: str, file: Path, given: str) -> Part:
    try:
        if kind == "rows":
            return one_organization(read_table(file), name)
        return read_moments(file)
    except EvidenceError as error:
        return Unusable(tuple(Finding(problem, name, given) for problem in error.problems))


def _unusable(name: str, what: str, detail: str) -> Unusable:
    return Unusable((Finding(what, name, detail),))
