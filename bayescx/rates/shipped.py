"""Questions about shares that ship with bayescx."""

from __future__ import annotations

from bayescx.datasets import list_rates, rates_document
from bayescx.errors import EvidenceError, did_you_mean
from bayescx.rates.documents import RateQuestion, read_rates

__all__ = ["load_rates"]


def load_rates(name: str) -> dict[str, RateQuestion]:
    """Read shipped questions about shares.

    Parameters
    ----------
    name : str
        One of `list_rates`.

    Returns
    -------
    dict of str to RateQuestion

    Raises
    ------
    EvidenceError
        If no document of this name ships; the message lists those that do.

    Examples
    --------
    >>> list(load_rates("effort_published"))
    ['expectations', 'intentions', 'after_an_interaction']
    """
    available = list_rates()
    if name not in available:
        close = did_you_mean(str(name), available) or ";"
        problem = f"there is no shipped document {name!r:.60}{close} shipped: {', '.join(available)}"
        raise EvidenceError("shipped shares", [f"{problem}; read_rates(path) reads a file"])
    return read_rates(rates_document(name))
