"""Which of a project's files belong in a hand-in: what the brief lists and git tracks, less what slipped in.

Editors, systems and people leave files beside the ones that they write. Each that is left out is named with the
reason, so that nothing is missing unseen.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable
from pathlib import Path

from onepage.core import repository
from onepage.core.errors import UserError
from onepage.course import group

# Folders that tools make, and names that are never part of a work; compared without regard to case.
PRODUCTS = {
    "__pycache__", "build", "dist", ".git", ".hg", ".svn", ".venv", "venv", ".tox", ".nox", ".pytest_cache",
    ".ruff_cache", ".mypy_cache", ".hypothesis", ".ipynb_checkpoints", ".idea", ".vscode", "node_modules", "__macosx",
    ".ssh", ".aws", ".gnupg", ".trash", ".spotlight-v100", ".fseventsd", ".cache", ".eggs",
}  # fmt: skip
_SECRET = ("id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*", "*.pem", "*.key", "*.p12", "*.pfx", "*.jks", "*.keystore",
           "*.kdbx", "*.ppk", "*.gpg", "*.asc", "credentials", "credentials.[!p]*", "secrets.[!p]*", "*.ovpn",
           "*_netrc", "*.htpasswd", "service-account*.json", "client_secret*.json")  # fmt: skip
_LEFT = ("*~", "~$*", "#*#", ".#*", "*.swp", "*.swo", "*.swn", "*.bak", "*.backup", "*.old", "*.orig", "*.rej", "*.tmp",
         "*.temp", "*.part", "*.partial", "*.crdownload", "*.kate-swp", "*.lock~", "*.un~", "nohup.out", "core",
         "core.[0-9]*", "*.log", "*.pyc", "*.pyo")  # fmt: skip
_SYSTEM = ("thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "icon\n", "$recycle.bin", "*.lnk", "*.url", "*.webloc")
_COPY = re.compile(
    r"\(.*conflict.*\)|\bconflicted copy\b|\.sync-conflict-|_conflict-\d|(?<= )copy(?: ?\(?\d+\)?)?\.\w+$|^copy of |"
    r"\(\d+\)\.\w+$|- kopie\b|\bKopie von\b",
    re.IGNORECASE,
)
_MARKED = re.compile(r"\b(?:TODO|FIXME|TBD)\b|(?i:lorem ipsum)")
_NOBODY = re.compile(
    r"placeholder|\bTODO\b|\bTBD\b|^(?:your|first|my|full)[ _]?(?:last|full)?[ _]?name\b|^(?:first|last)\s*name|"
    r"^(?:student|member|name|person|author)\s*(?:[a-z]|\d+|one|two|three|four)?$|^(?:jane|john) doe$|^[?.x_-]+$",
    re.IGNORECASE,
)


def unfit(path: Path, root: Path) -> str | None:
    """Why a file is not handed in whatever the brief says, or None."""
    relative = path.relative_to(root)
    for folder in relative.parts[:-1]:
        if folder.lower() in PRODUCTS or folder.lower().endswith(".egg-info"):
            return f"in {folder}/, which tools make"
        if folder.startswith("."):
            return f"in the hidden folder {folder}/"
    name = relative.name.lower()
    for patterns, reason in ((_SECRET, "may hold a secret"), (_LEFT, "an editor's or a tool's leftover"),
                             (_SYSTEM, "the system's own")):  # fmt: skip
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns):
            return reason
    if name.startswith("."):
        return "hidden"
    if _COPY.search(relative.name):
        return "a copy of another file"
    if not path.resolve().is_relative_to(root.resolve()):
        return "a link to outside the project"
    return None


def selected(root: Path, patterns: Iterable[str]) -> tuple[list[Path], dict[str, str]]:
    """(the files that go in, name -> reason of those that match but stay out)."""
    known = repository.tracked(root)
    found: set[Path] = set()
    left: dict[str, str] = {}
    for pattern in patterns:
        matched = sorted(path for path in root.glob(pattern) if path.is_file() or path.is_symlink())
        kept = 0
        for path in matched:
            name = path.relative_to(root).as_posix()
            reason = unfit(path, root)
            if not reason and not path.is_file():
                reason = "a link to nothing"
            if not reason and known is not None and name not in known:
                reason = "git does not track it"
            if reason:
                left[name] = reason
            else:
                found.add(path)
                kept += 1
        if not kept:
            why = next((f" but {name} ({left[name]})" for p in matched if (name := p.relative_to(root).as_posix())), "")
            raise UserError(f"[hand-in] include: no file matches {pattern}{why}")
    shown = {name: reason for name, reason in left.items() if not any(p in PRODUCTS for p in Path(name).parts[:-1])}
    return sorted(found), shown


def unwritten(people: group.Group, texts: Iterable[tuple[str, Path]]) -> list[str]:
    """The lines that still have to be written before a report is anybody's: file, line and what stands there."""
    path, found = people.source.path, []
    if people.placeholder:
        found.append(f"{path}:{people.line('group', 'placeholder')}: delete this line when the members are yours")
    for at, member in enumerate(people.members):
        if people.placeholder or _NOBODY.search(member.name):
            found.append(f'{path}:{people.line("member", at, "name")}: "{member.name}": write a member\'s own name')
        if people.placeholder or any(_MARKED.search(part) or _NOBODY.search(part) for part in member.parts):
            found.append(f"{path}:{people.line('member', at, 'parts')}: write what {member.name} did")
    for name, file in texts:
        for number, line in enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if match := _MARKED.search(line):
                found.append(f'{name}:{number}: "{match[0]}" is still to be written')
    return found
