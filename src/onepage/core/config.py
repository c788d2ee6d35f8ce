"""The project's own settings: `[tool.onepage]` in pyproject.toml."""

from __future__ import annotations

import dataclasses
import functools
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from onepage.core import places
from onepage.core.errors import UserError, nearest

if TYPE_CHECKING:
    from onepage.core.schema import Schema


# A [tool.onepage] table, however it is spelt; anything else that mentions the name needs a closer look.
_TABLE = re.compile(rb"^[ \t]*\[\[?[ \t]*tool[ \t]*\.[ \t]*onepage[ \t]*[].]", re.MULTILINE)


FORMATS = ("pdf", "html", "docx", "latex")
ALWAYS = FORMATS[:2]  # the checks look at the one, the index and the map lead to the other


@dataclass(frozen=True)
class CorpusConfig:
    """`[tool.onepage.corpus]`: how corpora come about."""

    names: tuple[str, ...] = ()  # corpora that a command builds; any other CORPUS is a folder
    make: str = ""  # that command: {name}, {options} and {out} are filled in
    check: str = ""  # the command that looks over a corpus {folder} of the user's own
    code: dict[str, str] = field(default_factory=dict)  # named corpus -> the module that is its recipe
    reads: tuple[str, ...] = ()  # "file:data/raw" and "program:sox": what its command uses and cannot be seen to use


@dataclass(frozen=True)
class Config:
    """`[tool.onepage]`; all paths are relative to `root`."""

    root: Path  # the folder of pyproject.toml
    scripts: str = "analysis"  # folder of percent scripts
    experiments: str = "analysis/experiments.toml"  # profiles and rows of runs
    page: str = "reports/page"  # what people write of the report
    code: tuple[str, ...] = ()  # packages whose modules are "ours": their behaviour is part of every key
    lock: str = "requirements.lock"  # exact versions of everything else
    warm: tuple[str, ...] = ()  # third-party modules that the warm parent imports once
    environment: tuple[str, ...] = ()  # environment variables that executions get, and that count
    formats: tuple[str, ...] = ALWAYS  # what the page is written as
    corpus: CorpusConfig = CorpusConfig()

    def place(self, *setting: str | int) -> str:
        """File and line of a setting, for an error about it."""
        from onepage.core import toml_source

        return toml_source.load(self.root / "pyproject.toml", "pyproject.toml").place("tool", "onepage", *setting)

    @property
    def python_path(self) -> tuple[Path, ...]:
        """Folders that executions need on sys.path, so that a second clone uses its own code, not the installed one."""
        return tuple(dict.fromkeys((self.root / package).parent for package in self.code))


def find_root(start: Path | None = None) -> Path:
    """The nearest folder at or above `start` whose pyproject.toml has a `[tool.onepage]` table."""
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if _is_root(folder / "pyproject.toml"):
            return folder
    raise UserError(f"{start}: no pyproject.toml with a [tool.onepage] table here or above")


def _is_root(file: Path) -> bool:
    try:
        raw = file.read_bytes() if file.is_file() else b""
    except OSError as error:
        raise UserError(f"{file}: cannot be read ({error.strerror})") from None
    if file.is_dir() or b"\0" in raw or _TABLE.search(raw):
        return True  # what is wrong with it is for `load` to say
    if b"onepage" not in raw:
        return False
    from onepage.core import toml_source

    tool = toml_source.parse(toml_source.decode(raw, str(file)), str(file)).data.get("tool")
    return isinstance(tool, dict) and "onepage" in tool


def load(root: Path) -> Config:
    """Read and check the settings."""
    from onepage.core import toml_source

    source = toml_source.load(root / "pyproject.toml", "pyproject.toml")
    where = ("tool", "onepage")
    if not isinstance(source.data.get("tool"), dict) or "onepage" not in source.data["tool"]:
        raise source.error("has no [tool.onepage] table", "tool")
    table = dict(table_schema().check(source, *where))
    corpus = _fill(CorpusConfig, table.pop("corpus", {}))
    config = _fill(Config, {**table, "root": root, "corpus": corpus})
    folders: dict[tuple[str | int, ...], str] = {("scripts",): config.scripts}
    folders |= {("code", i): package for i, package in enumerate(config.code)}
    for place, folder in folders.items():
        if not (root / folder).is_dir():
            said = f"{folder!r} is not a folder" + (" (it is a file)" if (root / folder).exists() else "")
            raise source.error(f"tool.onepage.{place[0]}: {said}", *where, *place)
    for wrong in corpus.code.keys() - set(corpus.names):
        said = f"tool.onepage.corpus.code: there is no corpus {wrong!r} among names{nearest(wrong, corpus.names)}"
        raise source.error(said, *where, "corpus", "code", wrong)
    if corpus.names and not corpus.make:
        raise source.error("tool.onepage.corpus: names without make, the command that builds them", *where, "corpus")
    for lacking in (name for name in ALWAYS if name not in config.formats):
        raise source.error(f"tool.onepage.formats: {lacking} is always written; add it to the list", *where, "formats")
    for name in ("page", "scripts", "experiments", "lock"):
        if fault := places.setting_fault(root, name, getattr(config, name)):
            raise source.error(f"tool.onepage.{name}: {getattr(config, name)!r} {fault}", *where, name)
    return config


@functools.cache
def table_schema() -> Schema:
    """What may stand in the table: the dataclasses' fields, most of them as their types say."""
    from onepage.core import schema

    by_type = {"str": schema.PATH, "tuple[str, ...]": schema.TEXTS}
    names = {"type": "array", "items": {"type": "string", "format": "name"}, "description": "a list of names"}
    special: dict[str, Any] = {
        "code": schema.PATHS,
        "formats": {
            "type": "array",
            "items": {"enum": list(FORMATS)},
            "uniqueItems": True,
            "description": "a list of formats",
        },
        "warm": {"type": "array", "items": schema.MODULE, "description": "a list of modules"},
    }
    corpus = {
        "names": names,
        "make": {"type": "string", "format": "make-command", "description": "a command line"},
        "check": {"type": "string", "format": "check-command", "description": "a command line"},
        "code": schema.named(schema.MODULE, "a table of corpora and the modules that make them"),
    }

    def fields(kind: Any, special: dict[str, Any]) -> dict[str, Any]:
        return {each.name: special.get(each.name) or by_type[str(each.type)] for each in dataclasses.fields(kind)}

    special["corpus"] = schema.table(fields(CorpusConfig, corpus), about="a table [tool.onepage.corpus]")
    known = fields(Config, {**special, "root": schema.PATH})
    del known["root"]
    return schema.Schema(schema.table(known, about="a table [tool.onepage]"))


def _fill(kind: type, table: dict[str, Any]) -> Any:
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in table.items()})
