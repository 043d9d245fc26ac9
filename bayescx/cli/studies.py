"""Commands that make data up: ``simulate`` and ``demo``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bayescx.cli.app import app
from bayescx.cli.options import ModelArgument, OverwriteOption, SeedOption, examples
from bayescx.cli.outputs import check_writable
from bayescx.cli.steps import assignments_of, check_table_suffix, sample, save, sizes_of, write_report, write_table
from bayescx.errors import BayescxError


@app.command(
    epilog=examples(
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
    decimals: Annotated[
        int | None, typer.Option(metavar="N", min=0, max=15, help="Round the rows; by default all digits are kept.")
    ] = None,
    truth: Annotated[
        Path | None,
        typer.Option("--truth", metavar="FILE", help="Also write the values behind the rows (.csv)."),
    ] = None,
    overwrite: OverwriteOption = False,
) -> None:
    """Draw rows of simulated organizations.

    What --set leaves open gets a value: each equation explains half of its outcome, whose variance is 1;
    loadings are 1, those of reversed items -1, and the residual variances of items 0.36.
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
    write_table(study.rows if decimals is None else study.rows.round(decimals), output)
    typer.echo(f"wrote {output}: {len(study.rows)} simulated respondents of {organizations} organizations")
    if truth is not None:
        write_table(study.truth, truth)
        typer.echo(f"wrote {truth}: the values behind them")
    next_step = f"bayescx check {model} {output} --organization organization --simulated"
    typer.echo(f"seed {study.random_seed}; next: {next_step}")


@app.command(
    epilog=examples(
        "bayescx demo",
        "bayescx demo -o report.html",
        "bayescx demo --seed 7 -o demo.nc",
    )
)
def demo(
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Also write a report (.html) or save the fit (.nc)."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Of the sampler.")] = 1,
) -> None:
    """Fit the ten simulated organizations, show the effects.

    The value-creation model on the evidence that ships, from rows to every effect: in the typical organization,
    on average over the ten, and in a new one.
    """
    from bayescx.cli.console import screen, show_demo
    from bayescx.datasets import load_evidence, load_model, load_truth

    kind = None
    if output is not None:
        kind = {".html": "report", ".nc": "fit"}.get(output.suffix.lower())
        check_writable(output, kind=kind)
        if kind is None:
            raise BayescxError(f"cannot write {output}: a report is an .html file, a fit an .nc file")
    name = "ten_organizations"
    model = load_model("value_creation")
    evidence = load_evidence(name).matched(model.observed, model.coded, model.attributes)
    console = screen()
    console.print(
        f"Simulated data ({name}): ten organizations, {evidence.n_obs.sum()} respondents. Nobody was asked.\n"
    )
    console.print(str(model))
    fitted = sample(model, evidence, quiet=False, random_seed=seed)
    show_demo(console, fitted, load_truth(name))
    if output is not None and kind == "report":
        write_report(fitted, output)
    elif output is not None:
        save(fitted, output)
        typer.echo(f"saved {output}")
