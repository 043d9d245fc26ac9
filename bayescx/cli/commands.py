"""The command line: ``bayescx check | fit | summarize | simulate | demo``.

Commands read their inputs, call one room of the house and show what it returned. Heavy libraries load inside
the commands, so that help is immediate. Exit codes: 0 done, 2 input that cannot be used, 1 anything else, 130
interrupted.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, NoReturn

import typer

from bayescx.cli.outputs import check_writable
from bayescx.cli.steps import (
    assignments_of,
    check_table_suffix,
    pooling_of,
    read_inputs,
    sample,
    save,
    show_convergence,
    sizes_of,
    write_summary,
    write_table,
)
from bayescx.errors import BayescxError

__all__ = ["main"]

INTERRUPTED = 130

app = typer.Typer(
    name="bayescx",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # plain help: wraps well and reads well aloud
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"], "max_content_width": 100},
)

ModelArgument = Annotated[str, typer.Argument(metavar="MODEL", help="A shipped model's name or a .lavaan file.")]
EvidenceArgument = Annotated[
    str,
    typer.Argument(
        metavar="EVIDENCE",
        help="A shipped evidence's name, a .toml file, or a .csv or .parquet table with --organization.",
    ),
]
OrganizationOption = Annotated[
    str | None,
    typer.Option("--organization", metavar="COLUMN", help="For a table: the column that names the organization."),
]
PlannedOption = Annotated[
    int | None,
    typer.Option("--planned", metavar="N", help="Organizations planned, when not all have reported."),
]
LeastOption = Annotated[
    int | None,
    typer.Option("--min-n", metavar="N", help="Keep out, by name, organizations with fewer complete rows."),
]
OverwriteOption = Annotated[bool, typer.Option("--overwrite", help="Replace files that are there.")]
SeedOption = Annotated[int | None, typer.Option("--seed", metavar="N", help="Makes the result reproducible.")]


def _examples(*lines: str) -> str:
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])  # \b: leave the lines as they are


@app.callback(
    invoke_without_command=True,
    epilog=_examples(
        "bayescx demo",
        "bayescx check value_creation rows.csv --organization organization",
        "bayescx fit value_creation rows.csv --organization organization --planned 12 -o fit.nc",
        "bayescx summarize fit.nc --estimand total --target average",
    ),
)
def bayescx(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    """Bayesian meta-analysis of path models for customer-experience research.

    Exit codes: 0 done, 2 input that cannot be used, 1 anything else, 130 interrupted. Messages go to stderr.
    """
    if version:
        from importlib.metadata import version as version_of

        typer.echo(f"bayescx {version_of('bayescx')}")
        raise typer.Exit


@app.command(
    epilog=_examples(
        "bayescx check value_creation rows.csv --organization organization --planned 12",
        "bayescx check my.lavaan evidence.toml --min-n 30",
    )
)
def check(
    model: ModelArgument,
    evidence: EvidenceArgument,
    organization: OrganizationOption = None,
    planned: PlannedOption = None,
    min_n: LeastOption = None,
) -> None:
    """Name everything wrong with the inputs, at once.

    Nothing is sampled. If all is well, the model's equations and the organizations are listed.
    """
    from bayescx.cli.console import screen, show_inputs

    spec, shared, matched = read_inputs(model, evidence, organization=organization, n_planned=planned, min_n=min_n)
    show_inputs(screen(), spec, shared, matched)


@app.command(
    epilog=_examples(
        "bayescx fit value_creation rows.csv --organization organization -o fit.nc",
        "bayescx fit my.lavaan evidence.toml --planned 12 --draws 2000 --seed 1 -o fit.nc",
    )
)
def fit(
    model: ModelArgument,
    evidence: EvidenceArgument,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="Where to save the fit (netCDF).")],
    organization: OrganizationOption = None,
    planned: PlannedOption = None,
    min_n: LeastOption = None,
    draws: Annotated[int, typer.Option(metavar="N", help="Draws kept per chain.")] = 1000,
    tune: Annotated[int, typer.Option(metavar="N", help="Draws per chain used for adaptation.")] = 1000,
    chains: Annotated[int, typer.Option(metavar="N", help="Number of chains.")] = 4,
    seed: SeedOption = None,
    pooling: Annotated[
        str,
        typer.Option(
            metavar="WORD",
            help="How organizations share strength: none, partial or full for the paths, "
            "or by block: paths=partial,residuals=none.",
        ),
    ] = "partial",
    engine: Annotated[
        Literal["kernel", "pymc"],
        typer.Option(help="The compiled density, or the open PyMC model (slower)."),
    ] = "kernel",
    identification: Annotated[
        Literal["mean", "marker"],
        typer.Option(help="Unit of factors: loadings average 1, or the first loading is 1."),
    ] = "mean",
    no_scale: Annotated[
        bool,
        typer.Option("--no-scale", help="Keep the data's own units instead of dividing by pooled SDs first."),
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress; warnings and errors are still shown.")] = False,
) -> None:
    """Sample the posterior and save it.

    If the sampler did not converge, a warning on stderr says so: the fit is saved for inspection and the exit
    code stays 0, but its numbers should not be reported. Ctrl-C stops without saving.
    """
    check_writable(output, fit=True)
    settings = {"pooling": pooling_of(pooling), "identification": identification}
    spec, _, matched = read_inputs(
        model, evidence, settings=settings, organization=organization, n_planned=planned, min_n=min_n
    )
    fitted = sample(
        spec,
        matched,
        quiet=quiet,
        draws=draws,
        tune=tune,
        chains=chains,
        random_seed=seed,
        engine=engine,
        scale=not no_scale,
        **settings,
    )
    save(fitted, output)
    if not quiet:
        typer.echo(f"saved {output}; next: bayescx summarize {output} --estimand total --target average")


@app.command(
    epilog=_examples(
        "bayescx summarize fit.nc --estimand total --target average",
        "bayescx summarize fit.nc --estimand heterogeneity --ci 0.9",
        "bayescx summarize fit.nc --estimand r_squared --target new --format csv -o r_squared.csv",
    )
)
def summarize(
    file: Annotated[Path, typer.Argument(metavar="FIT", help="A fit saved by `bayescx fit`.")],
    estimand: Annotated[
        Literal["direct", "indirect", "total", "r_squared", "heterogeneity", "defined"],
        typer.Option(help="What to summarize; 'defined' means the model's := quantities."),
    ] = "direct",
    target: Annotated[
        Literal["organization", "typical", "average", "new"] | None,
        typer.Option(
            help="Whom it is about: each organization (the default), the typical one, "
            "the average of all that are planned, or a new one.",
            show_default=False,
        ),
    ] = None,
    raw: Annotated[bool, typer.Option("--raw", help="In the data's units instead of standard deviations.")] = False,
    ci: Annotated[float, typer.Option(metavar="P", help="Probability of the intervals.")] = 0.95,
    form: Annotated[Literal["table", "csv", "json"], typer.Option("--format", help="What to write.")] = "table",
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Write to a file instead of the screen."),
    ] = None,
    overwrite: OverwriteOption = False,
) -> None:
    """Print or write effects of a fit with intervals.

    Effects are in standard deviations of each organization itself, or with --raw in the data's units. With
    --format csv or json all digits and diagnostics are written.
    """
    if output is not None:
        check_writable(output, overwrite=overwrite)
    if estimand == "heterogeneity" and target is not None:
        raise typer.BadParameter("heterogeneity is about the population; leave --target out", param_hint="--target")
    from bayescx.fitted import load_fit

    fitted = load_fit(file)
    show_convergence(fitted)
    write_summary(fitted, estimand, target or "organization", ci, form, output, standardized=not raw)


@app.command(
    epilog=_examples(
        "bayescx simulate value_creation -o rows.csv --organizations 10 --n 500 --seed 1",
        "bayescx simulate my.lavaan -o rows.csv --n 150:600 --set 'trust~satisfaction=0.8' --truth truth.csv",
    )
)
def simulate(
    model: ModelArgument,
    output: Annotated[
        Path,
        typer.Option("-o", "--output", metavar="FILE", help="Where to write the rows (.csv or .parquet)."),
    ],
    organizations: Annotated[int, typer.Option(metavar="N", help="How many organizations.")] = 10,
    n: Annotated[
        str, typer.Option("--n", metavar="N", help="Respondents of each, or a range to draw from: 150:600.")
    ] = "500",
    seed: SeedOption = None,
    heterogeneity: Annotated[
        float, typer.Option(metavar="SD", help="SD of the organizations' deviations from the typical path.")
    ] = 0.08,
    values: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A population value, e.g. 'loyalty~trust=0.4'; repeatable."),
    ] = None,
    truth: Annotated[
        Path | None,
        typer.Option("--truth", metavar="FILE", help="Also write the values behind the rows (.csv)."),
    ] = None,
    overwrite: OverwriteOption = False,
) -> None:
    """Draw rows of simulated organizations.

    What --set leaves open gets a value: each equation explains half of its outcome, whose variance is 1;
    loadings are 1 and the residual variances of items 0.36.
    """
    from bayescx.datasets import open_model
    from bayescx.simulation import simulate as simulated

    for path in (output, truth):
        if path is not None:
            check_writable(path, overwrite=overwrite)
            check_table_suffix(path)
    if truth == output:
        raise BayescxError(f"--output and --truth both name {output}")
    study = simulated(
        open_model(model),
        organizations=organizations,
        n_obs=sizes_of(n),
        values=assignments_of(values or []),
        heterogeneity=heterogeneity,
        random_seed=seed,
    )
    write_table(study.rows, output)
    typer.echo(f"wrote {output}: {len(study.rows)} simulated respondents of {organizations} organizations")
    if truth is not None:
        write_table(study.truth, truth)
        typer.echo(f"wrote {truth}: the values behind them")
    typer.echo(f"seed {study.random_seed}; next: bayescx check {model} {output} --organization organization")


@app.command(
    epilog=_examples(
        "bayescx demo",
        "bayescx demo --seed 7 -o demo.nc",
    )
)
def demo(
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Also save the fit (netCDF).")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Of the simulation and of the sampler.")] = 1,
) -> None:
    """Fit ten simulated organizations, show the effects.

    The value-creation model, from rows to every effect: in the typical organization, on average over the ten,
    and in a new one.
    """
    from bayescx.cli.console import screen, show_demo
    from bayescx.datasets import load_model
    from bayescx.evidence import Evidence
    from bayescx.simulation import simulate as simulated

    if output is not None:
        check_writable(output, fit=True)
    study = simulated(load_model("value_creation"), random_seed=seed)
    console = screen()
    console.print(f"Simulated data, seed {seed}: ten organizations, 500 respondents each. Nobody was asked.\n")
    console.print(str(study.model))
    evidence = Evidence.from_rows(study.rows, organization="organization").matched(study.model.observed)
    fitted = sample(study.model, evidence, quiet=False, random_seed=seed)
    show_demo(console, fitted, study)
    if output is not None:
        save(fitted, output)
        typer.echo(f"saved {output}")


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those of the process.
    """
    code = _run(arguments)
    try:
        sys.stdout.flush()
    except OSError as error:
        if not isinstance(error, BrokenPipeError):  # `bayescx summarize fit.nc | head` is no error to speak of
            typer.echo(f"Error: cannot write to standard output: {error.strerror}", err=True)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes again as it ends
        code = code or 1
    sys.exit(code)


def _run(arguments: Sequence[str] | None) -> int:
    try:
        typer.main.get_command(app).main(args=arguments, prog_name="bayescx")
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
        if code == INTERRUPTED:
            typer.echo("interrupted; nothing was saved", err=True)
        return code
    except BayescxError as error:
        typer.echo(f"Error: {error}", err=True)
        return 2
    except OSError as error:
        typer.echo(f"Error: {error}", err=True)
        return 1
    return 0
