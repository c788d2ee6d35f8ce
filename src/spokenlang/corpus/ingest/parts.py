"""A handful of recordings at a time becomes a part: their clips, and what is known of each recording and clip.

Parts are what processes share and what an interrupted import finds again. A part is complete or absent, and the same
whoever made it.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from spokenlang.corpus import helpers, workplace
from spokenlang.corpus.ingest import containers, decoding, measures, segments
from spokenlang.corpus.ingest.decoding import Decoding, Unusable
from spokenlang.corpus.ingest.segments import RATE, Cutter, Cutting
from spokenlang.errors import InputError

FILES = 16
"""Recordings of a part."""
TURNS = 3
"""How often a part is begun whose helper, behind a launcher, is lost: with its node, or as a job that was ended."""
_PLAN = "plan.json"
_MODULES = (containers, decoding, measures, segments)

Progress = Callable[[int, int], None]


@dataclass
class Outcome:
    """What became of one recording."""

    reason: str = ""  # why it is not used
    note: str = ""  # what is odd about it
    seconds: float = 0.0  # that it holds; of a broken one, those that it says it holds
    pauses: float = 0.0  # seconds without speech
    rest: float = 0.0  # seconds left over at its end
    rate: int = 0
    digest: str = ""  # of its bytes
    new: list[int] = field(default_factory=list)  # of each clip: samples that are in no clip before
    clips: list[dict[str, float]] = field(default_factory=list)  # ... start, heard (samples), speech, measures


@dataclass(frozen=True)
class Plan:
    """What decides the bytes of all parts."""

    folder: str
    paths: list[str]
    cutting: dict[str, float]

    def describe(self) -> str:
        """A digest of the plan, of the recordings' sizes and dates, and of the code and versions that read them."""
        digest = hashlib.sha256(json.dumps(asdict(self)).encode())
        for path in self.paths:
            try:
                found = os.stat(os.path.join(self.folder, path))
                digest.update(f"{found.st_size} {found.st_mtime_ns} ".encode())
            except OSError:
                digest.update(b"? ")
        for module in (*_MODULES, sys.modules[__name__]):
            digest.update(Path(str(module.__file__)).read_bytes())
        for name in ("soundfile", "soxr", "av"):
            there = importlib.util.find_spec(name)
            digest.update(f"{name} {importlib.metadata.version(name) if there else ''}".encode())
        return digest.hexdigest()

    @property
    def parts(self) -> int:
        """How many parts there are."""
        return -(-len(self.paths) // FILES)

    def of(self, number: int) -> Sequence[str]:
        """The recordings of a part."""
        return self.paths[number * FILES : (number + 1) * FILES]


def make_all(work: Path, plan: Plan, jobs: int, launch: str, progress: Progress) -> None:
    """Make the parts that are not there yet, with `jobs` processes (here, if that is one and nothing launches it)."""
    missing = [number for number in range(plan.parts) if not _whole(work, number)]
    done = len(plan.paths) - sum(len(plan.of(number)) for number in missing)
    progress(done, len(plan.paths))
    here = not launch and min(jobs, len(missing)) < 2
    for number in _here(work, plan, missing) if here else _beside(work, missing, jobs, launch):
        done += len(plan.of(number))
        progress(done, len(plan.paths))


def resumes(work: Path, plan: Plan) -> bool:
    """Whether the parts in the folder are of this very plan."""
    try:
        return json.loads((work / _PLAN).read_text(encoding="utf-8"))["key"] == plan.describe()
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False


def write_plan(work: Path, plan: Plan) -> None:
    """Begin: the plan, and a folder for its parts."""
    (work / "parts").mkdir(exist_ok=True)
    text = json.dumps({"key": plan.describe(), **asdict(plan)})
    (work / _PLAN).write_text(text, encoding="utf-8")


def outcomes(work: Path, plan: Plan) -> Iterator[Outcome]:
    """What became of each recording, in the plan's order."""
    for number in range(plan.parts):
        yield from (Outcome(**cells) for cells in _record(work, number)["outcomes"])


def clips(work: Path, plan: Plan) -> Iterator[np.ndarray]:
    """All clips in the plan's order, (samples,) float16 each, one part in memory at a time."""
    width = int(plan.cutting["samples"])
    for number in range(plan.parts):
        yield from np.fromfile(_samples(work, number), "<f2").reshape(-1, width)


def remove(work: Path) -> None:
    """Remove plan and parts; what is left is the corpus."""
    # Under another name first: a helper of a killed import may still be writing where the parts were.
    (work / "parts").rename(work / "parts.done")
    workplace.drop(work, "parts.done")
    workplace.drop(work, _PLAN)
    helpers.Helpers(__name__, work, 0).clear()  # a killed import leaves its log


def _here(work: Path, plan: Plan, missing: list[int]) -> Iterator[int]:
    for number in missing:
        make(work, plan, number)
        yield number


def _beside(work: Path, missing: list[int], jobs: int, launch: str) -> Iterator[int]:
    """Parts made by helpers. The recording that crashes a decoder is left out, and its part made again.

    So is a part whose helper is lost behind a launcher, which then says little: srun ends with 0 when a node dies.
    """
    crew = helpers.Helpers(__name__, work, jobs, launch)
    lost: Counter[int] = Counter()
    while missing:
        again = []
        for number, failure in crew.finished(missing):
            if failure is None:
                yield number
            elif helpers.crashed(failure) and _at(work, number).exists():
                with _crashed(work, number).open("a", encoding="utf-8") as file:
                    file.write(_at(work, number).read_text(encoding="utf-8") + "\n")
                again.append(number)
            elif launch and failure != 1 and lost[number] + 1 < TURNS:  # 1: its own error, or the launcher's
                lost[number] += 1
                again.append(number)
            else:
                raise InputError(f"{work}: a helper process failed ({crew.complaint()}); run again to go on from here")
        missing, crew = again, helpers.Helpers(__name__, work, jobs, launch)
    crew.clear()


def make(work: Path, plan: Plan, number: int) -> None:
    """Make one part."""
    crashed = _crashed(work, number)
    beyond = set(crashed.read_text(encoding="utf-8").split()) if crashed.exists() else set()
    made = []
    # A helper left over from a killed import, or cut off with its node, may be at it too.
    me = f"{os.uname().nodename}-{os.getpid()}"
    beside = _samples(work, number).with_suffix(f".{me}")
    with beside.open("wb") as file:
        for at, path in enumerate(plan.of(number)):
            _at(work, number).write_text(str(at), encoding="utf-8")
            if str(at) in beyond:
                made.append(Outcome("crashes the decoder"))
            else:
                made.append(read(Path(plan.folder) / path, Cutting(**plan.cutting), file))
    samples = _digest(beside)
    beside.replace(_samples(work, number))
    kept = json.dumps([asdict(outcome) for outcome in made])
    text = json.dumps({"samples": samples, "sha256": _sha256(kept), "outcomes": json.loads(kept)})
    record = _done(work, number).with_suffix(f".{me}-json")
    record.write_text(text, encoding="utf-8")
    _at(work, number).unlink(missing_ok=True)
    crashed.unlink(missing_ok=True)
    record.replace(_done(work, number))


def read(path: Path, cutting: Cutting, file) -> Outcome:
    """Cut one recording and append its clips to `file`, float16; nothing is left there of one that is no use."""
    decoded, cutter, began = Decoding(path), Cutter(cutting), file.tell()
    outcome, used = Outcome(), 0
    try:
        for clip in cutter.cut(decoded):
            file.write(clip.samples.astype("<f2").tobytes())
            place = {"start": clip.start, "heard": clip.heard, "speech": round(clip.speech, 3)}
            outcome.clips.append({**place, **measures.measure(clip.samples)})
            outcome.new.append(cutter.account.used - used)
            used = cutter.account.used
        outcome.reason = _wrong(decoded, cutter)
        outcome.digest = _digest(path)
    except Unusable as error:
        outcome.reason = error.reason
    except OSError as error:
        if error.filename is None:  # the disk that is written to, not the file that is read
            raise
        outcome.reason = f"cannot be read ({error.strerror})"
    account = cutter.account
    outcome.rate, outcome.note = decoded.rate, decoded.note
    outcome.seconds = round(max(decoded.seconds, decoded.stated or 0.0 if outcome.reason else 0.0), 4)
    outcome.pauses, outcome.rest = round(account.pauses / RATE, 4), round(account.rest / RATE, 4)
    if outcome.reason:
        file.seek(began)
        file.truncate()
        outcome.clips, outcome.new = [], []
    return outcome


def _wrong(decoded: Decoding, cutter: Cutter) -> str:
    account = cutter.account
    if decoded.short:
        return f"is cut short or damaged: {decoded.short}"
    if decoded.peak < segments.SILENT:
        return "is silent: its channels cancel each other out" if decoded.cancelled else "is silent"
    if decoded.clipped:
        return "is clipped: its loud parts are stuck at the end of the scale"
    if account.total < segments.SHORTEST:
        return f"is too short: {account.total / RATE:.2g} s, where a clip needs {segments.SHORTEST / RATE:g} s"
    return "" if account.used else "holds too little speech for a clip"


def _digest(path: Path) -> str:
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _whole(work: Path, number: int) -> bool:
    """Whether a part is there and as it was written: what a power cut or a full disk left is made again."""
    try:
        record = _record(work, number)
        said = record["sha256"] == _sha256(json.dumps(record["outcomes"]))
        return bool(said and record["samples"] == _digest(_samples(work, number)))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False


def _record(work: Path, number: int) -> dict[str, Any]:
    return json.loads(_done(work, number).read_text(encoding="utf-8"))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _done(work: Path, number: int) -> Path:
    return work / "parts" / f"{number:07d}.json"


def _samples(work: Path, number: int) -> Path:
    return work / "parts" / f"{number:07d}.f2"


def _at(work: Path, number: int) -> Path:
    """Where a helper says which recording it is at."""
    return work / "parts" / f"{number:07d}.at"


def _crashed(work: Path, number: int) -> Path:
    return work / "parts" / f"{number:07d}.crashed"


def main() -> None:
    """A helper process: makes the parts whose numbers it reads."""
    work = Path(sys.argv[1])
    found = json.loads((work / _PLAN).read_text(encoding="utf-8"))
    plan = Plan(found["folder"], found["paths"], found["cutting"])
    for line in sys.stdin:
        make(work, plan, int(line))
        print(f"{int(line)} done", flush=True)


if __name__ == "__main__":
    main()
