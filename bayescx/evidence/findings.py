"""What is wrong with which organization, grouped so that one cause is one line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bayescx.errors import did_you_mean

LISTED = 5
SHOWN_PROBLEMS = 16
WIDEST = 60
WIDEST_PROBLEM = 700


@dataclass(frozen=True)
class Finding:
    """One thing wrong with one organization; findings with the same `what` share a line.

    Parameters
    ----------
    what : str
        What is wrong, without the organization ("no column 'trust'").
    organization : str
        Where.
    detail : str
        What was found there ("data row 3: 'often'").
    advice : str
        What would work; the first advice of a group is printed.
    listed : int
        How many organizations the line names before it counts the rest.
    """

    what: str
    organization: str
    detail: str = ""
    advice: str = ""
    listed: int = LISTED


def shortened(text: str, width: int = WIDEST) -> str:
    """Return `text` in at most `width` characters."""
    return text if len(text) <= width else text[: width - 3] + "..."


def printable(text: str) -> str:
    """Return `text` with characters that would move or break a line written as escapes."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def listing(entries: Sequence[str], limit: int = LISTED, *, width: int = WIDEST) -> str:
    """Join entries with commas, counting those beyond `limit`.

    Examples
    --------
    >>> listing(["a", "b", "c", "d"], limit=2)
    'a, b ... and 2 more'
    """
    shown = ", ".join(shortened(entry, width) for entry in entries[:limit])
    return shown if len(entries) <= limit else f"{shown} ... and {len(entries) - limit} more"


def suggestion(name: str, available: Iterable[str]) -> str:
    """Return the name most likely meant, or else what there is, as the end of a message."""
    known = [printable(str(one)) for one in available]
    written = {one.strip().casefold(): one for one in reversed(known)}  # capitals are a common slip
    close = did_you_mean(name, known) or did_you_mean(name.strip().casefold(), written)
    for folded, one in written.items():
        close = close.replace(f"'{folded}'", f"'{one}'")
    return close or f"; there is {listing(known, 8) or 'nothing'}"


def lines(findings: Iterable[Finding], n_organizations: int) -> tuple[str, ...]:
    """Render findings, one line for each distinct `what`.

    Examples
    --------
    >>> lines([Finding("no column 'm'", "north"), Finding("no column 'm'", "south")], 3)
    ("no column 'm': north, south",)
    """
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(finding.what, []).append(finding)
    return tuple(_line(group, n_organizations) for group in groups.values())


def _line(group: Sequence[Finding], n_organizations: int) -> str:
    first = group[0]
    same_detail = len({one.detail for one in group}) == 1
    if same_detail and len({one.organization for one in group}) == n_organizations > first.listed:
        where = f"all {n_organizations} organizations{_in_brackets(first.detail)}"
    else:
        entries = [shortened(one.organization, 40) + _in_brackets(one.detail) for one in group]
        where = listing(entries, first.listed, width=2 * WIDEST)
    return f"{first.what}: {where}{next((one.advice for one in group if one.advice), '')}"


def _in_brackets(detail: str) -> str:
    return f" ({detail})" if detail else ""


def on_one_screen(problems: Sequence[str]) -> tuple[str, ...]:
    """Return the first problems, and a count of the others where there are many."""
    shown = tuple(printable(shortened(problem, WIDEST_PROBLEM)) for problem in problems[:SHOWN_PROBLEMS])
    rest = len(problems) - len(shown)
    return (*shown, f"... and {rest} more problems") if rest else shown
