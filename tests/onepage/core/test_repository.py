"""The commit that a report is made from, wherever the project lies in whatever kind of repository."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from onepage.core import config, repository
from onepage.core.errors import UserError
from onepage.core.watch import Watch
from onepage.plan import surroundings
from onepage.tools import revision

IDENTITY = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "protocol.file.allow=always"]


def git(folder: Path, *words: str) -> str:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(["git", *IDENTITY, *words], cwd=folder, check=True, capture_output=True, text=True, env=clean)
    return done.stdout.strip()


def project(folder: Path) -> Path:
    """A project's files, nothing built."""
    (folder / "analysis").mkdir(parents=True)
    (folder / "analysis" / "q1.py").write_text("# %%\n")
    (folder / "pyproject.toml").write_text('[tool.onepage]\nscripts = "analysis"\n')
    return folder


def committed(folder: Path) -> str:
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "one")
    return git(folder, "rev-parse", "HEAD")


def told(root: Path) -> dict:
    return surroundings.commit(config.load(root), Watch())


def at_the_top(place: Path) -> tuple[Path, str]:
    root = project(place / "p")
    git(root, "init", "-q")
    return root, committed(root)


def in_a_subfolder(place: Path) -> tuple[Path, str]:
    root = project(place / "r" / "deep" / "p")
    git(place / "r", "init", "-q")
    return root, committed(place / "r")


def in_a_worktree(place: Path) -> tuple[Path, str]:
    root, commit = in_a_subfolder(place)
    git(root, "worktree", "add", "-q", "--detach", str(place / "w"))
    return place / "w" / "deep" / "p", commit


def as_a_submodule(place: Path) -> tuple[Path, str]:
    root, commit = at_the_top(place)
    (place / "outer").mkdir()
    git(place / "outer", "init", "-q")
    git(place / "outer", "submodule", "add", "-q", str(root), "sub")
    return place / "outer" / "sub", commit


def through_a_link(place: Path) -> tuple[Path, str]:
    root, commit = in_a_subfolder(place)
    (place / "link").symlink_to(root)
    return place / "link", commit


def with_a_space(place: Path) -> tuple[Path, str]:
    root = project(place / "a repo" / "my [project] é")
    git(place / "a repo", "init", "-q")
    return root, committed(place / "a repo")


def with_packed_refs(place: Path) -> tuple[Path, str]:
    root, commit = in_a_subfolder(place)
    git(root, "pack-refs", "--all")
    return root, commit


KINDS = [at_the_top, in_a_subfolder, in_a_worktree, as_a_submodule, through_a_link, with_a_space, with_packed_refs]


@pytest.mark.parametrize("made", KINDS)
@pytest.mark.parametrize("set_by", ["", "hook", "owner", "untracked"])
def test_the_commit_is_found_and_what_differs_from_it(
    made: Callable[[Path], tuple[Path, str]], set_by: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, commit = made(tmp_path)
    if set_by == "hook":  # git exports these to hooks of whichever repository they belong to
        other = project(tmp_path / "other")
        git(other, "init", "-q")
        monkeypatch.setenv("GIT_DIR", str(other / ".git"))
        monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git" / "index"))
    elif set_by == "owner":
        monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    elif set_by == "untracked":
        git(root, "config", "status.showUntrackedFiles", "no")
    assert told(root) == {"commit": commit, "dirty": False}
    (root / "notes.txt").write_text("not what the report is made of")
    assert told(root) == {"commit": commit, "dirty": False}
    (root / "analysis" / "q2.py").write_text("# %%\n")
    assert told(root) == {"commit": commit, "dirty": True}
    (root / "analysis" / "q2.py").unlink()
    (root / "analysis" / "q1.py").write_text("# %%\nx = 1\n")
    assert told(root) == {"commit": commit, "dirty": True}


def test_a_change_beside_a_project_in_a_subfolder_does_not_make_it_dirty(tmp_path: Path) -> None:
    root, commit = in_a_subfolder(tmp_path)
    (tmp_path / "r" / "analysis").mkdir()
    (tmp_path / "r" / "analysis" / "x.py").write_text("x")
    assert told(root) == {"commit": commit, "dirty": False}


def test_without_a_commit_without_git_and_without_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = project(tmp_path / "p")
    assert told(root) == {"commit": None, "dirty": False}
    git(root, "init", "-q")
    assert told(root)["why"] == "nothing is committed yet"
    assert told(root)["dirty"]
    committed(root)
    (root / ".git" / "HEAD").write_text("ref: refs/heads/\n")
    assert told(root)["commit"] is None
    monkeypatch.setenv("PATH", str(tmp_path))
    assert told(root)["why"] == "not known: git is not installed"


def test_a_project_that_the_repository_above_ignores_is_not_under_version_control(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("p/\n")
    root = project(tmp_path / "p")
    git(tmp_path, "init", "-q")
    committed(tmp_path)
    assert told(root) == {"commit": None, "dirty": False}


def test_a_bare_repository_with_its_work_tree_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = project(tmp_path / "home" / "p")
    git(tmp_path, "init", "-q", "--bare", "dots")
    where = ["--git-dir", str(tmp_path / "dots"), "--work-tree", str(tmp_path / "home")]
    git(tmp_path / "home", *where, "add", ".")
    git(tmp_path / "home", *where, "commit", "-qm", "one")
    assert told(root)["commit"] is None
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "dots"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path / "home"))
    assert told(root)["commit"] == git(tmp_path, "--git-dir", str(tmp_path / "dots"), "rev-parse", "HEAD")


@pytest.mark.parametrize("made", KINDS)
def test_a_commit_and_an_add_are_noticed(made: Callable[[Path], tuple[Path, str]], tmp_path: Path) -> None:
    root, _ = made(tmp_path)

    def states() -> list:
        watch = Watch()
        return [watch.file(path) for path in repository.watched(root)]

    before = states()
    (root / "analysis" / "q1.py").write_text("# %%\nx = 2\n")
    git(root, "add", "-u")
    added = states()
    git(root, "commit", "-qm", "two")
    assert before != added
    assert added != states()


def test_a_repository_made_above_later_is_noticed(tmp_path: Path) -> None:
    root = project(tmp_path / "r" / "p")
    watch = Watch()
    before = [watch.file(path) for path in repository.watched(root)]
    git(tmp_path / "r", "init", "-q")
    watch = Watch()
    assert before != [watch.file(path) for path in repository.watched(root)]


@pytest.mark.parametrize("made", [at_the_top, in_a_subfolder, in_a_worktree, with_a_space])
def test_a_revision_of_a_project_in_a_subfolder_is_built_there(
    made: Callable[[Path], tuple[Path, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, _ = made(tmp_path)
    folder, content = "reports/$(REPORT)", '{"values": {"store": {"value": "$(STORE)"}}}'
    (root / "Makefile").write_text(f"report:\n\tmkdir -p {folder}\n\techo '{content}' > {folder}/results.json\n")
    git(root, "add", "Makefile")
    git(root, "commit", "-qm", "two")
    monkeypatch.setenv("STORE", "elsewhere/store")
    side = revision.resolve("HEAD", root, {"report": "birds"})
    assert side.results["values"]["store"]["value"] == str((root / "elsewhere/store").resolve())
    with pytest.raises(UserError, match=r"there is no .* in it|did not succeed"):
        revision.resolve("HEAD~1", root, {"report": "birds"})


def test_a_revision_without_a_repository_says_so(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is in no git repository"):
        revision.resolve("HEAD~3", tmp_path, {})
