"""What results read besides code: files that are declared or were seen to be read, as a plan keys them."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from onepage.core.errors import UserError, quoted
from onepage.core.places import BUILD
from onepage.core.watch import Watch
from onepage.observing import observations
from onepage.observing.folders import folders_below
from onepage.observing.observations import Observed, States
from onepage.plan import store
from onepage.plan.bucket import Bucket
from onepage.scripts.behaviour import SourceCache, digest


class Reads:
    """Answers for one plan; all that it looks at is watched, so that the next plan notices a change."""

    def __init__(self, root: Path, store: Path, watch: Watch, cache: SourceCache, bucket: Bucket | None) -> None:
        self._root, self._store, self._watch, self.bucket = root, store, watch, bucket
        self._states = States(root, cache, watch.content)
        self.remarks: list[str] = []  # what was found to have come to harm

    def declared(self, reads: Iterable[str], where: str) -> dict[str, str]:
        """Files, folders and patterns that `reads` names as `file:...`, relative to the root, with their content."""
        found: dict[str, str] = {}
        for pattern in (read.removeprefix("file:") for read in reads if read.startswith("file:")):
            if f"{self._root / BUILD}/".startswith(f"{os.path.normpath(self._root / pattern)}/"):
                said = "that is where make itself writes; name the folder in it"
                raise UserError(f"{where}: reads {quoted(f'file:{pattern}')}: {said}")
            matches = list(self._matches(pattern))
            if not matches:
                raise UserError(
                    f"{where}: reads {quoted(f'file:{pattern}')}: there is no {quoted(pattern)} below the project"
                )
            for path in matches:
                name = observations.named("tree", str(path), self._root)
                self._look_at([name])
                found[name.partition(":")[2]] = self._states[name]
        return found

    def _matches(self, pattern: str) -> Iterator[Path]:
        self._watch.file(self._root / pattern)
        if (self._root / pattern).exists() and pattern:
            yield self._root / pattern
        elif glob.has_magic(pattern):
            fixed = pattern[: min(pattern.find(sign) for sign in "*?[" if sign in pattern)]
            self._watch_below(self._root / os.path.dirname(fixed))
            found = sorted(glob.glob(str(self._root / pattern), recursive=True))
            yield from (Path(path) for path in found if os.path.isfile(path))

    def corpus(self, folder: Path) -> dict[str, str]:
        """The content of all files below a corpus folder, hashed again only where size or times changed."""
        self._watch_below(folder)
        found = observations.contents(folder, self._watch.content)
        if not found:
            raise UserError(f"CORPUS={folder}: the folder holds no files")
        return found

    def variant(self, key: str) -> tuple[str, Observed]:
        """The key that the result of these inputs has with what its execution reads as it is now; and that.

        What an execution reads is known once it has run. Of the results that there are, one whose reads are all as
        they were is this result. If there is none, the key to be is named after the present state of all that any of
        them read, so that no two states share one; the execution then tells what it really read.
        """
        self._watch.folder(self._store / key[:2])
        known: set[str] = set()
        for name, observed in self._made(key):
            self._look_at(observed)
            if self._states.of(observed) == observed:
                return name, observed
            known |= observed.keys()
        if not known:
            return key, {}
        now = self._states.of(known)
        return f"{key}-{digest(now)[:12]}", now

    def whole(self, entry: Path) -> bool:
        """Whether a finished result is as it was written; one that is not is removed, to be made again."""
        self._watch_below(entry)
        said = store.fault(entry, self._watch.sha256)
        if said:
            store.clear_harmed(entry, said)
            self.remarks.append(f"{os.path.relpath(entry, self._root)}: came to harm ({said}); it is made again")
        return not said

    def _made(self, key: str) -> Iterator[tuple[str, Observed]]:
        """The results of these inputs that there are, here and then in the bucket; and what each was seen to read."""
        here = store.variants(self._store, key)
        for name in here:
            entry = store.entry_path(self._store, name)
            observed = observations.load(entry) if self.whole(entry) else None
            if observed is not None:
                yield name, observed
        for name, observed in self.bucket.variants(key) if self.bucket else ():
            if name not in here:
                yield name, observed

    def _look_at(self, names: Iterable[str]) -> None:
        for name in names:
            path = self._states.path(name)
            self._watch.file(path)
            if name.startswith("tree:") and path.is_dir():
                self._watch_below(path)

    def _watch_below(self, folder: Path) -> None:
        for place in folders_below(folder):
            self._watch.folder(place)
            with os.scandir(place) as entries:
                for entry in entries:
                    self._watch.file(Path(entry.path))
