"""Recordings for tests: something like speech, in folders as publishers unpack them."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import soundfile


def voice(seconds: float, seed: int = 0, rate: int = 8000) -> np.ndarray:
    """(samples,) like speech: syllables of a harmonic tone with noise, no two seeds alike, peak 0.5."""
    random = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate)) / rate
    pitch = random.uniform(90, 250)
    wander = 2 * np.pi * pitch * (time + 0.01 * np.sin(2 * np.pi * random.uniform(0.5, 2) * time))
    tone = sum(random.uniform(0.2, 1) * np.sin(k * wander + random.uniform(0, 6)) for k in range(1, 8))
    syllables = 0.15 + np.abs(np.sin(2 * np.pi * random.uniform(1.5, 3) * time + random.uniform(0, 6)))
    sound = (tone + 0.3 * random.normal(size=len(time))) * syllables
    return 0.5 * sound / np.abs(sound).max() if len(time) else sound


def record(path: Path, seconds: float = 5.0, seed: int = 0, rate: int = 8000, **form: str) -> Path:
    """Write a recording."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"beside{path.suffix}")  # soundfile takes no names that are not UTF-8
    soundfile.write(beside, voice(seconds, seed, rate), rate, **form)
    return beside.rename(path)


def table(path: Path, rows: list[dict[str, object]], delimiter: str = ",") -> Path:
    """Write a table."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def folders(root: Path, languages: tuple[str, ...] = ("de", "en", "es"), files: int = 4, seconds: float = 5.0) -> Path:
    """`<language>/<n>.wav`."""
    for at, language in enumerate(languages):
        for take in range(files):
            record(root / language / f"{take}.wav", seconds, 100 * at + take)
    return root


def voxlingua107(root: Path) -> Path:
    """Two videos of two clips a language, and one in dev/, as the publisher names them."""
    for at, code in enumerate(("et", "iw", "pt")):
        for video in range(3):
            place = root / "dev" / code if video == 2 else root / code
            for clip in range(2):
                name = f"{code}{video}_Rm5gHmwx__U__S{clip + 1}---{26 + clip:04d}.400-{34 + clip:04d}.900.wav"
                record(place / name, 5, 1000 * at + 10 * video + clip, 16000)
    return root


def mls(root: Path) -> Path:
    """Three readers a language, one of them in test, as OpenSLR 94 unpacks."""
    for at, language in enumerate(("german", "polish")):
        base = root / f"mls_{language}"
        for reader, split in ((10148, "train"), (1844, "train"), (2252, "dev"), (3995, "test")):
            speaker, book = reader + 7 * at, 10119
            for number in range(2):
                name = f"{speaker}_{book}_{number:06d}.flac"
                record(base / split / "audio" / str(speaker) / str(book) / name, 5, reader + number + 50 * at, 16000)
            (base / split / "transcripts.txt").write_text(f"{speaker}_{book}_000000\tein satz\n")
    return root


_COLUMNS = """
client_id path sentence_id sentence sentence_domain up_votes down_votes age gender accents variant locale segment
"""
COMMON_VOICE = _COLUMNS.split()


def commonvoice(root: Path) -> Path:
    """Two locales as the publisher unpacks them: validated, other, and the three splits."""
    for at, locale in enumerate(("fy-NL", "pt")):
        base, rows = root / "cv-corpus-21.0" / locale, []
        for clip in range(8):
            name = f"common_voice_{locale}_{1000 + clip}.mp3"
            record(base / "clips" / name, 5, 300 * at + clip, 32000, format="MP3")
            cells = dict.fromkeys(COMMON_VOICE, "")
            cells |= {"client_id": f"{clip // 2:02d}" * 32, "path": name, "sentence": 'He said "hi', "locale": locale}
            rows.append(cells)
        table(base / "other.tsv", rows[7:], "\t")
        _raw(base / "validated.tsv", rows[:7])
        _raw(base / "train.tsv", rows[:4])
        _raw(base / "dev.tsv", rows[4:5])
        _raw(base / "test.tsv", rows[6:7])
    return root


def _raw(path: Path, rows: list[dict[str, str]]) -> None:
    """As Common Voice writes: quotes quote nothing."""
    lines = ["\t".join(COMMON_VOICE), *("\t".join(row.values()) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def fleurs(root: Path) -> Path:
    """Two locales as the publisher unpacks them: tables without a header, sentences read by several."""
    for at, locale in enumerate(("cmn_hans_cn", "nl_nl")):
        for split, sentences in (("train", (1, 2)), ("dev", (3,)), ("test", (4, 5))):
            rows = []
            for sentence in sentences:
                for reader in range(2):
                    name = f"{1000 * at + 10 * sentence + reader}.wav"
                    record(root / locale / "audio" / split / name, 5, 1000 * at + 10 * sentence + reader, 16000)
                    rows.append(f'{sentence}\t{name}\tEen "zin.\teen zin\te e n |\t80000\tFEMALE')
            (root / locale / f"{split}.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return root
