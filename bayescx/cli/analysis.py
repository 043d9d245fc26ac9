"""Commands from inputs to answers: ``check``, ``fit``, ``summarize``, ``report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from bayescx.cli.app import app
from bayescx.cli.options import (
    AnswersOption,
    EvidenceArgument,
    FitArgument,
    IntervalOption,
    LeastOption,
    MissingOption,
    ModelArgument,
    OrganizationOption,
    OverwriteOption,
    PlannedOption,
    SeedOption,
    SimulatedOption,
    examples,
)
from bayescx.cli.outputs import check_writable
from bayescx.cli.questions import MOST_BY, Estimand, Question, check_options
from bayescx.cli.steps import (
    answers_of,
    pooling_of,
    quantity_of,
    read_inputs,
    sample,
    save,
    show_convergence,
    write_report,
)


@app.command(
    epilog=examples(
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
    missing: MissingOption = None,
    simulated: SimulatedOption = False,
) -> None:
    """Name everything wrong with the inputs, at once.

    Nothing is sampled. If all is well, the model's equations, the organizations and the published figures about
    them are listed.
    """
    from bayescx.cli.console import screen
    from bayescx.cli.inputs import show_inputs

    spec, shared, matched = read_inputs(
        model,
        evidence,
        organization=organization,
        n_planned=planned,
        min_n=min_n,
        missing=missing,
        simulated=simulated or None,
    )
    show_inputs(screen(), spec, shared, matched)


@app.command(
    epilog=examples(
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
    missing: MissingOption = None,
    simulated: SimulatedOption = False,
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
    check_writable(output, kind="fit")
    settings = {"pooling": pooling_of(pooling), "identification": identification}
    spec, _, matched = read_inputs(
        model,
        evidence,
        settings=settings,
        organization=organization,
        n_planned=planned,
        min_n=min_n,
        missing=missing,
        simulated=simulated or None,
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
    verb = "replaced" if output.exists() else "saved"
    save(fitted, output)
    if not quiet:
        typer.echo(f"{verb} {output}; next: bayescx summarize {output} --estimand total --target average")


@app.command(
    epilog=examples(
        "bayescx summarize fit.nc --estimand total --target average",
        "bayescx summarize fit.nc --estimand moderation --ci 0.9 --raw",
        "bayescx summarize fit.nc --estimand r_squared --target new --format csv -o r_squared.csv",
        "bayescx summarize fit.nc --estimand ranks --outcome loyalty --target average",
        "bayescx summarize fit.nc --estimand shares --outcome loyalty --method pratt",
        "bayescx summarize fit.nc --estimand means --format csv -o means.csv",
        "bayescx summarize fit.nc --estimand what_if --driver trust_cs --by 0.5 --raw",
        "bayescx summarize fit.nc --estimand catch_up --driver trust_cs --outcome loyalty",
    )
)
def summarize(
    file: FitArgument,
    estimand: Annotated[
        Estimand,
        typer.Option(
            metavar="WORD",
            help="What to tell, one of the words above.",
        ),
    ] = "direct",
    target: Annotated[
        Literal["organization", "typical", "average", "new", "alone"] | None,
        typer.Option(
            help="Whom it is about: each organization (the default, but for importance and quality), the typical "
            "one, the average of all that are planned, a new one, or each organization alone, without the others.",
            show_default=False,
        ),
    ] = None,
    outcome: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The construct that is driven, of ranks, shares, importance; or the only "
            "one to tell of with what_if and catch_up.",
        ),
    ] = None,
    driver: Annotated[
        str | None, typer.Option(metavar="NAME", help="The construct that moves, of what_if and catch_up.")
    ] = None,
    by: Annotated[
        float | None,
        typer.Option(
            metavar="AMOUNT",
            help=f"How far it moves (what_if): SDs, with --raw units; at most {MOST_BY:g} either way. [default: 1]",
        ),
    ] = None,
    method: Annotated[
        Literal["lmg", "pratt"] | None, typer.Option(help="Of shares; lmg by default.", show_default=False)
    ] = None,
    answers: AnswersOption = None,
    raw: Annotated[
        bool,
        typer.Option(
            "--raw",
            help="In the data's units instead of SDs; heterogeneity always is.",
        ),
    ] = False,
    ci: Annotated[
        float | None,
        typer.Option("--ci", metavar="P", help="Probability of the intervals. [default: 0.95]", show_default=False),
    ] = None,
    form: Annotated[Literal["table", "csv", "json"], typer.Option("--format", help="What to write.")] = "table",
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Write to a file instead of the screen."),
    ] = None,
    overwrite: OverwriteOption = False,
) -> None:
    """Print or write what a fit says, with intervals.

    \b
    Effects                       direct, indirect, total, defined (by := in the model)
    Variance that is explained    r_squared
    Drivers of an --outcome       ranks, shares (of R-squared), importance (and performance)
    If a --driver moves           what_if, catch_up (with the highest organization)
    Between organizations         heterogeneity (of paths), means (of constructs), loadings,
                                  moderation (of paths, by attributes of organizations)
    How well items measure        quality

    Effects are in standard deviations of each organization itself, or with --raw in the data's units. With
    --format csv or json all digits and diagnostics are written. Rows marked † rest mostly on the prior; in csv and
    json, the column rests_on_prior says so, and notes under a table stand in the column note.
    """  # noqa: D301  (a mark of the help, not of a text)
    question = Question(estimand, target, raw, ci, outcome, driver, by, method, answers)
    check_options(question)
    answers_of(answers)
    if output is not None:
        check_writable(output, overwrite=overwrite)
    from bayescx.cli.summaries import write_summary
    from bayescx.fitted import load_fit

    fitted = load_fit(file)
    show_convergence(fitted)
    write_summary(fitted, question, form, output)


@app.command(
    epilog=examples(
        "bayescx report fit.nc -o report.html",
        "bayescx report fit.nc -o report.html --ci 0.9",
        "bayescx report fit.nc -o report.html --margin total:satisfaction_cs:loyalty",
    )
)
def report(
    file: FitArgument,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="Where to write the report (.html).")],
    ci: IntervalOption = 0.95,
    no_sensitivity: Annotated[
        bool,
        typer.Option(
            "--no-sensitivity",
            help="Where fewer than five organizations have reported, do not fit again under other priors of their "
            "differences, which takes about twice as long as the fit.",
        ),
    ] = False,
    margin: Annotated[
        str | None,
        typer.Option(
            "--margin",
            metavar="QUANTITY",
            help="Show how the interval of this quantity shrank as organizations reported, which takes many refits: "
            "OUTCOME~CAUSE, total:CAUSE:OUTCOME, indirect:CAUSE:OUTCOME or r_squared:OUTCOME.",
        ),
    ] = None,
    answers: AnswersOption = None,
) -> None:
    """Write a report: one HTML file that opens anywhere.

    What was asked, the evidence, the answers in words, pictures and tables, how they were found, and how to
    reproduce them. The file needs no network and no program but a browser. A report that is there is replaced.
    """
    asked, scale = None if margin is None else quantity_of(margin), answers_of(answers)
    check_writable(output, kind="report")
    from bayescx.fitted import load_fit

    fitted = load_fit(file)
    show_convergence(fitted)
    write_report(fitted, output, ci=ci, sensitivity=not no_sensitivity, margin=asked, answers=scale)
