"""Where a model's chains end and what begins them: the rules by which sections choose what they speak of."""

from __future__ import annotations

from collections.abc import Iterable

from bayescx.estimands.routes import has_effect
from bayescx.fitted import Fit
from bayescx.report.answers import Answers, Key, ends
from bayescx.spec import PathModel

__all__ = [
    "by_total_effect", "drivers_first", "is_background", "is_control", "last_outcome", "most_driven", "raising_causes",
    "total_key",
]  # fmt: skip

_FEWEST = 2


def is_background(model: PathModel, name: str) -> bool:
    """Whether a construct is no driver to speak of: a column coded from another variable, or a control.

    Controls are causes whose every path the model fixes to be the same for all organizations.

    Examples
    --------
    >>> import bayescx as bcx
    >>> model = bcx.parse_model("y ~ x + fixed(age) + below(z, 4)")
    >>> [is_background(model, name) for name in ("x", "age", "below(z, 4)", "y")]
    [False, True, True, False]
    """
    return name in model.coded or is_control(model, name)


def is_control(model: PathModel, name: str) -> bool:
    """Whether the model fixes every path of a cause to be the same for all organizations."""
    pooled = [row.pooled for row in model.paths if row.rhs == name]
    return bool(pooled) and all(one is False for one in pooled)


def drivers_first(model: PathModel, names: Iterable[str]) -> list[str]:
    """Those that are no background."""
    return [name for name in names if not is_background(model, name)]


def last_outcome(fit: Fit) -> str | None:
    """The outcome that ends the chains; None where no path leads anywhere.

    Of the outcomes that drive nothing it is the one that most constructs lead to; of several of these, the one that the
    model names last.

    Examples
    --------
    >>> last_outcome(fit)
    'loyalty'
    """
    model = fit.model
    ending = {outcome for _, outcome in ends(fit)}
    named = [name for name in dict.fromkeys(row.lhs for row in model.paths) if name in ending]
    leading = {name: sum(bool(model.count_routes(cause, name)) for cause in model.constructs) for name in named}
    return max(reversed(named), key=lambda name: leading[name], default=None)


def most_driven(fit: Fit) -> str | None:
    """The outcome with most direct causes, two at least; of several, the one that the model names last."""
    named = list(reversed(list(dict.fromkeys(row.lhs for row in fit.model.paths))))
    chosen = max(named, key=lambda name: len(fit.model.predictors(name)), default=None)
    return chosen if chosen is not None and len(fit.model.predictors(chosen)) >= _FEWEST else None


def by_total_effect(answers: Answers, outcome: str) -> dict[str, float]:
    """Causes of an outcome and their total effects (posterior mean, main target), the largest by size first.

    Neither background nor factors that the outcome only measures are among them.
    """
    main, model = str(answers.main), answers.fit.model
    found = {
        key.cause: one.mean
        for key, one in answers.estimates.items()
        if (key.kind, key.target, key.outcome) == ("total", main, outcome)
        and not is_background(model, key.cause)
        and has_effect(model, key.cause, outcome)
    }
    return dict(sorted(found.items(), key=lambda pair: -abs(pair[1])))


def raising_causes(answers: Answers, outcome: str) -> list[str]:
    """Causes that no path leads to and that raise an outcome, the one with the largest total effect first.

    By the posterior mean, in standard deviations, of the population that headlines speak of.
    """
    first = {cause for cause, ended in ends(answers.fit) if ended == outcome}
    return [name for name, effect in by_total_effect(answers, outcome).items() if name in first and effect > 0]


def total_key(answers: Answers, outcome: str, cause: str) -> Key:
    """Where the total effect that headlines speak of is found."""
    return Key("total", str(answers.main), outcome, cause)
