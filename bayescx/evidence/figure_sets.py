"""Published figures against what the organizations of their sets shared themselves: nothing may count twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from bayescx.evidence.figure_fields import shown
from bayescx.evidence.findings import listing
from bayescx.evidence.published import Published

__all__ = ["list_problems", "only_in_figures", "set_problems"]


def list_problems(published: object) -> list[str]:
    """Say where published figures are no list of `Published`."""
    if not isinstance(published, Sequence) or isinstance(published, str):
        return [f"published figures must be a list of Published, not {type(published).__name__}"]
    others = dict.fromkeys(type(figure).__name__ for figure in published if not isinstance(figure, Published))
    return [f"published figures must be a list of Published, not of {listing(list(others))}"] if others else []


def only_in_figures(published: Sequence[Published], shared: Sequence[str]) -> tuple[str, ...]:
    """Return organizations that figures speak of and that shared nothing themselves, in order of appearance."""
    named = dict.fromkeys(name for figure in published for name in figure.organizations)
    return tuple(name for name in named if name not in shared)


def set_problems(
    published: Sequence[Published], shared: Mapping[str, str], kept_out: Mapping[str, int], min_n: int | None
) -> list[str]:
    """Say which figures count respondents twice, are given twice, or speak of organizations that are not used.

    Parameters
    ----------
    published : sequence of Published
    shared : mapping of str to str
        What each organization that is used shared: "rows", "moments" or "correlations".
    kept_out : mapping of str to int
        Respondents of each organization that `min_n` kept out.
    min_n : int or None
    """
    own = [*shared, *kept_out]
    return [
        *_spelled_apart(only_in_figures(published, own), own),
        *_twice(published),
        *(problem for figure in published for problem in _counted_twice(figure, shared)),
        *(problem for figure in published for problem in _not_used(figure, kept_out, min_n)),
    ]


def _spelled_apart(in_figures: Sequence[str], own: Sequence[str]) -> Iterator[str]:
    """Names that differ in capitals only would make two organizations of one."""
    first: dict[str, str] = {name.casefold(): name for name in reversed(own)}
    for name in in_figures:
        other = first.setdefault(name.casefold(), name)
        if other != name:
            yield f"published figures name {shown(name)}, and there is {shown(other)}: write one organization one way"


def _twice(published: Sequence[Published]) -> Iterator[str]:
    counts = Counter(_statement(figure) for figure in published)
    for figure in {_statement(one): one for one in reversed(published)}.values():
        if (count := counts[_statement(figure)]) > 1:
            source = f"from the source {shown(figure.source)}; keep one" if figure.source else _WITHOUT_SOURCE
            yield f"{figure.label}: the same figure is given {count} times {source}"


_WITHOUT_SOURCE = (
    'without a source; keep one. Two prints of the same respondents have a source = "..." each; of two samples of one '
    'organization the larger is evidence and the other has use = "check" and its source'
)


def _statement(figure: Published) -> tuple[object, ...]:
    """What a figure states, whatever its value and the order of its names."""
    lists = (figure.organizations, figure.numerator, figure.denominator, figure.between, figure.among)
    words = (figure.statistic, figure.of, figure.outcome, figure.cause, figure.reading, figure.side, figure.source)
    return (*words, *(frozenset(names) for names in lists))


def _counted_twice(figure: Published, shared: Mapping[str, str]) -> Iterator[str]:
    both = [name for name in figure.organizations if name in shared]
    if not both or figure.use == "check":
        return
    remain = len(both) < len(figure.organizations)
    they = listing([f"{name} ({shared[name]})" for name in both])
    check = 'use = "check" compares the figure with them instead'
    if figure.overlap == "refuse":
        replace = 'overlap = "replace" takes their own statistic out of the figure, ' if remain else ""
        works = f"{replace if figure.rule != 'pooled' else ''}{check}"
        yield f"{figure.label}: would count the respondents of {they} twice, as they shared data of their own; {works}"
    elif not remain:
        yield f'{figure.label}: overlap = "replace" leaves nothing of the set, as all shared data: {they}; {check}'


def _not_used(figure: Published, kept_out: Mapping[str, int], min_n: int | None) -> Iterator[str]:
    out = [f"{name} (n = {kept_out[name]})" for name in figure.organizations if name in kept_out]
    if out:
        works = "lower min_n, or leave out what they shared, so that figures alone speak of them"
        yield f"{figure.label}: min_n = {min_n} keeps out organizations of the set: {listing(out)}; {works}"
