"""`build/<report>/plan.json`: what `onepage plan` found, for every other command to read."""

from __future__ import annotations

import argparse
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onepage.core import config, sealed
from onepage.core.errors import UserError, nearest
from onepage.core.files import write_if_changed
from onepage.core.places import BUILD

IDENTITY = "identity"  # a file of an entry, see `identify`
SUMS = "plan.sums"  # beside a plan: the checksums of what was written with it
RULES = "plan.mk"
WRITTEN = ("plan.json", "inputs.json", RULES, "page.json", "page.key")


@dataclass(frozen=True)
class Plan:
    """A plan and the project that it belongs to."""

    root: Path  # the project's folder, absolute
    folder: Path  # build/<report>, absolute
    data: dict[str, Any]  # the file's content

    @property
    def report(self) -> str:
        return self.data["report"]

    @property
    def targets(self) -> list[dict[str, Any]]:
        return self.data["targets"]

    @property
    def executed(self) -> list[dict[str, Any]]:
        """All that is executed: the corpus, if there is one, runs and analyses."""
        return with_corpus(self.data)

    @property
    def corpus(self) -> dict[str, Any]:
        """The corpus as a target; `UserError` if there is none."""
        if not self.data["corpus"]["entry"]:
            raise UserError(f"{self.report}: this report has no corpus to make; name one with CORPUS=")
        return self.executed[0]

    def target(self, name: str) -> dict[str, Any]:
        """The target with this id, or whose script this is."""
        for target in self.targets:
            if name in (target["id"], target["script"]):
                return target
        raise UserError(f"{name}: no such target{nearest(name, [target['id'] for target in self.targets])}")

    def entry(self, target: dict[str, Any]) -> Path:
        """The store entry of a target (or of the corpus)."""
        return self.root / target["entry"]

    def read(self, name: str) -> list[str]:
        """Files and folders that a target is known to read, from the root."""
        inputs = self.inputs(name)
        return [*inputs.get("files", {}), *(seen.partition(":")[2] for seen in inputs.get("observed", {}))]

    def inputs(self, name: str) -> dict[str, Any]:
        """Everything that the target's key is made of."""
        return json.loads((self.folder / "inputs.json").read_text(encoding="utf-8"))[name]


def identify(plan: Plan, target: dict[str, Any], inputs: dict[str, Any]) -> str:
    """A name for what a result was made from, the same wherever it was made.

    Its key may differ between two stores: the first execution of all has to be named before it is known what it reads.
    """
    by_id = {other["id"]: other for other in plan.executed}

    def read(name: str, keys: Any) -> Any:
        if name == "corpus":
            return {corpus: identity(plan.entry(by_id["corpus"]), key) for corpus, key in keys.items()}
        return {run: identity(plan.entry(by_id[run]), key) for run, key in keys.items()} if name != "profile" else keys

    reads = {name: read(name, keys) for name, keys in inputs.get("reads", {}).items()}
    text = json.dumps({**inputs, "reads": reads}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def identity(entry: Path, key: str) -> str:
    """A finished entry's identity."""
    try:
        return (entry / IDENTITY).read_text(encoding="utf-8").strip()
    except OSError:
        return key


def identified(plan: Plan) -> Plan:
    """The plan with identities for keys, as the report shows it."""
    corpus = plan.data["corpus"]
    if corpus["entry"]:
        corpus = {**corpus, "key": identity(plan.root / corpus["entry"], corpus["key"])}
    targets = [{**target, "key": identity(plan.entry(target), target["key"])} for target in plan.targets]
    return Plan(plan.root, plan.folder, {**plan.data, "corpus": corpus, "targets": targets})


def with_corpus(data: dict[str, Any]) -> list[dict[str, Any]]:
    """A plan's targets, and the corpus as one more."""
    corpus = data["corpus"]
    made = {
        "id": "corpus",
        "script": "",
        "runs": {},
        "reads": corpus.get("reads", []),
        "modules": corpus.get("modules", []),
    }
    made |= {"key": corpus["key"], "entry": corpus["entry"]}
    return ([made] if corpus["entry"] else []) + data["targets"]


def load(path: Path | str) -> Plan:
    """Read a plan; its project is two folders above its own."""
    path = Path(path).resolve()
    if not path.is_file():
        raise UserError(f"{path}: no plan; `make report` writes it")
    if (path.parent / SUMS).exists() and (said := fault(path.parent)):  # a plan by other hands has none
        raise UserError(f"{path}: not as it was planned ({said}); run `make report`, which plans anew")
    try:
        return Plan(path.parents[2], path.parent, json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: not a plan ({error}); run `make report`, which plans anew") from None


def seal(folder: Path) -> None:
    """Write down what a plan's files are, now that all are written."""
    write_if_changed(folder / SUMS, sealed.sums(folder, WRITTEN))
    import subprocess  # here, since a make with nothing to do has no use for it

    with (folder / RULES).open("rb") as rules:  # for Make, which reads them before any of our code runs
        write_if_changed(folder / f"{RULES}.cksum", subprocess.check_output(["cksum"], stdin=rules, text=True))


def fault(folder: Path) -> str:
    """What of a plan's files is not as it was written; the empty string if all are."""
    try:
        said = (folder / SUMS).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return f"{SUMS} cannot be read"
    return sealed.fault(folder, said, WRITTEN)


def add_plan_argument(parser: argparse.ArgumentParser) -> None:
    """`--plan`, as every command about a report takes it."""
    parser.add_argument(
        "--plan", type=Path, metavar="FILE", help=f"{BUILD}/<report>/plan.json (default: the newest of this project)"
    )


def path(args: argparse.Namespace) -> Path:
    """The plan that a command is about: the one that it names, else the project's newest."""
    return args.plan or newest(config.find_root())


def chosen(args: argparse.Namespace) -> Plan:
    """That plan, read."""
    return load(path(args))


def newest(root: Path) -> Path:
    """The plan of the report that was planned last."""
    plans = [file for file in root.glob(f"{BUILD}/*/plan.json") if file.is_file()]
    if not plans:
        raise UserError(f"{root}: no report has been planned yet; run `make report`, or name a plan with --plan")
    return max(plans, key=lambda file: (file.stat().st_mtime_ns, file))
