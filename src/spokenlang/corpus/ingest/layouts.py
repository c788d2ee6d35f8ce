"""Which recording is of which language, who speaks in it, and on which side of the split its publisher put it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from spokenlang.corpus.ingest import published, tables
from spokenlang.corpus.ingest.names import shown, tidy
from spokenlang.corpus.ingest.recordings import Found, Recording, Wanted, split_of
from spokenlang.corpus.ingest.walk import Walked, walk
from spokenlang.errors import InputError
from spokenlang.language_names import in_order, resolve
from spokenlang.languages import CODES

FILLED_IN = frozenset({"index", "file", "start_s", "heard_s", "speech", "rate_hz", "level_db", "bandwidth_hz"})
"""Columns that the import writes itself: those of a table under the same name are left out."""
METADATA = ("metadata.csv", "metadata.tsv")


def survey(folder: Path, wanted: Wanted) -> Found:
    """Find the recordings of a folder under a layout, or under the one that it is seen to have.

    `InputError` where the layout is not there, or where a table or a folder contradicts it.
    """
    walked = walk(folder)
    wanted = _with_table(folder, walked, wanted)
    name = wanted.layout if wanted.layout != "auto" else _recognise(folder, walked, wanted)
    if name not in LAYOUTS:
        raise InputError(f"no layout {name!r}; there are auto, {', '.join(LAYOUTS)}")
    if not walked.files:
        raise InputError(
            f"{shown(folder)}: no recordings in it; they belong in {shown(folder)}/<language>/ "
            f"({', '.join(CODES)}, or others)" + (f"; {walked.remarks[-1]}" if walked.remarks else "")
        )
    found = LAYOUTS[name](folder, walked, wanted)
    found.layout = name
    found.bad += [(path, reason) for path, reason in walked.bad]
    if name in ("folders", "csv"):
        _say_tables(folder, walked, wanted, found)
    found.remarks += walked.remarks
    _say_mapping(found)
    return _of_languages(found, wanted, folder)


def _recognise(folder: Path, walked: Walked, wanted: Wanted) -> str:
    for name, recognises in published.RECOGNISED.items():
        if recognises(folder, walked):
            return name
    if wanted.metadata and _language_level(walked.files, wanted) is None:
        return "csv"
    return "folders"


def by_folders(folder: Path, walked: Walked, wanted: Wanted) -> Found:
    """`<language>/**/*`, perhaps below a folder or two (`train/de/...`), with a table that says more where it can."""
    found = Found()
    _put_aside(walked, wanted, found)
    level = _language_level(walked.files, wanted)
    _require_languages(folder, walked.files, level, wanted)
    matched = _matched(folder, walked.files, wanted, found)
    for path in walked.files:
        # Only what lies in a language's folder is left: the others have been refused.
        name = shown(path.parts[level or 0])
        language = resolve(name, wanted.asked) or ""
        found.spoken[name] = language
        row = dict(matched.rows.get(path, {}))
        said = row.pop("language", "")
        if said and said not in (language, name) and resolve(said, wanted.asked) != language:
            where = f"{shown(wanted.metadata or '')}, line {matched.lines[path]}"
            raise InputError(f"{where}: {shown(path)} is {said!r} here but lies in {name!r}; correct one of the two")
        sides = [side for part in path.parts[: level or 0] if (side := split_of(shown(part)))]
        if wanted.speaker_folders and len(path.parts) > (level or 0) + 2 and not tables.known(row.get("speaker", "")):
            row["speaker"] = shown(path.parts[(level or 0) + 1])
        found.recordings.append(_recording(path, language, row, sides[0] if sides else "", name))
    found.warnings += [f"{name}: no recordings in this folder" for name in walked.empty if resolve(name, wanted.asked)]
    _say_speakers(found, folder, wanted, walked.files, level)
    return found


def by_table(folder: Path, walked: Walked, wanted: Wanted) -> Found:
    """A table names files and their languages; where the files lie does not matter."""
    found = Found()
    path = wanted.metadata
    if path is None:
        raise InputError(f"{shown(folder)}: no {' or '.join(METADATA)} in it; name the table with --metadata")
    matched = _matched(folder, walked.files, wanted, found)
    for file in walked.files:
        row = dict(matched.rows.get(file, {}))
        said = row.pop("language", "")
        if file not in matched.rows:
            found.aside.append((file, f"has no row in {path.name}"))
        elif not (language := resolve(said, wanted.asked)):
            line = matched.lines[file]
            raise InputError(f"{path}, line {line}: {said!r} is no language known here; write its ISO 639 code")
        else:
            found.spoken[said] = language
            found.recordings.append(_recording(file, language, row, "", said))
    if not found.recordings:
        raise InputError(f"{path}: no row speaks of a file in {shown(folder)}; paths are relative to that folder")
    _say_speakers(found, folder, wanted, walked.files, None)
    return found


def _with_table(folder: Path, walked: Walked, wanted: Wanted) -> Wanted:
    """With the table that lies in the folder: metadata.csv, or the only one that speaks of files."""
    if wanted.metadata:
        return wanted
    own = [path for path in walked.tables if len(path.parts) == 1]
    named = [path for path in own if path.name in METADATA]
    found = named or [path for path in own if tables.speaks_of_files(folder / path)]
    return replace(wanted, metadata=folder / found[0]) if named or len(found) == 1 else wanted


def _say_tables(folder: Path, walked: Walked, wanted: Wanted, found: Found) -> None:
    """Which table was read, and which were not."""
    if wanted.metadata and wanted.metadata.parent == folder:
        walked.left[wanted.metadata.suffix.lower()] -= 1
        if wanted.metadata.name not in METADATA:
            found.remarks.append(f"{wanted.metadata.name} is read as the table about the recordings")
    others = [path for path in walked.tables if folder / path != wanted.metadata]
    unread = [path for path in others if tables.speaks_of_files(folder / path)]
    if unread:
        found.warnings.append(
            f"{len(unread)} tables speak of files and were not read ({shown(unread[0])}); name one with --metadata"
        )


def _put_aside(walked: Walked, wanted: Wanted, found: Found) -> None:
    """Where languages are asked for, folders of no language at all are none of our business."""
    if wanted.languages:
        known = {path: any(resolve(shown(part), wanted.asked) for part in path.parts[:-1]) for path in walked.files}
        found.aside += [(path, "lies in no language's folder") for path, is_one in known.items() if not is_one]
        walked.files = [path for path, is_one in known.items() if is_one]


def _language_level(files: list[Path], wanted: Wanted) -> int | None:
    """How deep the folders lie that are named by language; None if there is no such level."""
    for level in range(3):
        names = {shown(path.parts[level]) for path in files if len(path.parts) > level + 1}
        if (
            names
            and all(len(path.parts) > level + 1 for path in files)
            and all(resolve(n, wanted.asked) for n in names)
        ):
            return level
    return None


def _require_languages(folder: Path, files: list[Path], level: int | None, wanted: Wanted) -> None:
    if level is not None:
        return
    loose = [path for path in files if len(path.parts) == 1]
    if loose:
        raise InputError(
            f"{shown(folder / loose[0])}: lies in no language's folder; move it to one of {', '.join(CODES)}, or write "
            "a metadata.csv with path and language"
        )
    strange = sorted({shown(path.parts[0]) for path in files if not resolve(shown(path.parts[0]), wanted.asked)})
    raise InputError(
        f"{shown(folder / strange[0])}: no such language here ({len(strange)} such folders); rename it to an ISO 639 "
        f"code ({', '.join(CODES)}, ...), move it away, or name it in --languages"
    )


def _matched(folder: Path, files: list[Path], wanted: Wanted, found: Found) -> tables.Matched:
    path = wanted.metadata
    if path is None:
        if wanted.speaker:
            raise InputError(f"--speaker {wanted.speaker} names a column, but there is no table; give --metadata too")
        return tables.Matched()
    table = tables.read(path, wanted.speaker)
    matched = tables.match(table, folder, files)
    found.remarks += table.remarks
    if own := sorted(FILLED_IN & table.columns.keys()):
        found.remarks.append(f"{path.name}: {', '.join(own)} are measured by the import; the table's are left out")
    found.remarks += [f"{count} rows of {path.name} were matched by {way}" for way, count in matched.ways.items()]
    if matched.lost:
        found.warnings.append(
            f"{len(matched.lost)} rows of {path.name} speak of files that are not in {folder.name} "
            f"({matched.lost[0]}{', ...' if len(matched.lost) > 1 else ''})"
        )
    if matched.unclear:
        found.warnings.append(
            f"{len(matched.unclear)} rows of {path.name} could be of several files ({matched.unclear[0]}); "
            "write their paths in full"
        )
    if bare := len([file for file in files if file not in matched.rows]):
        found.warnings.append(f"{bare} files have no row in {path.name}; each counts as a speaker of its own")
    if not {"group", "speaker", "video"} & table.columns.keys():
        found.loud = (
            f"{path.name}: no column says who speaks (found {', '.join(table.columns.values())}); name it speaker, or "
            "say which one it is with --speaker COLUMN"
        )
    return matched


def _recording(path: Path, language: str, row: dict[str, str], side: str, name: str) -> Recording:
    group = next((known for key in ("group", "speaker", "video") if (known := tables.known(row.get(key, "")))), "")
    about = {key: tidy(cell) for key, cell in row.items() if key not in FILLED_IN and key not in ("path", "group")}
    if resolve(name) and len(name) > 3 and name[2:3] in "-_":
        about.setdefault("locale", name)
    return Recording(path, language, group, split_of(about.pop("split", "")) or side, about)


def _say_speakers(found: Found, folder: Path, wanted: Wanted, files: list[Path], level: int | None) -> None:
    """Loudly, where files count as speakers of their own."""
    unknown = sum(not recording.group for recording in found.recordings)
    if unknown < len(found.recordings):
        with_row = any(recording.about for recording in found.recordings if not recording.group)
        if unknown and with_row:
            found.warnings.append(f"{unknown} files name no speaker; each counts as a speaker of its own")
        return
    table = wanted.metadata
    nobody = (
        f"no row of {table.name} names the speaker of a file"
        if table
        else "there is no metadata.csv with path and speaker"
    )
    why = found.loud or nobody
    deep = level is not None and sum(len(path.parts) > level + 2 for path in files) > len(files) / 2
    hint = "; if the folders below each language's are speakers, say --speaker-folders" if deep else ""
    found.loud = (
        f"NO SPEAKER IS KNOWN: {why}; every file counts as a speaker of its own, so one person's files may lie in "
        f"training and in test, and scores will flatter{hint}"
    )


def _say_mapping(found: Found) -> None:
    mapped = {name: code for name, code in sorted(found.spoken.items()) if name != code}
    if mapped:
        found.remarks.insert(0, "languages: " + ", ".join(f"{name} -> {code}" for name, code in mapped.items()))


def _of_languages(found: Found, wanted: Wanted, folder: Path) -> Found:
    """Only the languages that were asked for, and a word on those that lack."""
    there = Counter(recording.language for recording in found.recordings)
    if wanted.languages:
        lacking = [code for code in wanted.languages if not there[code]]
        if lacking:
            raise InputError(f"{shown(folder)}: no recordings of {', '.join(lacking)}; there are {', '.join(there)}")
        others = [recording for recording in found.recordings if recording.language not in wanted.languages]
        found.aside += [(recording.path, f"is {recording.language}, which was not asked for") for recording in others]
        found.recordings = [recording for recording in found.recordings if recording.language in wanted.languages]
    elif there.keys() < set(CODES):
        lacking = [code for code in CODES if not there[code]]
        found.warnings.append(
            f"no recordings of {', '.join(lacking)}: this is a corpus of {len(there)} languages "
            f"({', '.join(in_order(set(there)))})"
        )
    return found


Layout = Callable[[Path, Walked, Wanted], Found]
LAYOUTS: dict[str, Layout] = {"folders": by_folders, "csv": by_table, **published.LAYOUTS}
