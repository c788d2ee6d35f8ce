"""Whatever happens to any file that a build leaves, the next make gives the undisturbed bytes, or refuses in one line.

Which files there are is found by walking the built tree, so that a new one is tried as soon as there is one.
"""

from __future__ import annotations

import random
import time
from pathlib import Path

import damage
import engine_project as example
import pytest
import tally

VOLATILE = ("timing.json", "timing.js")  # what differs from build to build
HARMS = [how for how in damage.HARMS if how != "unreadable" or example.HELD_TO_PERMISSIONS]


class Scene:
    """A built project, harmed and made again in one place, over and over."""

    def __init__(self, project: example.Project) -> None:
        self.project = project
        project.make("report")
        project.make("report")  # what the first one left is old enough to be told apart now
        self.good = self.results()

    def names(self) -> list[str]:
        """Every file that a build leaves, but for marks that say which process was here."""
        root = self.project.root
        found = [path for top in ("build", "reports/dice-quick") for path in (root / top).rglob("*") if path.is_file()]
        passing = ("announced-", "lock")  # a make's own marks, which the next one replaces
        return sorted(p.relative_to(root).as_posix() for p in found if not p.name.startswith(passing))

    def results(self) -> dict[str, bytes]:
        """The report and the store."""
        root = self.project.root
        tops = (root / "reports" / "dice-quick", root / "build" / "store")
        paths = [path for top in tops for path in top.rglob("*") if path.is_file() and path.name not in VOLATILE]
        paths = [path for path in paths if path.parent.name != "uses"]  # which results are needed, for gc alone
        return {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}

    def survives(self, name: str, how: str, chance: random.Random) -> None:
        """Harm a file and make the report again."""
        path = self.project.path(name)
        content, mode = path.read_bytes(), path.stat().st_mode
        time.sleep(0.06)
        if not damage.harm(path, how, chance):
            return
        tally.count(f"files of a build, {how}")
        try:
            self._survives(path, content, mode, f"{name}, {how}")
        finally:
            if not path.is_file() or path.read_bytes() != content:  # a mark that is not written again; a failed test
                damage.mend(path, content)
            path.chmod(mode)

    def _survives(self, path: Path, content: bytes, mode: int, what: str) -> None:
        name = path.relative_to(self.project.root).as_posix()
        made = self.project.make("report", ok=None)
        said = made.stdout + made.stderr
        assert "Traceback" not in said, f"{what}\n{said}"
        if made.returncode:  # refused, and it is for a person to move what is in the way
            first = made.stderr.splitlines()[0]
            assert first.startswith("onepage ") or "; move it away.  Stop." in first, f"{what}\n{said}"
            assert name in first or path.parent.name in first, f"{what}\n{said}"
            damage.mend(path, content)
            path.chmod(mode)
            self.project.make("report")
        now = self.results()
        changed = {each for each in {*self.good, *now} if self.good.get(each) != now.get(each)}
        assert changed <= {name} if path.name == ".onepage" else not changed, f"{what}: {changed}\n{said}"
        assert self.project.leftovers() == [], what


@pytest.fixture(scope="module")
def scene(built_dice: example.Project, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return Scene(built_dice.copied(tmp_path_factory.mktemp("harmed") / "dice"))


def _place(name: str) -> tuple[str, ...]:
    """What kind of file it is: one of each is tried in the gate."""
    parts = Path(name).parts
    return (parts[1], parts[-1]) if parts[1] == "store" else parts[:3]


def test_a_sample_of_harms(scene: Scene) -> None:
    """One of each kind of place, as many as there is time for, in an order drawn for this run."""
    chance = random.Random(11)
    names = scene.names()
    kinds = {_place(name): name for name in chance.sample(names, len(names))}
    started = time.monotonic()
    for name in chance.sample(sorted(kinds.values()), len(kinds))[:14]:
        scene.survives(name, chance.choice(HARMS), chance)
        if time.monotonic() - started > 12:
            break


@pytest.mark.long
@pytest.mark.parametrize("how", HARMS)
def test_every_harm_to_every_file(scene: Scene, how: str) -> None:
    chance = random.Random(how)
    for name in scene.names():
        if scene.project.path(name).is_file():
            scene.survives(name, how, chance)
