"""Log-likelihood of any recursive model, with the p x p implied covariance matrix.

For residual covariances, single-indicator factors, and observed beside latent variables in one structural part.
The derivative of log|Sigma| + tr(S Sigma^-1) in Sigma is G = Sigma^-1 - Sigma^-1 S Sigma^-1.
"""

from __future__ import annotations

import numpy as np

from bayescx.kernel.compiled import inlined
from bayescx.kernel.implied import implied_likelihood, multiply
from bayescx.kernel.latent import inverse_and_log_det

__all__ = ["general_likelihood"]


@inlined
def _deviance(evidence, j, sigma, slope):
    """log|Sigma| + tr(S Sigma^-1) and its derivative; its weight is -(n - 1) / 2."""
    data, inverse, work = evidence
    p = sigma.shape[0]
    value = inverse_and_log_det(sigma, work, inverse)
    multiply(inverse, data.cov[j], work)
    multiply(work, inverse, slope)
    for i in range(p):
        value += work[i, i]
        for k in range(p):
            slope[i, k] = inverse[i, k] - slope[i, k]
    return value, -data.half_df[j]


@inlined
def general_likelihood(data, structure, u, adjoint):
    """Sum of the organizations' log-likelihoods; ``adjoint`` (J, C) gains the derivatives."""
    p = structure.theta_component.shape[0]
    evidence = data, np.empty((p, p)), np.empty((p, p))
    return implied_likelihood(_deviance, evidence, np.arange(u.shape[0]), structure, u, adjoint)
