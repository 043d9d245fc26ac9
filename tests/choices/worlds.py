"""Small simulated studies of choices."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bayescx.choices import ChoiceCounts

NAMES = {2: ("leave", "stay"), 3: ("disloyal", "neutral", "loyal"), 7: tuple("1234567")}


def rows(n_category: int, sizes: tuple[int, ...], seed: int) -> pd.DataFrame:
    """Respondents whose expectations, effort and issue move an answer; the first organization has no lowest one."""
    rng = np.random.default_rng(seed)
    parts = []
    for j, n in enumerate(sizes):
        x = pd.DataFrame(
            {
                "organization": f"org_{j + 1}",
                "expectations": rng.integers(1, 8, n),
                "effort": rng.integers(1, 6, n),
                "issue": rng.choice(["question", "billing"], n),
            }
        )
        below, above = np.minimum(x["expectations"] - 4, 0), np.maximum(x["expectations"] - 4, 0)
        predictor = (0.3 + 0.05 * rng.standard_normal()) * below + 0.1 * above - 0.2 * x["effort"]
        latent = predictor - 0.3 * (x["issue"] == "billing") + rng.standard_normal(n)
        cuts = np.quantile(latent, np.linspace(0, 1, n_category + 1)[1:-1])
        code = np.searchsorted(cuts, latent)
        if j == 0 and n_category > 2:
            code = np.maximum(code, 1)
        parts.append(x.assign(after=np.array(NAMES[n_category])[code]))
    return pd.concat(parts, ignore_index=True)


def simulated(
    model: str,
    n_category: int = 3,
    *,
    sizes: tuple[int, ...] = (30, 80, 150),
    seed: int = 1,
    n_planned: int | None = None,
) -> ChoiceCounts:
    """Counts of such respondents."""
    return ChoiceCounts.from_rows(
        rows(n_category, sizes, seed), model, organization="organization", categories=NAMES[n_category],
        n_planned=n_planned,
    )  # fmt: skip
