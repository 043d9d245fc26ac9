"""What ``summarize`` can be asked, and which options go with which estimand: told before a fit is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import typer

__all__ = ["MOST_BY", "Estimand", "Question", "check_options"]

Estimand = Literal[
    "direct", "indirect", "total", "r_squared", "heterogeneity", "moderation", "defined", "ranks", "shares",
    "importance", "means", "quality", "loadings", "what_if", "catch_up",
]  # fmt: skip

MOST_BY = 1e6
"""How far a construct may be moved: more is a slip, and products with it would overflow."""

_EVERY = ("organization", "typical", "average", "new", "alone")


@dataclass(frozen=True)
class Question:
    """What was asked for; None is what was not said."""

    estimand: str
    target: str | None = None
    raw: bool = False
    ci: float | None = None
    outcome: str | None = None
    driver: str | None = None
    by: float | None = None
    method: str | None = None
    answers: str | None = None

    @property
    def whom(self) -> Any:
        """The target, by default that of the function of the same name in Python."""
        return self.target or _KINDS[self.estimand].default

    @property
    def ci_prob(self) -> float:
        """Probability of the intervals."""
        return 0.95 if self.ci is None else self.ci


@dataclass(frozen=True)
class _Kind:
    """Options that an estimand takes, its targets, and why it has none."""

    takes: frozenset[str]
    targets: tuple[str, ...] = _EVERY
    default: str = "organization"
    no_target: str = ""


_UNITS = {
    "heterogeneity": "the data's units only",
    "r_squared": "no units, being a share of variance",
}
_EFFECT = frozenset({"--target", "--raw", "--ci"})
_KINDS = {
    **dict.fromkeys(("direct", "indirect", "total", "defined"), _Kind(_EFFECT)),
    "r_squared": _Kind(_EFFECT - {"--raw"}),
    "heterogeneity": _Kind(frozenset({"--ci"}), no_target="heterogeneity is about the population; leave --target out"),
    "moderation": _Kind(
        frozenset({"--raw", "--ci"}), no_target="moderation is about the population; leave --target out"
    ),
    "ranks": _Kind(frozenset({"--target", "--outcome"})),
    "shares": _Kind(frozenset({"--target", "--ci", "--outcome", "--method"})),
    "importance": _Kind(
        frozenset({"--target", "--ci", "--outcome", "--answers"}), ("average", "organization"), "average"
    ),
    "means": _Kind(frozenset({"--raw", "--ci"}), no_target="means are those of each organization; leave --target out"),
    "quality": _Kind(frozenset({"--target", "--ci"}), default="average"),
    "loadings": _Kind(frozenset({"--ci"}), no_target="loadings are compared between organizations; leave --target out"),
    "what_if": _Kind(_EFFECT | {"--driver", "--by", "--outcome"}),
    "catch_up": _Kind(
        frozenset({"--raw", "--ci", "--driver", "--outcome"}),
        no_target="catching up is told of each organization; leave --target out",
    ),
}


def check_options(question: Question) -> None:
    """Refuse options that do not go with an estimand, naming those that it goes with.

    Raises
    ------
    typer.BadParameter
    """
    kind = _KINDS[question.estimand]
    for option, value in {
        "--target": question.target,
        "--raw": question.raw or None,
        "--ci": question.ci,
        "--outcome": question.outcome,
        "--driver": question.driver,
        "--by": question.by,
        "--method": question.method,
        "--answers": question.answers,
    }.items():
        if value is not None and option not in kind.takes:
            raise typer.BadParameter(_refusal(option, question.estimand), param_hint=option)
    if question.by is not None and abs(question.by) > MOST_BY:
        raise typer.BadParameter(f"at most {MOST_BY:g} either way, found {question.by:g}", param_hint="--by")
    if question.target is not None and question.target not in kind.targets:
        raise typer.BadParameter(
            f"{question.estimand} is told of targets {' and '.join(kind.targets)}", param_hint="--target"
        )


def _refusal(option: str, estimand: str) -> str:
    if option == "--target":
        return _KINDS[estimand].no_target
    if option == "--ci":
        return f"--estimand {estimand} gives probabilities, which have no intervals; leave --ci out"
    if option == "--raw":
        return f"--estimand {estimand} knows {_UNITS.get(estimand, 'no other units')}; leave --raw out"
    allowed = [name for name, kind in _KINDS.items() if option in kind.takes]
    return f"goes with --estimand {', '.join(allowed)}, not with {estimand}"
