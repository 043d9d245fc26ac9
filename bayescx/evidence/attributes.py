"""Attributes of organizations, such as employees or industry, as the numbers that paths may depend on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from bayescx.coding import Attribute, Category, Moderator
from bayescx.evidence.arithmetic import Floats

__all__ = ["Attributes", "Stated"]

Stated = Mapping[str, Mapping[str, Any]]
"""By organization, and by the column of an attribute, its value: a number, or the level of a category."""


@dataclass(frozen=True, eq=False)
class Attributes:
    """What is known of the organizations of one model as a whole.

    Parameters
    ----------
    moderators : tuple of Attribute or Category, length K
        In the order of the model.
    values : array of float, shape (J, K)
        Of the organizations that are used: numbers in the attribute's units, 1 or 0 for a level of a category.
    unreported : tuple of str, length U
        Organizations that are planned and not among those used, whose attributes are known.
    unreported_values : array of float, shape (U, K)
    basis : array of float, shape (B, K), optional
        What centre and scale are taken from: by default `values`. Evidence that is cut down keeps those of all that
        had reported, so that coefficients mean the same; an organization without data has no say in them.

    Examples
    --------
    >>> two = Attributes((Attribute("employees"),), np.array([[100.0], [300.0]]), (), np.empty((0, 1)))
    >>> two.centre.tolist(), two.scale.tolist(), two.z().tolist()
    ([200.0], [100.0], [[-1.0], [1.0]])
    """

    moderators: tuple[Moderator, ...]
    values: Floats
    unreported: tuple[str, ...]
    unreported_values: Floats
    basis: Floats | None = None

    def __post_init__(self) -> None:
        for array, count in ((self.values, len(self.values)), (self.unreported_values, len(self.unreported))):
            if array.shape != (count, len(self.moderators)) or not np.isfinite(array).all():
                raise ValueError(f"attributes must be finite, one column each: found an array of shape {array.shape}")
            array.flags.writeable = False

    @classmethod
    def none(cls, organizations: int = 0) -> Self:
        """Return what is known where no path depends on an attribute."""
        return cls((), np.empty((organizations, 0)), (), np.empty((0, 0)))

    @property
    def names(self) -> tuple[str, ...]:
        """Of the moderators: ``employees``, ``industry[goods]``."""
        return tuple(one.name for one in self.moderators)

    @property
    def _basis(self) -> Floats:
        return self.values if self.basis is None else self.basis

    @property
    def centre(self) -> Floats:
        """Means (K,) over the organizations that reported, where a pooled path has its `beta_mu`."""
        return np.asarray(self._basis.mean(axis=0))

    @property
    def scale(self) -> Floats:
        """SDs (K,; divisor J) over them; 1 for a level of a category, and where nothing differs."""
        sd = self._basis.std(axis=0)
        is_number = np.array([isinstance(one, Attribute) for one in self.moderators], dtype=bool)
        return np.where(is_number & (sd > 0), sd, 1.0)

    def z(self) -> Floats:
        """Return (values - centre) / scale of the organizations used, shape (J, K)."""
        return np.asarray((self.values - self.centre) / self.scale)

    def z_unreported(self) -> Floats:
        """Return the same of the unreported organizations, shape (U, K)."""
        return np.asarray((self.unreported_values - self.centre) / self.scale)

    def only(self, kept: Sequence[int], organizations: Sequence[str]) -> Attributes:
        """Keep some of the organizations used, by position; the others, of those named, become unreported."""
        if not self.moderators:
            return Attributes.none(len(kept))
        cut = [j for j in range(len(organizations)) if j not in set(kept)]
        return replace(
            self,
            values=self.values[list(kept)],
            unreported=(*self.unreported, *(organizations[j] for j in cut)),
            unreported_values=np.vstack([self.unreported_values, self.values[cut]]),
            basis=self._basis if cut else self.basis,
        )

    def joined(self, values: Floats, at: int) -> Attributes:
        """Put organizations with these values (n, K) among those used, in front of position `at`.

        Those that had not reported are taken to be among them: as many fewer are left, the first ones gone.
        """
        if not self.moderators:
            return self
        return replace(
            self,
            values=np.insert(self.values, at, values, axis=0),
            unreported=self.unreported[len(values) :],
            unreported_values=self.unreported_values[len(values) :],
            basis=None,
        )

    def stated(self, organizations: Sequence[str]) -> Stated:
        """Return them as `Evidence` takes them, those of the organizations used first."""
        names = (*organizations, *self.unreported)
        rows = [*self.values, *self.unreported_values] if self.moderators else []
        return {name: self._stated(row) for name, row in zip(names, rows, strict=bool(rows))}

    def _stated(self, row: Floats) -> dict[str, float | str]:
        found: dict[str, float | str] = {}
        for one, value in zip(self.moderators, row.tolist(), strict=True):
            if isinstance(one, Attribute):
                found[one.column] = value
            elif value or one.column not in found:
                found[one.column] = one.level if value else one.reference
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON holds it."""
        return {
            "moderators": [_to_dict(one) for one in self.moderators],
            "values": self.values.tolist(),
            "unreported": list(self.unreported),
            "unreported_values": self.unreported_values.tolist(),
            **({} if self.basis is None else {"basis": self.basis.tolist()}),
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """Rebuild what `to_dict` returned.

        Raises
        ------
        KeyError, TypeError, ValueError
            If it is something else.
        """
        moderators = tuple(_from_dict(one) for one in content["moderators"])
        shape = (-1, len(moderators)) if moderators else (0, 0)
        values, others, *basis = (
            np.array(content[name], dtype=np.float64).reshape(shape)
            for name in ("values", "unreported_values", "basis")
            if name in content
        )
        return cls(moderators, values, tuple(map(str, content["unreported"])), others, *basis)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Attributes) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash(json.dumps(self.to_dict()))


def _to_dict(one: Moderator) -> dict[str, Any]:
    if isinstance(one, Category):
        return {"column": one.column, "level": one.level, "levels": list(one.levels)}
    return {"column": one.column}


def _from_dict(content: Mapping[str, Any]) -> Moderator:
    if "level" in content:
        return Category(content["column"], content["level"], tuple(content["levels"]))
    return Attribute(content["column"])
