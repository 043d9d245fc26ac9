"""Fit: a posterior together with everything that it was made from, and its file."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
import xarray as xr

from bayescx._html import heading, table
from bayescx._names import CHAIN, DRAW, ORGANIZATION
from bayescx.archive import read_archive, write_archive
from bayescx.errors import FitError
from bayescx.evidence import Attributes, Matched, Published
from bayescx.evidence.flat import flattened, unflattened
from bayescx.priors import Priors
from bayescx.spec import PathModel, parse_model

__all__ = ["Fit", "load_fit"]

FORMAT = "bayescx-fit"
FORMAT_VERSION = 3  # 2: each organization alone, and convergence figures; 3: published figures, missing answers
_PATTERNS = "answer_patterns"  # a group that files have and trees do not: the evidence holds the same
_CELLS = {"organization": "pattern", "n_obs": "pattern", "n_answers": "pattern", "position": "answer", "mean": "answer"}


@dataclass(frozen=True, eq=False)
class Fit:
    """A posterior and its provenance. A Fit never changes.

    Attributes
    ----------
    model : PathModel
    evidence : Matched
        The moments and published figures that entered, in the data's units, with what was dropped and kept out.
    priors : Priors
    pooling : dict
        "none", "partial" or "full" for each block of parameters.
    scale : dict
        Data units per common unit of each observed variable; the ``posterior`` group is on the common scale.
        ``loading`` there, of an item that the model declares reversed (``upper(0)*``), is minus its loading.
    identification : str
        How factors got their unit: "mean" or "marker".
    provenance : dict
        Seed, draws, engine, versions, time of sampling.
    tree : xarray.DataTree
        Groups posterior, sample_stats, prior and constant_data, in ArviZ's layout.

    Examples
    --------
    >>> fit = load_fit("fit.nc")  # doctest: +SKIP
    >>> fit.tree["posterior"]["beta_mu"].mean(("chain", "draw"))  # doctest: +SKIP
    """

    model: PathModel
    evidence: Matched
    priors: Priors
    pooling: Mapping[str, str]
    scale: Mapping[str, float]
    identification: str
    provenance: Mapping[str, Any]
    tree: xr.DataTree = field(repr=False)

    def __post_init__(self) -> None:
        for node in self.tree.subtree:
            for variable in node.dataset.variables.values():
                if isinstance(values := variable.values, np.ndarray):
                    values.flags.writeable = False

    @property
    def organizations(self) -> tuple[str, ...]:
        """The organizations that reported."""
        return self.evidence.organizations

    @property
    def n_planned(self) -> int:
        """The number of organizations planned: what "average" averages over."""
        return self.evidence.n_planned

    @property
    def seed(self) -> int:
        """The seed of sampling; draws of unreported and new organizations follow from it."""
        return int(self.provenance["random_seed"])

    @property
    def posterior(self) -> xr.Dataset:
        """The posterior group as a Dataset, on the common scale."""
        return self.tree["posterior"].to_dataset()

    def __repr__(self) -> str:
        sizes = self.posterior.sizes
        name = self.model.name or "model"
        return (
            f"Fit({name}: {len(self.organizations)} of {self.n_planned} organizations, "
            f"{sizes[CHAIN]} chains x {sizes[DRAW]} draws"
            f"{', simulated data' if self.evidence.simulated else ''}"
            f"{', NOT CONVERGED' if self.provenance.get('convergence_problems') else ''})"
        )

    def _repr_html_(self) -> str:
        """Return what was fitted to what, and whether it converged, for notebooks."""
        about, sizes = self.provenance, self.posterior.sizes
        problems = about["convergence_problems"]
        rows = [
            ("model", self.model.name or "unnamed"),
            ("organizations", f"{len(self.organizations)} of {self.n_planned} planned"),
            *self._evidence_rows(),
            ("pooling", ", ".join(f"{block} {word}" for block, word in self.pooling.items())),
            ("draws", f"{sizes[CHAIN]} chains × {sizes[DRAW]:,}, seed {self.seed}, {about['seconds']:.1f} s"),
            ("converged", f"no: {'; '.join(problems)}" if problems else "yes"),
        ]
        return heading("Fit") + table([], rows)

    def _evidence_rows(self) -> list[tuple[str, str]]:
        """Say how many respondents and published figures there were; nothing of what there was none of."""
        evidence = self.evidence
        simulated = " (simulated)" if evidence.simulated else ""
        respondents, published = int(evidence.n_obs.sum()), len(evidence.published)
        checked = sum(figure.use == "check" for figure in evidence.published)
        rows = [("respondents", f"{respondents:,}{simulated}")] if respondents else []
        kept = f", {checked} of them only to be checked" if checked else ""
        return rows + ([("published figures", f"{published}{kept}{simulated}")] if published else [])

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the fit as one netCDF file, whole or not at all.

        Parameters
        ----------
        path : path
            Where to; an existing file is replaced only once the new one is complete.

        Returns
        -------
        Path

        Raises
        ------
        FitError
            If the folder is not there or cannot be written to.
        """
        return write_archive(self._annotated(), path, "fit.nc")

    def _annotated(self) -> xr.DataTree:
        """A copy of the tree whose root says everything that is not an array."""
        evidence = self.evidence
        settings = {
            "model": {"text": self.model.text, "name": self.model.name, "source": self.model.source},
            "priors": self.priors.to_dict(),
            "pooling": dict(self.pooling),
            "identification": self.identification,
            "evidence": {
                "n_planned": evidence.n_planned,
                "dropped": dict(evidence.dropped),
                "kept_out": dict(evidence.kept_out),
                "level": dict(evidence.level),
                "unassigned": evidence.unassigned,
                "simulated": evidence.simulated,
                "published": [figure.to_dict() for figure in evidence.published],
                "signs": dict(evidence.signs),
                **({"attributes": evidence.attributes.to_dict()} if evidence.attributes.moderators else {}),
                "fingerprint": evidence.fingerprint,
            },
            "provenance": dict(self.provenance),
        }
        tree = self.tree.copy()
        if evidence.patterns:
            arrays = flattened(evidence.patterns).items()
            cells = {name: (_CELLS.get(name, "answer_pair"), values) for name, values in arrays}
            tree[_PATTERNS] = xr.DataTree(xr.Dataset(cells))
        tree.attrs = {"format": FORMAT, "format_version": FORMAT_VERSION, "settings": json.dumps(settings)}
        return tree

    @classmethod
    def from_tree(cls, tree: xr.DataTree) -> Self:
        """Rebuild a fit from the tree that ``save`` wrote; see ``load_fit`` for errors in the user's terms."""
        settings = json.loads(tree.attrs["settings"])
        lost = [group for group in ("posterior", "constant_data") if group not in tree.children]
        if lost:
            raise FitError(f"its group {' and '.join(lost)} is missing")
        data = tree["constant_data"].to_dataset()
        about = settings["evidence"]
        evidence = Matched(
            organizations=tuple(str(name) for name in data[ORGANIZATION].values),
            variables=tuple(str(name) for name in data["variable"].values),
            n_obs=np.array(data["n_obs"].values, dtype=np.int64),
            mean=np.array(data["mean"].values, dtype=np.float64),
            cov=np.array(data["cov"].values, dtype=np.float64),
            dropped=about["dropped"],
            kept_out=about["kept_out"],
            n_planned=about["n_planned"],
            level=about["level"],
            unassigned=about["unassigned"],
            simulated=about["simulated"],
            patterns=_patterns(tree),
            published=tuple(Published.from_dict(figure) for figure in about["published"]),
            signs=about["signs"],
            attributes=Attributes.from_dict(about["attributes"]) if "attributes" in about else Attributes.none(),
        )
        if evidence.fingerprint != about["fingerprint"]:
            raise FitError("its evidence is not what it was fitted to: the file was changed")
        model = settings["model"]
        scale = data["scale"]
        return cls(
            model=parse_model(model["text"], name=model["name"], source=model["source"]),
            evidence=evidence,
            priors=Priors.from_dict(settings["priors"]),
            pooling=settings["pooling"],
            scale={str(name): float(scale.sel(variable=name)) for name in data["variable"].values},
            identification=settings["identification"],
            provenance=settings["provenance"],
            tree=tree.drop_nodes(_PATTERNS, errors="ignore"),
        )


def _patterns(tree: xr.DataTree) -> dict[str, Any]:
    """Patterns of missing answers, as the file of a fit holds them."""
    if _PATTERNS not in tree.children:
        return {}
    stored = tree[_PATTERNS].to_dataset()
    return unflattened({str(name): array.values for name, array in stored.data_vars.items()})


def load_fit(path: str | os.PathLike[str]) -> Fit:
    """Read a fit that ``Fit.save`` wrote. Nothing in the file is executed.

    Parameters
    ----------
    path : path
        A netCDF file.

    Returns
    -------
    Fit

    Raises
    ------
    FitError
        If the file is missing, is no fit, was written by a later version, or was changed.
    """
    return read_archive(path, FORMAT, FORMAT_VERSION, Fit.from_tree)
