"""The sampling variance of a published figure, one entry of a covariance matrix after the other: slow, and plain."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bayescx.model.figures import Term, contrast_of
from bayescx.model.layout import Layout

Floats = NDArray[np.float64]
_STEP = 1e-30


def sampling_variance(term: Term, layout: Layout, phi: Floats, log_n: Floats | float) -> Floats:
    """Sampling variance of the contrast by the delta method for normal data; ``phi`` (..., members, m, m).

    With D the symmetric derivative of the contrast in a member's covariance matrix, the sum over members of
    2 tr(D Phi D Phi) / n.
    """
    m = phi.shape[-1]
    total = np.zeros(phi.shape[:-3])
    for q in range(phi.shape[-3]):
        derivative = np.zeros((*phi.shape[:-3], m, m))
        for i in range(m):
            for k in range(i + 1):
                moved = phi.astype(complex)
                moved[..., q, i, k] += 1j * _STEP
                moved[..., q, k, i] = moved[..., q, i, k]
                slope = contrast_of(term, layout, moved)[0].imag / _STEP
                derivative[..., i, k] = derivative[..., k, i] = slope if i == k else 0.5 * slope
        product = phi[..., q, :, :] @ derivative
        total += 2.0 * np.einsum("...ik,...ki->...", product, product)
    return np.asarray(total * np.exp(-np.asarray(log_n)))
