"""Which part each variable plays: factor, item, construct; and the arrows between constructs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from bayescx.spec.graph import Arrow
from bayescx.spec.parameters import Parameter


@dataclass(frozen=True)
class Roles:
    """The parts that the variables of a model play, each in order of appearance.

    Parameters
    ----------
    variables : tuple of str
        All of them.
    latents : tuple of str
        Factors: what stands before ``=~``.
    items : tuple of str
        Observed variables after ``=~``.
    structural : tuple of str
        Constructs: factors, and observed variables of paths, variances and covariances that are not items.
    arrows : tuple of (str, str)
        Cause and effect of each path and of each second-order loading, self-paths left out.
    """

    variables: tuple[str, ...]
    latents: tuple[str, ...]
    items: tuple[str, ...]
    structural: tuple[str, ...]
    arrows: tuple[Arrow, ...]

    @classmethod
    def of(cls, parameters: Sequence[Parameter]) -> Roles:
        """Read the parts from the rows of a model, valid or not."""
        variables = dict.fromkeys(name for row in parameters for name in (row.lhs, row.rhs) if name)
        latents = dict.fromkeys(row.lhs for row in parameters if row.op == "=~")
        items = dict.fromkeys(row.rhs for row in parameters if row.op == "=~" and row.rhs not in latents)
        linked = {name for row in parameters if row.op in ("~", "~~") for name in (row.lhs, row.rhs)}
        structural = [v for v in variables if v in latents or (v in linked and v not in items)]
        arrows = [arrow for row in parameters if (arrow := arrow_of(row, latents)) is not None]
        return cls(tuple(variables), tuple(latents), tuple(items), tuple(structural), tuple(arrows))

    @property
    def observed(self) -> tuple[str, ...]:
        """The columns that the model needs."""
        needed = {*self.structural, *self.items}.difference(self.latents)
        return tuple(variable for variable in self.variables if variable in needed)


def arrow_of(row: Parameter, latents: Collection[str]) -> Arrow | None:
    """Return the cause and effect of a path or second-order loading; None for other rows and self-paths."""
    if row.lhs == row.rhs:
        return None
    if row.op == "~":
        return (row.rhs, row.lhs)
    return (row.lhs, row.rhs) if row.op == "=~" and row.rhs in latents else None
