"""Published figures as they are listed: a few words, or a table for notebooks."""

from __future__ import annotations

from collections.abc import Sequence

from bayescx._html import heading, table
from bayescx.evidence.findings import listing
from bayescx.evidence.published import Published

__all__ = ["figures_html", "figures_in_words"]

_HEADERS = ("figure", "organizations", "value", "respondents", "rule", "use")


def figures_in_words(published: Sequence[Published], only: Sequence[str]) -> list[str]:
    """Say how many figures there are and which organizations only they speak of; nothing where there are none.

    Examples
    --------
    >>> figure = Published(statistic="r_squared", outcome="trust", value=0.75, organizations=["a", "b"], n_obs=400)
    >>> figures_in_words([figure, figure], ["a", "b"])
    ['a, b: 2 published figures']
    """
    if not published:
        return []
    return [f"{listing(only, 12)}: {_counted(published)}" if only else _counted(published)]


def figures_html(published: Sequence[Published]) -> str:
    """A table of figures, under a line that counts them; nothing where there are none."""
    if not published:
        return ""
    rows = (
        (
            figure.subject,
            listing(figure.organizations, 12),
            "" if figure.value is None else f"{figure.value:g}",
            _respondents(figure.n_obs),
            figure.rule,
            figure.use,
        )
        for figure in published
    )
    return heading(_counted(published)) + table(_HEADERS, rows)


def _counted(published: Sequence[Published]) -> str:
    return f"{len(published)} published figure{'' if len(published) == 1 else 's'}"


def _respondents(n_obs: int | tuple[int, int]) -> str:
    return f"{n_obs:,}" if isinstance(n_obs, int) else f"{n_obs[0]:,} to {n_obs[1]:,}"
