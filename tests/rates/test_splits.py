"""Trees of categories: shares, counts, and what is no tree."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bayescx.errors import EvidenceError
from bayescx.rates.splits import tree_of
from tests.rates.brute import stick

DNL = ("disloyal", "neutral", "loyal")
TREES = [None, [("neutral", ("disloyal", "loyal")), ("disloyal", "loyal")]]


@pytest.mark.parametrize("splits", TREES)
def test_shares_add_to_one_and_have_the_splits_odds(splits: Any) -> None:
    tree = tree_of(DNL, splits)
    logits = np.random.default_rng(1).normal(size=(7, 5, 2)) * 3
    shares = tree.shares(logits)
    np.testing.assert_allclose(shares.sum(axis=-1), 1)
    if splits is None:
        np.testing.assert_allclose(shares, stick(logits))
    else:
        np.testing.assert_allclose(np.log(shares[..., 0] / shares[..., 2]), logits[..., 1])
        np.testing.assert_allclose(shares[..., 1], 1 / (1 + np.exp(-logits[..., 0])))


def test_counts_follow_the_tree() -> None:
    answers = np.array([[5, 7, 11], [0, 2, 0]])
    left, both = tree_of(DNL, TREES[1]).counts(answers)
    assert left.tolist() == [[7, 5], [2, 0]]
    assert both.tolist() == [[23, 16], [2, 0]]


def test_four_categories_part_in_two_pairs() -> None:
    tree = tree_of("abcd", [(("a", "b"), ("c", "d")), ("a", "b"), ("c", "d")])
    shares = tree.shares(np.zeros(3))
    np.testing.assert_allclose(shares, 0.25)
    assert tree.names == ("a + b : c + d", "a : b", "c : d")


def test_extreme_logits_do_not_overflow() -> None:
    shares = tree_of(DNL).shares(np.array([[1000.0, -1000.0], [-1000.0, 1000.0]]))
    np.testing.assert_array_equal(shares, [[1, 0, 0], [0, 1, 0]])


@pytest.mark.parametrize(
    ("splits", "message"),
    [
        ([("disloyal", "loyal")], "what is left to part is disloyal \\+ neutral \\+ loyal"),
        (
            [("neutral", ("disloyal", "loyal"))],
            r"no split parts disloyal \+ loyal; add one, such as \('disloyal', 'loyal'\)",
        ),
        ([("neutral", ("disloyal", "loyal"))] * 2, "what is left to part is disloyal \\+ loyal"),
        ([("neutral", ("disloyal", "loyel")), ("disloyal", "loyal")], "no category 'loyel'; did you mean 'loyal'"),
        ([("neutral", ("neutral", "disloyal", "loyal"))], "names 'neutral' twice"),
        (["neutral"], "a split is a pair of sides"),
        ([("neutral", 3)], "a split is a pair of sides"),
        ([("neutral", ())], "a split is a pair of sides"),
        ([*(TREES[1] or []), ("disloyal", "loyal")], "what is left to part is nothing"),
    ],
)
def test_what_is_no_tree(splits: Any, message: str) -> None:
    with pytest.raises(EvidenceError, match=message):
        tree_of(DNL, splits)
