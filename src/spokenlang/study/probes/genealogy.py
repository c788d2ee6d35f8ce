"""How closely languages are related, by the nodes that they share in their family's tree.

Three levels: family, branch (`language_names.BRANCHES`) and, in three branches, subgroup. Families and branches are
after Glottolog 5 (https://glottolog.org, CC BY 4.0); subgroups are the conventional ones of the handbooks: E. König and
J. van der Auwera (eds.), The Germanic Languages (1994), M. Harris and N. Vincent (eds.), The Romance Languages (1988),
B. Comrie and G. Corbett (eds.), The Slavonic Languages (1993). Dutch and German are neighbours in a continuum of
dialects rather than daughters of one attested language. No ages are stated, so only the order of the numbers counts.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from spokenlang.language_names import describe

FAMILIES = {
    "Indo-European": "Germanic Romance Slavic Baltic Celtic Albanian Armenian Greek Indo-Aryan Iranian",
    "Afro-Asiatic": "Semitic Cushitic Chadic",
    "Sino-Tibetan": "Sinitic Burmo-Qiangic Bodic",
    "Atlantic-Congo": "Bantu Volta-Congo Atlantic-Congo",
}
"""Branches of each family; a branch that is not here is a family of its own."""

SUBGROUPS = {
    "North Germanic": "da fo is nn no sv",
    "Anglo-Frisian": "en fy sco",
    "Continental West Germanic": "af de lb nl yi",
    "Ibero-Romance": "ast es gl pt",
    "Occitano-Romance": "ca oc",
    "East Slavic": "be ru uk",
    "West Slavic": "cs pl sk",
    "South Slavic": "bg bs hr mk sl sr",
}
_FAMILY = {branch: family for family, branches in FAMILIES.items() for branch in branches.split()}
_SUBGROUP = {code: subgroup for subgroup, codes in SUBGROUPS.items() for code in codes.split()}
UNRELATED = 4
"""Steps between languages of two families; 3 within a family, 2 within a branch, 1 within a subgroup."""


def lineage(code: str) -> tuple[str, str, str]:
    """(family, branch, subgroup) of a language, "" for what is not known."""
    branch = describe(code).branch
    return _FAMILY.get(branch, branch), branch, _SUBGROUP.get(code, "")


def steps(codes: Sequence[str]) -> NDArray[np.float64]:
    """How far up the nearest common node of each two languages is: (n, n), 0 on the diagonal.

    NaN for a language of which no branch is known.
    """
    lines = [lineage(code) for code in codes]
    found = np.zeros((len(codes), len(codes)))
    for a, b in np.ndindex(found.shape):
        shared = [bool(one) and one == other for one, other in zip(lines[a], lines[b], strict=True)]
        found[a, b] = 0 if a == b else UNRELATED - sum(np.cumprod(shared))
    unknown = [not branch for _, branch, _ in lines]
    found[unknown] = np.nan
    found[:, unknown] = np.nan
    return found
