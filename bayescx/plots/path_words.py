"""What a path diagram says in words and numbers: labels, title, description, notes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING

from bayescx.estimands.effects import units_of
from bayescx.fitted import Fit
from bayescx.spec import PathModel
from bayescx.wording import interval_name, numeral, with_minus

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Texts",
    "contains_zero",
    "effect_lines",
    "in_words",
    "rows_of",
    "second_order",
    "share_line",
    "target_in_words",
]


def rows_of(data: pd.DataFrame, kind: str) -> list[pd.Series]:
    """The rows of one kind."""
    return [row for _, row in data[data["kind"] == kind].iterrows()]


def in_words(model: PathModel, row: pd.Series) -> str:
    """A path in words."""
    return f"{model.in_words(row['cause'])} → {model.in_words(row['outcome'])}"


def contains_zero(row: pd.Series) -> bool:
    """Whether the interval of an effect does."""
    return bool(row["lower"] <= 0 <= row["upper"])


def second_order(model: PathModel) -> list[tuple[str, str]]:
    """Factors, each with a factor that it is measured by."""
    factors = set(model.latents)
    return [(row.lhs, row.rhs) for row in model.loadings if row.rhs in factors]


def _decimals(values: Sequence[float], *, standardized: bool) -> int | None:
    """Decimals of an effect and its interval; None where only powers of ten are readable."""
    largest = max(map(abs, values))
    if standardized or largest == 0 or 0.1 <= largest < 100:
        return 2
    if not 1e-4 <= largest < 1e6:
        return None
    return max(1 - math.floor(math.log10(largest)), 0) if largest < 0.1 else int(largest < 1000)


def _number(value: float, decimals: int | None) -> str:
    if decimals is None:
        if value == 0:
            return "0"
        digits, _, exponent = f"{value:.1e}".partition("e")
        power = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
        return with_minus(f"{digits}×10{power}")
    return with_minus(f"{value:.{decimals}f}")


def effect_lines(row: pd.Series, *, standardized: bool) -> tuple[str, ...]:
    """Mean and interval; a fixed path of raw units has no interval."""
    values = row["mean"], row["lower"], row["upper"]
    decimals = _decimals(values, standardized=standardized)
    mean, lower, upper = (_number(value, decimals) for value in values)
    if not row["fixed"]:
        return mean, f"[{lower}, {upper}]"
    is_constant = math.isclose(row["lower"], row["upper"], rel_tol=1e-9)
    return (f"fixed {mean}",) if is_constant else (f"fixed {mean}", f"[{lower}, {upper}]")


def share_line(row: pd.Series) -> str:
    """Explained variance and its interval."""
    mean, lower, upper = (with_minus(f"{row[name]:.2f}") for name in ("mean", "lower", "upper"))
    return f"R² {mean} [{lower}, {upper}]"


def target_in_words(fit: Fit, target: str, organization: str | None) -> str:
    """Whom the numbers are about."""
    if organization is not None:
        return organization if target == "organization" else f"{organization} by itself"
    if target != "average":
        return f"a {target} organization"
    planned, known = fit.n_planned, len(fit.organizations)
    if planned == 1:
        return f"{fit.organizations[0]}, the only organization"
    only = sum(fit.evidence.level.get(name) == "figures" for name in fit.organizations)
    counts = {"reported": known - only, "known by figures": only} if only or planned > known else {}
    beyond = "".join(f", {numeral(number)} {how}" for how, number in counts.items() if number)
    return f"average of the {numeral(planned)} organizations{' planned' if planned > known else ''}{beyond}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


class Texts:
    """What the picture is called, what it says to those who cannot see it, and what is written below it."""

    def __init__(self, fit: Fit, data: pd.DataFrame, whom: str, ci_prob: float, *, standardized: bool) -> None:
        self.model, self.whom = fit.model, whom
        self.is_simulated = fit.evidence.simulated
        self.standardized = standardized
        self.interval = interval_name(ci_prob)
        self.paths, self.shares = rows_of(data, "path"), rows_of(data, "r_squared")
        self.left_open = [row for row in self.paths if row["rests_on_prior"]]

    @property
    def title(self) -> str:
        """What is shown, in one line."""
        name = (self.model.name or "").replace("_", " ").strip()
        return f"Path diagram{': ' if name else ''}{name}, {self.whom}"

    @property
    def notes(self) -> list[str]:
        """What a reader of the picture must know; each begins a line."""
        kind = "Standardized effects" if self.standardized else "Effects in the data's units"
        notes = [f"{kind}, mean [{self.interval}]: {self.whom}."] if self.paths else [f"{self.whom}."]
        key = " ".join(self._key())
        left_open = ["Dashed: rests mostly on the prior."] if self.left_open else []
        return [*notes, *left_open, *([key] if key else []), *(["Simulated data"] if self.is_simulated else [])]

    def _key(self) -> list[str]:
        """The signs that occur and need a word."""
        free = [row for row in self.paths if not row["fixed"]]
        signs = {
            "Orange: negative effect.": any(row["mean"] < 0 for row in free),
            "Pale: interval contains 0.": any(map(contains_zero, free)),
            "Fixed: set by the model, in the data's units.": len(free) < len(self.paths),
            "Round ends: factor.": bool(self.model.latents),
            "Thin grey: factor to what measures it.": bool(second_order(self.model)),
        }
        return [text for text, occurs in signs.items() if occurs]

    @property
    def description(self) -> str:
        """What a person sees, for those who cannot."""
        return " ".join([*self._overview(), *self._extremes(), *self._signs(), *self._left_out()])

    def _overview(self) -> list[str]:
        counts = f"{_count(len(self.model.constructs), 'construct')} and {_count(len(self.paths), 'path')}"
        texts = [f"Path diagram of {counts}: {self.whom}."]
        if self.is_simulated:
            texts.append("The data are simulated.")
        if self.paths:
            units = units_of(standardized=self.standardized)
            texts.append(f"Each path bears the mean of its effect ({units}) and its {self.interval}.")
        return texts

    def _extremes(self) -> list[str]:
        texts = []
        if self.paths and self.standardized:
            strongest = max(self.paths, key=lambda row: abs(row["mean"]))
            effect = " ".join(effect_lines(strongest, standardized=True))
            texts.append(f"The strongest is {in_words(self.model, strongest)}: {effect}.")
        if self.shares:
            best = max(self.shares, key=lambda row: float(row["mean"]))
            texts.append(f"The best explained construct is {self.model.in_words(best['outcome'])}: {share_line(best)}.")
        return texts

    def _signs(self) -> list[str]:
        texts = ["Rectangles are observed constructs."]
        if self.model.latents:
            convention = "as usual in structural equation models"
            texts = [f"Rectangles are observed constructs, boxes with round ends are factors, {convention}."]
        if self.paths:
            texts.append("Positive effects are blue, negative ones orange.")
            texts.append("Pale arrows have an interval that contains 0.")
            thicker = "Thicker arrows are stronger." if self.standardized else "Arrows have one width."
            texts.append(thicker)
        if self.left_open:
            named = "; ".join(in_words(self.model, row) for row in self.left_open)
            texts.append(f"Dashed arrows rest mostly on the prior, the evidence leaves them open: {named}.")
        if any(row["fixed"] for row in self.paths):
            texts.append("Dark grey arrows marked 'fixed' were set by the model, in the data's units.")
        if second_order(self.model):
            texts.append("Thin grey arrows lead from a factor to the factors that measure it.")
        return texts

    def _left_out(self) -> list[str]:
        given = {frozenset((row.lhs, row.rhs)): row for row in self.model.covariances}
        zero = {pair for pair, row in given.items() if row.fixed == 0}
        exogenous = {frozenset(pair) for pair in combinations(self.model.exogenous, 2)}
        left_out = []
        if exogenous - zero and not self.model.coded:  # coded ones are taken as observed
            left_out.append("covariances of the exogenous constructs")
        if given.keys() - zero - exogenous:
            left_out.append("residual covariances")
        return [f"Not drawn: {' and '.join(left_out)}."] if left_out else []
