"""Shares of answers, partially pooled over organizations: from counts, and from what was published of others."""

from bayescx.rates.counts import Counts
from bayescx.rates.documents import RateQuestion, read_rates
from bayescx.rates.estimands import (
    category_rates,
    group_rate_difference,
    group_rate_ratio,
    rate_heterogeneity,
    rate_odds,
    rate_ratio,
)
from bayescx.rates.fitted import RatesFit, fit_rates
from bayescx.rates.predicted import predicted_rates
from bayescx.rates.published import PublishedRate
from bayescx.rates.shipped import load_rates
from bayescx.rates.storage import load_rates_fit

__all__ = [
    "Counts",
    "PublishedRate",
    "RateQuestion",
    "RatesFit",
    "category_rates",
    "fit_rates",
    "group_rate_difference",
    "group_rate_ratio",
    "load_rates",
    "load_rates_fit",
    "predicted_rates",
    "rate_heterogeneity",
    "rate_odds",
    "rate_ratio",
    "read_rates",
]
