"""Bayesian meta-analysis of path models for customer-experience research.

The front door. Every name below loads its module on first use, so that ``import bayescx`` costs nothing and
reading a model or checking evidence never waits for a sampler.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bayescx.choices import ChoiceCounts as ChoiceCounts
    from bayescx.choices import ChoiceFit as ChoiceFit
    from bayescx.choices import ChoicePriors as ChoicePriors
    from bayescx.choices import choice_asymmetry as choice_asymmetry
    from bayescx.choices import choice_effects as choice_effects
    from bayescx.choices import choice_probabilities as choice_probabilities
    from bayescx.choices import choice_ratio as choice_ratio
    from bayescx.choices import choice_slopes as choice_slopes
    from bayescx.choices import choice_thresholds as choice_thresholds
    from bayescx.choices import fit_choices as fit_choices
    from bayescx.choices import load_choice_fit as load_choice_fit
    from bayescx.datasets import list_evidence as list_evidence
    from bayescx.datasets import list_models as list_models
    from bayescx.datasets import list_rates as list_rates
    from bayescx.datasets import load_evidence as load_evidence
    from bayescx.datasets import load_model as load_model
    from bayescx.datasets import load_rows as load_rows
    from bayescx.datasets import load_truth as load_truth
    from bayescx.errors import BayescxError as BayescxError
    from bayescx.errors import ConvergenceWarning as ConvergenceWarning
    from bayescx.errors import EvidenceError as EvidenceError
    from bayescx.errors import FitError as FitError
    from bayescx.errors import ModelError as ModelError
    from bayescx.errors import ModelSyntaxError as ModelSyntaxError
    from bayescx.errors import PriorError as PriorError
    from bayescx.estimands import defined_parameters as defined_parameters
    from bayescx.estimands import direct_effects as direct_effects
    from bayescx.estimands import heterogeneity as heterogeneity
    from bayescx.estimands import indirect_effects as indirect_effects
    from bayescx.estimands import mediated_share as mediated_share
    from bayescx.estimands import r_squared as r_squared
    from bayescx.estimands import route_effects as route_effects
    from bayescx.estimands import summarize as summarize
    from bayescx.estimands import total_effects as total_effects
    from bayescx.estimands import what_if as what_if
    from bayescx.estimands.asymmetry import asymmetry as asymmetry
    from bayescx.estimands.catch_up import catch_up as catch_up
    from bayescx.estimands.conflict import conflict as conflict
    from bayescx.estimands.expected import expected_margin as expected_margin
    from bayescx.estimands.importance import importance_performance as importance_performance
    from bayescx.estimands.intercept_regression import intercept_regression as intercept_regression
    from bayescx.estimands.intercepts import intercept_differences as intercept_differences
    from bayescx.estimands.invariance import compare_invariance as compare_invariance
    from bayescx.estimands.latent_means import comparable_means as comparable_means
    from bayescx.estimands.latent_means import latent_means as latent_means
    from bayescx.estimands.latent_means import rank_organizations as rank_organizations
    from bayescx.estimands.latent_means import spread_of_means as spread_of_means
    from bayescx.estimands.loading_differences import differing_items as differing_items
    from bayescx.estimands.loading_differences import loading_differences as loading_differences
    from bayescx.estimands.margin import margin_by_reporting as margin_by_reporting
    from bayescx.estimands.moderation import explained_heterogeneity as explained_heterogeneity
    from bayescx.estimands.moderation import moderator_effects as moderator_effects
    from bayescx.estimands.moderation import path_at as path_at
    from bayescx.estimands.moderation_tables import explained_table as explained_table
    from bayescx.estimands.moderation_tables import moderator_table as moderator_table
    from bayescx.estimands.published import predicted_figures as predicted_figures
    from bayescx.estimands.ranks import rank_probabilities as rank_probabilities
    from bayescx.estimands.reliability import average_variance_extracted as average_variance_extracted
    from bayescx.estimands.reliability import heterotrait_monotrait as heterotrait_monotrait
    from bayescx.estimands.reliability import measurement_quality as measurement_quality
    from bayescx.estimands.reliability import reliability as reliability
    from bayescx.estimands.sensitivity import prior_sensitivity as prior_sensitivity
    from bayescx.estimands.share_differences import groups_of_terms as groups_of_terms
    from bayescx.estimands.share_differences import share_differences as share_differences
    from bayescx.estimands.shares import explained_shares as explained_shares
    from bayescx.evidence import Evidence as Evidence
    from bayescx.evidence import PatternMoments as PatternMoments
    from bayescx.evidence import Published as Published
    from bayescx.evidence import SampleMoments as SampleMoments
    from bayescx.evidence import read_evidence as read_evidence
    from bayescx.fitted import Fit as Fit
    from bayescx.fitted import load_fit as load_fit
    from bayescx.model import build_model as build_model
    from bayescx.model import fit as fit
    from bayescx.model import log_likelihood as log_likelihood
    from bayescx.model.refit import refit as refit
    from bayescx.plots import Picture as Picture
    from bayescx.plots import plot_forest as plot_forest
    from bayescx.plots import plot_knobs as plot_knobs
    from bayescx.plots import plot_path_diagram as plot_path_diagram
    from bayescx.plots import plot_prior_posterior as plot_prior_posterior
    from bayescx.plots.choices import plot_choices as plot_choices
    from bayescx.plots.conflict import plot_conflict as plot_conflict
    from bayescx.plots.importance_performance import plot_importance_performance as plot_importance_performance
    from bayescx.plots.kink import plot_kink as plot_kink
    from bayescx.plots.latent_means import plot_latent_means as plot_latent_means
    from bayescx.plots.loading_differences import plot_loading_differences as plot_loading_differences
    from bayescx.plots.margin import plot_margin as plot_margin
    from bayescx.plots.moderation import plot_moderation as plot_moderation
    from bayescx.plots.rank_probabilities import plot_ranks as plot_ranks
    from bayescx.plots.rates import plot_rates as plot_rates
    from bayescx.plots.share_pairs import plot_share_pairs as plot_share_pairs
    from bayescx.plots.shares import plot_shares as plot_shares
    from bayescx.priors import Prior as Prior
    from bayescx.priors import Priors as Priors
    from bayescx.rates import Counts as Counts
    from bayescx.rates import PublishedRate as PublishedRate
    from bayescx.rates import RateQuestion as RateQuestion
    from bayescx.rates import RatesFit as RatesFit
    from bayescx.rates import category_rates as category_rates
    from bayescx.rates import fit_rates as fit_rates
    from bayescx.rates import group_rate_difference as group_rate_difference
    from bayescx.rates import group_rate_ratio as group_rate_ratio
    from bayescx.rates import load_rates as load_rates
    from bayescx.rates import load_rates_fit as load_rates_fit
    from bayescx.rates import predicted_rates as predicted_rates
    from bayescx.rates import rate_heterogeneity as rate_heterogeneity
    from bayescx.rates import rate_odds as rate_odds
    from bayescx.rates import rate_ratio as rate_ratio
    from bayescx.rates import read_rates as read_rates
    from bayescx.replication import write_replication as write_replication
    from bayescx.report import write_report as write_report
    from bayescx.report.choices import write_choice_report as write_choice_report
    from bayescx.report.rates import write_rates_report as write_rates_report
    from bayescx.simulation import simulate as simulate
    from bayescx.spec import PathModel as PathModel
    from bayescx.spec import parse_model as parse_model
    from bayescx.spec import read_model as read_model

    __version__: str

# The same names at run time, module by module.
_HOMES = {
    "choices": (
        "ChoiceCounts",
        "ChoiceFit",
        "ChoicePriors",
        "choice_asymmetry",
        "choice_effects",
        "choice_probabilities",
        "choice_ratio",
        "choice_slopes",
        "choice_thresholds",
        "fit_choices",
        "load_choice_fit",
    ),
    "datasets": (
        "list_evidence",
        "list_models",
        "list_rates",
        "load_evidence",
        "load_model",
        "load_rows",
        "load_truth",
    ),
    "errors": (
        "BayescxError",
        "ConvergenceWarning",
        "EvidenceError",
        "FitError",
        "ModelError",
        "ModelSyntaxError",
        "PriorError",
    ),
    "estimands": (
        "defined_parameters",
        "direct_effects",
        "heterogeneity",
        "indirect_effects",
        "mediated_share",
        "r_squared",
        "route_effects",
        "summarize",
        "total_effects",
        "what_if",
    ),
    "estimands.asymmetry": ("asymmetry",),
    "estimands.catch_up": ("catch_up",),
    "estimands.conflict": ("conflict",),
    "estimands.expected": ("expected_margin",),
    "estimands.importance": ("importance_performance",),
    "estimands.intercept_regression": ("intercept_regression",),
    "estimands.intercepts": ("intercept_differences",),
    "estimands.invariance": ("compare_invariance",),
    "estimands.latent_means": ("comparable_means", "latent_means", "rank_organizations", "spread_of_means"),
    "estimands.loading_differences": ("differing_items", "loading_differences"),
    "estimands.margin": ("margin_by_reporting",),
    "estimands.moderation": ("explained_heterogeneity", "moderator_effects", "path_at"),
    "estimands.moderation_tables": ("explained_table", "moderator_table"),
    "estimands.published": ("predicted_figures",),
    "estimands.ranks": ("rank_probabilities",),
    "estimands.reliability": (
        "average_variance_extracted",
        "heterotrait_monotrait",
        "measurement_quality",
        "reliability",
    ),
    "estimands.sensitivity": ("prior_sensitivity",),
    "estimands.share_differences": ("groups_of_terms", "share_differences"),
    "estimands.shares": ("explained_shares",),
    "evidence": ("Evidence", "PatternMoments", "Published", "SampleMoments", "read_evidence"),
    "fitted": ("Fit", "load_fit"),
    "model": ("build_model", "fit", "log_likelihood"),
    "model.refit": ("refit",),
    "plots": ("Picture", "plot_forest", "plot_knobs", "plot_path_diagram", "plot_prior_posterior"),
    "plots.choices": ("plot_choices",),
    "plots.conflict": ("plot_conflict",),
    "plots.importance_performance": ("plot_importance_performance",),
    "plots.kink": ("plot_kink",),
    "plots.latent_means": ("plot_latent_means",),
    "plots.loading_differences": ("plot_loading_differences",),
    "plots.margin": ("plot_margin",),
    "plots.moderation": ("plot_moderation",),
    "plots.rank_probabilities": ("plot_ranks",),
    "plots.rates": ("plot_rates",),
    "plots.share_pairs": ("plot_share_pairs",),
    "plots.shares": ("plot_shares",),
    "priors": ("Prior", "Priors"),
    "rates": (
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
    ),
    "replication": ("write_replication",),
    "report": ("write_report",),
    "report.choices": ("write_choice_report",),
    "report.rates": ("write_rates_report",),
    "simulation": ("simulate",),
    "spec": ("PathModel", "parse_model", "read_model"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = sorted([*_HOME_OF, "__version__"])  # noqa: PLE0605  (one list, not two; a test compares it with the imports above)


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version

        value: object = version("bayescx")
    elif name in _HOME_OF:
        value = getattr(importlib.import_module(f"bayescx.{_HOME_OF[name]}"), name)
    else:
        raise AttributeError(f"module 'bayescx' has no attribute {name!r}")
    globals()[name] = value  # the next look-up finds it without coming here
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
