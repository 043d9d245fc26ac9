"""Published figures and declared signs in an evidence document: [[published]] and [signs]."""

from __future__ import annotations

from collections.abc import Mapping

from bayescx.evidence.figure_checks import field_problems
from bayescx.evidence.figure_fields import shown, subject
from bayescx.evidence.published import Published
from bayescx.evidence.signs import read_signs

__all__ = ["read_figures"]


def read_figures(document: Mapping[str, object]) -> tuple[tuple[Published, ...], dict[str, int], tuple[str, ...]]:
    """Read the tables ``[[published]]`` and ``[signs]`` of an evidence document.

    Parameters
    ----------
    document : mapping
        The document as it was parsed.

    Returns
    -------
    published : tuple of Published
        The figures that are sound, in order.
    signs : dict of str to int
        Declared sign, 1 or -1, by path.
    problems : tuple of str
        Everything that is wrong, with the number of the figure.

    Examples
    --------
    >>> figure = {"statistic": "r_squared", "outcome": "trust", "value": 75, "organizations": ["one"], "n_obs": 400}
    >>> read_figures({"published": [figure]})[2]
    ('figure 1 (r_squared trust): value of an r_squared lies between 0 and 1, found 75: write 0.75',)
    """
    figures, problems = _figures(document.get("published", []))
    signs, wrong_signs = read_signs(document.get("signs", {}))
    return figures, signs, (*problems, *wrong_signs)


def _figures(given: object) -> tuple[tuple[Published, ...], list[str]]:
    if isinstance(given, Mapping):
        return (), ["published figures are written as [[published]], each with two brackets on either side"]
    if not isinstance(given, list):
        return (), [f"published figures are tables [[published]], found published = {shown(given)}"]
    figures, problems = [], []
    for number, entry in enumerate(given, start=1):
        if not isinstance(entry, Mapping):
            problems.append(f"figure {number}: a table [[published]] is needed, found {shown(entry)}")
        elif wrong := field_problems(entry):
            about = subject(entry)
            where = f"figure {number} ({about})" if about else f"figure {number}"
            problems += [f"{where}: {problem}" for problem in wrong]
        else:
            figures.append(Published.from_dict(entry))
    return tuple(figures), problems
