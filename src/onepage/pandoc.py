"""pandoc, asked for trees and for HTML and Typst; its complaints as lines about the user's own files."""

from __future__ import annotations

import difflib
import functools
import json
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onepage.errors import UserError

Node = dict[str, Any]
BREAK = "part-break"  # the class of the division that keeps two sources apart
# Raw TeX means nothing here; everything else of pandoc's Markdown is welcome.
READER = "markdown-raw_tex+gfm_auto_identifiers"
_api: list[int] = []  # the version of pandoc's trees, learnt from the first that it gave


@dataclass(frozen=True)
class Source:
    """One of the page's Markdown files, filled in."""

    part: str  # content, distribution or appendix
    path: str  # as errors shall name it
    text: str  # as pandoc reads it
    original: str = ""  # as it stands in the file, for line numbers; empty for a generated one


def write(blocks: list[Node], to: str) -> str:
    """Blocks as `html5` or `typst`."""
    tree = {"pandoc-api-version": _api_version(), "meta": {}, "blocks": blocks}
    options = ["--mathml", "--wrap=none"] if to.startswith("html") else ["--wrap=none"]
    return run(["-f", "json", "-t", to, *options], json.dumps(tree)).stdout


def read(sources: list[Source], bibliography: Path | None, csl: Path) -> Node:
    """The sources as one tree, a division of class BREAK between two of them."""
    with tempfile.TemporaryDirectory(prefix="onepage-") as folder:
        names = []
        for number, source in enumerate(sources):
            names.append(f"{number}.md")
            closing = f"\n\n::: {{.{BREAK}}}\n:::\n" if number < len(sources) - 1 else "\n"
            Path(folder, names[-1]).write_text(source.text + closing, encoding="utf-8")
        options = ["-f", READER, "-t", "json", "-M", "link-citations=true"]
        if bibliography is not None:
            # pandoc reads BibTeX by the file's name, and must not look for it beside the temporary files.
            options += ["--citeproc", "--bibliography", str(bibliography.resolve())]
            options += ["--csl", str(csl.resolve())]
        done = run([*options, *names], cwd=folder, fail=False)
    _explain(done, sources, bibliography)
    tree = json.loads(done.stdout)
    _api[:] = tree["pandoc-api-version"]
    return tree


def _explain(done: subprocess.CompletedProcess, sources: list[Source], bibliography: Path | None) -> None:
    """pandoc's errors and warnings as one line about a file that the user has."""
    if done.returncode:
        message = " ".join(done.stderr.split())
        at = re.search(r"references?\.bib|\.bib", message)
        if bibliography is not None and (at or "bibliograph" in message.lower()):
            line = re.search(r"line (\d+)", message)
            reason = re.sub(r".*?(unexpected|expecting|Error|cannot)", r"\1", message, count=1)
            where = f"{bibliography}:{line.group(1) if line else 1}"
            raise UserError(f"{where}: not a valid bibliography: {reason}")
        raise UserError(f"{sources[0].path}: pandoc cannot read it: {message}")
    for warning in re.split(r"^\[WARNING\] ", done.stderr, flags=re.MULTILINE)[1:]:
        message = " ".join(warning.split())
        missing = re.search(r"citation (\S+) not found", message)
        if missing:
            key = "@" + missing.group(1)
            source = next((s for s in sources if key in s.text), sources[0])
            line = find_line(source.original, key)
            where = bibliography.name if bibliography else "any bibliography"
            raise UserError(f"{source.path}:{line}: the citation {key} is not in {where}")
        placed = re.search(r"(\d+)\.md:? line (\d+)", message)
        if placed:
            source = sources[int(placed.group(1))]
            rendered = source.text.splitlines()
            fragment = rendered[min(int(placed.group(2)), len(rendered)) - 1] if rendered else ""
            what = re.sub(r"\s*at \d+\.md:? line \d+ column \d+", "", message)
            raise UserError(f"{source.path}:{find_line(source.original, fragment)}: {what}")


def run(
    arguments: list[str], stdin: str | None = None, *, cwd: str | None = None, fail: bool = True
) -> subprocess.CompletedProcess:
    """Run the pandoc that the environment brings."""
    command = [_program(), *arguments]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, encoding="utf-8", cwd=cwd)
    if fail and done.returncode:
        raise UserError(f"pandoc failed: {' '.join(done.stderr.split())}")
    return done


@functools.cache
def _program() -> str:
    """The pandoc that pypandoc brings; only where there is none does pypandoc look around, trying what it finds."""
    import pypandoc

    brought = Path(pypandoc.__file__).with_name("files") / "pandoc"
    return str(brought) if brought.is_file() else pypandoc.get_pandoc_path()


def _api_version() -> list[int]:
    if not _api:
        _api.extend(json.loads(run(["-f", "markdown", "-t", "json"], "").stdout)["pandoc-api-version"])
    return _api


def find_line(original: str, fragment: str) -> int:
    """The line of the file where `fragment` stands, or the line most like it."""
    lines = original.splitlines() or [""]
    fragment = fragment.strip()
    for number, line in enumerate(lines, 1):
        if fragment and fragment in line:
            return number
    near = difflib.get_close_matches(fragment, lines, n=1, cutoff=0.4)
    return lines.index(near[0]) + 1 if near else 1
