"""pandoc, asked for trees and for HTML and Typst; its complaints as lines about the user's own files."""

from __future__ import annotations

import difflib
import functools
import json
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onepage.core.errors import UserError, nearest
from onepage.page.numbers import marks

Node = dict[str, Any]
BREAK = "part-break"  # the class of the division that keeps two sources apart
# TeX is read so that `foreign` can turn it into what the page has, or name it.
READER = "markdown+gfm_auto_identifiers"
CAPTIONS = Path(__file__).with_name("captions.lua")
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
    # Coloured code would bring ids of its own, the same ones in every part of the page.
    options = ["--mathml", "--syntax-highlighting=none"] if to.startswith("html") else []
    return run(["-f", "json", "-t", to, "--wrap=none", *options], as_json(blocks)).stdout


def read(
    sources: list[Source], bibliography: Path | None, csl: Path | None, *,
    change: Callable[[list[Node]], list[Node]] | None = None, language: str = "en",
) -> Node:  # fmt: skip
    """The sources as one tree, a division of class BREAK between two of them.

    `change` has the blocks before the citations are filled in, with what was computed still marked (see `marks`).
    """
    with tempfile.TemporaryDirectory(prefix="onepage-") as folder:
        names = []
        for number, source in enumerate(sources):
            names.append(f"{number}.md")
            closing = f"\n\n::: {{.{BREAK}}}\n:::\n" if number < len(sources) - 1 else "\n"
            Path(folder, names[-1]).write_text(source.text + closing, encoding="utf-8")
        done = run(["-f", READER, "-t", "json", "--lua-filter", str(CAPTIONS), *names], cwd=folder, fail=False)
    _explain(done, sources)
    tree = json.loads(done.stdout)
    _api[:] = tree["pandoc-api-version"]
    blocks = marks.restore(change(tree["blocks"]) if change else tree["blocks"])
    return _cite(blocks, sources, bibliography, csl, language) if bibliography else {**tree, "blocks": blocks}


def unwritable(formulas: list[Node]) -> tuple[str, str] | None:
    """The first of these formulas (Math) that pandoc cannot turn into Typst, and why not."""
    said = run(["-f", "json", "-t", "typst"], as_json([{"t": "Para", "c": formulas}])).stderr
    match = re.search(r"Could not convert TeX math (.*?), rendering as TeX:\n(.*?)(?=^\[|\Z)", said, re.S | re.M)
    if not match:
        return None
    reason = re.search(r"unexpected .*", match.group(2))
    return match.group(1), reason.group() if reason else "not TeX"


def latex(fragment: str) -> list[Node]:
    """Raw TeX as pandoc's LaTeX reader has it; what it does not know stays raw."""
    return json.loads(run(["-f", "latex+raw_tex", "-t", "json"], fragment).stdout)["blocks"]


def as_json(blocks: list[Node], meta: Node | None = None) -> str:
    """A document as pandoc reads it; `meta` is what its title block says."""
    return json.dumps({"pandoc-api-version": _api_version(), "meta": meta or {}, "blocks": blocks})


def _cite(blocks: list[Node], sources: list[Source], bibliography: Path, csl: Path | None, language: str) -> Node:
    """The tree with its citations and, somewhere in it, the list of what they cite."""
    options = ["-f", "json", "-t", "json", "-M", "link-citations=true", "--citeproc"]
    # pandoc reads BibTeX by the file's name.
    options += ["--bibliography", str(bibliography.resolve()), *(["--csl", str(csl.resolve())] if csl else [])]
    options += [] if language == "en" else ["-M", f"lang={language}"]
    done = run(options, as_json(blocks), fail=False)
    if done.returncode:
        message = " ".join(done.stderr.split())
        line = re.search(r"line (\d+)", message)
        reason = re.sub(r".*?(unexpected|expecting|Error|cannot)", r"\1", message, count=1)
        raise UserError(f"{bibliography.name}:{line.group(1) if line else 1}: not a valid bibliography: {reason}")
    missing = re.search(r"\[WARNING\]\s+[Cc]itation\s+(\S+)\s+not\s+found", done.stderr)
    if missing:
        raise no_citation(missing.group(1), sources, bibliography.name)
    return json.loads(done.stdout)


def no_citation(key: str, sources: list[Source], where: str, known: Iterable[str] = ()) -> UserError:
    """A line about a citation of something that the bibliography lacks."""
    source = next((s for s in sources if f"@{key}" in s.text or f"@{{{key}" in s.text), sources[0])
    said = f"@{key}" if f"@{key}" in source.text else key
    hint = nearest(key, known) if known else ""
    return UserError(f"{source.path}:{find_line(source.original, said)}: the citation @{key} is not in {where}{hint}")


def _explain(done: subprocess.CompletedProcess[str], sources: list[Source]) -> None:
    """pandoc's errors and warnings as one line about a file that the user has."""
    if done.returncode:
        raise UserError(f"{sources[0].path}: pandoc cannot read it: {' '.join(done.stderr.split())}")
    for warning in re.split(r"^\[WARNING\] ", done.stderr, flags=re.MULTILINE)[1:]:
        message = " ".join(warning.split())
        placed = re.search(r"(\d+)\.md:? line (\d+)", message)
        if placed:
            source = sources[int(placed.group(1))]
            rendered = source.text.splitlines()
            fragment = rendered[min(int(placed.group(2)), len(rendered)) - 1] if rendered else ""
            what = re.sub(r"\s*at \d+\.md:? line \d+ column \d+", "", message)
            raise UserError(f"{source.path}:{find_line(source.original, fragment)}: {what}")


def run(
    arguments: list[str], stdin: str | None = None, *, cwd: str | None = None, fail: bool = True,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:  # fmt: skip
    """Run the pandoc that the environment brings."""
    command = [_program(), *arguments]
    done = subprocess.run(
        command, input=stdin, capture_output=True, text=True, encoding="utf-8", cwd=cwd, env=environment
    )
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
