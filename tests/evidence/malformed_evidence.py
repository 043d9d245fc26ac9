"""Evidence that must be refused: (id, builder, fragments that the message must hold).

A builder writes files into a folder and returns what stands for EVIDENCE on the command line, paths absolute:
``["…/evidence.toml"]`` or ``["…/rows.csv", "--organization", "org", "--planned", "1"]``. The model is always
``m ~ x; y ~ m + x``. Tests of the evidence room and of the command line share this list.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

Builder = Callable[[Path], list[str]]

NAMES = ["x", "m", "y"]
GOOD_COV = [[1.0, 0.5, 0.3], [0.5, 1.0, 0.4], [0.3, 0.4, 1.0]]
BY_ORG = ("--organization", "org")


def rows(organizations: int | list[str] = 3, n: int = 12, **columns: Any) -> pd.DataFrame:
    """Sound rows (column org; x, m, y), with columns put in place of others."""
    names = [f"org{i:02d}" for i in range(organizations)] if isinstance(organizations, int) else organizations
    values = np.random.default_rng(7).normal(size=(len(names) * n, 3)).round(3)
    frame = pd.DataFrame(values, columns=NAMES).assign(org=np.repeat(names, n))
    return frame[["org", *NAMES]].assign(**columns)


def spoiled(column: str, cells: Mapping[int, object], **options: Any) -> pd.DataFrame:
    """Sound rows with single cells replaced (row numbers from 0)."""
    frame = rows(**options).astype({column: object})
    for row, cell in cells.items():
        frame.loc[row, column] = cell
    return frame


def table(frame: pd.DataFrame, *options: str, name: str = "rows.csv") -> Builder:
    """Write one table for all organizations."""

    def build(folder: Path) -> list[str]:
        path = folder / name
        if path.suffix == ".parquet":
            frame.to_parquet(path)
        else:
            frame.to_csv(path, index=False)
        return [str(path), *(options or BY_ORG)]

    return build


def raw(content: bytes | str, *options: str, name: str = "rows.csv") -> Builder:
    """Write one file, byte by byte."""

    def build(folder: Path) -> list[str]:
        path = folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return [str(path), *options]

    return build


def document(text: str, files: Mapping[str, pd.DataFrame | bytes | str | dict[str, Any]] | None = None) -> Builder:
    """Write an evidence.toml and the files it names, into a folder of their own."""

    def build(folder: Path) -> list[str]:
        home = folder / "home"
        home.mkdir()
        for name, content in (files or {}).items():
            path = home / name
            if isinstance(content, pd.DataFrame):
                content.to_csv(path, index=False)
            elif isinstance(content, dict):
                path.write_text(json.dumps(content))
            else:
                path.write_bytes(content.encode() if isinstance(content, str) else content)
        (home / "evidence.toml").write_text(text, encoding="utf-8")
        return [str(home / "evidence.toml")]

    return build


def moments(**changes: Any) -> dict[str, Any]:
    """Sound moments as they are written, with keys put in place of others."""
    sound = {"format": "bayescx-moments", "version": 1, "n_obs": 50, "variables": NAMES}
    return sound | {"mean": [0.0, 0.0, 0.0], "cov": GOOD_COV} | changes


def shared_moments(content: bytes | str | dict[str, Any]) -> Builder:
    """Write an evidence.toml of one organization that shares moments."""
    return document('[organizations.south]\nmoments = "south.json"\n', {"south.json": content})


def a_folder(folder: Path) -> list[str]:
    """Return a folder with the name of a table."""
    (folder / "rows.csv").mkdir()
    return [str(folder / "rows.csv"), *BY_ORG]


def nothing(name: str) -> Builder:
    """Return a path where there is no file."""
    return lambda folder: [str(folder / name), *(() if name.endswith(".toml") else BY_ORG)]


TEXT = rows(3).to_csv(index=False)
LINES = TEXT.splitlines(keepends=True)
FORTY = "".join(f'[organizations.org{i:02d}]\nrows = "org{i:02d}.csv"\n' for i in range(40))

FILES = [
    ("no such table", nothing("rows.csv"), ("rows.csv", "no such file")),
    ("no such document", nothing("evidence.toml"), ("evidence.toml", "no such file")),
    ("a folder", a_folder, ("rows.csv", "this is a folder", "a file is needed")),
    ("empty table", raw("", *BY_ORG), ("rows.csv", "the file is empty")),
    ("blank table", raw("\n\n\n", *BY_ORG), ("rows.csv", "the file is empty")),
    ("empty document", raw(" \n", name="evidence.toml"), ("evidence.toml", "the file is empty")),
    ("header without rows", raw("org,x,m,y\n", *BY_ORG), ("a header line but no rows",)),
    ("binary", raw(b"org,x,m,y\na,1,\x00\x01\x02,3\n", *BY_ORG), ("line 2 holds binary data",)),
    ("workbook", raw(b"PK\x03\x04" + bytes(200), *BY_ORG), ("an Excel workbook", "save the sheet as CSV")),
    ("utf-16", raw(TEXT.encode("utf-16"), *BY_ORG), ("text in UTF-16", "CSV (UTF-8)")),
    (
        "latin-1",
        raw((TEXT + "Zürich,1,2,3\n").encode("latin-1"), *BY_ORG),
        ("rows.csv: line 38 is not UTF-8", "encoding UTF-8"),
    ),
    (
        "latin-1 in a column nobody needs",
        raw("org,x,m,y,town\na,1,2,3,Zürich\n".encode("latin-1"), *BY_ORG),
        ("line 2 is not UTF-8",),
    ),
    ("latin-1 header", raw("org,x,m,y,größe\n".encode("latin-1"), *BY_ORG), ("line 1 is not UTF-8",)),
    (
        "row too long",
        raw("".join([*LINES[:5], "org00,1,2,3,4\n", *LINES[5:]]), *BY_ORG),
        ("line 6 has 5 cells where the header has 4",),
    ),
    (
        "row too short",
        raw("".join([*LINES[:9], "org00\n", *LINES[9:]]), *BY_ORG),
        ("line 10 has 1 cell where the header has 4",),
    ),
    ("quote left open", raw(TEXT + '"org02,1,2,3\norg02,1,2,3\n', *BY_ORG), ("line 38 has 1 cell",)),
    (
        "semicolons and decimal commas",
        raw("org;x;m;y\na;1,5;2,5;3,5\n", *BY_ORG),
        ("line 1", "semicolons", "commas between the cells and decimal points"),
    ),
    ("tabs", raw("org\tx\tm\ty\na\t1\t2\t3\n", *BY_ORG), ("separates its cells with tabs", "commas")),
    (
        "broken parquet",
        raw(b"PAR1 and no more", *BY_ORG, name="rows.parquet"),
        ("rows.parquet", "not a readable Parquet file"),
    ),
    (
        "parquet named csv",
        raw(b"PAR1" + bytes(40), *BY_ORG),
        ("looks like a Parquet file", "name it .parquet"),
    ),
    ("spreadsheet", raw("", *BY_ORG, name="rows.xlsx"), ("cannot read '.xlsx' files", ".csv or .parquet")),
]

TABLES = [
    ("no organization column named", raw(TEXT), ("--organization COLUMN", "there is org, x, m, y")),
    (
        "wrong organization column",
        table(rows(), "--organization", "Orgg"),
        ("no column 'Orgg' to tell the organizations apart", "did you mean 'org'?"),
    ),
    (
        "organization column twice",
        raw("org,org,x,m,y\na,a,1,2,3\n", *BY_ORG),
        ("2 columns 'org' to tell the organizations apart",),
    ),
    ("organizations all empty", table(rows(org=None)), ("no row names an organization", "'org' is empty")),
    ("needed column twice", raw("org,x,m,y,m\na,1,2,3,4\n", *BY_ORG), ("2 columns 'm': a",)),
    (
        "missing column",
        table(rows().rename(columns={"m": "M"})),
        ("no column 'm': org00, org01, org02", "did you mean 'M'?"),
    ),
    (
        "all columns missing in 40 organizations",
        table(rows(40).rename(columns={"x": "a", "m": "b", "y": "c"})),
        ("3 problems", "no column 'x': all 40 organizations", "no column 'm'", "there is org, a, b, c"),
    ),
    (
        "text in one cell",
        table(spoiled("m", {16: "often"})),
        ("text in column 'm': org01 (data row 17, line 18 of rows.csv: 'often')", "numbers are needed"),
    ),
    (
        "text after blank lines and a line break in a cell",
        raw(f'org,x,m,y,note\n\n\n"a",1,2,3,"one\ntwo"\na,1,2,low,\n{"a,1,2,3,\n" * 9}', *BY_ORG),
        ("data row 2, line 6 of rows.csv: 'low'",),
    ),
    (
        "decimal comma in quotes",
        table(spoiled("x", {0: "1,5", 1: "2,5"})),
        ("org00 (data row 1, line 2", "'1,5'", "write decimals with a point"),
    ),
    (
        "text in 40 organizations",
        table(rows(40).astype({"y": object}).assign(y="agree")),
        ("text in column 'y': org00 (data row 1, line 2 of rows.csv: 'agree')", "... and 35 more"),
    ),
    (
        "numbers stored as text",
        table(rows().astype({"x": str}), *BY_ORG, name="rows.parquet"),
        ("text in column 'x'", "data row 1 of rows.parquet", "numbers stored as text"),
    ),
    (
        "dates",
        table(rows(y=pd.Timestamp("2026-01-02"))),
        ("text in column 'y'", "data row 1, line 2", "2026-01-02"),
    ),
    (
        "infinite value",
        table(spoiled("x", {30: np.inf})),
        ("not finite in column 'x': org02 (data row 31, line 32 of rows.csv: inf)",),
    ),
    (
        "constant column",
        table(spoiled("m", dict.fromkeys(range(12, 24), 4))),
        ("column 'm' is constant: org01 (always 4)",),
    ),
    (
        "column without values",
        table(rows(m=np.nan)),
        ("no values in column 'm': org00, org01, org02",),
    ),
    (
        "organizations too small",
        table(pd.concat([rows(["big"], 30), rows(["tiny"], 2), rows(["small"], 4)])),
        ("more than 4 are needed for 3 variables", "tiny (n = 2), small (n = 4)", "--min-n 5"),
    ),
    (
        "forty organizations too small",
        table(rows(40, n=3)),
        ("too few respondents", "all 40 organizations (n = 3)", "--min-n 5"),
    ),
    (
        "too small after rows without an answer",
        table(rows().assign(**rows()[NAMES].iloc[9:].reindex(range(36)))),
        ("too few respondents", "org00 (n = 3)", "--min-n 5"),
    ),
    (
        "all organizations kept out",
        table(rows(), *BY_ORG, "--min-n", "100"),
        ("min_n = 100 keeps out every organization", "the largest has n = 12"),
    ),
    (
        "collinear columns",
        table(rows().assign(y=lambda frame: frame["x"] - 2 * frame["m"])),
        (
            "the covariance matrix is not positive definite",
            "x, m, y has zero or negative variance",
            "org00, org01, org02",
        ),
    ),
    (
        "two copies of one column",
        table(rows().assign(m=lambda frame: frame["y"])),
        ("some combination of m, y has zero or negative variance",),
    ),
    (
        "fewer planned than reported",
        table(rows(), *BY_ORG, "--planned", "1"),
        ("n_planned = 1 is smaller than the number of organizations that reported, 3", "--planned"),
    ),
    (
        "planned none",
        table(rows(), *BY_ORG, "--planned", "0"),
        ("n_planned must be a whole number above 0, not 0",),
    ),
    (
        "one organization spelled in two ways",
        table(rows(["north", " north"])),
        ("an organization is named in more than one way: north ('north', ' north')",),
    ),
    (
        "four things at once",
        table(
            spoiled("x", {3: "n.a."}, m=4.0).drop(columns="y").assign(Y=np.inf),
            *BY_ORG,
            "--planned",
            "2",
        ),
        (
            "4 problems",
            "n_planned = 2",
            "text in column 'x': org00 (data row 4, line 5",
            "no column 'y': org00, org01, org02; did you mean 'Y'?",
            "column 'm' is constant",
        ),
    ),
]

DOCUMENTS = [
    (
        "invalid toml",
        document("n_planned = 10\n\n[organizations.north\nrows = 'north.csv'\n"),
        ("evidence.toml: not valid TOML", "line 3"),
    ),
    ("toml in latin-1", raw("# Zürich".encode("latin-1"), name="e.toml"), ("e.toml: line 1 is not UTF-8",)),
    ("no organizations", document("n_planned = 10\n"), ("evidence.toml: there is no organization in it",)),
    (
        "organizations as a list",
        document("organizations = ['north']\n"),
        ("organizations must be tables: [organizations.NAME]",),
    ),
    (
        "unknown key",
        document("n_plannd = 10\n[organizations.a]\nrows = 'a.csv'\n", {"a.csv": rows()}),
        ("unknown key 'n_plannd'; did you mean 'n_planned'?",),
    ),
    (
        "unknown key of an organization",
        document("[organizations.a]\nrow = 'a.csv'\n", {"a.csv": rows()}),
        ("unknown key 'row' in an organization's table; did you mean 'rows'?: a",),
    ),
    ("no file", document("[organizations.a]\n"), ("either rows", "or moments", ": a")),
    (
        "rows and moments",
        document("[organizations.a]\nrows = 'a.csv'\nmoments = 'a.json'\n", {"a.csv": rows()}),
        ("needs one file, either rows", ": a"),
    ),
    (
        "file is a number",
        document("[organizations.a]\nrows = 5\n"),
        ("rows must be the name of a file", "a (5)"),
    ),
    ("missing file", document("[organizations.a]\nrows = 'b.csv'\n"), ("no such file: a (b.csv)",)),
    (
        "forty missing files",
        document(FORTY),
        ("no such file: org00 (org00.csv), org01 (org01.csv)", "... and 35 more"),
    ),
    (
        "forty files that miss the same column",
        document(FORTY, {f"org{i:02d}.csv": rows(1)[["x", "y"]] for i in range(40)}),
        ("evidence evidence.toml: no column 'm': all 40 organizations",),
    ),
    (
        "file outside the folder",
        document("[organizations.a]\nrows = '../a.csv'\n"),
        ("must lie in the folder of the evidence file", "a (../a.csv)"),
    ),
    (
        "one file for two organizations",
        document("[organizations.a]\nrows = 'a.csv'\n[organizations.b]\nrows = './a.csv'\n", {"a.csv": rows()}),
        ("the same file is given for two organizations: b (./a.csv, as for a)",),
    ),
    (
        "organizations that differ in a blank",
        document(
            "[organizations.a]\nrows = 'a.csv'\n[organizations.'a ']\nrows = 'b.csv'\n",
            {"a.csv": rows(), "b.csv": rows()},
        ),
        ("an organization is named in more than one way: a ('a', 'a ')",),
    ),
    (
        "planned in words",
        document("n_planned = 'ten'\n[organizations.a]\nrows = 'a.csv'\n", {"a.csv": rows()}),
        ("n_planned must be a whole number above 0, not 'ten'",),
    ),
    (
        "rows where moments should be",
        document("[organizations.a]\nmoments = 'a.csv'\n", {"a.csv": rows()}),
        ("this is a table of rows", 'rows = "..."'),
    ),
    (
        "invalid json",
        shared_moments('{"format":\n "bayescx-moments",\n "n_obs" 5}'),
        ("not valid JSON: line 3",),
    ),
    ("other json", shared_moments("[1, 2]"), ("a JSON object is needed, not a list: south (south.json)",)),
    ("other format", shared_moments({"n": 5}), ('"format" must be "bayescx-moments"', "south (south.json)")),
    ("later version", shared_moments(moments(version=3)), ('"version" must be 1 or 2, found 3', "newer bayescx")),
    (
        "covariance cut short",
        shared_moments(moments(cov=GOOD_COV[:2], mean=[1, 2])),
        ('"cov" must be 3 rows of 3 numbers', '"mean" must be null or 3 numbers'),
    ),
    (
        "covariance not symmetric",
        shared_moments(moments(cov=[[1, 0.5, 0.3], [0.6, 1, 0.4], [0.3, 0.4, 1]])),
        ("cov is not symmetric: 0.5 at x, m but 0.6 at m, x: south (south.json)",),
    ),
    (
        "covariance not positive definite",
        shared_moments(moments(cov=[[1, 0.9, 0.9], [0.9, 1, -0.9], [0.9, -0.9, 1]])),
        ("cov is not positive definite: some combination of x, m, y",),
    ),
    (
        "covariance not finite",
        shared_moments(json.dumps(moments(cov=[[1, 0, float("nan")], [0, 1, 0], [float("nan"), 0, 1]]))),
        ("cov is not a finite number at x, y (and 1 more)",),
    ),
    (
        "variance of nothing",
        shared_moments(moments(cov=[[1, 0, 0], [0, 0, 0], [0, 0, 1]])),
        ("the variance of m is 0: the variable is constant",),
    ),
    (
        "half a respondent",
        shared_moments(moments(n_obs=50.5)),
        ("n_obs must be a whole number above 1, not 50.5",),
    ),
    (
        "moments without a needed variable",
        shared_moments(moments(variables=["x", "M", "y"])),
        ("no column 'm': south (moments); did you mean 'M'?",),
    ),
    (
        "moments of too few respondents",
        shared_moments(moments(n_obs=4)),
        ("too few respondents", "south (n = 4)", "--min-n 5"),
    ),
    (
        "rows, moments and keys all wrong",
        document(
            "n_planned = 1\ncolour = 1\n[organizations.a]\nrows = 'a.csv'\n"
            "[organizations.b]\nmoments = 'b.json'\n[organizations.c]\nrows = 'c.csv'\n",
            {
                "a.csv": rows(1).rename(columns={"m": "M"}),
                "b.json": moments(cov=[[1, 2, 0], [2, 1, 0], [0, 0, 1]]),
                "c.csv": spoiled("y", {1: "?"}, organizations=1),
            },
        ),
        (
            "5 problems",
            "unknown key 'colour'",
            "n_planned = 1 is smaller than the number of organizations that reported, 3",
            "no column 'm': a; did you mean 'M'?",
            "some combination of x, m has zero or negative variance: b (b.json)",
            "text in column 'y': c (data row 2, line 3 of c.csv: '?')",
        ),
    ),
]

FIGURE = {
    "statistic": '"r_squared"',
    "organizations": '["one", "two"]',
    "outcome": '"m"',
    "value": "0.75",
    "n_obs": "[200, 1000]",
}


def figure(**changes: str | None) -> str:
    """A sound figure as TOML, with keys put in place of others (None leaves one out)."""
    keys = {key: value for key, value in (FIGURE | changes).items() if value is not None}
    return "[[published]]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items())


def ratio(**changes: str | None) -> str:
    """A sound ratio of paths, with keys put in place of others."""
    sound = {
        "statistic": '"path_ratio"',
        "outcome": '"y"',
        "numerator": '["m"]',
        "denominator": '["x"]',
        "value": "4.0",
    }
    return figure(**sound | changes)


def share(**changes: str | None) -> str:
    """A sound share, with keys put in place of others."""
    sound = {"statistic": '"share"', "outcome": '"y"', "cause": '"x"', "reading": '"mediated"'}
    return figure(**sound | changes)


def ordering(**changes: str | None) -> str:
    """A sound ordering, with keys put in place of others."""
    sound = {
        "statistic": '"ordering"',
        "of": '"path"',
        "outcome": '"y"',
        "cause": '"m"',
        "among": '["x"]',
        "value": None,
    }
    return figure(**sound | changes)


def with_rows(text: str, top: str = "") -> Builder:
    """A document of one organization that shared rows, org00, and what else the text says."""
    return document(f'{top}\n[organizations.org00]\nrows = "a.csv"\n{text}', {"a.csv": rows(1)})


FIGURES = [
    ("figure without keys", with_rows("[[published]]\n"), ("figure 1: statistic is missing: one of r_squared, path",)),
    (
        "figure with a value only",
        with_rows("[[published]]\nvalue = 0.75\n"),
        ("3 problems", "figure 1: organizations are missing", "figure 1: n_obs is missing", "such as [200, 1000]"),
    ),
    ("figures as a number", with_rows("", "published = 5"), ("tables [[published]], found published = 5",)),
    ("figures as text", with_rows("", 'published = "none"'), ("tables [[published]], found published = 'none'",)),
    (
        "figures in a list of values",
        with_rows("", "published = [0.75]"),
        ("figure 1: a table [[published]] is needed",),
    ),
    ("one pair of brackets", with_rows(figure()[1:].replace("]]", "]", 1)), ("two brackets on either side",)),
    (
        "brackets but no organization",
        document("published = []\n"),
        ("there is no organization in it", "[organizations.NAME]"),
    ),
    (
        "figures alone and malformed",
        document(figure(value="75")),
        ("figure 1 (r_squared m): value of an r_squared lies between 0 and 1, found 75: write 0.75",),
    ),
    (
        "unknown statistic",
        with_rows(figure(statistic='"r_sqared"')),
        ("figure 1 (r_sqared m): unknown statistic 'r_sqared'; did you mean 'r_squared'?",),
    ),
    ("statistic in no words", with_rows(figure(statistic="2")), ("unknown statistic 2; there is r_squared, path",)),
    (
        "third of three figures",
        with_rows(figure() + figure(outcome='"y"') + figure(outcome='"x"', value='"75%"')),
        ("figure 3 (r_squared x): value must be a finite number, found '75%': write 0.75",),
    ),
    ("decimal comma", with_rows(figure(value='"0,75"')), ("found '0,75': write 0.75",)),
    ("value in words", with_rows(figure(value='"most"')), ("value must be a finite number, found 'most'",)),
    ("value is true", with_rows(figure(value="true")), ("value must be a finite number, found True",)),
    ("value is nan", with_rows(figure(value="nan")), ("value must be a finite number, found nan",)),
    ("value is endless", with_rows(figure(value="9" * 400)), ("value must be a finite number, found 9999",)),
    ("value is a date", with_rows(figure(value="2026-01-02")), ("value must be a finite number, found datetime.date",)),
    ("value is missing", with_rows(figure(value=None)), ("figure 1 (r_squared m): value is missing",)),
    ("negative explained variance", with_rows(figure(value="-0.2")), ("lies between 0 and 1, found -0.2",)),
    (
        "correlation beyond one",
        with_rows(figure(statistic='"correlation"', outcome=None, between='["x", "y"]', value="1.2")),
        ("figure 1 (correlation x with y): value of a correlation lies between -1 and 1, found 1.2",),
    ),
    (
        "correlation of one",
        with_rows(figure(statistic='"correlation"', outcome=None, between='["x"]', value="0.2")),
        ("between must name two constructs, found 1",),
    ),
    (
        "correlation with itself",
        with_rows(figure(statistic='"correlation"', outcome=None, between='["x", "x"]', value="0.2")),
        ("between names a construct twice: x",),
    ),
    ("rounded to nothing", with_rows(figure(rounded_to="0")), ("rounded_to", "above 0 such as 0.01, found 0")),
    ("rounded to words", with_rows(figure(rounded_to='"5%"')), ("rounded_to", "found '5%'")),
    ("rounded in percent", with_rows(figure(rounded_to="5")), ("in the units of value, found 5: write 0.05",)),
    ("nobody asked", with_rows(figure(n_obs="0")), ("n_obs must be a whole number of at least 3, found 0",)),
    ("half a respondent in a figure", with_rows(figure(n_obs="400.5")), ("whole number of at least 3, found 400.5",)),
    ("respondents in words", with_rows(figure(n_obs='"400"')), ("whole number of at least 3, found '400'",)),
    (
        "respondents not stated",
        with_rows(figure(n_obs=None)),
        (
            "n_obs is missing",
            "[200, 1000] where it was not",
        ),
    ),
    (
        "range turned round",
        with_rows(figure(n_obs="[1000, 200]")),
        ("n_obs is a range from the lowest to the highest: write [200, 1000], not [1000, 200]",),
    ),
    ("range of three", with_rows(figure(n_obs="[1, 2, 3]")), ("n_obs as a range has two numbers",)),
    ("range of nothing", with_rows(figure(n_obs="[400, 400]")), ("write n_obs = 400",)),
    (
        "fewer respondents than organizations need",
        with_rows(figure(n_obs="5")),
        ("counts the respondents of the set together; its 2 organizations need at least 6, found 5",),
    ),
    ("set is one name", with_rows(figure(organizations='"one"')), ('must be a list: write organizations = ["one"]',)),
    ("set is empty", with_rows(figure(organizations="[]")), ("a figure speaks of at least one organization",)),
    ("set of numbers", with_rows(figure(organizations="[1, 2]")), ("must be names in quotes, found 1",)),
    ("set with a blank name", with_rows(figure(organizations='["one", " "]')), ("names in quotes, found ' '",)),
    ("set is a table", with_rows(figure(organizations="{one = 1}")), ('names such as ["one", "two"], found {',)),
    ("organization twice", with_rows(figure(organizations='["one", "one "]')), ("in the set twice: one",)),
    ("set is not stated", with_rows(figure(organizations=None)), ("organizations are missing: the set",)),
    ("unknown rule", with_rows(figure(rule='"average"')), ("unknown rule 'average'; there is mean, pooled, each",)),
    ("unknown use", with_rows(figure(use='"chekc"')), ("unknown use 'chekc'; did you mean 'check'?",)),
    ("unknown overlap", with_rows(figure(overlap="true")), ("unknown overlap True; there is refuse, replace",)),
    (
        "replacing in pooled respondents",
        with_rows(figure(rule='"pooled"', overlap='"replace"')),
        ('which rule = "pooled" does not allow', 'rule = "mean"'),
    ),
    (
        "misspelled key",
        with_rows(figure(vlaue="0.7")),
        ("figure 1 (r_squared m): unknown key 'vlaue'; did you mean 'value'",),
    ),
    ("key that does not belong", with_rows(figure(cause='"x"')), ("an r_squared has no cause; it has outcome",)),
    ("key that is missing", with_rows(figure(statistic='"path"')), ("figure 1 (path m): a path needs cause",)),
    ("outcome is a number", with_rows(figure(outcome="3")), ("outcome must be text in quotes, found 3",)),
    ("outcome is blank", with_rows(figure(outcome='" "')), ("outcome is empty",)),
    ("source is a list", with_rows(figure(source='["here"]')), ("source must be text in quotes, found ['here']",)),
    (
        "cause of itself",
        with_rows(figure(statistic='"total_effect"', cause='"m"')),
        ("figure 1 (total_effect m~m): outcome 'm' cannot be a cause of itself",),
    ),
    ("ratio to nothing", with_rows(ratio(denominator="[]")), ("denominator must be a list of names in quotes",)),
    ("ratio to text", with_rows(ratio(denominator='"x"')), ('denominator must be a list: write denominator = ["x"]',)),
    (
        "ratio of a path to itself",
        with_rows(ratio(numerator='["m", "x"]')),
        ("figure 1 (path_ratio y: m + x to x): numerator and denominator share x",),
    ),
    ("ratio read as a share", with_rows(ratio(reading='"pratt"')), ("unknown reading 'pratt'; there is sum, mean",)),
    (
        "share without a reading",
        with_rows(share(reading=None)),
        ("a share needs reading: one of mediated, coefficients, pratt",),
    ),
    ("share in percent", with_rows(share(value="75")), ("a share (mediated) lies between", "found 75: write 0.75")),
    ("share above all", with_rows(share(reading='"pratt"', value="1.5")), ("share (pratt) lies between 0 and 1",)),
    ("ordering with a value", with_rows(ordering(value="0.3")), ("an ordering has no value",)),
    ("ordering among itself", with_rows(ordering(among='["m", "x"]')), ("cause 'm' is also in among",)),
    ("ordering of correlations", with_rows(ordering(of='"correlation"')), ("unknown of 'correlation'; there is path",)),
    (
        "bound without a side",
        with_rows(figure(statistic='"bound"', of='"r_squared"')),
        ("figure 1 (bound r_squared m 0.75): a bound of r_squared needs side: one of at_least, at_most",),
    ),
    (
        "bound of nothing",
        with_rows(figure(statistic='"bound"', side='"at_least"')),
        ("a bound needs of: one of r_squared, path",),
    ),
    ("bound of a bound", with_rows(figure(statistic='"bound"', of='"bound"')), ("unknown of 'bound'",)),
    (
        "bound in percent",
        with_rows(figure(statistic='"bound"', of='"r_squared"', side='"at_least"', value="75")),
        ("figure 1 (bound r_squared m at least 75): value of an r_squared", "write 0.75"),
    ),
    (
        "everything wrong with one figure",
        with_rows(figure(statistic='"path"', value='"86%"', n_obs="2", organizations='"one"', rule='"all"', ues="1")),
        ("6 problems", "unknown key 'ues'", "needs cause", "write 0.86", "unknown rule 'all'"),
    ),
    ("figure twice", with_rows(figure() + figure()), ("r_squared m (one, two): the same figure is given 2 times",)),
    (
        "figure twice in another order",
        with_rows(
            figure(source='"page 3"') + figure(source='"page 3"', organizations='["two", "one"]', value="0.7"),
        ),
        ("r_squared m (one, two): the same figure is given 2 times from the source 'page 3'",),
    ),
    (
        "figure of an organization that shared rows",
        with_rows(figure(organizations='["one", "org00"]')),
        (
            "r_squared m (one, org00): would count the respondents of org00 (rows) twice",
            'overlap = "replace" takes their own statistic out of the figure',
            'use = "check"',
        ),
    ),
    (
        "pooled figure of an organization that shared rows",
        with_rows(figure(organizations='["one", "org00"]', rule='"pooled"')),
        ("would count the respondents of org00 (rows) twice, as they shared data of their own; use = ",),
    ),
    (
        "nothing remains to be replaced",
        with_rows(figure(organizations='["org00"]', overlap='"replace"')),
        ('overlap = "replace" leaves nothing of the set', "org00 (rows)", 'use = "check"'),
    ),
    (
        "figure of an organization kept out",
        document(
            'min_n = 20\nrows = "all.csv"\norganization = "org"\n' + figure(organizations='["one", "small"]'),
            {"all.csv": pd.concat([rows(["big"], 30), rows(["small"], 6)])},
        ),
        ("r_squared m (one, small): min_n = 20 keeps out organizations of the set: small (n = 6)", "lower min_n"),
    ),
    (
        "capitals make two organizations of one",
        with_rows(figure(organizations='["one", "Org00"]')),
        ("published figures name 'Org00', and there is 'org00'",),
    ),
    (
        "fewer planned than figures know",
        with_rows(figure(), "n_planned = 2"),
        ("n_planned = 2 is smaller than the number of organizations that reported, 3",),
    ),
    ("signs as a number", with_rows(figure(), "signs = 3"), ("signs must be a table [signs]", "found 3")),
    (
        "sign in words",
        with_rows(figure() + '[signs]\n"m~x" = "positive"'),
        ("""sign of 'm~x' is "+" or "-\"""", 'write "+"'),
    ),
    ("sign as true", with_rows(figure() + '[signs]\n"m~x" = true'), ("sign of 'm~x'", "found True")),
    ("sign of no path", with_rows(figure() + '[signs]\n"m" = "+"'), ("signs: 'm' is no path", '"outcome~cause"')),
    ("sign twice", with_rows(figure() + '[signs]\n"m~x" = "+"\n"m ~ x" = "-"'), ("signs: 'm~x' is given twice",)),
    ("sign of a dotted key", with_rows(figure() + "[signs]\nm.x = 1"), ("signs: 'm' is no path",)),
    (
        "rows, figures and signs all wrong",
        document(
            "n_planned = 1\n[organizations.a]\nrows = 'a.csv'\n[organizations.b]\nrows = 'none.csv'\n"
            + figure(organizations='["a", "c"]')
            + figure(value="75")
            + '[signs]\n"m~x" = 0\n',
            {"a.csv": spoiled("y", {1: "?"}, organizations=1)},
        ),
        (
            "6 problems",
            "figure 2 (r_squared m): value",
            "signs: the sign of 'm~x'",
            "n_planned = 1 is smaller than the number of organizations that reported, 3",
            "r_squared m (a, c): would count the respondents of a (rows) twice",
            "text in column 'y': a",
            "no such file: b (none.csv)",
        ),
    ),
    (
        "forty malformed figures",
        document("".join(figure(outcome=f'"y{i}"', value=str(i + 2)) for i in range(40))),
        ("figure 1 (r_squared y0)", "found 2: write 0.02", "... and 24 more problems"),
    ),
    (
        "strange characters in a figure",
        with_rows(figure(outcome='"<script>\\u202e\\u0007"', value="2", organizations='["../../x"]', n_obs="2")),
        ("figure 1 (r_squared <script>\\u202e\\x07): value", "found 2"),
    ),
    (
        "names of 200 characters",
        with_rows(figure(outcome=f'"{"m" * 200}"', value="2", organizations=f'["{"o" * 200}", "{"o" * 200}"]')),
        ("figure 1 (r_squared mmm", "in the set twice: ooo", "..."),
    ),
]

MALFORMED_EVIDENCE: list[tuple[str, Builder, tuple[str, ...]]] = FILES + TABLES + DOCUMENTS + FIGURES
