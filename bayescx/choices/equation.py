"""The one equation of a model of choices: an outcome and its terms."""

from __future__ import annotations

from dataclasses import dataclass

from bayescx.coding import Coded
from bayescx.errors import ModelError
from bayescx.evidence.findings import listing, printable, shortened
from bayescx.spec import PathModel, parse_model

__all__ = ["Equation", "equation_of"]


@dataclass(frozen=True)
class Equation:
    """What a model says about choices.

    Attributes
    ----------
    model : PathModel
    outcome : str
        The column of answers.
    terms : tuple of str, length K
        As columns are called: ``below(expectations, 4)``, ``issue[delivery]``, ``effort``.
    pooled : tuple of bool, length K
        Whether each organization has its own slope, partially pooled; else one is common to all.
    coded : dict of str to Hinge or Category
        Terms that are coded from a column.
    """

    model: PathModel
    outcome: str
    terms: tuple[str, ...]
    pooled: tuple[bool, ...]
    coded: dict[str, Coded]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns behind the terms, each once."""
        return tuple(dict.fromkeys(self.coded[name].column if name in self.coded else name for name in self.terms))


def equation_of(model: PathModel | str) -> Equation:
    """Read the equation of a model with nothing but one.

    Raises
    ------
    ModelError
        If the text is no model, or the model has more than one equation of observed variables: with everything that
        choices cannot have.

    Examples
    --------
    >>> equation_of("after ~ below(expectations, 4) + fixed(tenure)").pooled
    (True, False)
    """
    parsed = parse_model(model) if isinstance(model, str) else model
    if not isinstance(parsed, PathModel):
        raise ModelError("model of choices", [f"a model is needed, or its text; found {type(parsed).__name__}"])
    if problems := _problems(parsed):
        raise ModelError("model of choices", problems)
    return Equation(
        parsed,
        parsed.endogenous[0],
        tuple(row.rhs for row in parsed.paths),
        tuple(row.pooled is not False for row in parsed.paths),
        parsed.coded,
    )


def _problems(model: PathModel) -> list[str]:
    works = "write one equation of observed variables, such as after ~ effort + fixed(tenure)"
    problems = []
    if model.latents:
        problems.append(f"found factors ({_named(model.latents)}); {works}, or score them first")
    outcomes = tuple(dict.fromkeys(row.lhs for row in model.paths))
    if len(outcomes) != 1:
        found = f"equations of {_named(outcomes)}" if outcomes else "no equation"
        problems.append(f"found {found}; {works}")
    others = (*model.covariances, *model.variances, *model.intercepts)
    if others:
        problems.append(
            f"line {others[0].line}: found {_named([row.name for row in others])}; an ordered probit has thresholds "
            "and a residual SD of 1 in their place: leave it out"
        )
    for row in model.paths:
        if row.fixed is not None or row.label is not None:
            said = "a value" if row.fixed is not None else f"the label {printable(str(row.label))!r}"
            problems.append(
                f"line {row.line}: found {said} before {_named([row.rhs])}; slopes of choices take pool(...) and "
                "fixed(...) only"
            )
    if model.definitions:
        problems.append(f"found definitions ({_named([d.name for d in model.definitions])}); choices have none")
    return problems


def _named(names: tuple[str, ...] | list[str]) -> str:
    return listing([f"'{shortened(printable(name), 40)}'" for name in names])
