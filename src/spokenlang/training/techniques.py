"""The techniques against overfitting, by name: what an ablation takes away, and what the gap experiment adds.

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
    "noise": ("added noise", {"noise": 0.0, "babble": 0.0, "reverb": 0.0, "band_limit": 0.0, "equalise_db": 0.0}),
    "dropout": ("dropout", {"dropout": 0.0}),
    "decay": ("weight decay", {"weight_decay": 0.0}),
    "smoothing": ("label smoothing", {"label_smoothing": 0.0}),
    "averaging": ("averaging", {"average": "last"}),
}
"""Name -> (what people call it, the parameters that switch it off)."""


def switched_off(parameters: Mapping[str, Any], without: str, keep: str = "none") -> dict[str, Any]:
    """``parameters`` with a technique off: a name, "none", or "all" of them but the one that ``keep`` names."""
    chosen = dict(parameters)
    for name in (without, keep):
        if name not in TECHNIQUES and name not in ("none", "all"):
            near = difflib.get_close_matches(name, TECHNIQUES, 1)
            raise InputError(
                f"unknown technique {name!r}"
                + (f"; did you mean {near[0]!r}?" if near else f"; use one of {', '.join(TECHNIQUES)}")
            )
    for name, (_, off) in TECHNIQUES.items():
        if without in (name, "all") and keep not in (name, "all"):
            chosen |= {key: value for key, value in off.items() if key in chosen}
    return chosen


def label_of(name: str) -> str:
    """What people call a technique; "none" stays "none"."""
    return TECHNIQUES[name][0] if name in TECHNIQUES else name
