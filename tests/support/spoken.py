"""Recordings in any languages for tests, spoken by espeak-ng: `python spoken.py FOLDER it,pl,tr 8 6`.

Folders named by language, some speakers in each, some recordings of each speaker, and who speaks in metadata.csv. In a
process of its own, since the engine starts once in a process.
"""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import numpy as np
import soundfile
import wordfreq

from spokenlang.corpus.espeak.speakers import Speaker
from spokenlang.corpus.espeak.synthesis import RATE, Engine

VARIANTS = ("f3", "m3", "Andy", "Annie", "david", "f2", "m7", "ed", "Alex", "boris", "f5", "m1")
SECONDS = 5.5


def recordings(folder: Path, codes: tuple[str, ...], speakers: int = 8, each: int = 4) -> Path:
    """`<code>/<speaker>-<n>.wav` and metadata.csv; every speaker speaks every language."""
    words = [sys.executable, __file__, str(folder), ",".join(codes), str(speakers), str(each)]
    subprocess.run(words, check=True, capture_output=True, text=True)
    return folder


def _speak(folder: Path, codes: list[str], speakers: int, each: int) -> None:
    engine, random, rows = Engine(), np.random.default_rng(0), []
    for number in range(speakers):
        pitch, rate, spread = (int(random.integers(low, high)) for low, high in ((30, 70), (140, 210), (30, 80)))
        speaker = Speaker(f"s{number}", "", VARIANTS[number % len(VARIANTS)], pitch, rate, spread, 1.0)
        for code in codes:
            known = [word for word in wordfreq.top_n_list(code, 600) if len(word) > 2 and word.isalpha()]
            for take in range(each):
                text, samples = " ".join(random.choice(known, 40)), int(SECONDS * RATE)
                said = engine.say(text, code, speaker, 1000 * number + take, samples).samples[:samples]
                path = folder / code / f"{speaker.name}-{take}.wav"
                path.parent.mkdir(parents=True, exist_ok=True)
                soundfile.write(path, 0.5 * said / np.abs(said).max() + random.normal(0, 1e-3, len(said)), RATE)
                rows.append({"path": path.relative_to(folder).as_posix(), "speaker": speaker.name})
    with (folder / "metadata.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["path", "speaker"])
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    _speak(Path(sys.argv[1]), sys.argv[2].split(","), int(sys.argv[3]), int(sys.argv[4]))
