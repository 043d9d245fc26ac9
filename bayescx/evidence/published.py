"""Published figures: what was printed about a set of organizations, as evidence of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

from bayescx.errors import EvidenceError
from bayescx.evidence.figure_checks import field_problems
from bayescx.evidence.figure_fields import DEFAULTS, LISTS, measured, shown, subject
from bayescx.evidence.findings import listing, printable, suggestion

__all__ = ["Published", "figure_problems", "sign_problems"]


@dataclass(frozen=True, kw_only=True)
class Published:
    """A figure that was published about a set of organizations; everything is checked when it is made.

    Statistics are in standardized quantities of equation-by-equation regressions in the path model:

    ================ =================================== ======================================================
    statistic        keys                                meaning
    ================ =================================== ======================================================
    ``r_squared``    outcome                             1 - residual variance / variance
    ``path``         outcome, cause                      standardized direct path
    ``correlation``  between                             correlation of two constructs
    ``total_effect`` outcome, cause                      standardized total effect
    ``path_ratio``   outcome, numerator, denominator     paths of some causes to paths of others: "sum" over sum
                     (reading)                           (default) or "mean" over mean
    ``share``        outcome, cause, reading             "mediated": indirect effect / total effect;
                                                         "coefficients": path / sum of all paths into the outcome;
                                                         "pratt": path x correlation / R-squared;
                                                         "traceable": squared total effect / R-squared
    ``ordering``     of, outcome, cause, among           the path or total effect of `cause` is the greatest by size
    ``bound``        of, side and the keys of `of`       one of the statistics above is "at_least" or "at_most" value
    ================ =================================== ======================================================

    Sizes and quotients are those given the signs of paths that are declared, or assumed where only figures speak; paths
    whose sign data tell and nobody declared count as positive in orderings and in bounds of ratios.

    Parameters
    ----------
    statistic : str
        One of the table.
    organizations : sequence of str
        The set that the figure speaks of. Figures that share an organization are taken to be of the same respondents,
        whatever their source and `n_obs`: of two independent samples of one organization only one may be evidence.
    n_obs : int or (int, int)
        Respondents of the set together, at least 3; they are split equally. A range where it was not published.
    value : float
        The figure; shares and R-squared as fractions. None for an ordering.
    rounded_to : float
        The grid that the value was rounded to, in its own units.
    rule : {"mean", "pooled", "each"}
        What the figure is of its set: the mean over organizations of each one's statistic (for ratios and shares the
        ratio of the means), the statistic of all respondents together, or what every organization shows. "pooled"
        pools within organizations: differences of means between them are not in it.
    outcome, cause : str
        Constructs of the model; in an ordering, `cause` has the greatest effect.
    numerator, denominator : sequence of str
        Causes of `outcome`.
    between : sequence of two str
        The constructs that correlate.
    reading : str
        How a ratio or a share was computed.
    of : str
        The statistic that an ordering compares ("path", "total_effect") or that a bound bounds.
    among : sequence of str
        The other causes of an ordering.
    side : {"at_least", "at_most"}
        Of a bound.
    use : {"evidence", "check"}
        Whether the figure informs the posterior or is compared with what the posterior predicts.
    overlap : {"refuse", "replace"}
        What happens where an organization of the set shared rows or moments too, so that its respondents would count
        twice: refuse, or take its own statistic and its respondents out of the figure (rules "mean" and "each").
    wording, source : str
        The words as printed, and where.

    Raises
    ------
    EvidenceError
        With everything that is wrong with the figure.

    Examples
    --------
    >>> Published(statistic="r_squared", outcome="trust", value=0.75, organizations=["one", "two"], n_obs=400).label
    'r_squared trust (one, two)'
    """

    statistic: str
    organizations: tuple[str, ...]
    n_obs: int | tuple[int, int]
    value: float | None = None
    rounded_to: float = 0.01
    rule: str = "mean"
    outcome: str = ""
    cause: str = ""
    numerator: tuple[str, ...] = ()
    denominator: tuple[str, ...] = ()
    between: tuple[str, ...] = ()
    reading: str = ""
    of: str = ""
    among: tuple[str, ...] = ()
    side: str = ""
    use: str = "evidence"
    overlap: str = "refuse"
    wording: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        given = {name: _plain(value) for name, value in vars(self).items()}
        stated = {name: value for name, value in given.items() if not (name in _UNSTATED and _is_empty(value))}
        problems = field_problems(stated)
        if problems:
            label = _label(stated)
            raise EvidenceError("published figures", [f"{label}: {problem}" for problem in problems])
        for name, value in _normal(stated).items():
            object.__setattr__(self, name, value)

    @property
    def measured(self) -> str:
        """The statistic whose keys the figure has: what a bound bounds, else `statistic`."""
        return measured(vars(self))

    @property
    def subject(self) -> str:
        """What the figure is about, without its set."""
        return subject(vars(self))

    @property
    def label(self) -> str:
        """What the figure is about and its set, in one line."""
        return _label(vars(self))

    def to_dict(self) -> dict[str, Any]:
        """Return what was stated, as JSON and TOML can hold it; `from_dict` reads it.

        Examples
        --------
        >>> Published(statistic="r_squared", outcome="trust", value=0.75, organizations=["one"], n_obs=400).to_dict()
        {'statistic': 'r_squared', 'organizations': ['one'], 'n_obs': 400, 'value': 0.75, 'outcome': 'trust'}
        """
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in vars(self).items()
            if name in _ALWAYS or value not in (None, "", (), DEFAULTS.get(name))
        }

    @classmethod
    def from_dict(cls, figure: Mapping[str, Any]) -> Self:
        """Make a figure of its keys, as an evidence document has them.

        Raises
        ------
        EvidenceError
            With everything that is wrong with it: unknown and missing keys among others.
        """
        stated = {name: value for name, value in figure.items() if value is not None}
        problems = field_problems(stated)
        if problems:
            raise EvidenceError("published figures", [f"{_label(stated)}: {problem}" for problem in problems])
        return cls(**stated)


_ALWAYS = ("statistic", "organizations", "n_obs")
_UNSTATED = tuple(one.name for one in fields(Published) if one.default in ("", ()))
"""Fields that are empty where a figure does not have them."""


def _plain(value: Any) -> Any:
    """Numbers and columns of NumPy and pandas as Python's; tuples as lists."""
    value = value.tolist() if hasattr(value, "tolist") else value
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value


def _is_empty(value: object) -> bool:
    return isinstance(value, str | list) and not value


def _normal(figure: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a sound figure, in the types of the fields."""
    normal: dict[str, Any] = {}
    for name, value in figure.items():
        if name in LISTS:
            normal[name] = tuple(one.strip() for one in value)
        elif name in ("value", "rounded_to"):
            normal[name] = None if value is None else float(value)
        elif name == "n_obs":
            normal[name] = tuple(map(int, value)) if isinstance(value, list) else int(value)
        else:
            normal[name] = value.strip() if name in ("outcome", "cause") else value
    if measured(figure) == "path_ratio":
        normal.setdefault("reading", "sum")
    return normal


def _label(figure: Mapping[str, Any]) -> str:
    names = figure.get("organizations")
    names = names if isinstance(names, list | tuple) else [names]
    known = [printable(name) for name in names if isinstance(name, str)]
    about = subject(figure) or "a figure"
    return f"{about} ({listing(known, 3, width=30)})" if known else about


# ------------------------------------------------------------------------------- figures against a model


def figure_problems(
    published: Sequence[Published], model_constructs: Sequence[str], causes: Mapping[str, Sequence[str]]
) -> tuple[str, ...]:
    """Say what a model does not have of what figures speak of.

    Parameters
    ----------
    published : sequence of Published
    model_constructs : sequence of str
        Constructs that figures may name: latent constructs and observed variables that paths join.
    causes : mapping of str to sequence of str
        The direct causes of each outcome.

    Returns
    -------
    tuple of str
        One line for each thing that is wrong; each names its figure.

    Examples
    --------
    >>> figure = Published(statistic="r_squared", outcome="trsut", value=0.75, organizations=["one"], n_obs=400)
    >>> figure_problems([figure], ["satisfaction", "trust"], {"trust": ["satisfaction"]})
    ("r_squared trsut (one): the model has no construct 'trsut'; did you mean 'trust'?",)
    """
    problems: list[str] = []
    for figure in published:
        unknown = [name for name in _constructs(figure) if name not in model_constructs]
        wrong = [f"the model has no construct {shown(name)}{suggestion(name, model_constructs)}" for name in unknown]
        problems += [f"{figure.label}: {problem}" for problem in wrong or _path_problems(figure, causes)]
    return tuple(problems)


def sign_problems(signs: Mapping[str, int], paths: Sequence[str]) -> tuple[str, ...]:
    """Say which declared signs are of paths that the model does not have.

    Examples
    --------
    >>> sign_problems({"loyalty~trsut": -1}, ["loyalty~trust"])
    ("signs: the model has no path 'loyalty~trsut'; did you mean 'loyalty~trust'?",)
    """
    return tuple(
        f"signs: the model has no path {shown(name)}{suggestion(name, paths)}" for name in signs if name not in paths
    )


def _constructs(figure: Published) -> list[str]:
    """Every construct that a figure names, once."""
    lists = (figure.numerator, figure.denominator, figure.between, figure.among)
    names = [figure.outcome, figure.cause, *(name for names in lists for name in names)]
    return [name for name in dict.fromkeys(names) if name]


def _path_problems(figure: Published, causes: Mapping[str, Sequence[str]]) -> list[str]:
    """What is wrong with a figure whose constructs are all known."""
    statistic = figure.of or figure.statistic
    direct = list(causes.get(figure.outcome, ()))
    outcome = shown(figure.outcome)
    if statistic == "correlation":
        return []
    if not direct:
        return [f"nothing leads to {outcome} in the model; only what has causes in it has {_MEASURES[statistic]}"]
    if statistic == "r_squared":
        return []
    if statistic in ("path", "path_ratio") or figure.reading in ("coefficients", "pratt"):
        needed = [name for name in (figure.cause, *figure.numerator, *figure.denominator, *figure.among) if name]
        absent = [name for name in needed if name not in direct]
        there = f"{outcome} has the cause{'s' if len(direct) > 1 else ''} {listing(direct, 8)}"
        wrong = [f"the model has no path {shown(f'{figure.outcome}~{name}')}; {there}" for name in absent]
        return wrong or _constant_problems(figure, direct)
    # an indirect effect needs a route through another cause, a total effect any route
    last = [name for name in direct if name != figure.cause] if figure.reading == "mediated" else direct
    through = "through other constructs " if figure.reading == "mediated" else ""
    absent = [name for name in (figure.cause, *figure.among) if not any(name in _upstream(one, causes) for one in last)]
    return [
        f"no route leads {through}from {shown(name)} to {outcome} in the model" for name in absent
    ] or _constant_problems(figure, direct)


def _constant_problems(figure: Published, direct: Sequence[str]) -> list[str]:
    """A share of everything says nothing about paths, and a value other than 1 would only bend them."""
    if figure.measured != "share":
        return []
    outcome, cause = shown(figure.outcome), shown(figure.cause)
    if figure.reading == "mediated":
        why = f"there is no direct path from {cause} to {outcome}" if figure.cause not in direct else ""
    else:
        why = f"{cause} is the only cause of {outcome}" if list(direct) == [figure.cause] else ""
    return [f"is 1 in this model by construction, whatever the paths are, as {why}; leave it out"] if why else []


_MEASURES = {
    "r_squared": "an R-squared",
    "path": "a path",
    "total_effect": "a total effect",
    "path_ratio": "a ratio of paths",
    "share": "a share",
}


def _upstream(name: str, causes: Mapping[str, Sequence[str]]) -> set[str]:
    """A construct and everything that leads to it."""
    found, waiting = {name}, [name]
    while waiting:
        new = set(causes.get(waiting.pop(), ())) - found
        found |= new
        waiting += sorted(new)
    return found
