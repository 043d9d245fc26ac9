"""The command ``bayescx`` itself; its commands register themselves here."""

from __future__ import annotations

from typing import Annotated

import typer

from bayescx.cli.options import examples

app = typer.Typer(
    name="bayescx",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # plain help: wraps well and reads well aloud
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"], "max_content_width": 100},
)


@app.callback(
    invoke_without_command=True,
    epilog=examples(
        "bayescx demo -o report.html",
        "bayescx check value_creation rows.csv --organization organization",
        "bayescx fit value_creation rows.csv --organization organization --planned 12 -o fit.nc",
        "bayescx summarize fit.nc --estimand total --target average",
        "bayescx report fit.nc -o report.html",
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
