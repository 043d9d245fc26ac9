"""Steps that commands share: inputs checked together, sampling, reports, and words to settings."""

from __future__ import annotations

import math
import re
import sys
import textwrap
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from bayescx.cli.outputs import writing
from bayescx.errors import (
    BayescxError,
    ConvergenceWarning,
    EvidenceError,
    FitError,
    InputProblems,
    ModelError,
)

if TYPE_CHECKING:
    import pandas as pd

    from bayescx.estimands.quantity import QuantityName
    from bayescx.evidence import Evidence, Matched
    from bayescx.fitted import Fit
    from bayescx.spec import PathModel

__all__ = [
    "answers_of",
    "assignments_of",
    "check_table_suffix",
    "pooling_of",
    "quantity_of",
    "read_inputs",
    "sample",
    "save",
    "show_convergence",
    "sizes_of",
    "write_report",
    "write_table",
]

_RULE = "!" * 100


# ------------------------------------------------------------------------------------------------ inputs


def read_inputs(
    model: str, evidence: str, *, settings: dict[str, Any] | None = None, **options: Any
) -> tuple[PathModel, Evidence, Matched]:
    """Read and match model and evidence.

    Parameters
    ----------
    model, evidence : str
        Names or files.
    settings : dict, optional
        ``pooling`` and ``identification``, where they are known.
    **options
        Of `open_evidence`.

    Raises
    ------
    BayescxError
        With everything that is wrong with either.
    """
    from bayescx.datasets import open_evidence, open_model

    problems: list[str] = []
    spec = shared = matched = None
    try:
        spec = open_model(model)
        _check_layout(spec, settings or {})
    except ModelError as error:
        problems.append(str(error))
    try:
        shared = open_evidence(evidence, **options)
        if spec is None:
            _refuse_unreadable(shared)
        else:
            matched = shared.matched(spec.observed, spec.coded, spec.attributes)
            _check_attributes(spec, matched)
            if not problems:
                _check_prepared(spec, matched, settings or {})
    except (EvidenceError, ModelError) as error:
        problems.append(str(error))
    if spec is None or shared is None or matched is None or problems:
        raise BayescxError("\n".join(problems))
    return spec, shared, matched


def _check_layout(spec: PathModel, settings: dict[str, Any]) -> None:
    from bayescx.model.identified import check_identified
    from bayescx.model.layout import Layout

    check_identified(Layout.of(spec, **settings))


def _check_attributes(spec: PathModel, matched: Matched) -> None:
    """Refuse attributes that so few organizations cannot tell of; without any, nothing is loaded for it."""
    if spec.attributes:
        from bayescx.model.told_apart import check_told_apart

        check_told_apart(spec, matched)


def _check_prepared(spec: PathModel, matched: Matched, settings: dict[str, Any]) -> None:
    """Refuse what does not fit the model: figures, signs, coded terms; without any, nothing is loaded for it."""
    if matched.published or matched.signs or spec.coded or spec.attributes:
        from bayescx.model.prepare import prepare

        prepare(spec, matched, **settings)


def _refuse_unreadable(shared: Evidence) -> None:
    """What can be said of evidence as long as nobody knows the variables that the model needs."""
    from bayescx.evidence.evidence import Unusable
    from bayescx.evidence.findings import lines, on_one_screen

    findings = [one for part in shared.parts.values() if isinstance(part, Unusable) for one in part.findings]
    problems = [*shared.defects, *lines(findings, len(shared.parts))]
    if problems:
        raise EvidenceError(f"evidence {shared.source}".rstrip(), on_one_screen(problems))


# ---------------------------------------------------------------------------------------------- sampling


def sample(spec: PathModel, matched: Matched, *, quiet: bool, **settings: Any) -> Fit:
    """Sample with live progress on a terminal, or one line before and one after; warnings are shown last."""
    if not quiet:
        typer.echo(f"{_left_out(matched)}sampling {_size(matched)} …", err=True)
    sys.stdout.flush()  # what was printed before comes before the progress, also in a log of both
    began = time.perf_counter()
    live = sys.stderr.isatty() and not quiet
    with _recorded() as caught:
        from bayescx.model import fit

        fitted = fit(spec, matched, progressbar=live, **settings)
    if live:
        typer.echo(err=True)  # the progress ends without a line break
    if not quiet:
        kept = fitted.posterior.sizes["chain"] * fitted.posterior.sizes["draw"]
        seconds = time.perf_counter() - began
        typer.echo(f"{kept} draws in {seconds:.1f} s, seed {fitted.seed}", err=True)
    for warning in caught:
        _show_warning(warning)
    return fitted


@contextmanager
def _recorded() -> Iterator[list[warnings.WarningMessage]]:
    """Keep warnings, to be shown once progress is over."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        yield caught


def _size(matched: Matched) -> str:
    count, total, figures = len(matched.organizations), int(matched.n_obs.sum()), _informing(matched)
    known = [f"{count} organization{'s' if count != 1 else ''}"]
    known += [f"{total} respondents"] if total else []
    known += [f"{figures} published figure{'s' if figures != 1 else ''}"] if figures else []
    return ", ".join(known)


def _informing(matched: Matched) -> int:
    return sum(figure.use == "evidence" for figure in matched.published)


def _left_out(matched: Matched) -> str:
    """Lines on organizations and rows that do not take part, for those who did not run ``check``."""
    lines = [f"kept out for too few respondents: {', '.join(matched.kept_out)}"] if matched.kept_out else []
    lines += [f"left out: {matched.unassigned} rows that name no organization"] if matched.unassigned else []
    return "".join(f"{line}\n" for line in lines)


def show_convergence(fit: Fit) -> None:
    """Repeat on stderr what sampling said of convergence: a saved fit keeps it."""
    if problems := fit.provenance.get("convergence_problems"):
        _shout("; ".join(problems))


def _shout(message: object) -> None:
    text = textwrap.fill(f"NOT CONVERGED: {message}", len(_RULE), break_on_hyphens=False)
    typer.secho(f"{_RULE}\n{text}\n{_RULE}", err=True, fg="red", bold=True)


def _show_warning(warning: warnings.WarningMessage) -> None:
    if issubclass(warning.category, ConvergenceWarning):
        _shout(warning.message)
    elif warning.category in (UserWarning, RuntimeWarning):
        typer.echo(f"warning: {warning.message}", err=True)


def save(fit: Fit, path: Path) -> None:
    """Save a fit to a file that was found writable; what fails now is no fault of the input: exit code 1."""
    try:
        fit.save(path)
    except FitError as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(1) from error


def write_report(
    fit: Fit,
    path: Path,
    *,
    ci: float = 0.95,
    sensitivity: bool = True,
    margin: QuantityName | None = None,
    answers: tuple[float, float] | None = None,
) -> None:
    """Write the report of a fit to a file that was found writable, if need be with the margin of a quantity."""
    from bayescx.estimands.margin import margin_by_reporting
    from bayescx.report import check_report
    from bayescx.report import write_report as write

    check_report(path)  # before refits
    began, verb = time.perf_counter(), "replaced" if path.exists() else "wrote"
    with _recorded() as caught:
        followed = None if margin is None else margin_by_reporting(fit, margin, ci_prob=ci)
        write(fit, path, ci_prob=ci, sensitivity=sensitivity, margin=followed, answers=answers)
    for warning in caught:
        _show_warning(warning)
    seconds = time.perf_counter() - began
    typer.echo(f"{verb} {path} ({path.stat().st_size / 1e6:.1f} MB, {seconds:.1f} s): open it in a browser")


# ------------------------------------------------------------------------------------------------ tables


def check_table_suffix(path: Path) -> None:
    """Refuse a table that is neither CSV nor Parquet by name."""
    if path.suffix.lower() not in (".csv", ".parquet"):
        raise BayescxError(f"cannot write {path}: tables are .csv or .parquet files")


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV or Parquet, whole or not at all."""
    with writing(path) as part:
        if path.suffix.lower() == ".parquet":
            table.to_parquet(part, index=False)
        else:
            table.to_csv(part, index=False)


# ------------------------------------------------------------------------------------- words to settings


def pooling_of(text: str) -> str | dict[str, str]:
    """``partial``, or ``paths=partial,residuals=none`` as a dictionary; `fit` knows which words there are."""
    if "=" not in text:
        return text
    pairs = [pair.partition("=") for pair in text.split(",")]
    return {block.strip(): word.strip() for block, _, word in pairs}


def quantity_of(text: str) -> QuantityName:
    """``loyalty~trust``, or ``total:trust:loyalty`` as a kind and constructs, which may stand between backquotes.

    Raises
    ------
    BayescxError
        If it is neither.
    """
    if "~" in text:
        return text
    kind, *names = [part.strip() for part in re.findall(r"(?:`[^`]*`|[^:`])+", text)] or [""]
    if {"total": 2, "indirect": 2, "r_squared": 1}.get(kind) != len(names):
        raise BayescxError(
            "a quantity is OUTCOME~CAUSE (a direct effect), total:CAUSE:OUTCOME, indirect:CAUSE:OUTCOME or "
            f"r_squared:OUTCOME, found {text!r}"
        )
    return kind, *names


def answers_of(text: str | None) -> tuple[float, float] | None:
    """``1:7`` as the lowest and the highest answer of a questionnaire; None if nothing was said.

    Raises
    ------
    BayescxError
        If it is not two finite numbers, the lowest first.
    """
    if text is None:
        return None
    try:
        low, high = map(float, text.split(":"))
    except ValueError:
        low = high = math.nan
    if math.isfinite(low) and math.isfinite(high) and low < high:
        return low, high
    raise BayescxError(
        f"--answers is the lowest and the highest answer of the questionnaire, such as 1:7, found {text!r}"
    )


def sizes_of(text: str) -> int | tuple[int, int]:
    """``500`` or ``150:600``.

    Raises
    ------
    BayescxError
        If it is neither.
    """
    ends = text.split(":")
    try:
        sizes = [int(end) for end in ends]
    except ValueError:
        sizes = []
    if len(sizes) == 1:
        return sizes[0]
    if len(sizes) == 2:
        return sizes[0], sizes[1]
    raise BayescxError(f"--n is a whole number such as 500 or a range such as 150:600, found {text!r}")


def assignments_of(texts: Sequence[str]) -> dict[str, float]:
    """``["f=~x1=0.8", "y~x=0.4"]`` as values by name.

    Raises
    ------
    InputProblems
        With every entry that is not NAME=VALUE, and every name given twice.
    """
    found: dict[str, float] = {}
    problems = []
    for text in texts:
        name, sign, value = text.rpartition("=")
        try:
            number = float(value)
        except ValueError:
            sign = ""
        if not sign or not name.strip():
            problems.append(f"NAME=VALUE is needed, such as 'loyalty~trust=0.4', found {text!r}")
        elif name in found:
            problems.append(f"{name} is set twice")
        else:
            found[name] = number
    if problems:
        raise InputProblems("--set", problems)
    return found
