"""What a model text says, row by row: parameters and definitions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bayescx.coding import Coded, Moderator
from bayescx.spec.expressions import Expression

Operator = Literal["~", "=~", "~~", "~1"]


@dataclass(frozen=True)
class Parameter:
    """One row of the model: a path, a loading, a (co)variance or an intercept.

    Parameters
    ----------
    lhs : str
        The outcome of a path, the factor of a loading, the first variable of a covariance.
    op : {"~", "=~", "~~", "~1"}
        Path, loading, (co)variance, intercept.
    rhs : str
        The cause of a path, the item of a loading, the second variable of a covariance; else empty.
    fixed : float or None
        The value that it is fixed to, in the data's units; None when it is free.
    label : str or None
        Its label; free parameters of one label are equal within every organization.
    freed : bool
        Whether ``NA*`` was written.
    reversed : bool
        Whether ``upper(0)*`` declares that the item runs against its factor; the sign is declared, not enforced.
    line, column : int
        Where its term begins, counted from 1.
    pooled : bool or None
        Of a path: whether it is pooled over organizations as the other paths are (True: ``pool(x)``) or is one for all
        of them (False: ``fixed(x)``, and levels of a category); None where the model leaves that to the fit.
    coded : Hinge, Category or None
        How its cause is coded from a column.
    moderators : tuple of Attribute or Category
        Attributes of organizations that a pooled path depends on (``pool(x, employees)``); of a category, each level
        but the first.

    Examples
    --------
    >>> from bayescx.spec import parse_model
    >>> parse_model("loyalty ~ 0.5*trust").parameters[0].name
    'loyalty~trust'
    """

    lhs: str
    op: Operator
    rhs: str
    fixed: float | None
    label: str | None
    freed: bool
    reversed: bool
    line: int
    column: int
    pooled: bool | None = None
    coded: Coded | None = None
    moderators: tuple[Moderator, ...] = ()

    @property
    def name(self) -> str:
        """lavaan's name: ``trust~satisfaction``, ``f=~x1``, ``y1~~y5``, ``x1~1``."""
        return f"{self.lhs}{self.op}{self.rhs}"


@dataclass(frozen=True)
class Definition:
    """A quantity defined by ``name := expression`` over labels and earlier definitions.

    Parameters
    ----------
    name : str
        What it is called.
    expression : Expression
        Its arithmetic.
    text : str
        The expression as written, on one line and without comments.
    line, column : int
        Where its name stands, counted from 1.
    """

    name: str
    expression: Expression
    text: str
    line: int
    column: int
