"""What slips into a hand-in, and what still has to be written before there is one."""

from __future__ import annotations

import re
import subprocess
import zipfile

import pytest

from onepage import cli
from onepage.core.errors import UserError
from onepage.course import handed_in, submission
from onepage.plan import planfile

SLIPPED_IN = [
    ".DS_Store", ".env", ".env.local", ".report.md.swp", "report.md~", "._report.md", "Thumbs.db", "thumbs.db",
    "report (conflicted copy).md", "report (Ada's conflicted copy 2024-01-02).md", "report (1).md", "report copy.md",
    "Copy of report.md", "report.sync-conflict-20240102-030405-ABCDEFG.md", "#report.md#", ".#report.md",
    "report.md.orig",
    "report.md.bak", "report.md.rej", "report.md.tmp", "desktop.ini", "Desktop.ini", ".netrc", "id_rsa", "id_rsa.pub",
    "id_ed25519", "server.pem", "private.key", "cert.p12", "secrets.toml", "credentials.json", ".git-credentials",
    ".gitignore", ".python-version", ".ipynb_checkpoints/a.md", ".git/config", "__pycache__/a.pyc", ".idea/x.xml",
    ".vscode/settings.json", ".venv/lib.py", "node_modules/x/y.md", "__MACOSX/report.md", ".hidden/report.md",
    "pebbles.egg-info/PKG-INFO", "~$report.docx", "run.log", "nohup.out", "report.md.part",
]  # fmt: skip
KEPT = ["report.md", "notes.md", "theme/page.css", "copy.py", "secrets.py", "q1_copy.py", "a b.md", "résumé.md",
        "keys.py", "logs.py", "core.py", "tokens.md", "group.toml"]  # fmt: skip


def submit(project, capsys) -> tuple[int, str]:
    code = cli.main(["submission", "--plan", str(project.plan)])
    caught = capsys.readouterr()
    return code, caught.out + caught.err


def include_all(project, pattern: str = "reports/page/**/*") -> None:
    brief = project.page / "brief.toml"
    brief.write_text(brief.read_text(encoding="utf-8").replace('"reports/page/*.md"', f'"{pattern}"'), encoding="utf-8")


def git(project, *words: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run(["git", *identity, *words], cwd=project.root, check=True, capture_output=True)


@pytest.mark.parametrize("versioned", [False, True])
def test_what_slipped_in_is_left_out_and_told(project, capsys, versioned) -> None:
    include_all(project)
    for name in SLIPPED_IN + KEPT:
        path = project.page / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.write_text("x = 1\n")
    if versioned:  # even if git tracks them
        subprocess.run(["rm", "-r", str(project.page / ".git")], check=True)
        git(project, "init", "-q")
        git(project, "add", "-f", "reports/page", "analysis")
    code, out = submit(project, capsys)
    assert code == 0, out
    with zipfile.ZipFile(project.root / "group_7.zip") as archive:
        names = {name.removeprefix("group_7/") for name in archive.namelist()}
    assert {f"reports/page/{name}" for name in KEPT} <= names
    for name in SLIPPED_IN:
        assert f"reports/page/{name}" not in names, name
        folders = set(name.split("/")[:-1])
        if not folders & handed_in.PRODUCTS:
            assert f"left out: reports/page/{name} (" in out, name


def test_only_what_git_tracks_goes_in_and_the_rest_is_told(project, capsys) -> None:
    git(project, "init", "-q")
    git(project, "add", "analysis/train.py", "analysis/weights.py", "reports/page/report.md")
    (project.root / "analysis" / "scratch.py").write_text("x = 1\n")
    code, out = submit(project, capsys)
    assert code == 0, out
    with zipfile.ZipFile(project.root / "group_7.zip") as archive:
        names = archive.namelist()
    assert "group_7/analysis/scratch.py" not in names
    assert "group_7/predict.py" in names, "the entry is named, tracked or not"
    assert "left out: analysis/scratch.py (git does not track it)" in out
    first = (project.root / "group_7.zip").read_bytes()
    assert submit(project, capsys)[0] == 0
    assert (project.root / "group_7.zip").read_bytes() == first


def test_links_to_outside_stay_out(project, capsys, tmp_path) -> None:
    include_all(project)
    secret = tmp_path / "secret.md"
    secret.write_text("secret")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "other.md").write_text("secret")
    (project.page / "link.md").symlink_to(secret)
    (project.page / "broken.md").symlink_to(tmp_path / "nowhere")
    (project.page / "theme").symlink_to(tmp_path / "folder")
    (project.page / "inside.md").symlink_to(project.page / "appendix.md")
    code, out = submit(project, capsys)
    assert code == 0, out
    assert "left out: reports/page/link.md (a link to outside the project)" in out
    with zipfile.ZipFile(project.root / "group_7.zip") as archive:
        assert not any(archive.read(name) == b"secret" for name in archive.namelist())
        assert "group_7/reports/page/inside.md" in archive.namelist()


def test_a_pattern_that_matches_only_leftovers_says_so(project) -> None:
    include_all(project, "reports/page/*.bak")
    (project.page / "report.md.bak").write_text("x")
    with pytest.raises(
        UserError, match=r"no file matches reports/page/\*\.bak but reports/page/report\.md\.bak \(an ed"
    ):
        submission.write(planfile.load(project.plan))


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("group.toml", 'id = "7"', 'id = "7"\nplaceholder = true', [r"group.toml:3: delete", r"group.toml:6: "]),
        ("group.toml", '"Li #1 [Wei]"', '"Alex Placeholder"', [r'group.toml:14: "Alex Placeholder": write']),
        ("group.toml", '"Li #1 [Wei]"', '"Your Name"', [r'"Your Name": write a member']),
        ("group.toml", '"Li #1 [Wei]"', '"Member 3"', [r'"Member 3": write']),
        ("group.toml", '"Li #1 [Wei]"', '"TODO"', [r'"TODO": write']),
        ("group.toml", "measured what a guess is worth", "TODO say what it was", [r"group.toml:15: write what Li"]),
        ("appendix.md", "# ", "TODO: a figure\n\n# ", [r'reports/page/appendix.md:\d+: "TODO" is still']),
    ],
)  # fmt: skip
def test_what_is_still_to_be_written_is_named_by_line_and_nothing_is_handed_in(
    project, capsys, file, old, new, said
) -> None:
    path = project.page / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    code, out = submit(project, capsys)
    assert code == 1
    for line in said:
        assert re.search(line, out), out
    assert "nothing was written" in out
    assert not list(project.root.glob("group_*.zip*"))
