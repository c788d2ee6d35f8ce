"""The project's own settings: `[tool.onepage]` in pyproject.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from onepage.errors import UserError

BUILD = "build"  # everything that can be made again, under the project's root


@dataclass(frozen=True)
class CorpusConfig:
    """`[tool.onepage.corpus]`: how corpora come about."""

    names: tuple[str, ...] = ()  # corpora that a command builds; any other CORPUS is a folder
    make: str = ""  # that command: {name}, {options} and {out} are filled in
    check: str = ""  # the command that looks over a corpus {folder} of the user's own
    code: dict[str, str] = field(default_factory=dict)  # named corpus -> the module that is its recipe


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
    corpus: CorpusConfig = CorpusConfig()

    @property
    def python_path(self) -> tuple[Path, ...]:
        """Folders that executions need on sys.path, so that a second clone uses its own code, not the installed one."""
        return tuple(dict.fromkeys((self.root / package).parent for package in self.code))


def find_root(start: Path | None = None) -> Path:
    """The nearest folder at or above `start` whose pyproject.toml has a `[tool.onepage]` table."""
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        file = folder / "pyproject.toml"
        if file.is_file() and "[tool.onepage" in file.read_text(encoding="utf-8"):
            return folder
    raise UserError(f"{start}: no pyproject.toml with a [tool.onepage] table here or above")


def load(root: Path) -> Config:
    """Read and check the settings."""
    file = root / "pyproject.toml"
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {}).get("onepage", {})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UserError(f"pyproject.toml: {error}") from None
    corpus = _fill(CorpusConfig, dict(table.pop("corpus", {})), "[tool.onepage.corpus]")
    config = _fill(Config, {**table, "root": root, "corpus": corpus}, "[tool.onepage]")
    if not (root / config.scripts).is_dir():
        raise UserError(f"pyproject.toml: [tool.onepage] scripts = {config.scripts!r} is not a folder")
    for package in config.code:
        if not (root / package).is_dir():
            raise UserError(f"pyproject.toml: [tool.onepage] code names {package!r}, which is not a folder")
    return config


def _fill(kind: type, table: dict[str, Any], where: str) -> Any:
    """Build the dataclass from a TOML table, holding each value against the type of the field's default."""
    fields = kind.__dataclass_fields__
    for name, value in table.items():
        if name not in fields:
            raise UserError(f"pyproject.toml: {where} has no setting {name!r}; it has {', '.join(fields)}")
        if isinstance(value, list):
            table[name] = value = tuple(value)
        wanted = {"tuple[str, ...]": tuple, "str": str, "dict[str, str]": dict}.get(fields[name].type)
        if wanted and not isinstance(value, wanted):
            raise UserError(f"pyproject.toml: {where} {name} = {value!r} should be a {wanted.__name__}")
    return kind(**table)
