"""The comparison of a replication in words: whether the results agree, and if not, where."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from bayescx.evidence.findings import printable, shortened
from bayescx.fitted import Fit
from bayescx.replication.compare import WITHIN

__all__ = ["NEVER", "ONE_IN", "Verdict", "judge"]

ONE_IN = 100
"""Results agree when at most one figure in so many lies beyond 4 Monte Carlo errors ..."""
NEVER = 6.0
"""... and none beyond so many."""
_LISTED = 10
_WIDEST = 200


@dataclass(frozen=True)
class Verdict:
    """Whether the results of a replication agree, and the reasons in words."""

    agrees: bool
    text: str

    def __str__(self) -> str:
        return self.text


def judge(comparison: pd.DataFrame, fit: Fit, settings: Mapping[str, Any]) -> Verdict:
    """Say whether a replication agrees with the original.

    A figure agrees within 4 Monte Carlo errors. These errors are estimates, and summaries hold thousands of figures,
    many of the same draws: with another seed a few lie beyond by chance. Of 278 pairs of fits that differed in nothing
    but their seed (513 to 4,680 figures each), 28 had at least one such figure, none had more than 0.6 percent, and the
    farthest lay at 5.1 errors. So results agree when at most one figure in 100 lies beyond 4 errors, and none beyond 6,
    and when the fit was to the same evidence.

    Parameters
    ----------
    comparison : DataFrame
        From ``compare_summaries``.
    fit : Fit
        The new fit.
    settings : mapping
        Those of the original, from ``read_settings``.

    Returns
    -------
    Verdict

    Examples
    --------
    >>> from bayescx.replication import compare_summaries, read_settings, write_replication, write_tables
    >>> folder = write_replication(fit, "replication")
    >>> write_tables(fit, folder / "replicated")
    >>> comparison = compare_summaries(folder / "summary", folder / "replicated")
    >>> judge(comparison, fit, read_settings(folder)).agrees
    True
    """
    beyond = comparison[~comparison["agrees"]].sort_values("errors", ascending=False, kind="stable")
    far = int((beyond["errors"] > NEVER).sum())
    close = far == 0 and len(beyond) <= len(comparison) // ONE_IN
    outcome = _agreement(comparison, len(beyond)) if close else _disagreement(comparison, len(beyond), far)
    lines = [f"{outcome} ({_circumstances(comparison, fit, settings)})."]
    if close and len(beyond):
        lines.append(
            f"Monte Carlo errors are estimates: of so many figures, one in {ONE_IN} may lie beyond {WITHIN:g} of them "
            f"by chance, and none beyond {NEVER:g}. They agree."
        )
    agrees = close and fit.evidence.fingerprint == settings["fingerprint"]
    return Verdict(agrees, "\n".join([*lines, *_listing(beyond), *_notes(fit, settings)]))


def _count(comparison: pd.DataFrame) -> str:
    quantities = len(comparison[["table", "quantity"]].drop_duplicates())
    return f"{len(comparison):,} figures (means and interval bounds of {quantities:,} quantities)"


def _agreement(comparison: pd.DataFrame, beyond: int) -> str:
    whole = f"{len(comparison) - beyond:,} of {_count(comparison)}" if beyond else f"All {_count(comparison)}"
    largest = "0.0" if _identical(comparison) else f"{comparison['errors'].max():.2g} of them"
    return f"{whole} agree within {WITHIN:g} Monte Carlo errors; the largest difference is {largest}"


def _disagreement(comparison: pd.DataFrame, beyond: int, far: int) -> str:
    return (
        f"The results do NOT agree: {beyond:,} of {_count(comparison)} differ by more than {WITHIN:g} Monte Carlo "
        f"errors, {far:,} of them by more than {NEVER:g}"
    )


def _identical(comparison: pd.DataFrame) -> bool:
    return bool(comparison["agrees"].all()) and comparison["old"].equals(comparison["new"].rename("old"))


def _circumstances(comparison: pd.DataFrame, fit: Fit, settings: Mapping[str, Any]) -> str:
    original = settings["fit"]["random_seed"]
    seed = "same seed" if fit.seed == original else f"seed {fit.seed}, the original's is {original}"
    versions = "other versions" if _versions_apart(fit, settings) else "same versions"
    return f"{seed}, {versions}{': the figures are identical' if _identical(comparison) else ''}"


def _versions_apart(fit: Fit, settings: Mapping[str, Any]) -> list[str]:
    then, now = settings["versions"], fit.provenance["versions"]
    return [
        f"{name} {now.get(name, 'unknown')} (original: {then.get(name, 'unknown')})"
        for name in dict.fromkeys([*then, *now])
        if then.get(name) != now.get(name)
    ]


def _notes(fit: Fit, settings: Mapping[str, Any]) -> list[str]:
    notes = []
    if apart := _versions_apart(fit, settings):
        notes.append(f"Other versions than the original's: {', '.join(apart)}.")
    if fit.evidence.fingerprint != settings["fingerprint"]:
        notes.append(
            "THE EVIDENCE IS NOT THAT of the original fit, so whatever the figures say, it was not replicated."
        )
    for whose, problems in (
        ("original", settings["convergence_problems"]),
        ("new", fit.provenance["convergence_problems"]),
    ):
        if problems:
            reasons = "; ".join(shortened(str(problem), _WIDEST) for problem in problems)
            notes.append(f"The {whose} fit DID NOT CONVERGE ({reasons}): its figures are not to be relied on.")
    return [printable(note) for note in notes]


def _listing(beyond: pd.DataFrame) -> list[str]:
    """The figures that differ most, each with both values."""
    lines = ["The figures that differ most:"] if len(beyond) else []
    columns = ["table", "quantity", "figure", "old", "new", "errors"]
    for table, quantity, figure, old, new, errors in beyond[columns].head(_LISTED).itertuples(index=False):
        name = printable(shortened(f"{table}: {quantity}", _WIDEST))
        lines.append(f"  {name}, {figure}: {_value(old)} in summary/, {_value(new)} now ({errors:.3g} errors)")
    if len(beyond) > _LISTED:
        lines.append(f"  ... and {len(beyond) - _LISTED:,} more")
    return lines


def _value(value: float) -> str:
    return "none" if math.isnan(value) else f"{value:.6g}"
