"""Directed graphs of names: causal order, cycles variable by variable, routes. Nothing recurses."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable, Mapping, Sequence

Arrow = tuple[str, str]
"""A cause and its effect."""


def effects_of(nodes: Iterable[str], arrows: Iterable[Arrow]) -> dict[str, list[str]]:
    """Return the direct effects of each node, each once, in the order of the arrows."""
    effects: dict[str, dict[str, None]] = {node: {} for node in nodes}
    for cause, effect in arrows:
        effects[cause][effect] = None
    return {node: list(found) for node, found in effects.items()}


def causal_order(nodes: Sequence[str], arrows: Iterable[Arrow]) -> tuple[str, ...]:
    """Return the nodes with every cause before its effects; ties keep the order given.

    Nodes on a cycle, and those behind one, have no such place and are left out.

    Examples
    --------
    >>> causal_order(["loyalty", "trust", "satisfaction"], [("trust", "loyalty"), ("satisfaction", "trust")])
    ('satisfaction', 'trust', 'loyalty')
    """
    effects = effects_of(nodes, arrows)
    rank = {node: place for place, node in enumerate(nodes)}
    causes_left = dict.fromkeys(nodes, 0)
    for found in effects.values():
        for effect in found:
            causes_left[effect] += 1
    ready = [rank[node] for node in nodes if causes_left[node] == 0]
    order: list[str] = []
    while ready:
        node = nodes[heapq.heappop(ready)]
        order.append(node)
        for effect in effects[node]:
            causes_left[effect] -= 1
            if causes_left[effect] == 0:
                heapq.heappush(ready, rank[effect])
    return tuple(order)


def cycles(nodes: Sequence[str], arrows: Iterable[Arrow]) -> list[tuple[str, ...]]:
    """Return cycles without a node in common, at least one from each set of nodes that lead to each other.

    Each is a shortest one through its first node and is written without repeating that node.

    Examples
    --------
    >>> cycles(["a", "b", "c"], [("a", "b"), ("b", "c"), ("c", "b")])
    [('b', 'c')]
    """
    effects = effects_of(nodes, arrows)
    found: list[tuple[str, ...]] = []
    left = set(_on_cycle_or_between(nodes, effects))
    for node in nodes:
        if node in left:
            cycle = _shortest_cycle(node, effects, left)
            found.extend([cycle] if cycle else [])
            left.difference_update(cycle or (node,))
    return found


def routes(cause: str, outcome: str, effects: Mapping[str, Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    """Return every directed chain from cause to outcome in an acyclic graph, in the order of the arrows.

    Examples
    --------
    >>> routes("a", "c", {"a": ["b", "c"], "b": ["c"], "c": []})
    (('a', 'b', 'c'), ('a', 'c'))
    """
    leads_there = count_routes(outcome, effects)
    if cause == outcome or not leads_there.get(cause):
        return ()
    found: list[tuple[str, ...]] = []
    chain = [cause]
    steps = [iter(effects[cause])]
    while steps:
        following = next(steps[-1], None)
        if following is None:
            steps.pop()
            chain.pop()
        elif following == outcome:
            found.append((*chain, outcome))
        elif leads_there[following]:
            chain.append(following)
            steps.append(iter(effects[following]))
    return tuple(found)


def count_routes(outcome: str, effects: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Return the number of directed chains from each node to the outcome in an acyclic graph."""
    nodes = list(effects)
    arrows = [(cause, effect) for cause, found in effects.items() for effect in found]
    counts: dict[str, int] = {}
    for node in reversed(causal_order(nodes, arrows)):
        counts[node] = 1 if node == outcome else sum(counts[effect] for effect in effects[node])
    return counts


def _on_cycle_or_between(nodes: Sequence[str], effects: Mapping[str, Sequence[str]]) -> list[str]:
    """Return what is left when nodes without causes, or without effects, are taken away again and again."""
    arrows = [(cause, effect) for cause, found in effects.items() for effect in found]
    before = set(causal_order(nodes, arrows))
    behind = set(causal_order(nodes, [(effect, cause) for cause, effect in arrows]))
    return [node for node in nodes if node not in before and node not in behind]


def _shortest_cycle(start: str, effects: Mapping[str, Sequence[str]], within: set[str]) -> tuple[str, ...] | None:
    """Search breadth first from a node back to itself."""
    came_from: dict[str, str] = {}
    queue = deque([start])
    while queue:
        node = queue.popleft()
        for effect in effects[node]:
            if effect == start:
                return _walk_back(node, start, came_from)
            if effect in within and effect not in came_from:
                came_from[effect] = node
                queue.append(effect)
    return None


def _walk_back(node: str, start: str, came_from: Mapping[str, str]) -> tuple[str, ...]:
    chain = [node]
    while chain[-1] != start:
        chain.append(came_from[chain[-1]])
    return tuple(reversed(chain))
