"""What a report is made of: every run and analysis, with the content key of each, worked out from source alone."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from onepage.core import names, places, schema
from onepage.core.config import Config
from onepage.core.errors import UserError, nearest, quoted
from onepage.core.places import PACKAGE
from onepage.core.watch import Watch
from onepage.plan import bucket, experiments, surroundings
from onepage.plan.reads import Reads
from onepage.plan.store import entry_path, is_done
from onepage.scripts import behaviour, percent, self_reading
from onepage.scripts.behaviour import SourceCache, closure, digest
from onepage.scripts.parameters import Parameter, overrides, resolve

PAGE_MODULES = ("tools.page", "review.render", "review.index", "check.check")  # what turns results into the report
PAGE_FOLDERS = ("page", "review")  # and the files in the package, other than code, that it does it with


@dataclass(frozen=True)
class Request:
    """What the user asked for, as `make report` passes it on."""

    corpus: str  # CORPUS=: a name that pyproject.toml knows, or a folder
    profile: str  # PROFILE=
    device: str  # DEVICE=: auto, cpu or cuda
    parameters: str  # P=
    store: str  # STORE=
    report: str  # REPORT=, the folder's name under reports/


@dataclass
class Script:
    """A percent script of the scripts folder."""

    path: str  # relative to the root
    facts: dict[str, Any]  # see behaviour.script_facts
    parameters: list[Parameter] = field(default_factory=list)

    @property
    def stem(self) -> str:
        return Path(self.path).stem

    @property
    def reads(self) -> list[str]:
        return self.facts["header"]["reads"]


class Planner:
    """Builds the content of plan.json; `inputs` and `page` say what each key is made of."""

    def __init__(self, config: Config, request: Request, watch: Watch, cache: SourceCache) -> None:
        self.config, self.request, self.watch, self.cache = config, request, watch, cache
        self.inputs: dict[str, dict[str, Any]] = {}
        self.page: dict[str, Any] = {}
        self.without_header: dict[str, Path] = {}  # stem -> percent script that is no analysis
        self.warnings: list[str] = []  # for the person who plans; nothing is wrong for certain
        self.tables: schema.Source | None = None  # experiments.toml
        packages = dict.fromkeys([*(config.root / package for package in config.code), PACKAGE])
        folder = config.root / config.scripts
        for package in packages:
            watch.tree(package)
        watch.folder(folder)
        self.modules = behaviour.find_modules(packages, folder)
        self.scripts = self._find_scripts(folder)
        self.code: dict[str, tuple[list[str], dict[str, dict[str, str]]]] = {}
        self.store = surroundings.store_path(config.root, request.store)
        self.versions = surroundings.versions(config, watch)
        self.device = surroundings.device(request.device, self.versions, watch)
        self.environment = {
            "python": f"{sys.version_info.major}.{sys.version_info.minor}",
            "platform": f"{sys.platform}-{os.uname().machine}",
            "device": self.device,
            "versions": self.versions,
            "variables": {name: watch.variable(name) for name in config.environment},
            "format": behaviour.FORMAT,
        }
        self.reads = Reads(config.root, Path(config.root, self.store), watch, cache, bucket.of(request.store))

    def plan(self) -> dict[str, Any]:
        """Everything that plan.json says."""
        file, where = self.config.root / self.config.experiments, self.config.experiments
        self.watch.file(file)
        tables = experiments.load(file, where)
        chosen = experiments.profile(tables, self.request.profile, where)
        rows = experiments.rows(tables, chosen, where)
        self.tables = tables
        corpus = self._corpus(chosen)
        declared = {name: script.parameters for name, script in self.scripts.items()}
        pinned = overrides(self.request.parameters, declared)
        self._require_scripts(rows, tables)
        experiments.check_parameters(tables, declared)
        self._check_reads([row.name for row in rows])
        taken: dict[str, tuple[str, str]] = {}
        targets: dict[str, dict[str, Any]] = {}
        by_row: dict[str, list[str]] = {}
        for row in self._in_order(rows):
            script = self.scripts[row.script]
            runs = experiments.expand(row, script.parameters, chosen, pinned[row.script], where)
            by_row[row.name] = [run.id for run in runs]
            for run in runs:
                names.claim(run.id, f"{where}: [runs.{row.name}]", taken)
                extra = {"row": run.row, "seed": run.seed}
                targets[run.id] = self._target(run.id, "run", script, run.parameters, corpus, by_row, targets, extra)
        used = {row.script for row in rows}
        self._require_apart(corpus)
        for name, script in self.scripts.items():
            if name not in used:
                names.claim(name, script.path, taken)
                values = resolve(script.parameters, pinned[name], script.path)
                targets[name] = self._target(name, "analysis", script, values, corpus, by_row, targets, {})
        plan: dict[str, Any] = {
            "report": self.request.report,
            "profile": chosen.name,
            "corpus": corpus,
            "device": self.device,
            "out": f"reports/{self.request.report}",
            "store": self.store,
            "code": surroundings.commit(self.config, self.watch),
            "versions": self.versions,
            "environment": {key: self.environment[key] for key in ("python", "platform")},
            "request": vars(self.request),
            "targets": list(targets.values()),
        }
        self.page = self._page_inputs(plan)
        self._warn_of_no_header(plan["targets"])
        return plan

    def _require_scripts(self, rows: Iterable[experiments.Row], tables: schema.Source) -> None:
        for row in rows:
            if row.script not in self.scripts:
                line = tables.place("runs", row.name, "script")
                raise UserError(f"{line}: [runs.{row.name}] names {row.script}.py{nearest(row.script, self.scripts)}")

    def _require_apart(self, corpus: dict[str, Any]) -> None:
        """What we write lies apart from what people write."""
        config = self.config
        named = {"the page": config.page, "the scripts": config.scripts, **{f"the code {p}": p for p in config.code}}
        theirs = {what: config.root / path for what, path in named.items()}
        if corpus["folder"] and not corpus["folder"].startswith(corpus["entry"]):
            theirs["the corpus"] = config.root / corpus["folder"]
        places.require_apart(config.root, self.request.report, self.store, theirs)

    # --- scripts and targets ---

    def _find_scripts(self, folder: Path) -> dict[str, Script]:
        found = {}
        packages = {Path(package).name for package in self.config.code} | {"onepage"}
        for path in sorted(folder.glob("[!.]*.py")):
            self.watch.file(path)
            facts = self.cache.script(path)
            if facts["header"] is None:
                self.without_header.update({path.stem: path} if facts["percent"] else {})
            else:
                names.check_script(path.stem, self.config.scripts, packages)
                parameters = [Parameter(**parameter) for parameter in facts["parameters"]]
                found[path.stem] = Script(path.relative_to(self.config.root).as_posix(), facts, parameters)
        return found

    def _warn_of_no_header(self, targets: list[dict[str, Any]]) -> None:
        """Of scripts with cells that are neither analyses nor imported: somebody will wait for their pages."""
        imported = {module for target in targets for module in target["modules"]}
        self.warnings = self.reads.remarks + [
            f"{path.relative_to(self.config.root)}: has cells (# %%) but no `onepage:` header, so it is no analysis;"
            " `onepage new` shows what a header looks like"
            for stem, path in self.without_header.items()
            if stem not in imported
        ]

    def _check_reads(self, rows: list[str]) -> None:
        known = ["corpus", "profile", *rows]
        for script in self.scripts.values():
            for name in script.reads:
                if name in known or name.startswith(("file:", "program:")):
                    continue
                raise UserError(f"{self._reads_line(script)}: reads {quoted(name)}{nearest(name, known)}")

    def require_corpus(self) -> None:
        """`UserError` where a script reads the corpus, and the report has none."""
        for script in self.scripts.values() if not self.request.corpus else ():
            if "corpus" in script.reads:
                none = "reads 'corpus', and this report has none; name one with CORPUS="
                raise UserError(f"{self._reads_line(script)}: {none}")

    def _reads_line(self, script: Script) -> str:
        text = percent.read_text(self.config.root / script.path, script.path)
        return f"{script.path}:{percent.header_line(text, 'reads', script.path)}"

    def _in_order(self, rows: list[experiments.Row]) -> list[experiments.Row]:
        """Rows after those that their scripts read."""
        waiting, done = list(rows), []
        while waiting:
            names = {row.name for row in waiting}
            ready = [row for row in waiting if not names.intersection(self.scripts[row.script].reads)]
            if not ready:
                raise UserError(f"{self.config.experiments}: the rows {', '.join(sorted(names))} read one another")
            done += ready
            waiting = [row for row in waiting if row not in ready]
        return done

    def _target(
        self,
        name: str,
        kind: str,
        script: Script,
        parameters: dict[str, Any],
        corpus: dict[str, Any],
        by_row: dict[str, list[str]],
        targets: dict[str, dict[str, Any]],
        extra: dict[str, Any],
    ) -> dict[str, Any]:
        header, facts = script.facts["header"], script.facts
        runs = {row: by_row[row] for row in script.reads if row in by_row}
        reads: dict[str, Any] = {row: {run: targets[run]["key"] for run in ids} for row, ids in runs.items()}
        if "corpus" in script.reads:
            reads["corpus"] = {corpus["name"]: corpus["key"]}
        if "profile" in script.reads:
            reads["profile"] = self.request.profile
        if script.path not in self.code:  # the same for all runs of a script
            self.code[script.path] = self._code(script)
        modules, code = self.code[script.path]
        inputs = {
            "cells": [cell["digest"] for cell in facts["cells"]],
            "code": code,
            "files": self.reads.declared(script.reads, script.path),
            "parameters": parameters,
            "reads": reads,
            "environment": self.environment,
        }
        if programs := sorted(read for read in script.reads if read.startswith("program:")):
            inputs["programs"] = programs
        key, observed = self.reads.variant(digest(inputs))
        self.inputs[name] = {**inputs, "observed": observed}
        return {
            "id": name,
            "kind": kind,
            **extra,
            "script": script.path,
            "title": header["title"],
            "question": header["question"],
            "parameters": parameters,
            "key": key,
            "entry": entry_path(Path(self.store), key).as_posix(),
            "reads": list(script.reads),
            "runs": runs,
            "modules": modules,
            "timeout": header["timeout"],
        }

    def _code(self, script: Script) -> tuple[list[str], dict[str, dict[str, str]]]:
        """Our modules that a script imports, and what they do."""
        modules = closure(script.facts["imports"], self.modules, self._module)
        return modules, self._described(modules, script)

    def _module(self, path: Path) -> dict[str, Any]:
        self.watch.file(path)
        return self.cache.module(path)

    def _described(self, modules: list[str], script: Script | None = None) -> dict[str, dict[str, str]]:
        """What a key says of modules and, where some of this code reads itself, of the script too."""
        facts = {name: self._module(self.modules[name]) for name in modules}
        own = {script.path: script.facts} if script else {}
        marks = self_reading.marks([*facts.values(), *own.values()])
        return {
            name: behaviour.described(known, marks) for name, known in ({**facts, **own} if marks else facts).items()
        }

    def _definitions(self, module: str) -> dict[str, str]:
        """What a module does."""
        return behaviour.merged(self._module(self.modules[module])["definitions"])

    # --- corpus ---

    def _corpus(self, chosen: experiments.Profile) -> dict[str, Any]:
        settings, name = self.config.corpus, self.request.corpus
        if not name:
            return {"name": "", "key": "", "entry": "", "folder": ""}
        if name in settings.names:
            recipe = settings.code.get(name)
            if recipe and recipe not in self.modules:
                said = f"tool.onepage.corpus.code.{name}: {quoted(recipe)} is no module of ours"
                raise UserError(f"{self.config.place('corpus', 'code', name)}: {said}{nearest(recipe, self.modules)}")
            modules = closure([[0, recipe, []]], self.modules, self._module) if recipe else []
            inputs = {
                "corpus": name,
                "options": chosen.corpus,
                "command": settings.make,
                "code": self._described(modules),
                "files": self.reads.declared(settings.reads, "pyproject.toml: [tool.onepage.corpus]"),
                "environment": {key: value for key, value in self.environment.items() if key != "device"},
            }
            key, observed = self.reads.variant(digest(inputs))
            entry = entry_path(Path(self.store), key).as_posix()
            self.inputs["corpus"] = {**inputs, "observed": observed}
            found = {"name": name, "options": chosen.corpus, "folder": f"{entry}/files", "key": key, "entry": entry}
            return {**found, "modules": modules, "reads": list(settings.reads)}
        folder = Path(name).expanduser()
        folder = folder if folder.is_absolute() else self.config.root / folder
        if not folder.is_dir():
            known = f", nor a corpus that a command makes{nearest(name, settings.names)}" if settings.names else ""
            raise UserError(f"CORPUS={name}: not a folder{known}")
        self.inputs["corpus"] = {"corpus": folder.resolve().name, "content": self.reads.corpus(folder)}
        key = digest(self.inputs["corpus"])
        checked = entry_path(Path(self.config.root, self.store), key)
        if is_done(checked):
            self.reads.whole(checked)
        inside = folder.is_relative_to(self.config.root)
        return {
            "name": folder.resolve().name,
            "options": {},
            "folder": os.path.relpath(folder, self.config.root) if inside else str(folder),
            "key": key,
            "entry": entry_path(Path(self.store), key).as_posix(),
        }

    # --- the page ---

    def _page_inputs(self, plan: dict[str, Any]) -> dict[str, Any]:
        """What the report is made from, besides the results: page text, page code, scripts' prose."""
        start = [[0, f"onepage.{name}", []] for name in PAGE_MODULES if f"onepage.{name}" in self.modules]
        files = {}
        folders = [self.config.root / self.config.page, *(PACKAGE / name for name in PAGE_FOLDERS)]
        for folder in folders:
            self.watch.tree(folder)
            for path in sorted(folder.rglob("*")):
                ours = path.is_relative_to(PACKAGE)
                code = ours and path.suffix in (".py", ".pyc")  # counts by what it does, below
                if path.is_file() and not path.name.startswith(".") and not code:
                    self.watch.file(path)
                    files[os.path.relpath(path, PACKAGE if ours else self.config.root)] = self.watch.content(path)
        return {
            "plan": {
                **{name: plan[name] for name in ("report", "profile", "corpus", "device", "code", "versions")},
                "formats": list(self.config.formats),
            },
            "targets": {
                target["id"]: digest([target["key"], target["title"], target["question"]]) for target in plan["targets"]
            },
            "scripts": {script.path: script.facts["text"] for script in self.scripts.values()},
            "code": {name: self._definitions(name) for name in closure(start, self.modules, self._module)},
            "files": files,
        }
