"""Constructs whose means hang together: factors that share items, or whose items have errors that covary."""

from __future__ import annotations

from dataclasses import dataclass

from bayescx.model.layout import Layout

__all__ = ["Group", "groups_of"]


@dataclass(frozen=True)
class Group:
    """Constructs and variables, by position in the layout, that no loading or covariance of errors joins to others."""

    constructs: tuple[int, ...]
    variables: tuple[int, ...]

    @property
    def is_direct(self) -> bool:
        """Whether one variable stands for one construct, so that its mean is all that is known of the construct's."""
        return len(self.constructs) == len(self.variables) == 1


def groups_of(layout: Layout) -> list[Group]:
    """Part the constructs that have a variable of their own, in the order of the model.

    Examples
    --------
    >>> import bayescx as bcx
    >>> model = bcx.parse_model("f =~ x1 + x2; g =~ x2 + x3; h =~ x4 + x5; y ~ f + g + h")
    >>> [(one.constructs, one.variables, one.is_direct) for one in groups_of(Layout.of(model))]
    [((0, 1), (0, 1, 2), False), ((2,), (3, 4), False), ((3,), (5,), True)]
    """
    links = [(entry.row, entry.column) for entry in layout.loadings if entry.component >= 0 or entry.value != 0]
    pairs = [
        (i, k)
        for i, row in enumerate(layout.theta_cells)
        for k, cell in enumerate(row)
        if cell >= 0
    ]  # fmt: skip
    found: list[Group] = []
    seen: set[int] = set()
    for start in range(len(layout.constructs)):
        if start in seen:
            continue
        constructs, variables = {start}, set[int]()
        while True:
            more = {row for row, column in links if column in constructs}
            more |= {i for pair in pairs for i in pair if set(pair) & (variables | more)}
            reached = {column for row, column in links if row in variables | more}
            if more <= variables and reached <= constructs:
                break
            variables |= more
            constructs |= reached
        seen |= constructs
        if variables:
            found.append(Group(tuple(sorted(constructs)), tuple(sorted(variables))))
    return found
