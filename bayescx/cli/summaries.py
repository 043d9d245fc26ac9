"""Answers of ``summarize``: a table for files, and how it is shown on a screen."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from bayescx._names import ORGANIZATION, OUTCOME
from bayescx.cli.outputs import writing
from bayescx.cli.steps import answers_of
from bayescx.errors import BayescxError

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from rich.console import Console

    from bayescx.cli.questions import Question
    from bayescx.fitted import Fit

__all__ = ["Answer", "answer", "write_summary"]


@dataclass(frozen=True)
class Answer:
    """A table with all digits, and what shows it."""

    table: pd.DataFrame
    show: Callable[[Console], None]


def write_summary(fit: Fit, question: Question, form: str, output: Path | None) -> None:
    """Answer a question, and write the answer as a table, CSV or JSON to the screen or a file."""
    from bayescx.cli.console import as_text, screen

    found = answer(fit, question)
    if form == "table":
        console = screen() if output is None else as_text()
        found.show(console)
        text = "" if output is None else console.file.getvalue()  # type: ignore[attr-defined]  # a StringIO
    else:
        text = _serialized(found.table, form)
    if output is None:
        typer.echo(text, nl=False)
        return
    with writing(output) as part:
        part.write_text(text, encoding="utf-8")
    typer.echo(f"wrote {output}", err=True)


def _serialized(table: pd.DataFrame, form: str) -> str:
    if form == "csv":
        return table.to_csv(index=False)
    return table.to_json(orient="records", indent=2, double_precision=15, force_ascii=False) + "\n"


def answer(fit: Fit, question: Question) -> Answer:
    """Compute an estimand and summarize it.

    Raises
    ------
    BayescxError
        If the question leaves out, or names wrongly, what it is about; or the fit has no answer.
    """
    found = {
        "heterogeneity": _heterogeneity,
        "moderation": _moderation,
        "ranks": _ranks,
        "shares": _shares,
        "importance": _importance,
        "means": _means,
        "quality": _quality,
        "loadings": _loadings,
        "what_if": _what_if,
        "catch_up": _catch_up,
    }.get(question.estimand, _effects)
    return found(fit, question)


# ----------------------------------------------------------------------------------- what a question is about


def _outcome(fit: Fit, question: Question) -> str:
    if question.outcome is None:
        there = list(dict.fromkeys(row.lhs for row in fit.model.paths))
        raise BayescxError(_needed(question, "--outcome", there))
    return question.outcome


def _driver(fit: Fit, question: Question) -> str:
    """The construct that is moved, which must be one."""
    from bayescx.estimands.population import positions
    from bayescx.estimands.system import layout_of

    if question.driver is None:
        there = [name for name in fit.model.constructs if any(row.rhs == name for row in fit.model.paths)]
        raise BayescxError(_needed(question, "--driver", there))
    positions(layout_of(fit), [question.driver])
    return question.driver


def _needed(question: Question, option: str, there: Iterable[str]) -> str:
    listed = ", ".join(there)
    which = f"one of {listed}" if listed else "but nothing in this model drives anything"
    return f"--estimand {question.estimand} needs {option}: {which}"


def _followers(fit: Fit, question: Question, driver: str) -> list[str]:
    """The outcome asked for, or the construct that moves and all that follow."""
    from bayescx.estimands.population import positions
    from bayescx.estimands.system import layout_of

    reached = [name for name in fit.model.constructs if name == driver or fit.model.count_routes(driver, name)]
    if question.outcome is None:
        return reached
    positions(layout_of(fit), [question.outcome])
    if question.outcome not in reached:
        raise BayescxError(
            f"no route leads from {driver!r} to {question.outcome!r}. What follows {driver!r}: "
            f"{', '.join(name for name in reached if name != driver) or 'nothing'}"
        )
    return [question.outcome]


# ----------------------------------------------------------------------------------------------- the answers


def _drawn(
    fit: Fit,
    array: xr.DataArray,
    question: Question,
    *,
    whom: str = "",
    by: str = ORGANIZATION,
    more: tuple[str, ...] = (),
    shown: tuple[str, ...] = (),
    notes: Iterable[str] = (),
) -> Answer:
    """Draws, summarized. Coordinates named by ``more`` become columns, those by ``shown`` on the screen too.

    Notes stand below the table on a screen, and in a column of files.
    """
    from bayescx.cli.console import heading, say, show_summary
    from bayescx.estimands import summarize

    table = summarize(array, question.ci_prob)
    for name in more:
        known = array[name].reset_coords(drop=True).to_series()
        index = table[known.index.names[0]] if known.index.nlevels == 1 else _index(table, known.index.names)
        table[name] = known.reindex(index).to_numpy()
    told = table.dropna(subset=["mean"]).reset_index(drop=True)
    remarks = [f"{note[0].upper()}{note[1:].rstrip('.')}." for note in notes if note]
    kept = (told if whom else table).assign(**({"note": " ".join(remarks)} if remarks else {}))

    def show(console: Console) -> None:
        show_summary(console, heading(fit, array, whom), told, by=by, more=shown)
        for remark in remarks:
            console.print()
            say(console, remark)

    return Answer(kept, show)


def _index(table: pd.DataFrame, names: Iterable[Any]) -> pd.MultiIndex:
    import pandas as pd

    return pd.MultiIndex.from_frame(table[list(names)])


def _effects(fit: Fit, question: Question) -> Answer:
    from bayescx import estimands

    if question.estimand == "r_squared":
        return _drawn(fit, estimands.r_squared(fit, question.whom), question)
    function = "defined_parameters" if question.estimand == "defined" else f"{question.estimand}_effects"
    array = getattr(estimands, function)(fit, question.whom, standardized=not question.raw)
    return _drawn(fit, array, question)


def _heterogeneity(fit: Fit, question: Question) -> Answer:
    import pandas as pd

    from bayescx.cli.console import show_heterogeneity
    from bayescx.estimands import heterogeneity, summarize

    found = heterogeneity(fit)
    factor = found["pooling_factor"].to_series()  # has no draws, only a value
    rows = pd.DataFrame({"quantity": "pooling_factor", "path": factor.index, "mean": factor.to_numpy()})
    table = pd.concat([summarize(found, question.ci_prob), rows], ignore_index=True)
    return Answer(table, lambda console: show_heterogeneity(console, table))


def _moderation(fit: Fit, question: Question) -> Answer:
    import pandas as pd

    from bayescx.cli.moderation import show_moderation
    from bayescx.estimands.moderation_tables import explained_table, moderator_table

    differences = moderator_table(fit, question.ci_prob, standardized=not question.raw)
    explained = explained_table(fit, question.ci_prob)
    table = pd.concat([differences.assign(quantity="difference"), explained.assign(quantity="explained")])
    table = table[["quantity", *table.columns.drop("quantity")]].reset_index(drop=True)
    return Answer(table, lambda console: show_moderation(console, differences, explained, raw=question.raw))


def _ranks(fit: Fit, question: Question) -> Answer:
    from bayescx.cli.console import whom_words
    from bayescx.cli.listings import show_ranks
    from bayescx.estimands.ranks import rank_probabilities

    found = rank_probabilities(fit, _outcome(fit, question), question.whom)
    table = found.rename("probability").to_dataframe().reset_index().dropna().reset_index(drop=True)
    table = table[[*found.dims, "probability", "negative"]]
    about = f"{found.attrs['long_name']}; rank 1 is the greatest. Target: {whom_words(fit, question.whom)}"
    return Answer(table, lambda console: show_ranks(console, about, table))


def _shares(fit: Fit, question: Question) -> Answer:
    from bayescx.estimands.shares import explained_shares

    method: Any = question.method or "lmg"
    found = explained_shares(fit, _outcome(fit, question), method, target=question.whom)
    return _drawn(
        fit, found.rename(group="driver"), question, notes=["the shares of an outcome add up to its R-squared"]
    )


def _importance(fit: Fit, question: Question) -> Answer:
    from bayescx.estimands.importance import importance_performance

    scale = answers_of(question.answers)
    found = importance_performance(fit, _outcome(fit, question), question.whom, answers=scale)
    columns = ("performance", "performance_se")
    array = found["importance"].assign_coords({name: found[name].variable for name in columns})
    array.attrs |= {"long_name": f"importance ({array.attrs['long_name']}) and performance", "target": question.whom}
    array.attrs["units"] = f"{array.attrs['units']}, and {found['performance'].attrs['units']}"
    notes = [str(found.attrs["mixed_units"])]
    notes += [f"{start}: {found.attrs[key]}" for start, key in _LEFT.items() if found.attrs[key]]
    more = (*columns, "items", "of_items", "organizations", "placed")
    return _drawn(fit, array, question, more=more, shown=columns, notes=notes)


_LEFT = {"reversed items": "reversed", "levels that cannot be compared": "not_placed", "left out": "left_out"}


def _means(fit: Fit, question: Question) -> Answer:
    from bayescx.estimands.latent_means import COMPARABLE, CONSTRUCT, DIFFER, latent_means

    found = latent_means(fit, standardized=not question.raw)
    return _drawn(
        fit, found, question, whom="each organization that shared means", by=CONSTRUCT,
        more=("items", "intercept_noise", COMPARABLE, DIFFER), notes=_on_means(found),
    )  # fmt: skip


def _on_means(found: xr.DataArray) -> list[str]:
    left_out = found.attrs["left_out"]
    return [str(found.attrs["comparability"]), *([f"left out: {left_out}"] if left_out else [])]


def _quality(fit: Fit, question: Question) -> Answer:
    from bayescx.cli.console import whom_words
    from bayescx.cli.listings import show_quality
    from bayescx.estimands.reliability import measurement_quality

    table = measurement_quality(fit, question.whom, question.ci_prob)
    whom = whom_words(fit, question.whom)
    return Answer(table, lambda console: show_quality(console, table, whom, question.ci_prob))


def _loadings(fit: Fit, question: Question) -> Answer:
    from bayescx.cli.listings import show_loadings
    from bayescx.estimands.loading_differences import differing_items

    table = differing_items(fit, ci_prob=question.ci_prob)
    return Answer(table, lambda console: show_loadings(console, table))


def _what_if(fit: Fit, question: Question) -> Answer:
    from bayescx.estimands import what_if

    driver = _driver(fit, question)
    by = 1.0 if question.by is None else question.by
    found = what_if(fit, {driver: by}, question.whom, standardized=not question.raw)
    return _drawn(fit, found.sel({OUTCOME: _followers(fit, question, driver)}), question)


def _catch_up(fit: Fit, question: Question) -> Answer:
    from bayescx.estimands.catch_up import catch_up

    driver = _driver(fit, question)
    wanted = _followers(fit, question, driver)
    found = catch_up(fit, driver, standardized=not question.raw).sel({OUTCOME: wanted})
    comparable = "can" if bool(found["comparable"]) else "should not"
    note = (
        f"organizations {comparable} be compared on {driver}. That they differ, by an SD of their means above a tenth "
        f"of that of customers, has probability {float(found['differ']):.2f}; gaps are never below 0 and say little "
        "where they do not"
    )
    notes = [note, *_on_means(found)[1:]]
    return _drawn(fit, found, question, whom="each organization that shared means", by=OUTCOME, notes=notes)
