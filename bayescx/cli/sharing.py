"""``moments``: what an organization runs behind its own wall, so that it can share moments and keep its rows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bayescx.cli.app import app
from bayescx.cli.options import LeastOption, MissingOption, OverwriteOption, SimulatedOption, examples
from bayescx.cli.outputs import writing_all
from bayescx.errors import BayescxError

if TYPE_CHECKING:
    from bayescx.coding import Coded
    from bayescx.evidence import Evidence, Shareable


@app.command(
    epilog=examples(
        "bayescx moments answers.csv --name south -o shared",
        "bayescx moments rows.csv --organization company --model value_creation -o shared",
        "bayescx moments --schema",
    )
)
def moments(
    rows: Annotated[
        Path | None, typer.Argument(metavar="ROWS", help="A .csv or .parquet table, one row per respondent.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="DIR", help="Folder to write to; made if need be.")
    ] = None,
    organization: Annotated[
        str | None,
        typer.Option("--organization", metavar="COLUMN", help="The column that names the organization of each row."),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="Instead: the one organization that all rows are of.")
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", metavar="MODEL", help="Share the variables of this model only.")
    ] = None,
    variables: Annotated[
        str | None,
        typer.Option(
            "--variables", metavar="A,B,C", help="Share these columns only; by default all that hold numbers."
        ),
    ] = None,
    minimum: Annotated[
        int,
        typer.Option("--minimum", metavar="N", min=3, help="Fewest respondents whose moments may stand in a file."),
    ] = 10,
    min_n: LeastOption = None,
    missing: MissingOption = None,
    simulated: SimulatedOption = False,
    overwrite: OverwriteOption = False,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of a moments file and stop.")] = False,
) -> None:
    """Write moments that can be shared in place of rows.

    For each organization one JSON file with the number of respondents, means and covariances, and no row; where
    answers are missing, for each group of respondents who answered the same. Beside them evidence.toml, which
    `bayescx check` and `bayescx fit` read. The posterior is the same as with the rows of the same respondents.

    No group in a file is smaller than --minimum: a smaller one is counted with a group that answered less, its other
    answers ignored, or left out where there is none. What that cost is said here and in the file. A column that tells
    fewer respondents apart (one that has two values, a level, what is beyond a knot) is refused: their answers could be
    worked out.
    """
    import json

    from bayescx.evidence import moments_schema, shareable_moments, shared_files

    if schema:
        typer.echo(json.dumps(moments_schema(), indent=2))
        return
    evidence, wanted, coded, attributes, folder = _inputs(
        rows, output, organization, name, model, variables, min_n, missing
    )
    matched = evidence.matched(wanted, coded)
    shared = shareable_moments(matched, minimum, coded)
    moments_of = {name: one.moments for name, one in shared.items()}
    counts = {name: one.counts for name, one in shared.items()}
    files = shared_files(moments_of, counts=counts, simulated=simulated)
    writing_all(folder, files, overwrite=overwrite)
    for (organization_, one), file in zip(shared.items(), list(files)[1:], strict=True):
        rest = _in_words(one, matched.dropped[organization_], wanted)
        typer.echo(f"wrote {folder / file}: {organization_}, {one.moments.n_obs} respondents{rest}")
    for kept_out, n_obs in matched.kept_out.items():
        typer.echo(f"kept out: {kept_out}, {n_obs} respondents")
    if any(counts.values()):
        _say_what_cost_answers(evidence, wanted, coded, minimum, advise=model is None)
    typer.echo(f"shared: number of respondents, means and covariances of {', '.join(wanted)}; no rows")
    if attributes:
        named = ", ".join(attributes)
        typer.echo(f"not shared: {named}, attributes of organizations; state them in evidence.toml: [attributes.NAME]")
    typer.echo(f"wrote {folder / 'evidence.toml'}; next: bayescx check {model or 'MODEL'} {folder / 'evidence.toml'}")


def _in_words(one: Shareable, without_answer: int, wanted: tuple[str, ...]) -> str:
    """What else is to be said of an organization's file, behind its number of respondents."""
    groups = len(one.moments.patterns)
    lacking = [variable for variable in wanted if variable not in one.moments.variables]
    said = [f"in {groups} groups that answered the same"] if groups else []
    said += [f"without {', '.join(lacking)}"] if lacking else []
    said += [f"{one.merged} of them merged into a coarser group, {one.ignored} answers ignored"] if one.merged else []
    said += [f"{one.dropped} respondents dropped, for whom there was no such group"] if one.dropped else []
    said += (
        [f"{without_answer} {'row' if without_answer == 1 else 'rows'} without an answer left out"]
        if without_answer
        else []
    )
    return "".join(f"; {words}" for words in said)


def _inputs(
    rows: Path | None,
    output: Path | None,
    organization: str | None,
    name: str | None,
    model: str | None,
    variables: str | None,
    min_n: int | None,
    missing: str | None,
) -> tuple[Evidence, tuple[str, ...], dict[str, Coded], tuple[str, ...], Path]:
    from bayescx.datasets import open_model
    from bayescx.evidence import shareable_columns
    from bayescx.evidence.rows import FULL_INFORMATION

    if rows is None or output is None:
        raise BayescxError("a table of rows and a folder are needed: bayescx moments ROWS --organization COLUMN -o DIR")
    if (organization is None) == (name is None):
        works = "--organization COLUMN, or --name NAME if all rows are of one organization"
        raise BayescxError(f"say whose rows these are, in one way: {works}")
    if model is not None and variables is not None:
        raise BayescxError("--model and --variables both say what to share; give one of them")
    evidence = _evidence(rows, organization, name, min_n, missing or FULL_INFORMATION)
    coded: dict[str, Coded] = {}
    attributes: tuple[str, ...] = ()
    asked = None if variables is None else [part.strip() for part in variables.split(",") if part.strip()]
    if model is not None:
        spec = open_model(model)
        coded = spec.coded
        attributes = tuple(dict.fromkeys(one.column for one in spec.attributes.values()))
        asked = _there(evidence, spec.observed, coded)
    wanted = shareable_columns(evidence, asked, coded)
    kept = tuple(column for column in wanted if asked is not None or column != organization)
    return evidence, kept, coded, attributes, output


def _there(evidence: Evidence, needed: tuple[str, ...], coded: dict[str, Coded]) -> list[str]:
    """The variables of a model that the rows have; all of them if that is none, so that the error names them."""
    from bayescx.evidence import lacking_columns

    lacking = lacking_columns(evidence, needed, coded)
    if not lacking or len(lacking) == len(needed):
        return list(needed)
    typer.echo(f"warning: shared without {', '.join(lacking)}, which the rows do not have", err=True)
    return [name for name in needed if name not in lacking]


def _evidence(rows: Path, organization: str | None, name: str | None, min_n: int | None, missing: str) -> Evidence:
    from bayescx.evidence import Evidence
    from bayescx.evidence.readers import read_table
    from bayescx.evidence.rows import one_organization

    if organization is not None:
        return Evidence.from_rows(rows, organization=organization, min_n=min_n, missing=missing)
    sheet = read_table(rows)
    return Evidence({str(name): one_organization(sheet, str(name))}, None, min_n, sheet.source, missing=missing)


def _say_what_cost_answers(
    evidence: Evidence, wanted: tuple[str, ...], coded: dict[str, Coded], minimum: int, *, advise: bool
) -> None:
    """Name the columns whose empty cells made small groups: columns that no model needs should not."""
    from bayescx.evidence import missing_cells

    missing = {name: count for name, count in missing_cells(evidence, wanted, coded).items() if count}
    listed = ", ".join(f"{name} ({count})" for name, count in sorted(missing.items(), key=lambda item: -item[1]))
    advice = "; --model MODEL or --variables A,B shares only what is needed" if advise else ""
    lost = f"answers were ignored or respondents dropped, because fewer than {minimum} answered the same"
    typer.echo(f"warning: {lost}; empty cells are in {listed}{advice}", err=True)
