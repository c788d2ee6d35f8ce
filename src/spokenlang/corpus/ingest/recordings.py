"""What the layouts hand on: recordings, and what is to be said about those that are none."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from spokenlang.corpus.ingest.names import shown, tidy


@dataclass(frozen=True)
class Wanted:
    """What the caller says about a folder."""

    layout: str = "auto"
    metadata: Path | None = None  # a table about the recordings
    speaker: str = ""  # its column that says who speaks
    speaker_folders: bool = False  # the folders below each language's are speakers
    languages: tuple[str, ...] = ()  # these and no others, in this order; empty: all that there are

    @property
    def asked(self) -> frozenset[str]:
        """Codes that count as languages whatever else is known of them."""
        return frozenset(self.languages)


@dataclass(frozen=True)
class Recording:
    """One file of one language."""

    path: Path  # relative to the folder
    language: str  # its code
    group: str = ""  # whom or what must not be torn apart; "" if nobody knows
    split: str = ""  # "train" or "test" where its publisher said so
    about: dict[str, str] = field(default_factory=dict)  # further columns of `clips.csv`


@dataclass
class Found:
    """The recordings of a folder, in a fixed order, and what people should know."""

    recordings: list[Recording] = field(default_factory=list)
    layout: str = ""
    bad: list[tuple[Path, str]] = field(default_factory=list)  # and why they are no use
    aside: list[tuple[Path, str]] = field(default_factory=list)  # good, but not wanted here, and why
    spoken: dict[str, str] = field(default_factory=dict)  # name of a language as it was written -> its code
    remarks: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    loud: str = ""  # that no speaker is known

    @property
    def group_of(self) -> dict[Path, str]:
        """Group of each recording; one that has none is a group of its own."""
        return {recording.path: recording.group or tidy(shown(recording.path)) for recording in self.recordings}


_SPLITS = {
    "train": "train",
    "training": "train",
    "dev": "train",
    "valid": "train",
    "validation": "train",
    "val": "train",
}
_SPLITS |= {"test": "test", "testing": "test", "eval": "test"}


def split_of(name: str) -> str:
    """`train` or `test` for what people call their splits (what they validate on we train on); else ""."""
    return _SPLITS.get(tidy(name).lower(), "")
