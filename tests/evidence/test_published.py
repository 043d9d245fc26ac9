"""Published figures: each checks itself, evidence holds them beside rows and moments, and nothing counts twice."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayescx.errors import EvidenceError
from bayescx.evidence import Evidence, Published, SampleMoments, figure_problems, sign_problems
from bayescx.evidence.figure_checks import field_problems
from bayescx.evidence.figure_fields import CHOICES, KEYS, NEEDED, subject

NAMES = ("x", "m", "y")
ONE = {"statistic": "r_squared", "outcome": "m", "value": 0.75, "organizations": ["one", "two"], "n_obs": 400}
SOUND: dict[str, dict[str, Any]] = {
    "r_squared": {"outcome": "y"},
    "path": {"outcome": "y", "cause": "m"},
    "correlation": {"between": ["x", "y"]},
    "total_effect": {"outcome": "y", "cause": "x"},
    "path_ratio": {"outcome": "y", "numerator": ["m"], "denominator": ["x"]},
    "share": {"outcome": "y", "cause": "x", "reading": "mediated"},
    "ordering": {"of": "path", "outcome": "y", "cause": "m", "among": ["x"], "value": None},
    "bound": {"of": "path", "outcome": "y", "cause": "m", "side": "at_least"},
}
CAUSES = {"m": ["x"], "y": ["x", "m"]}
PATH = {"statistic": "path", "cause": "x"}


def figure(**changes: Any) -> Published:
    return Published(**{**ONE, **changes})


def sound(statistic: str, **changes: Any) -> Published:
    return Published(
        **{
            "statistic": statistic,
            "value": 0.5,
            "organizations": ["one", "two"],
            "n_obs": 400,
            **SOUND[statistic],
            **changes,
        }
    )


def refused(**changes: Any) -> tuple[str, ...]:
    with pytest.raises(EvidenceError) as error:
        figure(**changes)
    return error.value.problems


def shared(seed: int = 1, n: int = 40) -> pd.DataFrame:
    return pd.DataFrame(np.random.default_rng(seed).normal(size=(n, 3)), columns=NAMES)


# ----------------------------------------------------------------------------------------------- one figure


def test_every_statistic_of_the_table_can_be_stated() -> None:
    assert set(SOUND) == set(NEEDED)
    assert all(f"``{statistic}``" in (Published.__doc__ or "") for statistic in NEEDED)
    labels = [sound(statistic).label for statistic in SOUND]
    assert labels == [
        "r_squared y (one, two)",
        "path y~m (one, two)",
        "correlation x with y (one, two)",
        "total_effect y~x (one, two)",
        "path_ratio y: m to x (one, two)",
        "share mediated y~x (one, two)",
        "ordering path y~m before x (one, two)",
        "bound path y~m at least 0.5 (one, two)",
    ]


@pytest.mark.parametrize("statistic", SOUND)
def test_a_figure_survives_json(statistic: str) -> None:
    grid = {} if statistic == "ordering" else {"rounded_to": 0.05}
    one = sound(statistic, n_obs=(200, 1000), wording="„75 %“", source="page 3", use="check", **grid)
    assert Published.from_dict(json.loads(json.dumps(one.to_dict()))) == one
    assert pickle.loads(pickle.dumps(one)) == copy.deepcopy(one) == one  # noqa: S301
    assert len({one, copy.deepcopy(one)}) == 1


def test_what_is_given_takes_the_types_of_the_fields() -> None:
    one = figure(
        organizations=pd.Index([" one", "two"]), n_obs=np.array([200, 1000]), value=np.float32(0.75), outcome=" m "
    )
    assert one.organizations == ("one", "two")
    assert one.n_obs == (200, 1000)
    assert type(one.value) is float
    assert one.outcome == "m"
    assert type(figure(n_obs=400.0).n_obs) is int
    assert one.rounded_to == 0.01
    assert (one.rule, one.use, one.overlap) == ("mean", "evidence", "refuse")
    assert sound("path_ratio").reading == "sum"
    assert sound("bound", **SOUND["path_ratio"], cause="", of="path_ratio").reading == "sum"
    assert sound("bound").measured == "path"
    assert sound("path").measured == "path"


@pytest.mark.parametrize("statistic", SOUND)
def test_each_key_of_a_statistic_is_needed_and_no_other(statistic: str) -> None:
    for key in SOUND[statistic].keys() - {"value"}:
        with pytest.raises(EvidenceError, match=rf"needs {key}|needs .*{key}"):
            sound(statistic, **{key: [] if isinstance(SOUND[statistic][key], list) else ""})
    surplus = {"between": ["a", "b"], "among": ["a"], "side": "at_most", "reading": "sum", "numerator": ["a"]}
    for key in surplus.keys() - SOUND[statistic].keys():
        if (statistic, key) == ("path_ratio", "reading"):
            continue
        with pytest.raises(EvidenceError, match=f"has no {key}"):
            sound(statistic, **{key: surplus[key]})


@pytest.mark.parametrize(
    ("statistic", "changes"),
    [
        ("r_squared", {"value": 0}),
        ("r_squared", {"value": 1}),
        ("correlation", {"value": -1.0}),
        ("path", {"value": 1.3}),
        ("path", {"value": -1.8, "rounded_to": 0.6}),
        ("r_squared", {"value": 0.778, "rounded_to": 0.001}),
        ("r_squared", {"value": np.float32(0.86)}),
        ("share", {"value": 1.5, "rounded_to": 0.5}),
        ("total_effect", {"value": -0.2}),
        ("share", {"value": 1.4}),
        ("share", {"value": -0.3}),
        ("path_ratio", {"value": 4.0, "rounded_to": 2.0, "reading": "mean"}),
        ("r_squared", {"n_obs": 6}),
        ("r_squared", {"n_obs": 3, "organizations": ["one"]}),
        ("r_squared", {"rule": "each", "overlap": "replace"}),
        ("r_squared", {"rule": "pooled", "use": "check"}),
    ],
)
def test_what_may_be_published_is_taken(statistic: str, changes: dict[str, Any]) -> None:
    one = sound(statistic, **changes)
    assert all(getattr(one, key) == value for key, value in changes.items() if not isinstance(value, list))


@pytest.mark.parametrize(
    ("changes", "fragment"),
    [
        ({"value": 75}, "lies between 0 and 1, found 75: write 0.75"),
        ({"value": 101}, "lies between 0 and 1, found 101"),
        ({"value": "75 %"}, "found '75 %': write 0.75"),
        ({"value": True}, "must be a finite number, found True"),
        ({"value": np.nan}, "must be a finite number, found nan"),
        ({"value": [0.75]}, "must be a finite number, found [0.75]"),
        ({"value": None}, "value is missing; only an ordering has none"),
        ({"rounded_to": -0.01}, "rounded_to is the grid of the value"),
        ({"rounded_to": None}, "rounded_to is the grid of the value"),
        ({"rounded_to": np.inf}, "found inf"),
        ({"value": 1.0, "rounded_to": 0.5}, "rounded_to is in the units of value, found 0.5: such as 0.01"),
        ({"rounded_to": 5}, "rounded_to is in the units of value, found 5: write 0.05"),
        ({"value": 0.755, "rounded_to": 0.05}, "not on its grid, the multiples of 0.05: write rounded_to = 0.001"),
        ({"value": 0.755}, "value 0.755 is not on its grid, the multiples of 0.01: write rounded_to = 0.001"),
        (PATH | {"value": 86}, "value of a path lies between -2 and 2, found 86: write 0.86"),
        (PATH | {"value": -40.0}, "value of a path lies between -2 and 2, found -40.0: write -0.4"),
        (
            PATH | {"statistic": "total_effect", "value": 60},
            "a total_effect lies between -2 and 2, found 60: write 0.6",
        ),
        ({"n_obs": 2}, "n_obs must be a whole number of at least 3, found 2"),
        ({"n_obs": [1000, 200]}, "write [200, 1000]"),
        ({"n_obs": (np.nan, 200)}, "found [nan, 200]"),
        ({"n_obs": [[1, 2], 3]}, "found [[1, 2], 3]"),
        ({"n_obs": None}, "n_obs is missing"),
        ({"n_obs": "many"}, "found 'many'"),
        ({"organizations": []}, "organizations is an empty list"),
        ({"organizations": "one"}, 'write organizations = ["one"]'),
        ({"organizations": ["one", None]}, "names in quotes, found None"),
        ({"organizations": None}, "organizations are missing"),
        ({"organizations": ["one", "one"]}, "in the set twice: one"),
        ({"rule": "overall"}, "unknown rule 'overall'; there is mean, pooled, each"),
        ({"rule": ["mean"]}, "unknown rule ['mean']"),
        ({"use": "evidnce"}, "did you mean 'evidence'?"),
        ({"side": "above", "statistic": "bound", "of": "r_squared"}, "unknown side 'above'"),
        ({"outcome": ["m"]}, "outcome must be text in quotes, found ['m']"),
        ({"wording": 3}, "wording must be text"),
        ({"statistic": "rsquared"}, "did you mean 'r_squared'?"),
        ({"statistic": {}}, "unknown statistic {}"),
    ],
)
def test_what_is_wrong_with_a_figure_is_said(changes: dict[str, Any], fragment: str) -> None:
    problems = refused(**changes)
    assert len(problems) == 1
    assert fragment in problems[0]


def test_everything_wrong_with_a_figure_is_said_together_with_its_label() -> None:
    problems = refused(value="75%", n_obs=[1000, 200], rule="all", cause="x")
    assert len(problems) == 4
    assert all(problem.startswith("r_squared m~x (one, two): ") for problem in problems)


def test_a_dictionary_with_other_keys_is_refused() -> None:
    with pytest.raises(EvidenceError, match="unknown key 'vlaue'; did you mean 'value'"):
        Published.from_dict({**ONE, "vlaue": 1})
    with pytest.raises(EvidenceError, match="n_obs is missing"):
        Published.from_dict({key: value for key, value in ONE.items() if key != "n_obs"})
    assert Published.from_dict({**ONE, "cause": None}) == figure()


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.dates()
VALUES = st.recursive(
    SCALARS | st.sampled_from([name for names in CHOICES.values() for name in names]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=8), VALUES, max_size=8), st.sampled_from(list(NEEDED)))
def test_no_malformed_figure_ends_in_a_traceback(changes: dict[str, Any], statistic: str) -> None:
    entry = {**ONE, "statistic": statistic, **SOUND[statistic], **changes}
    assert len(subject(entry)) <= 100
    assert subject(entry).isprintable()
    stated = {key: value for key, value in entry.items() if value is not None}
    problems = field_problems(stated)
    if problems:
        with pytest.raises(EvidenceError):
            Published.from_dict(entry)
    else:
        assert Published.from_dict(Published.from_dict(entry).to_dict()) == Published.from_dict(entry)


def test_labels_of_strange_names_stay_short_and_on_one_line() -> None:
    label = figure(outcome="<b>\n\u202e" + "m" * 200, organizations=[f"o{i}\t" * 30 for i in range(20)]).label
    assert label.isprintable()
    assert len(label) < 260
    assert "... and 17 more" in label
    many = sound("path_ratio", numerator=list("abcdef"), denominator=["x"]).label
    assert many == "path_ratio y: a + b + 4 more to x (one, two)"


# ------------------------------------------------------------------------------------------ figures and a model


@pytest.mark.parametrize("statistic", SOUND)
def test_a_model_that_has_it_all_has_nothing_against_figures(statistic: str) -> None:
    assert figure_problems([sound(statistic)], NAMES, CAUSES) == ()


@pytest.mark.parametrize(
    ("statistic", "changes", "fragment"),
    [
        ("r_squared", {"outcome": "Y"}, "the model has no construct 'Y'; did you mean 'y'?"),
        ("r_squared", {"outcome": "x"}, "nothing leads to 'x' in the model; only what has causes in it has an R-sq"),
        ("correlation", {"between": ["x", "zzz"]}, "no construct 'zzz'; there is x, m, y, w"),
        ("path", {"cause": "w"}, "the model has no path 'y~w'; 'y' has the causes x, m"),
        ("path", {"outcome": "m", "cause": "y"}, "the model has no path 'm~y'; 'm' has the cause x"),
        ("total_effect", {"cause": "w"}, "no route leads from 'w' to 'y' in the model"),
        ("total_effect", {"outcome": "m", "cause": "y"}, "no route leads from 'y' to 'm'"),
        ("path_ratio", {"denominator": ["w"]}, "the model has no path 'y~w'"),
        ("share", {"cause": "m"}, "no route leads through other constructs from 'm' to 'y'"),
        ("share", {"cause": "w", "reading": "traceable"}, "no route leads from 'w' to 'y'"),
        ("share", {"cause": "w", "reading": "pratt"}, "the model has no path 'y~w'"),
        ("share", {"cause": "w", "reading": "coefficients"}, "the model has no path 'y~w'"),
        ("ordering", {"among": ["x", "w"]}, "the model has no path 'y~w'"),
        ("ordering", {"of": "total_effect", "among": ["w"]}, "no route leads from 'w' to 'y'"),
        ("bound", {"cause": "w"}, "the model has no path 'y~w'"),
        ("bound", {"of": "r_squared", "cause": "", "outcome": "w"}, "nothing leads to 'w'"),
    ],
)
def test_what_a_model_lacks_is_said(statistic: str, changes: dict[str, Any], fragment: str) -> None:
    one = sound(statistic, **changes)
    problems = figure_problems([figure(), one], [*NAMES, "w"], CAUSES)
    assert len(problems) == 1
    assert problems[0].startswith(f"{one.label}: ")
    assert fragment in problems[0]


def test_traceable_shares_and_orderings_of_total_effects_need_routes_only() -> None:
    figures = [
        sound("share", cause="m", reading="traceable"),
        sound("share", cause="m", reading="pratt"),
        sound("ordering", of="total_effect"),
        sound("total_effect", outcome="z", cause="x"),
    ]
    assert figure_problems(figures, [*NAMES, "z"], {**CAUSES, "z": ["y"]}) == ()


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"outcome": "z"}, "there is no direct path from 'x' to 'z'"),
        ({"outcome": "z", "use": "check"}, "there is no direct path from 'x' to 'z'"),
        ({"outcome": "m", "reading": "coefficients"}, "'x' is the only cause of 'm'"),
        ({"outcome": "m", "reading": "pratt"}, "'x' is the only cause of 'm'"),
        ({"outcome": "m", "reading": "traceable"}, "'x' is the only cause of 'm'"),
        ({"statistic": "bound", "of": "share", "side": "at_least", "outcome": "z"}, "there is no direct path from 'x'"),
    ],
)
def test_a_share_that_is_1_whatever_the_paths_are_is_refused(changes: dict[str, Any], why: str) -> None:
    one = Published(**{**ONE, "statistic": "share", **SOUND["share"], **changes})
    (problem,) = figure_problems([one], [*NAMES, "z"], {**CAUSES, "z": ["y"]})
    assert problem.startswith(f"{one.label}: is 1 in this model by construction, whatever the paths are, as {why}")


def test_signs_of_paths_that_the_model_lacks_are_said() -> None:
    assert sign_problems({"m~x": 1, "y~m": -1}, ["m~x", "y~m"]) == ()
    (problem,) = sign_problems({"y~mm": -1}, ["m~x", "y~m"])
    assert problem == "signs: the model has no path 'y~mm'; did you mean 'y~m'?"


# ---------------------------------------------------------------------------------------------------- evidence


def test_figures_alone_are_evidence() -> None:
    evidence = Evidence.from_published([figure(), sound("path", organizations=["two", "three"])], n_planned=10)
    assert evidence.organizations == ("one", "two", "three")
    assert repr(evidence) == "Evidence(3 of 10 organizations: one, two, three: 2 published figures)"
    matched = evidence.matched(NAMES)
    assert matched.organizations == evidence.organizations
    assert matched.n_obs.tolist() == [0, 0, 0]
    assert matched.mean.shape == (3, 3)
    assert matched.cov.shape == (3, 3, 3)
    assert np.isnan(matched.mean).all()
    assert np.isnan(matched.cov).all()
    assert matched.level == dict.fromkeys(evidence.organizations, "figures")
    assert matched.published == evidence.published
    assert matched.signs == {}
    assert matched.n_planned == 10
    assert matched.moments() == {}
    assert evidence.problems(NAMES) == ()
    assert "2 published figures" in repr(matched)


def test_organizations_that_shared_data_come_first() -> None:
    figures = [figure(), sound("path", organizations=["north", "two"], use="check")]
    signs = {"y ~ m": "-", "m~x": 1}
    evidence = Evidence.from_parts({"north": shared()}, published=figures, signs=signs)  # type: ignore[arg-type]
    assert evidence.organizations == ("north", "one", "two")
    assert evidence.n_planned == 3
    assert repr(evidence) == "Evidence(3 of 3 organizations: north (40 rows); one, two: 2 published figures)"
    matched = evidence.matched(NAMES)
    assert matched.n_obs.tolist() == [40, 0, 0]
    assert np.isfinite(matched.cov[0]).all()
    assert matched.signs == {"y~m": -1, "m~x": 1}
    assert list(matched.moments()) == ["north"]
    assert matched.dropped == {"north": 0}


def test_checks_of_organizations_that_shared_data_are_no_double_counting() -> None:
    one = figure(organizations=["north"], use="check")
    evidence = Evidence.from_parts({"north": shared()}, published=[one])
    assert evidence.matched(NAMES).published == (one,)
    assert repr(evidence) == "Evidence(1 of 1 organizations: north (40 rows); 1 published figure)"


@pytest.mark.parametrize("rule", ["mean", "each"])
def test_replacing_is_no_double_counting_while_somebody_remains(rule: str) -> None:
    one = figure(organizations=["north", "one"], overlap="replace", rule=rule)
    assert Evidence.from_parts({"north": shared()}, published=[one]).problems(NAMES) == ()
    alone = figure(organizations=["north"], overlap="replace", rule=rule)
    (problem,) = Evidence.from_parts({"north": shared()}, published=[alone]).problems(NAMES)
    assert "leaves nothing of the set" in problem


def test_double_counting_names_organization_figure_and_what_works() -> None:
    moments = SampleMoments(40, None, shared().cov())
    parts = {"north": shared(), "south": moments}
    one = figure(organizations=["north", "one", "south"])
    (problem,) = Evidence.from_parts(parts, published=[one]).problems(NAMES)
    assert problem.startswith("r_squared m (north, one, south): ")
    assert "north (rows), south (moments)" in problem
    assert 'overlap = "replace"' in problem
    assert 'use = "check"' in problem
    pooled = figure(organizations=["north", "one"], rule="pooled")
    (problem,) = Evidence.from_parts(parts, published=[pooled]).problems(NAMES)
    assert 'overlap = "replace"' not in problem
    whole = figure(organizations=["north", "south"])
    (problem,) = Evidence.from_parts(parts, published=[whole]).problems(NAMES)
    assert 'overlap = "replace"' not in problem


def test_an_organization_kept_out_cannot_be_in_a_set() -> None:
    frame = pd.concat([shared(1, 40).assign(org="big"), shared(2, 6).assign(org="tiny")])
    options: dict[str, Any] = {"organization": "org", "min_n": 10, "published": [figure(organizations=["tiny", "one"])]}
    (problem,) = Evidence.from_rows(frame, **options).problems(NAMES)
    assert problem.startswith("r_squared m (tiny, one): min_n = 10 keeps out organizations of the set: tiny (n = 6)")
    options["published"] = [figure()]
    evidence = Evidence.from_rows(frame, **options)
    assert evidence.matched(NAMES).organizations == ("big", "one", "two")
    options["min_n"] = 100
    assert Evidence.from_rows(frame, **options).matched(NAMES).organizations == ("one", "two")


@pytest.mark.parametrize(
    ("other", "is_twice"),
    [
        ({}, True),
        ({"value": 0.7}, True),
        ({"organizations": ["two", "one"]}, True),
        ({"use": "check"}, True),
        ({"source": "page 4"}, False),
        ({"outcome": "y"}, False),
        ({"organizations": ["one"]}, False),
    ],
)
def test_a_figure_counts_once(other: dict[str, Any], is_twice: bool) -> None:
    evidence = Evidence.from_published([figure(source="page 3"), figure(**{"source": "page 3", **other})])
    problems = evidence.problems(NAMES)
    assert len(problems) == is_twice
    assert all("the same figure is given 2 times from the source 'page 3'; keep one" in one for one in problems)


def test_the_order_of_names_makes_no_other_figure() -> None:
    ratios = [sound("path_ratio", numerator=names, denominator=["a"]) for names in (["x", "m"], ["m", "x"])]
    (problem,) = Evidence.from_published(ratios).problems(NAMES)
    assert "without a source; keep one" in problem
    assert 'of two samples of one organization the larger is evidence and the other has use = "check"' in problem


def test_capitals_do_not_make_another_organization() -> None:
    one = figure(organizations=["North", "one"])
    (problem,) = Evidence.from_parts({"north": shared()}, published=[one]).problems(NAMES)
    assert problem == "published figures name 'North', and there is 'north': write one organization one way"


def test_planned_counts_organizations_that_figures_speak_of() -> None:
    (problem,) = Evidence.from_parts({"north": shared()}, published=[figure()], n_planned=2).problems(NAMES)
    assert problem.startswith("n_planned = 2 is smaller than the number of organizations that reported, 3")


@pytest.mark.parametrize(
    ("arguments", "fragment"),
    [
        ({"published": []}, "there is no organization in it"),
        ({"published": figure()}, "must be a list of Published, not Published"),
        ({"published": 5}, "must be a list of Published, not int"),
        ({"published": "r_squared"}, "must be a list of Published, not str"),
        ({"published": [ONE]}, "must be a list of Published, not of dict"),
        ({"published": [figure()], "signs": 3}, "signs must be a table [signs]"),
        ({"published": [figure()], "signs": {"m~x": 2}}, 'sign of \'m~x\' is "+" or "-", found 2'),
        ({"published": [figure()], "signs": {"m~x": "negative"}}, 'write "-"'),
        ({"published": [figure()], "signs": {3: 1}}, "signs: 3 is no path"),
        ({"published": [figure()], "signs": {"a~b~c": 1}}, "signs: 'a~b~c' is no path"),
    ],
)
def test_other_things_than_figures_and_signs_are_refused(arguments: dict[str, Any], fragment: str) -> None:
    with pytest.raises(EvidenceError) as error:
        Evidence.from_published(**arguments)
    assert fragment in str(error.value)


def test_summary_lists_organizations_that_figures_speak_of() -> None:
    evidence = Evidence.from_parts({"north": shared()}, published=[figure()])
    for overview in (evidence.summary(), evidence.summary(NAMES)):
        by_name = overview.set_index("organization")
        assert by_name["level"].to_dict() == {"north": "rows", "one": "figures", "two": "figures"}
        assert by_name["n_obs"].to_dict() == {"north": 40, "one": 0, "two": 0}
    assert evidence.summary(NAMES)["used"].all()


def test_notebooks_show_figures_escaped() -> None:
    hostile = figure(outcome="<script>alert(1)</script>", organizations=["<b>one</b>", "two"], n_obs=(200, 1000))
    html = Evidence.from_parts({"north": shared()}, published=[hostile, sound("ordering")])._repr_html_()
    assert "<script>" not in html
    assert "<b>" not in html
    assert "r_squared &lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "200 to 1,000" in html
    assert "2 published figures" in html
    assert "3 of 3" not in html
    assert "published" not in Evidence.from_parts({"north": shared()})._repr_html_()


def test_the_fingerprint_covers_what_figures_say_but_not_their_words() -> None:
    def print_of(*figures: Published, **signs: int) -> str:
        named = {name.replace("_", "~"): sign for name, sign in signs.items()}
        return Evidence.from_parts({"north": shared()}, published=figures, signs=named).matched(NAMES).fingerprint

    prints = [
        print_of(),
        print_of(figure()),
        print_of(figure(value=0.7)),
        print_of(figure(n_obs=401)),
        print_of(figure(use="check")),
        print_of(figure(), sound("path")),
        print_of(figure(), m_x=-1),
    ]
    assert len(set(prints)) == len(prints)
    assert print_of(figure(wording="about 75 percent", source="page 3")) == print_of(figure())
    assert (
        print_of()
        == Evidence.from_moments(Evidence.from_parts({"north": shared()}).matched(NAMES).moments())
        .matched(NAMES)
        .fingerprint
    )


def test_only_some_organizations_keep_only_figures_of_whole_sets() -> None:
    figures = [figure(), sound("path", organizations=["one"])]
    matched = Evidence.from_parts({"north": shared()}, published=figures).matched(NAMES)
    fewer = matched.only(["north", "one"])
    assert fewer.organizations == ("north", "one")
    assert fewer.published == (figures[1],)
    assert fewer.level == {"north": "rows", "one": "figures"}
    assert matched.only(["north"]).published == ()


def test_evidence_with_figures_travels_between_processes() -> None:
    evidence = Evidence.from_published([figure()], signs={"m~x": -1})
    for twin in (pickle.loads(pickle.dumps(evidence)), copy.deepcopy(evidence)):  # noqa: S301
        assert twin.matched(NAMES).fingerprint == evidence.matched(NAMES).fingerprint
