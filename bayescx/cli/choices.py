"""Ordered answers and what moves them: ``choices``."""

from __future__ import annotations

import sys
import time
import warnings
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from bayescx.cli.app import app
from bayescx.cli.options import IntervalOption, PlannedOption, SeedOption, SimulatedOption, examples
from bayescx.cli.outputs import check_writable
from bayescx.cli.steps import save, show_convergence
from bayescx.errors import BayescxError, ConvergenceWarning

if TYPE_CHECKING:
    from bayescx.choices import ChoiceCounts, ChoiceFit
    from bayescx.spec import PathModel


@app.command(
    epilog=examples(
        "bayescx choices 'after ~ effort + mood' rows.csv --organization company --levels leave,stay",
        "bayescx choices after.lavaan rows.csv --organization company --levels disloyal,neutral,loyal \\",
        "  --planned 12 --seed 1 -o choices.nc --report choices.html",
        "bayescx choices after.lavaan counts.csv --counts --organization company --levels leave,stay --format csv",
    )
)
def choices(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="A shipped model's name, a .lavaan file, or its text: one equation, OUTCOME ~ TERM + TERM.",
        ),
    ],
    rows: Annotated[
        Path,
        typer.Argument(metavar="ROWS", help="A .csv or .parquet table of respondents; with --counts, of counts."),
    ],
    organization: Annotated[
        str, typer.Option("--organization", metavar="COLUMN", help="The column that names the organization.")
    ],
    levels: Annotated[
        str,
        typer.Option("--levels", metavar="A,B,C", help="All answers there are, from the lowest to the highest."),
    ],
    counted: Annotated[
        bool,
        typer.Option(
            "--counts", help="ROWS has one row per organization and covariate pattern, and a column for each level."
        ),
    ] = False,
    planned: PlannedOption = None,
    simulated: SimulatedOption = False,
    draws: Annotated[int, typer.Option(metavar="N", help="Draws kept per chain.")] = 1000,
    tune: Annotated[int, typer.Option(metavar="N", help="Draws per chain used for adaptation.")] = 1000,
    chains: Annotated[int, typer.Option(metavar="N", help="Number of chains.")] = 4,
    seed: SeedOption = None,
    target: Annotated[
        Literal["organization", "typical", "average", "new"] | None,
        typer.Option(help="Only one: each organization, the typical one, the average of all planned, or a new one."),
    ] = None,
    ci: IntervalOption = 0.95,
    form: Annotated[Literal["table", "csv", "json"], typer.Option("--format", help="What to print.")] = "table",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Also save the fit (netCDF).")
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE", help="Also write a report (.html).")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress; warnings and errors are still shown.")] = False,
) -> None:
    """Tell what makes customers choose one answer over another.

    An ordered probit (of two answers, a probit) over organizations: how likely each answer is and how many times as
    likely the first as the last, what each term does and whether it does more below a knot than above it, and
    thresholds; on average, in the typical organization and in a new one. Rows marked † rest mostly on the prior; in
    csv and json, the column rests_on_prior says so.
    """
    _check_files(output, report)
    counts = _read(model, rows, counted, organization=organization, categories=_names(levels), n_planned=planned)
    _check_interval(ci)
    settings = {"draws": draws, "tune": tune, "chains": chains, "random_seed": seed}
    fitted = replace(_sampled(counts, settings, quiet=quiet), simulated=simulated)
    from bayescx.cli.choices_shown import show_choices, tidy_choices

    if form == "table":
        show_choices(fitted, target, ci)
    else:
        typer.echo(tidy_choices(fitted, target, ci, form), nl=False)
    if output is not None:
        verb = "replaced" if output.exists() else "saved"
        save(fitted, output)  # type: ignore[arg-type]  # it asks a fit only to save itself
        typer.echo(f"{verb} {output}; bayescx.load_choice_fit reads it", err=True)
    if report is not None:
        _write_report(fitted, report, ci)


def _check_files(output: Path | None, report: Path | None) -> None:
    """Refuse, before anything takes time, files that could not be written."""
    if output is not None:
        check_writable(output, kind="fit")
    if report is None:
        return
    if report.suffix.lower() not in (".html", ".htm"):
        raise BayescxError(f"cannot write {report}: a report is an .html file; -o saves the fit")
    check_writable(report, kind="report")
    if output is not None and output.absolute() == report.absolute():
        raise BayescxError(f"cannot write {report}: -o and --report name the same file")


def _names(levels: str) -> list[str]:
    return [name.strip() for name in levels.split(",")]


def _check_interval(ci: float) -> None:
    if not 0 < ci < 1:
        hint = f"; for {ci:g} % give {ci / 100:g}" if 1 < ci < 100 else ""
        raise BayescxError(f"--ci must lie between 0 and 1, found {ci:g}{hint}")


def _read(model: str, rows: Path, counted: bool, **options: Any) -> ChoiceCounts:
    """Read MODEL and ROWS."""
    from bayescx.choices import ChoiceCounts

    spec = _model(model)
    if counted:
        return ChoiceCounts.from_table(rows, spec, **options)
    _check_not_counts(spec, rows, options)
    return ChoiceCounts.from_rows(rows, spec, **options)


def _model(given: str) -> PathModel:
    """A model's text has a tilde in it, which no name has; that of a file may."""
    from bayescx.datasets import open_model
    from bayescx.spec import parse_model

    is_text = "~" in given and not given.lower().endswith(".lavaan")
    return parse_model(given) if is_text else open_model(given)


def _check_not_counts(spec: PathModel, rows: Path, options: dict[str, Any]) -> None:
    """Say so where a table has columns for all levels and none for the answer: it is one of counts."""
    from bayescx.choices.equation import equation_of
    from bayescx.evidence.readers import read_table

    outcome = equation_of(spec).outcome
    columns = set(map(str, read_table(rows).frame.columns))
    if outcome not in columns and set(options["categories"]) <= columns:
        raise BayescxError(
            f"{rows}: no column {outcome!r}, and one for each level: it holds counts, which --counts reads"
        )


def _sampled(counts: ChoiceCounts, settings: dict[str, Any], *, quiet: bool) -> ChoiceFit:
    """Sample with live progress on a terminal, or one line before and one after; warnings are shown last."""
    from bayescx.choices import fit_choices

    if not quiet:
        known = f"{len(counts.organizations)} organization{'s' if len(counts.organizations) > 1 else ''}"
        typer.echo(f"sampling {known}, {counts.n_obs.sum()} answers in {len(counts.x)} patterns …", err=True)
    sys.stdout.flush()  # what was printed before comes before the progress, also in a log of both
    began, live = time.perf_counter(), sys.stderr.isatty() and not quiet
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        fitted = fit_choices(counts, progressbar=live, **settings)
    if live:
        typer.echo(err=True)  # the progress ends without a line break
    if not quiet:
        kept = fitted.posterior.sizes["chain"] * fitted.posterior.sizes["draw"]
        typer.echo(f"{kept} draws in {time.perf_counter() - began:.1f} s, seed {fitted.seed}", err=True)
    for warning in caught:
        if warning.category in (UserWarning, RuntimeWarning) and not issubclass(warning.category, ConvergenceWarning):
            typer.echo(f"warning: {warning.message}", err=True)
    show_convergence(fitted)  # type: ignore[arg-type]  # it asks a fit only for its provenance
    return fitted


def _write_report(fitted: ChoiceFit, path: Path, ci: float) -> None:
    from bayescx.report.choices import write_choice_report

    verb = "replaced" if path.exists() else "wrote"
    write_choice_report(fitted, path, ci_prob=ci)
    typer.echo(f"{verb} {path} ({path.stat().st_size / 1e6:.1f} MB): open it in a browser", err=True)
