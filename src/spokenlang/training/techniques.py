"""The techniques against overfitting and the normalisations, by name: what an ablation takes away, and, of the
techniques alone, what the gap experiment adds.

switched_off({"epochs": 14, "dropout": 0.3}, without="dropout")  ->  {"epochs": 14, "dropout": 0.0}
switched_off({...}, without="all", keep="crop")                  ->  every one off but random crops
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from spokenlang.errors import InputError

TECHNIQUES: dict[str, tuple[str, dict[str, Any]]] = {
    "crop": ("crops", {"crop": False}),
    "stretch": ("speed", {"stretch": 0.0}),
    "mel_warp": ("vocal tract", {"mel_warp": 0.0}),
    "masks": ("SpecAugment", {"spec_masks": 0}),
    "dropout": ("dropout", {"dropout": 0.0}),
    "decay": ("weight decay", {"weight_decay": 0.0}),
    "smoothing": ("label smoothing", {"label_smoothing": 0.0}),
    "averaging": ("averaging", {"average": "last"}),
}
"""Name -> (what people call it, the parameters that switch it off)."""

NORMALISATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "loudness": ("loudness norm.", {"loudness_norm": False}),
    "utterance": ("utterance norm.", {"utterance_norm": "none"}),
}
"""The same; "all" does not mean these, which are no techniques against overfitting."""

_BY_NAME = TECHNIQUES | NORMALISATIONS


def switched_off(parameters: Mapping[str, Any], without: str, keep: str = "none") -> dict[str, Any]:
    """``parameters`` with a technique off: a name, "none", or "all" of them but the one that ``keep`` names."""
    chosen = dict(parameters)
    for name in (without, keep):
        if name not in _BY_NAME and name not in ("none", "all"):
            near = difflib.get_close_matches(name, _BY_NAME, 1)
            raise InputError(
                f"unknown technique {name!r}"
                + (f"; did you mean {near[0]!r}?" if near else f"; use one of {', '.join(_BY_NAME)}")
            )
    for name, (_, off) in _BY_NAME.items():
        gone = without == name or (without == "all" and name in TECHNIQUES)
        if gone and keep not in (name, "all"):
            chosen |= {key: value for key, value in off.items() if key in chosen}
    return chosen


def label_of(name: str) -> str:
    """What people call a technique or normalisation; "none" stays "none"."""
    return _BY_NAME[name][0] if name in _BY_NAME else name
