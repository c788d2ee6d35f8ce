"""The layouts of published corpora, as their publishers unpack.

voxlingua107  VoxLingua107 (2020): `<code>/<video>__U__S<n>---<start>-<end>.wav`, and its own evaluation set in `dev/`.
mls           Multilingual LibriSpeech (SLR94): `mls_<language>/<split>/audio/<reader>/<book>/<reader>_<book>_<n>.flac`.
commonvoice   Common Voice Scripted Speech (tsv of versions 7 to 24): `<locale>/validated.tsv`, `<locale>/clips/*.mp3`.
fleurs        FLEURS (2022): `<locale>/<split>.tsv` without a header, `<locale>/audio/<split>/*.wav`.

Each may lie below the folder given, or be it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from spokenlang.corpus.ingest import tables
from spokenlang.corpus.ingest.names import shown, tidy
from spokenlang.corpus.ingest.recordings import Found, Recording, Wanted, split_of
from spokenlang.corpus.ingest.walk import Walked
from spokenlang.errors import InputError
from spokenlang.language_names import resolve

_VIDEO = re.compile(r"(?P<video>.{11}|.+?)__U__S\d+---(?P<start>[\d.]+)-(?P<end>[\d.]+)")
_BOOK = re.compile(r"(?P<speaker>\d+)_(?P<book>\d+)_\d+")
_FLEURS = ["sentence", "path", "raw_transcription", "transcription", "characters", "num_samples", "gender"]


def video_of(name: str) -> str:
    """The video that a VoxLingua107 file was cut from; "" if the name is none of theirs."""
    found = _VIDEO.match(name.rsplit("/", 1)[-1])
    return found["video"] if found else ""


def voxlingua107(folder: Path, walked: Walked, wanted: Wanted) -> Found:
    """Videos are groups; the evaluation set in `dev/`, of other videos, is the test set."""
    found = Found()
    for path in walked.files:
        name, parts = shown(path.name), [shown(part) for part in path.parts[:-1]]
        code = next((part for part in reversed(parts) if resolve(part, wanted.asked)), "")
        video = video_of(name)
        if not code:
            raise InputError(f"{shown(folder / path)}: lies in no language's folder; VoxLingua107 has one for each")
        if not video:
            found.aside.append((path, "is not named as VoxLingua107 names its files"))
            continue
        found.spoken[code] = resolve(code, wanted.asked) or ""
        side = "test" if "dev" in parts else "train"
        found.recordings.append(Recording(path, found.spoken[code], f"video {video}", side, {"video": video}))
    return found


def mls(folder: Path, walked: Walked, wanted: Wanted) -> Found:
    """Readers are groups; the publisher's test readers are the test set."""
    found = Found()
    for path in walked.files:
        parts = [shown(part) for part in path.parts]
        at = parts.index("audio") if "audio" in parts else -1
        name = _named(folder, parts[: max(0, at - 1)])
        book = _BOOK.fullmatch(path.stem)
        if at < 1 or not book or not name:
            found.aside.append((path, "does not lie where Multilingual LibriSpeech has its recordings"))
            continue
        language = _language(folder, name.removeprefix("mls_").removesuffix("_opus"), wanted)
        found.spoken[name] = language
        about = {"speaker": book["speaker"], "book": book["book"]}
        found.recordings.append(Recording(path, language, f"reader {book['speaker']}", split_of(parts[at - 1]), about))
    return found


def commonvoice(folder: Path, walked: Walked, wanted: Wanted) -> Found:
    """Validated clips; contributors (`client_id`) are groups; the publisher's test.tsv is the test set."""
    found = Found()
    for place, files in _by_place(walked, "clips"):
        language = _language(folder, _named(folder, [shown(part) for part in place.parts]), wanted)
        found.spoken[place.name or folder.name] = language
        table = tables.read(folder / place / "validated.tsv")
        named = {Path(row["path"]).name: row for row in table.rows}
        sides = {
            Path(row["path"]).name: side
            for side in ("train", "dev", "test")
            if (folder / place / f"{side}.tsv").is_file()
            for row in tables.read(folder / place / f"{side}.tsv").rows
        }
        if "speaker" not in table.columns:
            raise InputError(f"{table.path}: no column client_id; download the tables of the corpus again")
        for path in files:
            row = named.get(path.name) or named.get(path.stem)
            if row is None:
                found.aside.append((path, "is not among the validated clips"))
                continue
            speaker = tables.known(row["speaker"])
            about = {name: row[name] for name in ("age", "gender", "accents", "variant") if row.get(name)}
            side = split_of(sides.get(path.name, "")) if sides else ""
            found.recordings.append(Recording(path, language, speaker, side, {"speaker": speaker, **about}))
        lacking = len(named.keys() - {path.name for path in files} - {path.stem for path in files})
        if lacking:
            found.warnings.append(
                f"{lacking} rows of {shown(place / 'validated.tsv')} speak of files that are not there"
            )
    return found


def fleurs(folder: Path, walked: Walked, wanted: Wanted) -> Found:
    """Sentences are groups, since readers are not known; the publisher's test sentences are the test set."""
    found = Found()
    for place, files in _by_place(walked, "audio"):
        name = place.name or folder.name
        found.spoken[name] = language = _language(folder, name, wanted)
        rows = {}
        for side in ("train", "dev", "test"):
            path = folder / place / f"{side}.tsv"
            if path.is_file():
                rows.update({(side, row["path"]): row for row in tables.read(path, header=_FLEURS).rows})
        for path in files:
            row = rows.get((path.parent.name, path.name))
            if row is None:
                found.aside.append((path, "has no row in the publisher's tables"))
                continue
            about = {"sentence": row["sentence"], "gender": tidy(row["gender"]).lower(), "locale": name}
            side = split_of(path.parent.name)
            found.recordings.append(Recording(path, language, f"sentence {row['sentence']}", side, about))
    found.loud = (
        "NO SPEAKER IS KNOWN: FLEURS does not say who reads; sentences are kept together, but one person's files may "
        "lie in training and in validation, and validation scores will flatter"
    )
    return found


def _by_place(walked: Walked, inner: str) -> list[tuple[Path, list[Path]]]:
    """The files below each folder that has a folder `inner`."""
    places: dict[Path, list[Path]] = {}
    for path in walked.files:
        parts = path.parts[:-1]
        if inner in parts:
            places.setdefault(Path(*parts[: parts.index(inner)]), []).append(path)
    return sorted(places.items())


def _named(folder: Path, parts: list[str]) -> str:
    return parts[-1] if parts else folder.resolve().name


def _language(folder: Path, name: str, wanted: Wanted) -> str:
    language = resolve(name, wanted.asked)
    if not language:
        raise InputError(f"{shown(folder)}: {name!r} is no language known here; name it in --languages if it is one")
    return language


def _is_voxlingua107(folder: Path, walked: Walked) -> bool:
    return 2 * sum(bool(video_of(shown(path.name))) for path in walked.files) > len(walked.files)


def _is_mls(folder: Path, walked: Walked) -> bool:
    fits = [p for p in walked.files if len(p.parts) > 4 and p.parts[-4] == "audio" and _BOOK.fullmatch(p.stem)]
    return 2 * len(fits) > len(walked.files)


def _is_commonvoice(folder: Path, walked: Walked) -> bool:
    return any((folder / place / "validated.tsv").is_file() for place, _ in _by_place(walked, "clips"))


def _is_fleurs(folder: Path, walked: Walked) -> bool:
    return any(
        (folder / place / f"{side}.tsv").is_file()
        for place, _ in _by_place(walked, "audio")
        for side in ("train", "dev", "test")
    )


RECOGNISED: dict[str, Callable[[Path, Walked], bool]] = {
    "commonvoice": _is_commonvoice,
    "fleurs": _is_fleurs,
    "mls": _is_mls,
    "voxlingua107": _is_voxlingua107,
}
LAYOUTS: dict[str, Callable[[Path, Walked, Wanted], Found]] = {
    "voxlingua107": voxlingua107,
    "mls": mls,
    "commonvoice": commonvoice,
    "fleurs": fleurs,
}
