"""Recordings of one's own become a clip store: any layout, any languages, any size.

    found = import_folder(Path("recordings"), Path("corpus"), options=Options(test=0.2))

The steps are in `ingest`, one module each. Every file is decoded, mixed down to one channel, resampled to 8 kHz and
cut into clips of speech. Clips of one speaker (or video; where neither is known, of one file) all go to training or all
to the test set. What is of no use is skipped, counted and named with its reason, here and in `import.csv`.
"""

from __future__ import annotations

import errno
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np

from spokenlang.corpus import copies, helpers, workplace
from spokenlang.corpus.ingest import dealing, layouts, parts, report, writer
from spokenlang.corpus.ingest.dealing import Limits
from spokenlang.corpus.ingest.decoding import RATE, Decoding
from spokenlang.corpus.ingest.names import shown
from spokenlang.corpus.ingest.parts import Outcome, Plan
from spokenlang.corpus.ingest.recordings import Found, Wanted
from spokenlang.corpus.ingest.segments import Cutter, Cutting
from spokenlang.errors import InputError
from spokenlang.language_names import in_order

RECIPE = "corpus.json"
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Options:
    """How recordings become a corpus."""

    test: float | None = None  # share of each language's clips for the test set; None: the publisher's, else a fifth
    seed: int = 0  # of every draw
    seconds: float = 5.0  # of a clip
    speech: float = 0.3  # least share of a clip that is speech; 0: cut without looking
    per_speaker: int = 0  # at most so many clips of a speaker (0: all)
    per_language: int = 0  # at most so many clips of a language (0: all)
    bad: float = 0.5  # share of bad files beyond which the import stops
    strict: bool = False  # one bad file stops it, and so does an unknown speaker
    workers: int = 1  # processes; of no influence on what is made, as little as where they are:
    launch: str = ""  # put before each of them, such as "srun -c1"


@dataclass(frozen=True)
class Imported:
    """What came of an import."""

    files: int  # that were found
    clips: dict[str, int]  # in each split
    warnings: tuple[str, ...]  # one line each
    languages: tuple[str, ...] = ()
    layout: str = ""
    remarks: tuple[str, ...] = ()  # how things were understood; nothing to worry about
    skipped: tuple[tuple[Path, str], ...] = ()  # bad files and their reasons
    balance: report.Balance = field(default_factory=lambda: report.Balance(0, 0, {}, 0, 0))


class BadFiles(InputError):
    """More bad files than are allowed; `lines` names them."""

    def __init__(self, message: str, lines: list[str]) -> None:
        super().__init__(message)
        self.lines = lines


def import_folder(
    folder: Path,
    out: Path,
    csv_path: Path | None = None,
    options: Options | None = None,
    progress: Progress = lambda done, total: None,
    wanted: Wanted | None = None,
) -> Imported:
    """Make the clip store `out` of a folder of recordings. `out` is complete or absent.

    Without `csv_path`, `metadata.csv` in the folder is used if there is one. An import that was interrupted is taken
    up where it stopped. `progress` is told the files that are done and all files. `InputError` says what is wrong with
    the folder, its tables or the options; `BadFiles` (one of them) what is wrong with the files.
    """
    options, wanted = options or Options(), wanted or Wanted()
    if csv_path is not None:
        wanted = replace(wanted, metadata=csv_path)
    _require_sense(options)
    found = layouts.survey(folder, wanted)
    _require_ours(out)
    workplace.require_replaceable(out)
    if options.strict and found.loud:
        raise InputError(f"{shown(folder)}: {found.loud}")
    cutting = Cutting(round(options.seconds * RATE), options.speech)
    paths = [recording.path.as_posix() for recording in found.recordings]
    plan = Plan(str(folder.resolve()), paths, asdict(cutting))
    work = workplace.beside(out)
    with workplace.workplace(work):
        if not parts.resumes(work, plan):
            workplace.clear(work)
            parts.write_plan(work, plan)
        try:
            imported = _import(work, plan, found, wanted.languages, options, progress)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            raise InputError(f"{work}: the disk is full; make room, then run again to go on from here") from None
        except InputError as error:
            if "run again" not in str(error):
                workplace.discard(work)  # it would come out the same
            raise
        idle = ("workers", "launch", "bad", "strict")  # of no influence on what is made
        stated = {name: value for name, value in asdict(options).items() if name not in idle}
        description = {"corpus": "import", "folder": folder.resolve().name, "layout": found.layout, "rate": RATE}
        text = json.dumps({**description, "options": stated}, indent=1)
        (work / RECIPE).write_text(text + "\n", encoding="utf-8")
        parts.remove(work)
    workplace.put_in_place(work, out)
    return imported


def _import(
    work: Path, plan: Plan, found: Found, asked: tuple[str, ...], options: Options, progress: Progress
) -> Imported:
    parts.make_all(work, plan, options.workers, options.launch, progress)
    # Without the cells of `clips.csv`: they are read again when it is written.
    outcomes = [replace(outcome, clips=[]) for outcome in parts.outcomes(work, plan)]
    dealing.copies(found.recordings, outcomes)
    bad = report.bad_files(found, outcomes)
    _require_few(bad, len(found.recordings) + len(found.bad), options)
    if not any(outcome.new and not outcome.reason for outcome in outcomes):
        reasons = report.kinds(bad) or "too little speech"
        raise BadFiles(f"{plan.folder}: no clip can be cut from these recordings ({reasons})", report.named(bad))
    languages, lacking = _languages(found, outcomes, asked)
    limits = Limits(options.per_speaker, options.per_language, options.test, options.seed)
    dealt = dealing.deal(found, outcomes, languages, limits)
    counts = writer.write_arrays(work, plan, dealt)
    writer.write_clips(work, plan, found, dealt)
    writer.write_import(work, found, outcomes, dealt)
    aside = [f"{len(found.aside)} files were left out: {report.kinds(found.aside)}"] if found.aside else []
    skipped = [f"{len(bad)} files were skipped: {report.kinds(bad)}"] if bad else []
    loud = [found.loud] if found.loud else []
    warnings = (
        *loud, *found.warnings, *skipped, *aside, *report.notes(found, outcomes), *lacking, *dealt.warnings,
        *copies.in_store(work, list(writer.SPLITS), languages),
    )  # fmt: skip
    return Imported(
        len(found.recordings) + len(found.bad), counts, warnings, languages, found.layout, tuple(found.remarks),
        tuple(bad), report.balance(found, outcomes, dealt),
    )  # fmt: skip


def _languages(found: Found, outcomes: list[Outcome], asked: tuple[str, ...]) -> tuple[tuple[str, ...], list[str]]:
    """The class list, and a word on languages whose recordings gave nothing."""
    wanted = asked or in_order({recording.language for recording in found.recordings})
    there = {
        r.language for r, outcome in zip(found.recordings, outcomes, strict=True) if outcome.new and not outcome.reason
    }
    lacking = [code for code in wanted if code not in there]
    if asked and lacking:
        raise InputError(f"no clip could be cut of the recordings of {', '.join(lacking)}; see what was skipped")
    if len(there) > 127:
        raise InputError(f"{len(there)} languages are more than int8 labels can tell apart; use --languages")
    said = [f"{code}: no clip could be cut of its recordings; it is none of the corpus's languages" for code in lacking]
    return tuple(code for code in wanted if code in there), said


def _require_few(bad: list[tuple[Path, str]], total: int, options: Options) -> None:
    if not bad or (not options.strict and len(bad) <= options.bad * total):
        return
    why = "--strict allows none" if options.strict else f"more than {options.bad:.0%} (--bad)"
    raise BadFiles(f"{len(bad)} of {total} files are bad, {why}: {report.kinds(bad)}", report.named(bad))


def _require_sense(options: Options) -> None:
    if options.test is not None and not 0 < options.test < 1:
        raise InputError(f"the share of test clips must lie between 0 and 1, not {options.test}")
    if not 0.1 <= options.seconds <= 600:
        raise InputError(f"clips are 0.1 to 600 s long, not {options.seconds:g} s; correct --seconds")
    for name, share in (("speech", options.speech), ("bad", options.bad)):
        if not 0 <= share <= 1:
            raise InputError(f"--{name} is a share from 0 to 1, not {share:g}")
    for name, count in (("per-speaker", options.per_speaker), ("per-language", options.per_language)):
        if count < 0:
            raise InputError(f"--{name} is a number of clips, or 0 for all, not {count}")
    helpers.require_launcher(options.launch)


def cuts(path: Path, cutting: Cutting | None = None) -> Iterator[np.ndarray]:
    """Clips of one recording: (samples,) float32 each."""
    return (clip.samples for clip in Cutter(cutting or Cutting()).cut(Decoding(path)))


def _require_ours(out: Path) -> None:
    """`InputError` if something is in `out` that an import must not replace."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    try:
        ours = json.loads((out / RECIPE).read_text(encoding="utf-8"))["corpus"] == "import"
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        ours = False
    if not ours:
        raise InputError(f"{out}: exists and is no imported corpus; choose another --out or remove it first")
