"""Arguments and options that several commands take, described once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

ModelArgument = Annotated[str, typer.Argument(metavar="MODEL", help="A shipped model's name or a .lavaan file.")]
EvidenceArgument = Annotated[
    str,
    typer.Argument(
        metavar="EVIDENCE",
        help="A shipped evidence's name, a .toml file (published figures stand in it too), or a .csv or .parquet table "
        "with --organization.",
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
    typer.Option("--min-n", metavar="N", help="Keep out, by name, organizations with fewer respondents."),
]
MissingOption = Annotated[
    Literal["fiml", "listwise"] | None,
    typer.Option(
        help="Missing answers: every answer counts (fiml, the default), or only respondents who answered all that "
        "the model needs (listwise).",
        show_default=False,
    ),
]
OverwriteOption = Annotated[bool, typer.Option("--overwrite", help="Replace files that are there.")]
FitArgument = Annotated[Path, typer.Argument(metavar="FIT", help="A fit saved by `bayescx fit`.")]
IntervalOption = Annotated[float, typer.Option("--ci", metavar="P", help="Probability of the intervals.")]
AnswersOption = Annotated[
    str | None,
    typer.Option(
        "--answers",
        metavar="LOW:HIGH",
        help="Lowest and highest answer, such as 1:7: levels of drivers run from 0 to 100, reversed items are turned.",
    ),
]
SimulatedOption = Annotated[
    bool, typer.Option("--simulated", help="Nobody gave these data: reports and pictures say that they are simulated.")
]
SeedOption = Annotated[int | None, typer.Option("--seed", metavar="N", help="Makes the result reproducible.")]


def examples(*lines: str) -> str:
    """The end of a command's help: calls that work."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])  # \b: leave the lines as they are
