"""Causal order, cycles and routes, against brute force."""

from __future__ import annotations

import random
from itertools import pairwise, permutations

from bayescx.spec.graph import Arrow, causal_order, count_routes, cycles, effects_of, routes

NODES = list("abcdef")


def random_arrows(seed: int, count: int, acyclic: bool) -> list[Arrow]:
    generator = random.Random(seed)  # noqa: S311
    order = generator.sample(NODES, len(NODES))
    pairs = [(one, other) for one, other in permutations(order, 2)]
    if acyclic:
        pairs = [(one, other) for one, other in pairs if order.index(one) < order.index(other)]
    return generator.sample(pairs, min(count, len(pairs)))


def chains(cause: str, outcome: str, arrows: list[Arrow]) -> set[tuple[str, ...]]:
    inner = [node for node in NODES if node not in (cause, outcome)]
    candidates = [(cause, *mid, outcome) for size in range(len(inner) + 1) for mid in permutations(inner, size)]
    known = set(arrows)
    return {chain for chain in candidates if all(step in known for step in pairwise(chain))}


def test_causes_come_first_and_ties_keep_their_order() -> None:
    for seed in range(50):
        arrows = random_arrows(seed, 7, acyclic=True)
        order = causal_order(NODES, arrows)
        assert sorted(order) == NODES
        assert all(order.index(cause) < order.index(effect) for cause, effect in arrows)
        # Each place holds the first node whose causes have all been placed.
        for place, node in enumerate(order):
            ready = [
                n for n in NODES if n not in order[:place] and {c for c, e in arrows if e == n} <= {*order[:place]}
            ]
            assert node == ready[0]


def test_nodes_on_and_behind_a_cycle_have_no_place() -> None:
    assert causal_order(list("abcd"), [("a", "b"), ("b", "c"), ("c", "b"), ("c", "d")]) == ("a",)


def test_no_cycle_is_found_in_an_acyclic_graph() -> None:
    for seed in range(30):
        assert cycles(NODES, random_arrows(seed, 9, acyclic=True)) == []


def test_each_cycle_is_one() -> None:
    for seed in range(100):
        arrows = random_arrows(seed, 9, acyclic=False)
        found = cycles(NODES, arrows)
        assert bool(found) == (len(causal_order(NODES, arrows)) < len(NODES))
        for cycle in found:
            assert len(set(cycle)) == len(cycle)
            assert all(step in arrows for step in zip(cycle, (*cycle[1:], cycle[0]), strict=True))


def test_cycles_apart_are_all_found() -> None:
    arrows = [("a", "b"), ("b", "a"), ("b", "c"), ("c", "d"), ("d", "e"), ("e", "d")]
    assert cycles(NODES, arrows) == [("a", "b"), ("d", "e")]


def test_routes_and_their_number() -> None:
    for seed in range(40):
        arrows = random_arrows(seed, 10, acyclic=True)
        effects = effects_of(NODES, arrows)
        for cause, outcome in permutations("abcd", 2):
            found = routes(cause, outcome, effects)
            assert len(found) == len(set(found)) == count_routes(outcome, effects)[cause]
            assert set(found) == chains(cause, outcome, arrows)


def test_no_route_from_a_node_to_itself() -> None:
    assert routes("a", "a", {"a": ["b"], "b": []}) == ()


def test_long_chain() -> None:
    nodes = [f"v{i}" for i in range(5_000)]
    effects = effects_of(nodes, list(pairwise(nodes)))
    assert routes(nodes[0], nodes[-1], effects) == (tuple(nodes),)
