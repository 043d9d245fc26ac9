"""The parts of a replication that people read: README and requirements."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files
from string import Template

from bayescx.errors import FitError
from bayescx.estimands.population import available_targets
from bayescx.evidence.findings import printable, shortened
from bayescx.fitted import Fit
from bayescx.replication.tables import TARGETS
from bayescx.replication.verdict import NEVER, ONE_IN

__all__ = ["readme", "requirements"]

_PACKAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+!_-]*")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def requirements(fit: Fit) -> str:
    """The versions that a fit was made with, one line each, for pip.

    Raises
    ------
    FitError
        If one of them is not a version: the fit's file was written by something else.
    """
    versions = {str(name): str(version) for name, version in fit.provenance["versions"].items()}
    for name, version in versions.items():
        if not (_PACKAGE.fullmatch(name) and _VERSION.fullmatch(version)):
            raise FitError(f"this fit cannot be replicated: {name!r} {version!r} is not a package with its version")
    head = (
        f"# Python {versions.get('python', 'unknown')}\n"
        "# bayescx may need installing from its repository first, at the version below.\n"
    )
    return head + "".join(f"{name}=={version}\n" for name, version in versions.items() if name != "python")


def readme(fit: Fit, ci_prob: float, moments: Mapping[str, str]) -> str:
    """Text of the README, in Markdown; ``moments`` names the file of each organization."""
    made = fit.provenance
    versions = made["versions"]
    facts = {
        **{name: made[name] for name in ("draws", "tune", "chains", "target_accept", "seconds")},
        **{name: _plain(made[name]) for name in ("engine", "created_at")},
        "notices": _notices(fit),
        "model": _plain(fit.model.name or "without a name"),
        "bayescx": versions.get("bayescx", ""),
        "python": versions.get("python", ""),
        "one_in": ONE_IN,
        "never": f"{NEVER:g}",
        "n_planned": fit.n_planned,
        "percent": f"{100 * ci_prob:g}",
        "targets": _targets(fit),
        "pooling": ", ".join(f"{block} {word}" for block, word in fit.pooling.items()),
        "seed": fit.seed,
        "units": _units(fit),
        "fingerprint": fit.evidence.fingerprint,
        "organizations": "\n".join(_organizations(fit, moments)),
        "left_out": "\n".join(_left_out(fit)),
    }
    template = files(__package__).joinpath("templates", "readme.txt").read_text(encoding="utf-8")
    return Template(template).substitute({name: str(value) for name, value in facts.items()}).rstrip() + "\n"


def _plain(text: str, width: int = 80) -> str:
    """A name or a sentence as Markdown that shows it and does nothing else."""
    shown = printable(shortened(text, width))
    return re.sub(
        r"[&<>]|[\\`*\[\]|~$]|(?<![^\W_])_|_(?![^\W_])", lambda found: _ENTITIES.get(found[0], f"\\{found[0]}"), shown
    )


def _notices(fit: Fit) -> str:
    notices = []
    if fit.evidence.simulated:
        notices.append("**Simulated data: made by a program; no organization gave them.**")
    if problems := fit.provenance["convergence_problems"]:
        reasons = "; ".join(_plain(problem, 300) for problem in problems)
        notices.append(f"**The original fit did not converge: its figures are not to be relied on.** ({reasons})")
    return "".join(f"> {notice}\n\n" for notice in notices)


def _units(fit: Fit) -> str:
    observed = "divided by their pooled within-organization SD" if fit.provenance["scaled"] else "in their own units"
    if not fit.model.latents:
        return observed
    return f"{observed}; {'first loadings are' if fit.identification == 'marker' else 'loadings of a factor average'} 1"


def _targets(fit: Fit) -> str:
    lost = [f"`{target}`" for target in TARGETS if target not in available_targets(fit)]
    return f" The pooling of this fit leaves {' and '.join(lost)} without an answer." if lost else ""


def _organizations(fit: Fit, moments: Mapping[str, str]) -> list[str]:
    evidence = fit.evidence
    lines = [f"{len(fit.organizations)} of {fit.n_planned} organizations reported:", ""]
    for name, n_obs in zip(fit.organizations, evidence.n_obs.tolist(), strict=True):
        dropped = evidence.dropped.get(name, 0)
        rows = f"; {dropped} incomplete rows were left out" if dropped else ""
        shared = "computed from its rows" if evidence.level.get(name) == "rows" else "shared as moments"
        lines.append(f"- `{moments[name]}`: {_plain(name)}, n = {n_obs}, {shared}{rows}")
    return lines


def _left_out(fit: Fit) -> list[str]:
    lines = []
    if kept_out := fit.evidence.kept_out:
        named = ", ".join(f"{_plain(name)} (n = {n_obs})" for name, n_obs in kept_out.items())
        lines += ["", f"Kept out of the fit, because they have too few complete rows: {named}."]
    if fit.evidence.unassigned:
        lines += ["", f"{fit.evidence.unassigned} rows named no organization and were left out."]
    return lines
