"""What published figures add to a posterior: terms, declared signs, and the components that they anchor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bayescx.errors import EvidenceError, ModelError
from bayescx.evidence import Matched, figure_problems, sign_problems
from bayescx.model.anchoring import Anchor, choose_anchors
from bayescx.model.figure_arrays import FigureSet
from bayescx.model.figures import figure_terms
from bayescx.model.layout import Layout
from bayescx.model.signs import component_signs, sign_contradictions

__all__ = ["Informed", "inform"]


@dataclass(frozen=True)
class Informed:
    """Published figures of one posterior.

    Attributes
    ----------
    figures : FigureSet
    anchors : tuple of Anchor
    signs : dict
        Declared sign of path components: of their population centre, or of the value that organizations share.
    only_figures : bool
        Whether no organization shared rows or moments.
    """

    figures: FigureSet
    anchors: tuple[Anchor, ...]
    signs: Mapping[int, int]
    only_figures: bool

    @classmethod
    def of_nothing(cls) -> Informed:
        """No figures at all."""
        return cls(FigureSet((), (), (), {}), (), {}, False)


def inform(layout: Layout, matched: Matched) -> Informed | None:
    """What the published figures of some evidence say about a model; None where there are none to use.

    Raises
    ------
    EvidenceError
        With every figure and sign that does not fit the model.
    ModelError
        If the pooling leaves organizations known by figures without a population.
    """
    if not matched.published and not matched.signs:
        return None
    model = layout.model
    causes = {
        outcome: tuple(row.rhs for row in model.paths if row.lhs == outcome)
        for outcome in dict.fromkeys(row.lhs for row in model.paths)
    }
    paths = [row.name for row in model.paths]
    problems = (
        *figure_problems(matched.published, layout.constructs, causes),
        *sign_problems(matched.signs, paths),
    )
    if problems:
        raise EvidenceError("published figures", list(problems))
    _check_pooling(layout, matched)
    _check_signs(layout, matched)
    if contradictions := sign_contradictions(layout, matched):
        raise EvidenceError("published figures", contradictions)
    used = [figure for figure in matched.published if figure.use == "evidence"]
    terms = figure_terms(layout, matched, used)
    only_figures = all(level == "figures" for level in matched.level.values())
    signs = component_signs(layout, matched)
    anchors = choose_anchors(layout, terms, only_figures=only_figures, signs=signs)
    return Informed(FigureSet.of(terms, matched), anchors, signs, only_figures)


def _check_pooling(layout: Layout, matched: Matched) -> None:
    apart = [block for block, word in layout.pooling.items() if word == "none" and layout.of_block(block)]
    unseen = [name for name in matched.organizations if matched.level.get(name) == "figures"]
    if apart and unseen:
        words = (
            f"with pooling 'none' for {' and '.join(apart)} nothing fills in what published figures leave open about"
        )
        raise ModelError("pooling", [f"{words} {', '.join(unseen)}; use 'partial' or 'full'"])


def _check_signs(layout: Layout, matched: Matched) -> None:
    """Refuse declared signs that would not be heard, or contradict each other."""
    if matched.signs and layout.pooling["paths"] == "none":
        raise ModelError(
            "pooling", ["signs are declared of the population's paths; with pooling 'none' there is no population"]
        )
    first: dict[int, str] = {}
    problems = []
    for entry in layout.paths:
        if entry.component >= 0 and entry.name in matched.signs:
            other = first.setdefault(entry.component, entry.name)
            if matched.signs[other] != matched.signs[entry.name]:
                problems.append(f"signs: a label makes {other} and {entry.name} equal, but their signs differ")
    if problems:
        raise EvidenceError("published figures", problems)
