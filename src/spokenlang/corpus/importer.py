"""Recordings of one's own become a clip store.

`<folder>/<language>/**/*.{wav,flac,ogg,opus,mp3,...}`, with an optional CSV that says of each file who speaks
(`path` relative to the folder, `speaker`, and whatever else is known). Every file is mixed down to one
channel, resampled to 8 kHz with soxr and cut into clips of 5 s; what is left over at the end is dropped. A
file shorter than that is padded with silence, one shorter than a second is left out. Clips of one speaker
(without metadata, of one file) all go to training or all to the test set.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

from spokenlang.corpus import metadata, splits, workplace
from spokenlang.corpus.store import RATE, inputs_path, targets_path
from spokenlang.errors import InputError
from spokenlang.languages import CODES, label_of

SAMPLES = 5 * RATE
"""Samples of a clip."""
SHORTEST = RATE
"""Samples below which a file is left out."""
EXTENSIONS = frozenset(
    (
        *(".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".aifc", ".au", ".snd", ".w64", ".caf"),
        *(".m4a", ".aac", ".wma", ".amr", ".webm"),
    )
)
"""What counts as a recording. Those of the second line cannot be decoded, but are not to be passed over in silence."""
RECIPE = "corpus.json"
FIRST = ("split", "index", "language", "group", "file", "start_s")
"""Columns of `clips.csv` that the import fills in itself; those of the metadata follow."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Options:
    """How recordings become a corpus."""

    test: float = 0.2  # share of each language's clips that goes to the test set
    seed: int = 0  # of the draw of test speakers


@dataclass(frozen=True)
class Imported:
    """What came of an import."""

    files: int
    clips: dict[str, int]  # in each split
    warnings: tuple[str, ...]  # one line each


def import_folder(
    folder: Path,
    out: Path,
    csv_path: Path | None = None,
    options: Options | None = None,
    progress: Progress = lambda done, total: None,
) -> Imported:
    """Make the clip store `out` of a folder of recordings. `out` is complete or absent.

    Without `csv_path`, `metadata.csv` in the folder is used if there is one. `progress` is told the files
    that are done and all files. `InputError` names the first file, folder or row that is wrong.
    """
    options = options or Options()
    if not 0 < options.test < 1:
        raise InputError(f"the share of test clips must lie between 0 and 1, not {options.test}")
    files = find(folder)
    if csv_path is None and (folder / "metadata.csv").exists():
        csv_path = folder / "metadata.csv"
    known, warnings = read_csv(csv_path, folder, files) if csv_path else ({}, [])
    _require_ours(out)
    work = workplace.beside(out)
    with workplace.workplace(work):
        try:
            workplace.clear(work)
            rows, found = _cut_all(folder, files, known, work, progress)
            counts, lacking = _write(work, rows, options)
        except BaseException:
            workplace.discard(work)  # half an import is of no use to the next one
            raise
        description = {"corpus": "import", "folder": folder.resolve().name, "options": asdict(options)}
        (work / RECIPE).write_text(json.dumps(description, indent=1) + "\n", encoding="utf-8")
    workplace.put_in_place(work, out)
    return Imported(len(files), counts, (*warnings, *found, *lacking))


def find(folder: Path) -> list[Path]:
    """The recordings of a folder, relative to it, in a fixed order; each must lie in the folder of a language."""
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder; give one that holds {', '.join(CODES)}")
    files = sorted(
        path.relative_to(folder)
        for path in folder.rglob("*")
        if path.suffix.lower() in EXTENSIONS
        and path.is_file()
        and not any(part.startswith((".", "__MACOSX")) for part in path.relative_to(folder).parts)
    )
    if not files:
        raise InputError(f"{folder}: no recordings in it; they belong in {folder}/<language>/ ({', '.join(CODES)})")
    for path in files:
        if len(path.parts) == 1:
            raise InputError(f"{folder / path}: lies in no language's folder; move it to one of {', '.join(CODES)}")
        if path.parts[0] not in CODES:
            raise InputError(
                f"{folder / path.parts[0]}: no such language here; rename the folder to one of {', '.join(CODES)} "
                "or move it away"
            )
    return files


def read_csv(csv_path: Path, folder: Path, files: list[Path]) -> tuple[dict[str, dict[str, str]], list[str]]:
    """What a metadata CSV knows of each file, by its path relative to the folder; and warnings."""
    try:
        with csv_path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            columns = list(reader.fieldnames or [])
            rows = list(reader)
    except OSError as error:
        raise InputError(f"{csv_path}: cannot be read ({error.strerror}); check --metadata") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{csv_path}: not a UTF-8 CSV file ({error}); export it again") from None
    if "path" not in columns:
        raise InputError(f"{csv_path}: no column 'path' (found {', '.join(columns) or 'nothing'}); add or rename it")
    known: dict[str, dict[str, str]] = {}
    for line, row in enumerate(rows, start=2):
        if None in row or None in row.values():
            raise InputError(f"{csv_path}, line {line}: not as many cells as the header has; mend the row")
        path = Path(row.pop("path").replace("\\", "/")).as_posix()
        if path in known:
            raise InputError(f"{csv_path}, line {line}: {path} for the second time; keep one row")
        language = row.pop("language", "") or path.split("/")[0]
        if language != path.split("/")[0]:
            raise InputError(
                f"{csv_path}, line {line}: {path} is {language!r} here but lies in {path.split('/')[0]!r}; "
                "correct one of the two"
            )
        known[path] = {name: cell for name, cell in row.items() if name not in FIRST}
    present = {path.as_posix() for path in files}
    warnings = []
    if extra := len(known.keys() - present):
        warnings.append(f"{extra} rows of {csv_path.name} speak of files that are not in {folder.name}")
    if bare := len(present - known.keys()):
        warnings.append(f"{bare} files have no row in {csv_path.name}; each counts as a speaker of its own")
    return known, warnings


def cuts(path: Path) -> Iterator[np.ndarray]:
    """Clips of one recording: (40000,) float32 each. Reads it piece by piece, so its length does not matter."""
    try:
        if not path.stat().st_size:
            raise InputError(f"{path}: is empty (no bytes); copy it again or remove it")
        with soundfile.SoundFile(path) as file:
            kept, made = np.zeros(0, np.float32), 0
            for piece in _resampled(path, file):
                kept = np.concatenate([kept, piece])
                while len(kept) >= SAMPLES:
                    yield kept[:SAMPLES]
                    kept, made = kept[SAMPLES:], made + 1
    except (soundfile.SoundFileError, OSError) as error:
        reason = getattr(error, "error_string", None) or getattr(error, "strerror", None) or str(error)
        raise InputError(f"{path}: cannot be read as audio ({reason}); convert it or remove it") from None
    if not made and len(kept) >= SHORTEST:
        yield np.pad(kept, (0, SAMPLES - len(kept)))


def _resampled(path: Path, file: soundfile.SoundFile) -> Iterator[np.ndarray]:
    """A recording at 8 kHz in one channel, half a minute at a time."""
    stream = soxr.ResampleStream(file.samplerate, RATE, 1, dtype="float32", quality="HQ")
    size = 30 * file.samplerate
    taken = given = 0
    while True:
        block = file.read(size, dtype="float32", always_2d=True)
        # 60000 is close to what float16, the clip store's type, can hold.
        if not (np.abs(block) < 60000).all():
            raise InputError(f"{path}: has NaN, infinite or huge samples; export it again or remove it")
        last = len(block) < size
        piece = stream.resample_chunk(block.mean(axis=1), last=last)
        taken, given = taken + len(block), given + len(piece)
        if not taken:
            raise InputError(f"{path}: is empty (no samples); record it again or remove it")
        yield piece
        if last:
            break
    # The resampler may end a sample early, and a file of exactly 5 s is to be a clip.
    yield np.zeros(max(0, round(taken * RATE / file.samplerate) - given), np.float32)


def _cut_all(
    folder: Path, files: list[Path], known: dict[str, dict[str, str]], work: Path, told: Progress
) -> tuple[list[dict[str, object]], list[str]]:
    """Write the clips of all files to `cuts` in the work folder; their rows, and warnings."""
    rows: list[dict[str, object]] = []
    short = silent = 0
    with (work / "cuts").open("wb") as file:
        for done, path in enumerate(files):
            told(done, len(files))
            about = known.get(path.as_posix(), {})
            # A speaker stays together wherever they are heard; without one, a file stays together.
            group = about.get("speaker") or path.as_posix()
            count = 0
            for clip in cuts(folder / path):
                place = {"language": path.parts[0], "file": path.as_posix(), "start_s": 5 * count}
                rows.append({**about, **place, "group": group})
                file.write(clip.astype("<f2").tobytes())
                silent += not clip.any()
                count += 1
            short += not count
    told(len(files), len(files))
    if not rows:
        raise InputError(f"{folder}: no recording is as long as one second; nothing to import")
    notes = {"files are shorter than 1 s and were left out": short, "clips are silent; they are kept": silent}
    return rows, [f"{count} {what}" for what, count in notes.items() if count]


def _write(work: Path, rows: list[dict[str, object]], options: Options) -> tuple[dict[str, int], list[str]]:
    """Deal the clips to training and test; clips in each, and warnings."""
    labels = np.array([label_of(str(row["language"])) for row in rows], dtype=np.int8)
    groups = np.array([row["group"] for row in rows])
    testing = splits.separate(labels, groups, options.test, options.seed)
    alone = [code for at, code in enumerate(CODES) if (labels == at).any() and not (labels[testing] == at).any()]
    if not testing.any():
        found = f"{len(set(groups))} speakers in {len(rows)} clips"
        raise InputError(f"{work.stem}: {found} give no test set of other speakers; add recordings")
    source = np.memmap(work / "cuts", dtype="<f2", mode="r", shape=(len(rows), SAMPLES))
    filled: list[dict[str, object]] = []
    counts = {}
    for split, mask in (("train", ~testing), ("test", testing)):
        chosen = np.flatnonzero(mask)
        np.save(targets_path(work, split), labels[chosen], allow_pickle=False)
        shape = (len(chosen), SAMPLES)
        array = np.lib.format.open_memmap(inputs_path(work, split), "w+", np.float16, shape)
        for index, at in enumerate(chosen):
            array[index] = source[at]
            filled.append({**rows[at], "split": split, "index": index})
        array.flush()
        counts[split] = len(chosen)
    (work / "cuts").unlink()
    further = dict.fromkeys(name for row in rows for name in row if name not in FIRST)
    metadata.write(work / metadata.NAME, (*FIRST, *further), filled)
    return counts, [f"{code} has one speaker only: none of it in the test set" for code in alone]


def _require_ours(out: Path) -> None:
    """`InputError` if something is in `out` that an import must not replace."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    try:
        ours = json.loads((out / RECIPE).read_text(encoding="utf-8"))["corpus"] == "import"
    except (OSError, ValueError, KeyError, TypeError):
        ours = False
    if not ours:
        raise InputError(f"{out}: exists and is no imported corpus; choose another --out or remove it first")
