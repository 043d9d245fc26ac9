"""Moderators of a model: which path each moves, and by which attribute of organizations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bayescx.errors import ModelError
from bayescx.spec import PathModel

__all__ = ["ModeratorEntry", "moderator_entries", "refuse_without_population"]


@dataclass(frozen=True)
class ModeratorEntry:
    """How a pooled path depends on what organizations are: by how much per unit of attribute number ``column``.

    The unit of a number is its SD over organizations, that of a level of a category the difference to the reference.
    """

    name: str
    component: int
    column: int


def moderator_entries(model: PathModel, component: Mapping[str, int]) -> tuple[ModeratorEntry, ...]:
    """List the moderators of a model, given the component of each path by its name."""
    columns = {name: k for k, name in enumerate(model.attributes)}
    return tuple(
        ModeratorEntry(f"{path}:{one.name}", component[path], columns[one.name])
        for path, moderators in model.moderators.items()
        for one in moderators
    )


def refuse_without_population(model: PathModel, words: Mapping[str, str]) -> None:
    """Refuse paths that depend on attributes where ``words``, the pooling of each block, leaves them no population.

    Raises
    ------
    ModelError
    """
    if model.moderators and words["paths"] != "partial":
        path, (first, *_) = next(iter(model.moderators.items()))
        problem = (
            f"{path} depends on {first.name} of organizations, which partially pooled paths can; found "
            f"{words['paths']!r} for paths: use 'partial', or take {first.name} out of pool(…)"
        )
        raise ModelError("pooling", [problem])
