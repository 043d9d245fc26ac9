"""Which constructs affect an outcome: along paths, not only by what measures a factor of factors."""

from __future__ import annotations

from bayescx.spec import PathModel

__all__ = ["has_effect"]


def has_effect(model: PathModel, cause: str, outcome: str) -> bool:
    """Whether a route leads from cause to outcome that is not measurement alone.

    Second-order loadings are arrows too, from a factor to the factors that measure it. They are no effects, but what
    moves a factor moves what measures it.

    Examples
    --------
    >>> import bayescx as bcx
    >>> model = bcx.parse_model("f =~ x1 + x2; g =~ x3 + x4; quality =~ f + g; quality ~ price; y ~ f")
    >>> [has_effect(model, *pair) for pair in (("quality", "f"), ("price", "f"), ("quality", "y"))]
    [False, True, True]
    """
    if not model.count_routes(cause, outcome):
        return False
    arrows = {(row.lhs, row.rhs) for row in model.paths}
    todo, reached = [cause], {cause}
    while todo:  # all that measures the cause, however far down
        source = todo.pop()
        for effect in model.constructs:
            if source not in model.predictors(effect):
                continue
            if (effect, source) in arrows:
                if effect == outcome or model.count_routes(effect, outcome):
                    return True
            elif effect not in reached:
                reached.add(effect)
                todo.append(effect)
    return False
