"""Whether the organizations at hand can tell what attributes of organizations do to a path."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bayescx.coding import Moderator
from bayescx.errors import EvidenceError
from bayescx.evidence import Matched
from bayescx.evidence.findings import listing, on_one_screen, printable
from bayescx.spec import PathModel

__all__ = ["check_matched_attributes", "check_told_apart"]


def check_matched_attributes(model: PathModel, matched: Matched) -> None:
    """Refuse evidence that was matched to other attributes than a model has.

    Raises
    ------
    EvidenceError
    """
    if matched.attributes.moderators != tuple(model.attributes.values()):
        found, needed = (", ".join(names) or "none" for names in (matched.attributes.names, model.attributes))
        problem = f"it was matched to the attributes {printable(found)}, but this model needs {printable(needed)}"
        raise EvidenceError("evidence", [problem])


def check_told_apart(model: PathModel, matched: Matched) -> None:
    """Refuse attributes that too few organizations are there for, or that do not differ enough between them.

    A path with K attributes has K + 1 coefficients and a spread between organizations: K + 2 are the fewest.

    Raises
    ------
    EvidenceError
        With every path that asks too much.
    """
    problems = [
        f"{path}: {problem}"
        for path, moderators in model.moderators.items()
        for problem in _path_problems(moderators, matched)
    ]
    if problems:
        raise EvidenceError("evidence", on_one_screen(problems))


def _path_problems(moderators: tuple[Moderator, ...], matched: Matched) -> Iterator[str]:
    count, size = len(moderators), len(matched.organizations)
    names = [printable(one.name) for one in moderators]
    works = "leave some of them out"
    if count > size - 2:
        few = f"{size} organization{'' if size == 1 else 's'} cannot tell what {listing(names)} "
        few += "does" if count == 1 else "do"
        yield f"{few} to it: at least {count + 2} are needed for {count}; {works if count > 1 else 'leave it out'}"
        return
    z = matched.attributes.z()[:, [matched.attributes.names.index(one.name) for one in moderators]]
    if np.linalg.matrix_rank(z - z.mean(axis=0)) < count:
        yield f"these {size} organizations cannot tell {' from '.join(names[:6])}, which are collinear; {works}"
