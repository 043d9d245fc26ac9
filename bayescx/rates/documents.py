"""Files with questions about shares: what was asked, who counted what, and what was printed of others."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, replace
from pathlib import Path
from typing import Any

from bayescx.errors import EvidenceError
from bayescx.evidence.arguments import whole_number_problems
from bayescx.evidence.findings import listing, on_one_screen, printable, shortened, suggestion
from bayescx.evidence.readers import read_toml
from bayescx.rates.counts import Counts
from bayescx.rates.document_counts import COUNT_KEYS, read_counts
from bayescx.rates.figure_checks import check_figures
from bayescx.rates.fitted import RatesFit, fit_rates
from bayescx.rates.published import PublishedRate, members_of
from bayescx.rates.splits import Side, tree_of

__all__ = ["RateQuestion", "read_rates"]

_TOP = ("n_planned", "simulated", "questions")
_KEYS = ("asks", "n_planned", "splits", *COUNT_KEYS, "published")
_FIELDS = tuple(one.name for one in fields(PublishedRate))
_NEEDED = tuple(one.name for one in fields(PublishedRate) if one.default is MISSING)
_TEXTS = ("wording", "source")


@dataclass(frozen=True, eq=False, kw_only=True)
class RateQuestion:
    """One question about shares, with all that is known of its answer; checked when it is made.

    Attributes
    ----------
    name : str
        As a file calls it.
    asks : str
        The question in words.
    counts : Counts
        Empty where only published figures are known.
    figures : tuple of PublishedRate
    splits : tuple of (side, side), optional
        How three or more categories part, as in `fit_rates`.

    Raises
    ------
    EvidenceError
        If figures speak of what the counts do not have, or splits are no tree.

    Examples
    --------
    >>> counts = Counts.empty(["leaves", "stays"], n_planned=10)
    >>> figure = PublishedRate(value=0.2, categories="leaves", organizations=10, n_obs=5000)
    >>> RateQuestion(name="leaving", asks="Who leaves?", counts=counts, figures=(figure,)).fit(draws=50)
    RatesFit(10 of 10 organizations, 2 categories, 4 chains x 50 draws)
    """

    name: str
    asks: str
    counts: Counts
    figures: tuple[PublishedRate, ...] = ()
    splits: tuple[tuple[Side, Side], ...] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "figures", check_figures(self.figures, self.counts))
        tree_of(self.counts.categories, self.splits)

    @property
    def has_names(self) -> bool:
        """Whether any organization is known by name, by counts or figures."""
        return bool(self.counts.organizations) or any(isinstance(one.organizations, tuple) for one in self.figures)

    def fit(self, **options: Any) -> RatesFit:
        """Fit what is known; options are those of `fit_rates`."""
        return fit_rates(self.counts, self.figures, **{"splits": self.splits} | options)


def read_rates(path: str | os.PathLike[str]) -> dict[str, RateQuestion]:
    """Read questions about shares from a TOML document.

    Parameters
    ----------
    path : path
        A table ``[questions.NAME]`` for each question: ``asks`` (the words), ``categories`` and ``groups`` in order,
        ``splits``, and what organizations shared: ``rows = "file.csv"`` with ``organization``, ``outcome`` and perhaps
        ``by`` (columns; the last tells groups apart), or ``counts``, which is a file with one row per organization
        (and group) and one column per category, or a table: ``north = [61, 249]``, with groups
        ``north.satisfied = [61, 249]``. Published shares are tables ``[[questions.NAME.published]]`` with the fields of
        `PublishedRate`. ``n_planned`` stands at the top, for all questions, or in one of them; by default it is the
        number of organizations known. ``simulated = true`` at the top says that nobody gave these data. Files lie in
        the folder of the document or below it.

    Returns
    -------
    dict of str to RateQuestion
        In the order of the document.

    Raises
    ------
    EvidenceError
        With everything that is wrong with the document and its files.

    Examples
    --------
    >>> questions = read_rates("rates.toml")  # doctest: +SKIP
    >>> fits = {one.asks: one.fit() for one in questions.values()}  # doctest: +SKIP
    """
    file = Path(path)
    if file.suffix.lower() != ".toml":
        works = "questions about shares are a .toml document; Counts.from_rows and Counts.from_table read tables"
        raise EvidenceError(str(file), [f"cannot read '{file.suffix}' files as questions; {works}"])
    document = read_toml(file)
    problems, planned, simulated = _top(document)
    questions: dict[str, RateQuestion] = {}
    tables = document.get("questions")
    for name, entry in tables.items() if isinstance(tables, Mapping) else ():
        found, wrong = _question(file.parent, name, entry, planned, simulated=simulated)
        problems += [f"question {shortened(printable(name), 40)!r}: {problem}" for problem in wrong]
        if found is not None:
            alike = [one.name for one in questions.values() if one.asks == found.asks]
            problems += [f"questions {_short(name)!r} and {_short(alike[0])!r} ask the same"] if alike else []
            questions[found.name] = found
    if problems:
        raise EvidenceError(str(file), on_one_screen(problems))
    return questions


def _top(document: Mapping[str, Any]) -> tuple[list[str], int | None, bool]:
    """What is wrong at the top of a document, and what stands there for all questions."""
    problems = []
    tables = document.get("questions")
    if tables is None and ("organizations" in document or "published" in document):
        return ["this is evidence about a path model; read_evidence reads it (command line: fit, check)"], None, False
    problems += [f"unknown key '{_short(key)}'{suggestion(key, _TOP)}" for key in document if key not in _TOP]
    if not isinstance(tables, Mapping) or not tables:
        problems.append("there is no question in it: a table [questions.NAME] for each is needed")
    planned = document.get("n_planned")
    if wrong := whole_number_problems(n_planned=planned):
        problems, planned = problems + wrong, None
    simulated = document.get("simulated", False)
    if not isinstance(simulated, bool):
        problems.append(f"simulated must be true or false, not {simulated!r:.60}")
    return problems, planned, simulated is True


def _question(
    folder: Path, name: str, entry: object, planned: int | None, *, simulated: bool
) -> tuple[RateQuestion | None, list[str]]:
    """One question, or everything that is wrong with it."""
    if not isinstance(entry, Mapping):
        return None, [f"a table [questions.{_short(name)}] is needed, found {entry!r:.60}"]
    problems = [f"unknown key '{_short(key)}'{suggestion(key, _KEYS)}" for key in entry if key not in _KEYS]
    problems += [] if name.strip() else ["a question needs a name: [questions.NAME]"]
    asks = entry.get("asks", name.replace("_", " "))
    if not isinstance(asks, str) or not asks.strip():
        problems.append(f"asks must be the words of the question, found {asks!r:.60}")
    own = entry.get("n_planned", planned)
    if wrong := whole_number_problems(n_planned=own):
        problems, own = problems + wrong, None
    counts, wrong = read_counts(folder, entry, simulated=simulated)
    problems += wrong
    figures, wrong = _figures(entry.get("published", []))
    problems += wrong
    if counts is None or problems:
        return None, problems
    try:
        named = {one for figure in figures for one in members_of(figure, counts)} | set(counts.organizations)
        counts = replace(counts, n_planned=max(len(named), 1) if own is None else own)
        splits = _splits(entry.get("splits"))
        return RateQuestion(name=name.strip(), asks=asks.strip(), counts=counts, figures=figures, splits=splits), []
    except EvidenceError as error:
        return None, list(error.problems)


def _splits(given: Any) -> tuple[tuple[Side, Side], ...] | None:
    """Splits as `fit_rates` takes them, which also says what is wrong with them."""
    if given is None:
        return None
    if not isinstance(given, list):
        problem = (
            f'splits must be a list of pairs, such as [["neutral", ["disloyal", "loyal"]], …], found {given!r:.60}'
        )
        raise EvidenceError("splits", [problem])
    return tuple(_tuples(pair) for pair in given)


def _tuples(given: Any) -> Any:
    """Lists, and lists in them, as tuples."""
    return tuple(map(_tuples, given)) if isinstance(given, list) else given


def _figures(given: object) -> tuple[tuple[PublishedRate, ...], list[str]]:
    if not isinstance(given, list):
        return (), ["published figures are written as [[questions.NAME.published]], two brackets on either side"]
    figures, problems = [], []
    for number, entry in enumerate(given, start=1):
        wrong = list(_figure_problems(entry))
        if not wrong:
            try:
                figures.append(PublishedRate(**entry))
            except EvidenceError as error:
                wrong = list(error.problems)
        problems += [f"published figure {number}{_about(entry)}: {problem}" for problem in wrong]
    return tuple(figures), problems


def _figure_problems(entry: object) -> Iterator[str]:
    """What keeps a table from being made into a figure at all."""
    if not isinstance(entry, Mapping):
        yield f"a table is needed, found {entry!r:.60}"
        return
    for key in entry:
        if key not in _FIELDS:
            yield f"unknown key '{_short(key)}'{suggestion(key, _FIELDS)}"
    if lacking := [key for key in _NEEDED if key not in entry]:
        yield f"it lacks {listing(lacking)}"
    for key in _TEXTS:
        if not isinstance(entry.get(key, ""), str):
            yield f"{key} must be text, found {entry[key]!r:.60}"


def _about(entry: object) -> str:
    """The categories of a figure however malformed, in brackets."""
    names = entry.get("categories") if isinstance(entry, Mapping) else None
    names = [names] if isinstance(names, str) else names
    if not isinstance(names, list) or not all(isinstance(one, str) for one in names) or not names:
        return ""
    return f" ({listing(list(map(printable, names)), 3, width=30)})"


def _short(key: object) -> str:
    return shortened(printable(str(key)), 40)
