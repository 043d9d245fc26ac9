"""The front door: one list of names, and every name leads somewhere."""

from __future__ import annotations

import ast
import types
from pathlib import Path

import pytest

import bayescx

FUNCTIONS = {
    "asymmetry",
    "average_variance_extracted",
    "build_model",
    "catch_up",
    "category_rates",
    "choice_asymmetry",
    "choice_effects",
    "choice_probabilities",
    "choice_ratio",
    "choice_slopes",
    "choice_thresholds",
    "comparable_means",
    "compare_invariance",
    "conflict",
    "defined_parameters",
    "differing_items",
    "direct_effects",
    "expected_margin",
    "explained_heterogeneity",
    "explained_shares",
    "explained_table",
    "fit",
    "fit_choices",
    "fit_rates",
    "group_rate_difference",
    "group_rate_ratio",
    "groups_of_terms",
    "heterogeneity",
    "heterotrait_monotrait",
    "importance_performance",
    "indirect_effects",
    "intercept_differences",
    "intercept_regression",
    "latent_means",
    "list_evidence",
    "list_models",
    "list_rates",
    "load_choice_fit",
    "load_evidence",
    "load_fit",
    "load_model",
    "load_rates",
    "load_rates_fit",
    "load_rows",
    "load_truth",
    "loading_differences",
    "log_likelihood",
    "margin_by_reporting",
    "measurement_quality",
    "mediated_share",
    "moderator_effects",
    "moderator_table",
    "parse_model",
    "path_at",
    "plot_choices",
    "plot_conflict",
    "plot_forest",
    "plot_importance_performance",
    "plot_kink",
    "plot_knobs",
    "plot_latent_means",
    "plot_loading_differences",
    "plot_margin",
    "plot_moderation",
    "plot_path_diagram",
    "plot_prior_posterior",
    "plot_ranks",
    "plot_rates",
    "plot_share_pairs",
    "plot_shares",
    "predicted_figures",
    "predicted_rates",
    "prior_sensitivity",
    "r_squared",
    "rank_organizations",
    "rank_probabilities",
    "rate_heterogeneity",
    "rate_odds",
    "rate_ratio",
    "read_evidence",
    "read_model",
    "read_rates",
    "refit",
    "reliability",
    "route_effects",
    "share_differences",
    "simulate",
    "spread_of_means",
    "summarize",
    "total_effects",
    "what_if",
    "write_choice_report",
    "write_rates_report",
    "write_replication",
    "write_report",
}
TYPES = {
    "ChoiceCounts",
    "ChoiceFit",
    "ChoicePriors",
    "Counts",
    "Evidence",
    "Fit",
    "PathModel",
    "PatternMoments",
    "Picture",
    "Prior",
    "Priors",
    "Published",
    "PublishedRate",
    "RateQuestion",
    "RatesFit",
    "SampleMoments",
}
ERRORS = {
    "BayescxError",
    "ConvergenceWarning",
    "EvidenceError",
    "FitError",
    "ModelError",
    "ModelSyntaxError",
    "PriorError",
}


def test_the_front_door_is_exactly_this_list() -> None:
    assert set(bayescx.__all__) == FUNCTIONS | TYPES | ERRORS | {"__version__"}
    assert len(bayescx.__all__) == len(set(bayescx.__all__))


def test_type_checkers_see_the_same_names_from_the_same_modules() -> None:
    tree = ast.parse(Path(bayescx.__file__).read_text(encoding="utf-8"))
    seen = {
        (str(node.module).removeprefix("bayescx."), alias.asname)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("bayescx.")
        for alias in node.names
    }
    assert seen == {(home, name) for name, home in bayescx._HOME_OF.items()}


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_functions_resolve_and_are_documented(name: str) -> None:
    value = getattr(bayescx, name)
    assert isinstance(value, types.FunctionType)
    assert value.__doc__


@pytest.mark.parametrize("name", sorted(TYPES | ERRORS))
def test_types_resolve_and_are_documented(name: str) -> None:
    value = getattr(bayescx, name)
    assert isinstance(value, type)
    assert value.__doc__


def test_errors_are_value_errors_and_the_warning_a_user_warning() -> None:
    assert issubclass(bayescx.ConvergenceWarning, UserWarning)
    for name in ERRORS - {"ConvergenceWarning"}:
        assert issubclass(getattr(bayescx, name), bayescx.BayescxError)
    assert issubclass(bayescx.BayescxError, ValueError)


def test_no_public_name_is_hidden_by_a_module_of_the_same_name() -> None:
    modules = {path.stem for path in Path(bayescx.__file__).parent.iterdir() if path.stem != "__init__"}
    assert not modules & set(bayescx.__all__)


def test_version_is_the_installed_one() -> None:
    from importlib.metadata import version

    assert bayescx.__version__ == version("bayescx")


def test_dir_lists_the_front_door() -> None:
    assert set(bayescx.__all__) <= set(dir(bayescx))


def test_unknown_names_are_refused_as_python_does() -> None:
    with pytest.raises(AttributeError, match="module 'bayescx' has no attribute 'fitt'"):
        bayescx.fitt  # noqa: B018
