"""Blocks give what the whole would."""

from __future__ import annotations

import numpy as np
import pytest

import bayescx as bcx
from bayescx.estimands.blocks import in_blocks
from bayescx.estimands.system import System, layout_of


@pytest.mark.parametrize("most", [1, 7, 64, 10_000])
def test_blocks_give_what_the_whole_would(example_fit: bcx.Fit, most: int) -> None:
    layout = layout_of(example_fit)
    system = System(layout, np.random.default_rng(1).standard_normal((5, 6, len(layout.components))))
    seen = []

    def function(block: System) -> np.ndarray:
        seen.append(len(block.u))
        return block.paths

    found = in_blocks(system, function, most)
    np.testing.assert_array_equal(found, system.paths)
    assert max(seen) <= most
    assert sum(seen) == 30
