from __future__ import annotations

import numpy as np
import pytest

import bayescx as bcx
from bayescx.errors import ModelError
from bayescx.model.prepare import prepare


def evidence(signs: tuple[int, ...]) -> bcx.Evidence:
    """Items of one factor, some reverse-coded, and an outcome."""
    import pandas as pd

    rng = np.random.default_rng(3)
    frames = []
    for name in ("a", "b"):
        factor = rng.standard_normal(300)
        items = {f"x{i + 1}": sign * factor + 0.6 * rng.standard_normal(300) for i, sign in enumerate(signs)}
        frames.append(pd.DataFrame({"organization": name, **items, "y": 0.5 * factor + rng.standard_normal(300)}))
    return bcx.Evidence.from_rows(pd.concat(frames), organization="organization")


@pytest.mark.parametrize(("signs", "named"), [((1, 1, -1), "x3"), ((1, -1, 1, 1), "x2"), ((-1, 1, -1), "x2")])
def test_items_that_run_against_the_others_are_named(signs: tuple[int, ...], named: str) -> None:
    items = " + ".join(f"x{i + 1}" for i in range(len(signs)))
    model = bcx.parse_model(f"f =~ {items}; y ~ f")
    with pytest.raises(ModelError, match=rf"factor 'f': {named} runs against the other items") as caught:
        prepare(model, evidence(signs))
    assert "f =~ 1*" in str(caught.value)
    prepare(model, evidence(signs), identification="marker")


def test_items_that_point_one_way_pass() -> None:
    prepare(bcx.parse_model("f =~ x1 + x2 + x3; y ~ f"), evidence((1, 1, 1)))
    prepare(bcx.parse_model("f =~ x1 + x2 + x3; y ~ f"), evidence((-1, -1, -1)))
