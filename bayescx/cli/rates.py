"""Questions about shares of answers: ``rates``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from bayescx.cli.app import app
from bayescx.cli.options import IntervalOption, OrganizationOption, PlannedOption, SeedOption, SimulatedOption, examples
from bayescx.cli.outputs import check_writable
from bayescx.errors import BayescxError, InputProblems

if TYPE_CHECKING:
    from bayescx.rates import RateQuestion, RatesFit

_TABLES = (".csv", ".parquet")


@app.command(
    epilog=examples(
        "bayescx rates effort_published -o shares.html",
        "bayescx rates rates.toml --question intentions --target new --format csv",
        "bayescx rates rows.csv --organization company --outcome intends_to_leave --by satisfied --planned 40",
        "bayescx rates rows.csv --organization company --outcome after --levels disloyal,neutral,loyal",
    )
)
def rates(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="A shipped name, a .toml file with questions, or a .csv or .parquet table of rows with --organization "
            "and --outcome.",
        ),
    ],
    organization: OrganizationOption = None,
    outcome: Annotated[
        str | None, typer.Option("--outcome", metavar="COLUMN", help="For a table: the column that holds the answers.")
    ] = None,
    by: Annotated[
        str | None, typer.Option("--by", metavar="COLUMN", help="For a table: the column that tells groups apart.")
    ] = None,
    levels: Annotated[
        str | None, typer.Option("--levels", metavar="A,B,C", help="For a table: all answers there are, in order.")
    ] = None,
    planned: PlannedOption = None,
    simulated: SimulatedOption = False,
    question: Annotated[
        str | None, typer.Option("--question", metavar="NAME", help="Of a file with several questions, only this one.")
    ] = None,
    ratio: Annotated[
        list[str] | None,
        typer.Option(
            "--ratio", metavar="A:B", help="Also tell how many times as large A's share is as B's; repeatable."
        ),
    ] = None,
    target: Annotated[
        Literal["organization", "typical", "average", "new"] | None,
        typer.Option(help="Only one: each organization, the typical one, the average of all planned, or a new one."),
    ] = None,
    ci: IntervalOption = 0.95,
    draws: Annotated[int, typer.Option(metavar="N", help="Draws in each of four chains.")] = 1000,
    seed: SeedOption = None,
    form: Annotated[Literal["table", "csv", "json"], typer.Option("--format", help="What to print.")] = "table",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Also write a report (.html).")
    ] = None,
) -> None:
    """Tell shares of answers, and ratios of them, with intervals.

    From counts of organizations, from printed shares, or both: in each organization, in the typical one, on average
    over all that are planned, and in a new one. Rows marked † rest mostly on the prior; in csv and json, the column
    rests_on_prior says so.
    """
    if output is not None:
        _check_report(output)
    pairs = _pairs(ratio or [])
    columns = {"--organization": organization, "--outcome": outcome, "--by": by, "--levels": levels}
    questions = _questions(source, columns, planned, simulated=simulated)
    if question is not None:
        questions = _only(questions, question)
    _check_answerable(questions, pairs, target)
    from bayescx.cli.rates_shown import show_rates, tidy_rates

    fits = {one.name: one.fit(draws=draws, random_seed=1 if seed is None else seed) for one in questions.values()}
    in_words = {one.asks: fits[one.name] for one in questions.values()}
    if form == "table":
        show_rates(in_words, pairs, target, ci)
    else:
        typer.echo(tidy_rates(fits, pairs, target, ci, form), nl=False)
    if output is not None:
        _write_report(in_words, output, ci)


def _check_answerable(
    questions: Mapping[str, RateQuestion], pairs: Sequence[tuple[str, str]], target: str | None
) -> None:
    """Refuse what none of the questions can answer; of several, those answer that can."""
    from bayescx.evidence.findings import printable, suggestion

    there = [one.counts.categories for one in questions.values()]
    for pair in pairs:
        if not any(set(pair) <= set(categories) for categories in there):
            known = dict.fromkeys(name for categories in there for name in categories)
            lacking = next((name for name in pair if name not in known), None)
            problem = (
                "no question has both"
                if lacking is None
                else f"there is no category {printable(lacking)!r}{suggestion(lacking, known)}"
            )
            raise BayescxError(f"--ratio {':'.join(map(printable, pair))}: {problem}")
    if target == "organization" and not any(one.has_names for one in questions.values()):
        raise BayescxError("no organization is known by name; targets are typical, average and new")


def _check_report(path: Path) -> None:
    if path.suffix.lower() not in (".html", ".htm"):
        raise BayescxError(f"cannot write {path}: a report is an .html file; --format csv prints tables")
    check_writable(path, kind="report")


def _pairs(texts: list[str]) -> list[tuple[str, str]]:
    """``disloyal:loyal`` as two categories."""
    pairs = [tuple(part.strip() for part in text.split(":")) for text in texts]
    sound = [all(pair) and len(pair) == len(set(pair)) == 2 for pair in pairs]
    wrong = [text for text, is_sound in zip(texts, sound, strict=True) if not is_sound]
    if wrong:
        raise InputProblems(
            "--ratio", [f"two categories are needed, such as disloyal:loyal, found {text!r}" for text in wrong]
        )
    return [(pair[0], pair[-1]) for pair in pairs]


def _questions(
    source: str, columns: Mapping[str, str | None], planned: int | None, *, simulated: bool
) -> dict[str, RateQuestion]:
    """Read SOURCE, whatever it is."""
    from bayescx.datasets import rates_document
    from bayescx.rates import read_rates

    path = rates_document(source)
    if path.suffix.lower() in _TABLES:
        return _counted(path, columns, planned, simulated=simulated)
    if given := [name for name, value in columns.items() if value is not None]:
        raise BayescxError(f"{', '.join(given)}: for a table of rows, not for {source}, which says it itself")
    found = read_rates(path)
    return {name: _changed(one, planned, simulated=simulated) for name, one in found.items()}


def _counted(
    path: Path, columns: Mapping[str, str | None], planned: int | None, *, simulated: bool
) -> dict[str, RateQuestion]:
    from bayescx.evidence.findings import suggestion
    from bayescx.evidence.readers import read_table
    from bayescx.rates import Counts, RateQuestion

    organization, outcome, by = (columns[name] for name in ("--organization", "--outcome", "--by"))
    if organization is None or outcome is None:
        lacking = [name for name in ("--organization", "--outcome") if columns[name] is None]
        there = suggestion("", read_table(path).frame.columns)
        raise BayescxError(f"{path}: {' and '.join(lacking)} must name a column{there}")
    stated = columns["--levels"]
    categories = None if stated is None else [name.strip() for name in stated.split(",")]
    counts = Counts.from_rows(
        path, organization=organization, outcome=outcome, groups=by, categories=categories, n_planned=planned,
        simulated=simulated,
    )  # fmt: skip
    asks = outcome if by is None else f"{outcome}, by {by}"
    return {outcome: RateQuestion(name=outcome, asks=asks, counts=counts)}


def _changed(one: RateQuestion, planned: int | None, *, simulated: bool) -> RateQuestion:
    """A question of a file with what the command line says otherwise."""
    counts = replace(one.counts, simulated=simulated or one.counts.simulated)
    return replace(one, counts=counts if planned is None else replace(counts, n_planned=planned))


def _only(questions: dict[str, RateQuestion], name: str) -> dict[str, RateQuestion]:
    from bayescx.evidence.findings import suggestion

    if name not in questions:
        raise BayescxError(f"there is no question {name!r}{suggestion(name, questions)}")
    return {name: questions[name]}


def _write_report(fits: Mapping[str, RatesFit], path: Path, ci: float) -> None:
    from bayescx.report.rates import write_rates_report

    verb = "replaced" if path.exists() else "wrote"
    write_rates_report(fits, path, ci_prob=ci)
    typer.echo(f"{verb} {path} ({path.stat().st_size / 1e6:.1f} MB): open it in a browser", err=True)
