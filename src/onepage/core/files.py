"""Every file that is put in place of another, and everything that is removed.

A folder that we make carries a marker, `.onepage`, which says what it is. Only a folder with the right marker is ever
removed or replaced, and what people put into one of ours stays. No other module removes or renames anything; a test
holds the package to that.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import time
from collections.abc import Collection, Iterator
from pathlib import Path

from onepage.core.errors import UserError

MARKER = ".onepage"
_TEXT = "Made by onepage: {}.\nIt may be replaced or removed by onepage; a folder without this file never is.\n"


# --- whole files -----------------------------------------------------------------------------------------------------


def write(path: Path, content: str | bytes) -> Path:
    """Write a file so that it is complete or absent."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(3).hex()}")
    try:
        beside.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        beside.replace(path)
    except IsADirectoryError:
        beside.unlink(missing_ok=True)
        raise UserError(f"{path}: is a folder, where a file is to be written; move it away") from None
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    return path


def digest(path: Path) -> str:
    """sha256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_if_changed(path: Path, text: str) -> bool:
    """As `write`, but leaves a file that says the same alone, with its time, so that Make sees no change."""
    try:
        if path.read_bytes() == text.encode("utf-8"):
            return False
    except OSError:
        pass
    write(path, text)
    return True


def create(path: Path, text: str) -> None:
    """Write a file that must not be there yet, nor a link of its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        raise UserError(f"{path}: is there already; choose another name") from None


# --- folders of our own ----------------------------------------------------------------------------------------------


def is_own(folder: Path, what: str) -> bool:
    """Whether this very folder, not a link to it, was made by us as `what`."""
    try:
        return not folder.is_symlink() and (folder / MARKER).read_text("utf-8").partition("\n")[0] == _first(what)
    except (OSError, UnicodeDecodeError):
        return False


def own(folder: Path, what: str, advice: str = "move it away") -> Path:
    """Make a folder of ours, or take up one that is; `UserError` if somebody else's things are there."""
    for patience in (0.01, 0.05, 0.2, 0):
        if is_own(folder, what):
            return folder
        if not patience and _is_begun(folder, what):
            (folder / MARKER).unlink(missing_ok=True)
        if os.path.lexists(folder) and (folder.is_symlink() or not folder.is_dir() or any(folder.iterdir())):
            time.sleep(patience)  # another process may be making it at this moment
            continue
        folder.mkdir(parents=True, exist_ok=True)
        mark(folder, what)
        return folder
    raise UserError(f"{folder}: is there already and was not made by onepage as {_article(what)}; {advice}")


def mark(folder: Path, what: str) -> None:
    """Write the marker: only into a folder that we have just made, or whose content proves that we did."""
    with contextlib.suppress(FileExistsError), (folder / MARKER).open("x", encoding="utf-8") as stream:
        stream.write(_TEXT.format(what))


def _is_begun(folder: Path, what: str) -> bool:
    """Whether there is nothing but the beginning of our marker: a full disk or a kill came between."""
    try:
        begun = (folder / MARKER).read_text("utf-8")
        return not folder.is_symlink() and os.listdir(folder) == [MARKER] and _TEXT.format(what).startswith(begun)
    except (OSError, UnicodeDecodeError):
        return False


def remove(folder: Path, what: str) -> None:
    """Remove a folder of ours, if it is there. The one place that removes folders."""
    if not os.path.lexists(folder):
        return
    if not is_own(folder, what):
        raise UserError(f"{folder}: was not made by onepage as {_article(what)}, so it is not removed; move it away")
    for path in list(folder.iterdir()):
        if path.name != MARKER:  # last: what a killed removal leaves can still be told as ours
            _delete(path)
    with contextlib.suppress(OSError):
        (folder / MARKER).unlink(missing_ok=True)
        folder.rmdir()


def remove_empty(folder: Path) -> None:
    """Remove a folder that nothing is in; any other stays."""
    with contextlib.suppress(OSError):
        folder.rmdir()


def remove_but(folder: Path, what: str, ours: Collection[str]) -> list[str]:
    """As `remove`, but only the files `ours` (relative paths) go; returns the others, which stay where they are."""
    if not is_own(folder, what):
        raise UserError(f"{folder}: was not made by onepage as {_article(what)}, so it is not removed; move it away")
    strangers = others(folder, ours)
    if not strangers:
        remove(folder, what)
        return []
    for name in sorted(set(listing(folder)) - set(strangers)):
        (folder / name).unlink(missing_ok=True)
    for place, _, _ in os.walk(folder, topdown=False):
        with contextlib.suppress(OSError):
            os.rmdir(place)  # as far as they are empty
    return strangers


def others(folder: Path, ours: Collection[str]) -> list[str]:
    """Files of a folder that are not among `ours`."""
    return sorted(set(listing(folder)) - set(ours) - {MARKER})


def listing(folder: Path) -> list[str]:
    """Relative paths of everything in a folder that is not a folder itself; links are not followed."""
    found, top = [], len(os.fspath(folder)) + 1
    for place, folders, names in os.walk(folder):
        inside = f"{place[top:]}/".lstrip("/")
        links = [name for name in folders if os.path.islink(os.path.join(place, name))]
        found += [f"{inside}{name}" for name in [*names, *links]]
    return found


def discard(file: Path) -> None:
    """Remove a single file, if it is there: one that lies in a folder of ours."""
    if not any((place / MARKER).is_file() for place in file.parents):
        raise UserError(f"{file}: does not lie in a folder of onepage's own, so it is not removed")
    with contextlib.suppress(FileNotFoundError):
        file.unlink()


def discard_open(stream: int, path: Path) -> None:
    """Remove a lock file that we hold, if it is still the one that has this name."""
    with contextlib.suppress(OSError):
        if is_same(stream, path):
            path.unlink()


def is_same(stream: int, path: Path) -> bool:
    """Whether an open file is the one of this name."""
    try:
        return os.path.samestat(os.fstat(stream), os.lstat(path))
    except OSError:
        return False


def take_name(file: Path, place: Path) -> None:
    """Give a file (or a socket) of ours another name, in a folder of ours."""
    if not (place.parent / MARKER).is_file():
        raise UserError(f"{place}: does not lie in a folder of onepage's own")
    file.rename(place)


def settle(folder: Path, place: Path) -> bool:
    """Rename a folder to its final name; False if something is there."""
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        folder.rename(place)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
            return False
        raise
    return True


def put_in_place(new: Path, place: Path, what: str, ours: Collection[str]) -> list[str]:
    """Put a folder where an older one of ours is, or nothing; a reader finds the one or the other.

    `ours` are the files of the older one that we made. All others stay: they are moved over, and returned.
    """
    old = new.with_name(f"{new.name}-old")
    if os.path.lexists(place):
        if not is_own(place, what):
            raise UserError(f"{place}: was not made by onepage as {_article(what)}, so it is not replaced")
        for name in others(place, {*ours, *listing(new)}):
            if _blocked(new, name):
                raise UserError(f"{place / name}: is in the way of what has to be written there; move it away")
        place.rename(old)
    new.rename(place)
    return _move_over(old, place, what, ours)


def finish_earlier(place: Path, what: str, ours: Collection[str]) -> None:
    """Clear away what a `put_in_place` that was killed has left beside `place`; the older folder comes back."""
    for left in sorted(place.parent.iterdir()):
        if left.name.startswith(f".{place.name}-") and is_own(left, what):
            if not left.name.endswith("-old"):
                remove(left, what)
            elif not settle(left, place):
                _move_over(left, place, what, ours)


def _move_over(old: Path, place: Path, what: str, ours: Collection[str]) -> list[str]:
    """Remove `old`, but move what is not ours to `place`."""
    if not os.path.lexists(old):
        return []
    strangers = others(old, {*ours, *listing(place)})
    for name in strangers:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (old / name).rename(place / name)
    remove(old, what)
    return strangers


def move(source: Path, place: Path) -> None:
    """Move what we made to a name where nothing is."""
    if os.path.lexists(place):
        raise UserError(f"{place}: is there already; move it away")
    place.parent.mkdir(parents=True, exist_ok=True)
    import shutil

    shutil.move(source, place)


@contextlib.contextmanager
def temporary(prefix: str, what: str, parent: Path | None = None) -> Iterator[Path]:
    """A new folder of ours, which is gone after the block, however that ends."""
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    mark(folder, what)
    try:
        yield folder
    finally:
        with contextlib.suppress(OSError):
            if is_own(folder, what):  # not if it has become something else
                remove(folder, what)


def give_away(folder: Path) -> None:
    """Take our marker off a folder: from now on it is somebody's, and stays."""
    (folder / MARKER).unlink(missing_ok=True)


def _first(what: str) -> str:
    return _TEXT.format(what).partition("\n")[0]


def _article(what: str) -> str:
    return f"{'an' if what[:1] in 'aeiou' else 'a'} {what}"


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        import shutil  # here, since a make with nothing to do has no use for it

        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink()


def _blocked(new: Path, name: str) -> bool:
    """Whether a file cannot be moved over: a folder has its name now, or a file the name of its folder."""
    path = new / name
    return os.path.lexists(path) or any(place.is_file() for place in path.parents if place != new)
