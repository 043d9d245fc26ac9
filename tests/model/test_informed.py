"""What published figures add to a posterior: which signs are assumed, what is anchored, what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from bayescx.errors import EvidenceError, ModelError
from bayescx.evidence import Evidence, Published, SampleMoments
from bayescx.kernel.anchors import POOLED, SHARED, SHARED_LOG
from bayescx.model.informed import Informed
from bayescx.model.prepare import Prepared, prepare
from bayescx.spec import parse_model

MODEL = parse_model("trust ~ satisfaction; loyalty ~ trust + satisfaction")


def figure(outcome: str, value: float = 0.5, **keys: Any) -> Published:
    stated = {"organizations": ["one", "two"], "n_obs": 300, **keys}
    return Published(statistic="r_squared", outcome=outcome, value=value, **stated)


RATIO = Published(
    statistic="path_ratio", outcome="loyalty", numerator=["trust"], denominator=["satisfaction"], value=4.0,
    organizations=["one", "two"], n_obs=300,
)  # fmt: skip


def moments(*names: str) -> SampleMoments:
    return SampleMoments(200, None, pd.DataFrame(np.eye(len(names)) + 0.3, names, names))


def informed(at: Prepared) -> Informed:
    assert at.informed is not None
    return at.informed


def by_name(at: Prepared) -> dict[str, int]:
    return {at.layout.components[c].name: sign for c, sign in informed(at).signs.items()}


def test_where_only_figures_speak_paths_are_positive_unless_declared() -> None:
    evidence = Evidence.from_published([figure("trust")], signs={"loyalty~satisfaction": -1})
    signs = by_name(prepare(MODEL, evidence))
    assert signs == {"trust~satisfaction": 1, "loyalty~trust": 1, "loyalty~satisfaction": -1}


def test_no_sign_is_assumed_of_what_data_tell() -> None:
    parts = {"three": moments("trust", "satisfaction"), "four": moments("trust", "satisfaction", "loyalty")}
    published = [figure("trust")]
    assert by_name(prepare(MODEL, Evidence.from_parts(parts, published=published))) == {}
    model = parse_model("trust ~ satisfaction; loyalty ~ trust")
    evidence = Evidence.from_parts(
        {"three": moments("trust", "satisfaction"), "four": moments("satisfaction", "loyalty")}, published=published
    )
    assert by_name(prepare(model, evidence)) == {"loyalty~trust": 1}


ONE = {"organizations": ["one"], "n_obs": 300}
PATH = {"statistic": "path", "outcome": "loyalty", "cause": "trust", **ONE}
TOTAL = {"statistic": "total_effect", "outcome": "loyalty", "cause": "satisfaction", **ONE}
R = {"statistic": "correlation", **ONE}


@pytest.mark.parametrize(
    ("keys", "signs", "says"),
    [
        (PATH | {"value": -0.4}, {}, 'loyalty~trust is assumed .* declare it .*: "loyalty~trust" = "-"'),
        (PATH | {"value": -0.4}, {"loyalty~satisfaction": 1}, '"loyalty~trust" = "-"'),
        (PATH | {"value": -0.4, "rule": "each"}, {}, '"loyalty~trust" = "-"'),
        (PATH | {"statistic": "bound", "of": "path", "side": "at_most", "value": -0.4}, {}, '"loyalty~trust" = "-"'),
        (R | {"between": ["trust", "satisfaction"], "value": -0.4}, {}, '"trust~satisfaction" = "-"'),
        (TOTAL | {"outcome": "trust", "value": -0.4}, {}, '"trust~satisfaction" = "-"'),
        (TOTAL | {"value": -0.4}, {}, "declare which of them is negative"),
        (TOTAL | {"statistic": "share", "reading": "mediated", "value": -0.2}, {}, "which of them is negative"),
        (TOTAL | {"statistic": "share", "reading": "mediated", "value": 1.2}, {}, "which of them is negative"),
        (RATIO.to_dict() | {"value": -4.0}, {}, "loyalty~satisfaction and loyalty~trust are assumed"),
        (RATIO.to_dict() | {"value": -4.0}, {"loyalty~trust": 1}, '"loyalty~satisfaction" = "-"'),
        (RATIO.to_dict() | {"value": 4.0}, {"loyalty~trust": -1}, '"loyalty~satisfaction" = "-"'),
    ],
)
def test_a_figure_that_contradicts_an_assumed_sign_asks_for_it(
    keys: dict[str, Any], signs: dict[str, int], says: str
) -> None:
    one = Published.from_dict(keys)
    with pytest.raises(EvidenceError, match=says) as caught:
        prepare(MODEL, Evidence.from_published([figure("trust"), one], signs=signs))
    assert str(caught.value).startswith(f"published figures: {one.label}: {one.value:g} contradicts")
    checked = Published.from_dict(keys | {"use": "check"})
    assert informed(prepare(MODEL, Evidence.from_published([figure("trust"), checked], signs=signs)))


@pytest.mark.parametrize(
    ("keys", "signs"),
    [
        (PATH | {"value": -0.4}, {"loyalty~trust": -1}),
        (PATH | {"value": -0.04}, {"loyalty~trust": 1}),
        (PATH | {"statistic": "bound", "of": "path", "side": "at_least", "value": -0.4}, {}),
        (TOTAL | {"value": -0.4}, {"loyalty~satisfaction": -1}),
        (R | {"between": ["loyalty", "trust"], "value": -0.4}, {}),
        (RATIO.to_dict() | {"value": -4.0}, {"loyalty~trust": -1}),
    ],
)
def test_a_figure_of_open_or_declared_sign_is_taken(keys: dict[str, Any], signs: dict[str, int]) -> None:
    evidence = Evidence.from_published([Published.from_dict(keys)], signs=signs)
    assert informed(prepare(MODEL, evidence)).figures.terms


def test_data_decide_the_sign_that_nobody_declared() -> None:
    parts = {"three": moments("trust", "satisfaction", "loyalty")}
    negative = Published.from_dict(PATH | {"value": -0.4})
    assert by_name(prepare(MODEL, Evidence.from_parts(parts, published=[negative]))) == {}


def test_figures_anchor_residuals_and_a_path() -> None:
    evidence = Evidence.from_published([figure("trust"), figure("loyalty"), RATIO])
    found = informed(prepare(MODEL, evidence)).anchors
    assert [(a.is_ratio, a.mode) for a in found] == [(False, POOLED), (True, POOLED), (False, POOLED)]
    found = informed(prepare(MODEL, evidence, pooling="full")).anchors
    assert [(a.is_ratio, a.mode) for a in found] == [(False, SHARED), (True, SHARED_LOG), (False, SHARED)]


def test_what_cannot_be_anchored_is_not() -> None:
    odd = [
        figure("trust", 1.0),  # met by no residual
        figure("loyalty", rule="pooled"),
        Published(statistic="bound", of="r_squared", side="at_least", outcome="loyalty", value=0.3,
                  organizations=["three"], n_obs=100),
    ]  # fmt: skip
    assert informed(prepare(MODEL, Evidence.from_published(odd))).anchors == ()
    apart = parse_model("trust ~ satisfaction; loyalty ~ satisfaction; trust ~~ loyalty")
    assert informed(prepare(apart, Evidence.from_published([figure("trust")]))).anchors == ()


def test_a_member_is_anchored_once_and_smaller_sets_come_first() -> None:
    alone = figure("trust", 0.6, organizations=["one"])
    found = informed(prepare(MODEL, Evidence.from_published([figure("trust"), alone]))).anchors
    assert [a.members for a in found] == [("one",)]


def test_figures_and_signs_that_do_not_fit_the_model_are_reported_together() -> None:
    evidence = Evidence.from_published([figure("trsut"), figure("satisfaction")], signs={"loyalty~effort": 1})
    with pytest.raises(EvidenceError) as caught:
        prepare(MODEL, evidence)
    shown = str(caught.value)
    assert "did you mean 'trust'" in shown
    assert "nothing leads to 'satisfaction'" in shown
    assert "loyalty~effort" in shown


def test_figures_need_a_population() -> None:
    with pytest.raises(ModelError, match=r"pooling 'none'.*one, two"):
        prepare(MODEL, Evidence.from_published([figure("trust")]), pooling="none")


def test_one_word_full_makes_organizations_alike_where_only_figures_speak() -> None:
    evidence = Evidence.from_published([figure("trust")])
    assert set(prepare(MODEL, evidence, pooling="full").layout.pooling.values()) == {"full"}
    mixed = Evidence.from_parts({"three": moments("trust", "satisfaction", "loyalty")}, published=[figure("trust")])
    assert prepare(MODEL, mixed, pooling="full").layout.pooling["residuals"] == "partial"


def test_the_common_scale_counts_data_only() -> None:
    cov = pd.DataFrame(np.diag([4.0, 9.0, 16.0]) + 1.0, MODEL.observed, MODEL.observed)
    evidence = Evidence.from_parts({"three": SampleMoments(200, None, cov)}, published=[figure("trust")])
    scale = prepare(MODEL, evidence).layout.scale
    assert [scale[name] ** 2 for name in MODEL.observed] == pytest.approx([5.0, 10.0, 17.0])
    assert set(prepare(MODEL, Evidence.from_published([figure("trust")])).layout.scale.values()) == {1.0}
