"""A data set made by a formula, and what statsmodels estimates from it."""

from __future__ import annotations

import numpy as np
import pandas as pd

CATEGORIES = ("disloyal", "neutral", "loyal")


def rows() -> pd.DataFrame:
    """4,000 respondents of one organization, without random numbers: residuals are normal quantiles."""
    from scipy.special import ndtri

    i = np.arange(4000)
    expectations, effort, billing = 1 + i % 7, 1 + (i // 7) % 5, (i // 35) % 3 == 0
    latent = (
        0.3 * np.minimum(expectations - 4, 0)
        + 0.1 * np.maximum(expectations - 4, 0)
        - 0.25 * effort
        - 0.4 * billing
        + ndtri((i * 0.6180339887498949 % 1.0) * 0.9998 + 0.0001)
    )
    after = np.select([latent < -1.6, latent < 0.2], CATEGORIES[:2], CATEGORIES[2])
    issue = np.where(billing, "billing", "question")
    return pd.DataFrame(
        {"organization": "one", "expectations": expectations, "effort": effort, "issue": issue, "after": after}
    )
