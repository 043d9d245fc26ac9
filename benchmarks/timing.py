"""Timing that holds on a noisy machine: alternatives take turns, and medians of ratios are reported."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np


def seconds(job: Callable[[], object]) -> float:
    """Wall seconds of one call."""
    began = time.perf_counter()
    job()
    return time.perf_counter() - began


def in_turns(jobs: dict[str, Callable[[], object]], rounds: int) -> dict[str, np.ndarray]:
    """Wall seconds of each job, ``rounds`` times, A B A B ..., after one uncounted call each."""
    for job in jobs.values():
        job()
    taken: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(rounds):
        for name, job in jobs.items():
            taken[name].append(seconds(job))
    return {name: np.array(values) for name, values in taken.items()}


def ratio(a: np.ndarray, b: np.ndarray) -> str:
    """Median of paired ratios with their quartiles."""
    low, middle, high = np.quantile(a / b, [0.25, 0.5, 0.75])
    return f"{middle:.2f} (quartiles {low:.2f} to {high:.2f})"
