"""What keeps counts per pattern from answering for every term: no variation, collinearity, separation."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bayescx.choices.bounded import FREE, free_directions, unbounded_terms
from bayescx.choices.equation import Equation
from bayescx.choices.patterns import pooled_products, varies_within
from bayescx.choices.separation import separated_terms
from bayescx.coding import Category, Hinge, number_text
from bayescx.evidence.arithmetic import dependent_variables
from bayescx.evidence.findings import listing, printable, shortened

__all__ = ["notes_of", "separated_in", "term_problems", "whole_variable"]

Floats = NDArray[np.float64]


def term_problems(
    equation: Equation,
    organizations: tuple[str, ...],
    categories: tuple[str, ...],
    x: Floats,
    codes: NDArray[np.intp],
    answers: NDArray[np.int64],
    scale: Floats,
) -> list[str]:
    """Everything that leaves a slope without an answer; ``scale`` (K,) is 0 where a column varies nowhere."""
    n_org = len(organizations)
    given = np.flatnonzero(answers.any(axis=0))
    problems = [f"everybody's answer is {_quoted(categories[given[0]])}: nothing tells what moves it"]
    problems = problems if len(given) == 1 else []
    still = ~varies_within(x, codes, n_org).any(axis=0)
    problems += _still(equation, x, still)
    problems += _one_sided(equation, x, still)
    kept = np.flatnonzero(~still)
    names = [equation.terms[k] for k in kept]
    weight = answers.sum(axis=1).astype(np.float64)
    if len(kept) > 1:
        products = pooled_products(x[:, kept], codes, weight, n_org)
        if dependent := dependent_variables(products, names):
            return [*problems, _collinear(equation, x, dependent)]
    if not problems:
        found = unbounded_terms(x / scale, codes, answers, n_org, np.array(equation.pooled))
        problems += [_separated(equation, k) for k in found]
    return problems


def _separated(equation: Equation, k: int) -> str:
    whose = "in any organization" if equation.pooled[k] else "which is the same for all organizations"
    return (
        f"perfect separation: nothing in the answers bounds the slope of {_quoted(equation.terms[k])}, {whose}: "
        "answers never go against it; leave the term out, or merge a rare level with another"
    )


def _still(equation: Equation, x: Floats, still: NDArray[np.bool_]) -> Iterator[str]:
    """Terms that vary within no organization."""
    for k in np.flatnonzero(still).tolist():
        name = equation.terms[k]
        how = equation.coded.get(name)
        if np.ptp(x[:, k]) > 0:
            yield (
                f"{_quoted(name)} is the same for all respondents of an organization, in every one: it tells "
                "organizations apart, and thresholds of their own already do; leave it out"
            )
        elif isinstance(how, Category):
            who = "everybody" if x[:, k].any() else "nobody"
            yield f"{who} has the level {_quoted(how.level)} of {_quoted(how.column)}; leave it out of the model"
        elif isinstance(how, Hinge) and not x[:, k].any():
            yield f"nobody is {how.side} the knot of {_quoted(name)}; choose a knot inside the data"
        else:
            yield f"{_quoted(name)} is constant ({number_text(float(x[0, k]))} everywhere); leave it out of the model"


def _one_sided(equation: Equation, x: Floats, still: NDArray[np.bool_]) -> Iterator[str]:
    """Hinges of which everybody is on one side of the knot: the variable itself, unless the other side says so."""
    for k in np.flatnonzero(x.all(axis=0) & ~still).tolist():
        name = equation.terms[k]
        how = equation.coded.get(name)
        if isinstance(how, Hinge) and how.other.name not in equation.terms:
            yield whole_variable(how)


def whole_variable(hinge: Hinge) -> str:
    """Say that a hinge bends nothing."""
    return (
        f"nobody is {hinge.other.side} the knot of {_quoted(hinge.name)}, which so is the whole variable; choose a "
        f"knot inside the data, or write {_quoted(hinge.column)} itself"
    )


def _collinear(equation: Equation, x: Floats, dependent: tuple[str, ...]) -> str:
    """Say what a combination without variance is."""
    dummies = [equation.coded.get(name) for name in dependent]
    first = dummies[0]
    if isinstance(first, Category) and all(isinstance(one, Category) and one.column == first.column for one in dummies):
        whole = [
            k
            for k, name in enumerate(equation.terms)
            if getattr(equation.coded.get(name), "column", "") == first.column
        ]
        if x[:, whole].sum(axis=1).min() > 0:
            return (
                f"nobody has the level {_quoted(first.reference)} of {_quoted(first.column)}, the reference; leave it "
                "out of the model's levels: the first of the others takes its place"
            )
    named = listing([_quoted(name) for name in dependent], 6)
    return f"terms are collinear: within organizations some combination of {named} is constant; leave one of them out"


def notes_of(
    equation: Equation,
    organizations: tuple[str, ...],
    categories: tuple[str, ...],
    x: Floats,
    codes: NDArray[np.intp],
    answers: NDArray[np.int64],
    scale: Floats,
) -> list[str]:
    """What is worth knowing and no error: where the answer to a question rests on what the others say."""
    n_org = len(organizations)
    totals = np.zeros((n_org, len(categories)), dtype=np.int64)
    np.add.at(totals, codes, answers)
    said = [
        f"nobody is {_quoted(name)}: {_organizations(organizations, totals[:, c] == 0)}"
        for c, name in enumerate(categories)
        if (totals[:, c] == 0).any()
    ]
    moving = varies_within(x, codes, n_org)
    said += [
        f"{_quoted(name)} does not vary: {_organizations(organizations, ~moving[:, k])}"
        for k, name in enumerate(equation.terms)
        if not moving[:, k].all()
    ]
    apart = np.zeros((n_org, len(equation.terms)), dtype=bool)
    for j in range(n_org):
        here, asked = codes == j, np.flatnonzero(moving[j])
        alone = separated_terms(
            x[here][:, asked] / scale[asked], codes[here] - j, answers[here], 1, np.arange(len(asked))
        )
        apart[j, asked[list(alone)]] = True
    said += [
        f"the answers alone do not bound the slope of {_quoted(name)}: {_organizations(organizations, apart[:, k])}"
        for k, name in enumerate(equation.terms)
        if apart[:, k].any()
    ]
    return said


def separated_in(
    equation: Equation,
    organizations: tuple[str, ...],
    x: Floats,
    codes: NDArray[np.intp],
    answers: NDArray[np.int64],
    scale: Floats,
) -> list[str]:
    """Name pooled terms that are perfectly separated in single organizations, and these."""
    free = free_directions(x / scale, codes, answers, len(organizations), np.array(equation.pooled))
    apart = (free != 0) & (free != FREE)
    return [
        f"{_quoted(name)} in {_organizations(organizations, apart[:, k])}"
        for k, name in enumerate(equation.terms)
        if apart[:, k].any()
    ]


def _organizations(names: tuple[str, ...], where: NDArray[np.bool_]) -> str:
    return listing([shortened(printable(names[j]), 40) for j in np.flatnonzero(where)])


def _quoted(name: str) -> str:
    return f"'{shortened(printable(name), 60)}'"
