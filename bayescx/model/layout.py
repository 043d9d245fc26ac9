"""From a path model to components: which parameters exist, how each is pooled, and where each one sits.

A *component* is one scalar that every organization has. Paths, loadings, log SDs of residuals and of exogenous
constructs, and Fisher-z partial correlations are all components, so pooling, sampling and storing know one kind of
thing. Matrix entries refer to components by number: an entry is ``value * component``, an SD ``value *
exp(component)``, and with component -1 both are the constant ``value``.

Exogenous constructs have a distribution of their own, but not beside coded terms: a dummy or a part of a variable
beyond a knot has none that a covariance matrix would describe. A model with such terms conditions on all exogenous
variables (lavaan's ``fixed.x``): they have no components, and their block of Psi, which the likelihood of the outcomes
does not depend on, is the identity until it is read from the data.

Units. Components are on the common scale: each observed variable divided by its pooled within-organization SD. A
construct's ``construct_scale`` is what one unit of it is in the data's units, so raw path = path * scale[outcome] /
scale[cause].

Signs. The loading of an item that the model declares reversed is minus its component, so that the components of all
items of a factor are alike: they average 1, and have one prior.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bayescx._names import POOLINGS
from bayescx.errors import ModelError, did_you_mean
from bayescx.model.moderator_entries import ModeratorEntry, moderator_entries, refuse_without_population
from bayescx.model.scales import construct_scales
from bayescx.spec import Parameter, PathModel

__all__ = ["BLOCKS", "Component", "Entry", "Layout", "SdEntry", "pooling_of"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BLOCKS = ("paths", "loadings", "residuals", "exogenous", "covariances", "controls")
_DEFAULT_POOLING = dict.fromkeys(BLOCKS, "partial") | {"loadings": "full", "controls": "full"}


def pooling_of(pooling: str | Mapping[str, str]) -> dict[str, str]:
    """Complete ``pooling`` to one word per block.

    One word speaks of the paths; residual SDs, exogenous SDs and covariances are partially pooled, and loadings and
    controls (paths that the model text says are fixed) are the same for all, unless a mapping says otherwise.

    Raises
    ------
    ModelError
        If a word or a block is unknown.
    """
    given = {"paths": pooling} if isinstance(pooling, str) else dict(pooling)
    problems = []
    for block, word in given.items():
        if block not in BLOCKS:
            problems.append(
                f"unknown block {block!r}{did_you_mean(str(block), BLOCKS) or '.'} Blocks: {', '.join(BLOCKS)}"
            )
        elif word not in POOLINGS:
            hint = did_you_mean(str(word), POOLINGS) or "."
            problems.append(f"{block}: unknown pooling {word!r}{hint} It is one of: {', '.join(POOLINGS)}")
    if problems:
        raise ModelError("pooling", problems)
    return _DEFAULT_POOLING | given


@dataclass(frozen=True)
class Component:
    """One scalar per organization: its block, its name in lavaan's terms, and the equation it is moved with."""

    block: str
    name: str
    equation: str


@dataclass(frozen=True)
class Entry:
    """``matrix[row, column] = value * component``, or the constant ``value`` where ``component`` is -1."""

    name: str
    row: int
    column: int
    component: int
    value: float


@dataclass(frozen=True)
class SdEntry:
    """Residual SD of variable ``name``: ``value * exp(component)``, or the constant ``value``."""

    name: str
    component: int
    value: float


class _Builder:
    """Collects components while the parameter table is read; labels give one component to several parameters."""

    def __init__(self, model: PathModel, scale: Mapping[str, float]) -> None:
        self.model = model
        self.scale = scale
        self.components: list[Component] = []
        self._labelled: dict[str, tuple[int, float]] = {}

    def component(self, block: str, name: str, equation: str) -> int:
        self.components.append(Component(block, name, equation))
        return len(self.components) - 1

    def free(self, row: Parameter | None, block: str, name: str, equation: str, unit: float) -> tuple[int, float]:
        """Component and multiplier of a free parameter whose raw value is component / ``unit``.

        Equality by label holds in the data's units, so the second of two equal parameters is the first one's
        component times the ratio of their units.
        """
        label = row.label if row is not None else None
        if label is None:
            return self.component(block, name, equation), 1.0
        if label not in self._labelled:
            self._labelled[label] = (self.component(block, name, equation), unit)
        component, first_unit = self._labelled[label]
        return component, unit / first_unit

    def path(self, row: Parameter, index: Mapping[str, int]) -> Entry:
        unit = self.scale[row.rhs] / self.scale[row.lhs]
        if row.fixed is not None:
            return Entry(row.name, index[row.lhs], index[row.rhs], -1, row.fixed * unit)
        block = "controls" if row.pooled is False else "paths"
        component, value = self.free(row, block, row.name, row.lhs, unit)
        return Entry(row.name, index[row.lhs], index[row.rhs], component, value)

    def loading(self, row: Parameter, target: int, column: int, fixed: float | None) -> Entry:
        unit = self.scale[row.lhs] / self.scale[row.rhs]
        fixed = row.fixed if row.fixed is not None else fixed
        if fixed is not None:
            return Entry(row.name, target, column, -1, fixed * unit)
        component, value = self.free(row, "loadings", row.name, row.lhs, unit)
        return Entry(row.name, target, column, component, -value if row.reversed else value)

    def sd(self, variable: str, block: str, row: Parameter | None, default: float | None = None) -> SdEntry:
        fixed = row.fixed if row is not None else default
        if fixed is not None:
            return SdEntry(variable, -1, float(np.sqrt(fixed)) / self.scale[variable])
        component, value = self.free(row, block, f"{variable}~~{variable}", variable, 1 / self.scale[variable])
        return SdEntry(variable, component, value)

    def cells(self, names: Sequence[str], pairs: Mapping[frozenset[str], Parameter | None]) -> Ints:
        """Component of each free covariance between ``names``, below the diagonal."""
        out = np.full((len(names), len(names)), -1, dtype=np.int64)
        for i, later in enumerate(names):
            for k, earlier in enumerate(names[:i]):
                pair = frozenset((later, earlier))
                row = pairs.get(pair)
                if pair in pairs and (row is None or row.fixed is None):
                    name = row.name if row is not None else f"{earlier}~~{later}"
                    out[i, k] = self.component("covariances", name, name)
        return out


@dataclass(frozen=True)
class Layout:
    """Where every parameter of a model sits, given the common scale and the pooling.

    Attributes
    ----------
    model : PathModel
    constructs, variables : tuple of str
        Rows of B and Psi (causal order), rows of Lambda and Theta (the data's columns).
    scale, construct_scale : dict
        Data units per common unit, of observed variables and of constructs.
    components : tuple of Component
        C of them.
    paths, loadings : tuple of Entry
        Entries of B (second-order loadings included) and of Lambda.
    psi, theta : tuple of SdEntry
        Residual SDs of constructs (exogenous: their SDs) and of data columns.
    psi_cells, theta_cells : int arrays (m, m), (p, p)
        Components of free residual correlations below the diagonal, else -1.
    averages : tuple of tuple of Entry
        For each factor scaled by its average loading, the free loadings that average 1, each without its declared sign.
    pooling : dict
        One word per block.
    moderators : tuple of ModeratorEntry
        What attributes of organizations, in the model's order, do to paths.
    """

    model: PathModel
    constructs: tuple[str, ...]
    variables: tuple[str, ...]
    scale: dict[str, float]
    construct_scale: dict[str, float]
    components: tuple[Component, ...]
    paths: tuple[Entry, ...]
    loadings: tuple[Entry, ...]
    psi: tuple[SdEntry, ...]
    theta: tuple[SdEntry, ...]
    psi_cells: Ints
    theta_cells: Ints
    averages: tuple[tuple[Entry, ...], ...]
    pooling: dict[str, str]
    identification: str
    moderators: tuple[ModeratorEntry, ...] = ()

    @classmethod
    def of(
        cls,
        model: PathModel,
        scale: Mapping[str, float] | None = None,
        pooling: str | Mapping[str, str] = "partial",
        identification: str = "mean",
    ) -> Layout:
        """Lay out ``model``; ``scale`` is data units per common unit of each observed variable (1 when left out).

        Raises
        ------
        ModelError
            If pooling or identification is not understood, or the model asks for what is not there.
        """
        if identification not in ("mean", "marker"):
            raise ModelError("identification", [f"it is 'mean' or 'marker', found {identification!r}"])
        words = pooling_of(pooling)
        _refuse_equal_covariances(model)
        _refuse_exogenous_parameters(model)
        refuse_without_population(model, words)
        observed = {name: float((scale or {}).get(name, 1.0)) for name in model.observed}
        marked, construct_scale, averaged = construct_scales(model, observed, identification)
        if averaged and words["loadings"] == "none":
            raise ModelError("pooling", [_no_common_unit(averaged)])
        return _lay_out(model, observed, construct_scale, marked, averaged, words, identification)

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """The pooling word of each component."""
        return tuple(self.pooling[component.block] for component in self.components)

    @property
    def is_conditional(self) -> bool:
        """Whether exogenous variables are taken as they were observed, and no parameters describe them."""
        return bool(self.model.coded)

    @cached_property
    def exogenous(self) -> tuple[int, ...]:
        """Positions of exogenous constructs."""
        return tuple(i for i, name in enumerate(self.constructs) if name in self.model.exogenous)

    @cached_property
    def unit(self) -> Floats:
        """Construct scales in the order of ``constructs``, shape (m,)."""
        return np.array([self.construct_scale[name] for name in self.constructs])

    def of_block(self, block: str) -> list[int]:
        """Component numbers of a block."""
        return [c for c, component in enumerate(self.components) if component.block == block]


def _no_common_unit(averaged: Sequence[str]) -> str:
    return (
        f"with loadings 'none' nothing ties organizations' loadings of {', '.join(averaged)} to an average of 1; "
        'let the unit of each factor come from its first item, identification="marker", or use loadings "partial"'
    )


def _lay_out(
    model: PathModel,
    observed: dict[str, float],
    construct_scale: dict[str, float],
    marked: Mapping[str, float],
    averaged: Sequence[str],
    words: dict[str, str],
    identification: str,
) -> Layout:
    build = _Builder(model, observed | construct_scale)
    constructs, variables = model.constructs, model.observed
    index = {name: i for i, name in enumerate(constructs)}
    paths = [build.path(row, index) for row in model.paths]
    second_order, loadings, factors = _loadings(build, model, index, marked)
    given = set(model.exogenous) if model.coded else set()
    psi, theta = _spreads(build, model, given)
    pairs: dict[frozenset[str], Parameter | None] = {
        frozenset((a, b)): None for i, a in enumerate(model.exogenous) for b in model.exogenous[:i] if a not in given
    }
    pairs |= {frozenset((row.lhs, row.rhs)): row for row in model.covariances}
    psi_cells = build.cells(constructs, pairs)
    # an observed construct is a data column too, but its covariances are in Psi
    theta_cells = build.cells(variables, {pair: row for pair, row in pairs.items() if pair.isdisjoint(index)})
    averages = tuple(tuple(replace(e, value=abs(e.value)) for e in factors[f] if e.component >= 0) for f in averaged)
    paths += second_order
    return Layout(
        model, constructs, variables, observed, construct_scale, tuple(build.components), tuple(paths), tuple(loadings),
        tuple(psi), tuple(theta), psi_cells, theta_cells, averages, words, identification,
        moderator_entries(model, {entry.name: entry.component for entry in paths}),
    )  # fmt: skip


def _loadings(
    build: _Builder, model: PathModel, index: Mapping[str, int], marked: Mapping[str, float]
) -> tuple[list[Entry], list[Entry], dict[str, list[Entry]]]:
    """Loadings of factors (which stand among the paths), those of items, and all of them by factor."""
    column_of = {name: i for i, name in enumerate(model.observed)}
    latents = set(model.latents)
    second_order: list[Entry] = []
    loadings: list[Entry] = []
    factors: dict[str, list[Entry]] = {}
    for row in model.loadings:
        is_factor = row.rhs in latents
        target = index[row.rhs] if is_factor else column_of[row.rhs]
        entry = build.loading(row, target, index[row.lhs], marked.get(row.name))
        (second_order if is_factor else loadings).append(entry)
        factors.setdefault(row.lhs, []).append(entry)
    loadings += [Entry(name, column_of[name], i, -1, 1.0) for name, i in index.items() if name in column_of]
    return second_order, loadings, factors


def _spreads(build: _Builder, model: PathModel, given: Collection[str]) -> tuple[list[SdEntry], list[SdEntry]]:
    """SDs of constructs, but for those that are ``given``, and of items."""
    variances = {row.lhs: row for row in model.variances}
    endogenous, constructs = set(model.endogenous), set(model.constructs)
    psi = [
        SdEntry(v, -1, 1.0)
        if v in given
        else build.sd(v, "residuals" if v in endogenous else "exogenous", variances.get(v))
        for v in model.constructs
    ]
    theta = [
        SdEntry(v, -1, 0.0)
        if v in constructs
        else build.sd(v, "residuals", variances.get(v), 0.0 if v in model.single_indicators else None)
        for v in model.observed
    ]
    return psi, theta


def _refuse_equal_covariances(model: PathModel) -> None:
    # components are partial correlations: equality of two covariances is no equality of two components
    problems = []
    for label, rows in model.labels.items():
        free = [row for row in rows if row.op == "~~" and row.lhs != row.rhs and row.fixed is None]
        if len(free) > 1:
            shown = ", ".join(row.name for row in free)
            problems.append(
                f"line {free[1].line}: the label '{label}' makes the covariances {shown} equal, which is not "
                "supported; give each a label of its own"
            )
    if problems:
        raise ModelError(f"model {model.name or ''}".strip(), problems)


def _refuse_exogenous_parameters(model: PathModel) -> None:
    """Coded terms leave exogenous variables without parameters: factors among them, and what the text says of them."""
    if not model.coded:
        return
    exogenous, latents = set(model.exogenous), set(model.latents)
    why = f"the model has coded terms such as {next(iter(model.coded))}, so exogenous variables are taken as observed"
    problems = [
        f"exogenous factor '{name}': {why}; a factor is not observed: give it a cause, or use the mean of its items"
        for name in model.exogenous
        if name in latents
    ]
    problems += [
        f"line {row.line}: {row.name} has no parameter, because {why}; leave it out"
        for row in (*model.variances, *model.covariances)
        if {row.lhs, row.rhs} <= exogenous
    ]
    if problems:
        raise ModelError(f"model {model.name or ''}".strip(), problems)
