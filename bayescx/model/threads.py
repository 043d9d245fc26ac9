"""One thread for linear algebra: stacks of small matrices gain nothing from more, and wait where cores are busy."""

from __future__ import annotations

from contextlib import AbstractContextManager

from threadpoolctl import threadpool_limits

__all__ = ["one_thread"]


def one_thread() -> AbstractContextManager[object]:
    """Within this context BLAS works on one thread; a busy machine made starts 15 times slower with two."""
    limits: AbstractContextManager[object] = threadpool_limits(limits=1, user_api="blas")
    return limits
