"""The hand-in: what is packed, what is refused, and that it is the same bytes every time."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile

import pytest

from onepage import cli
from onepage.core.errors import UserError
from onepage.course import submission
from onepage.plan import planfile


def submit(project, capsys) -> tuple[int, str]:
    code = cli.main(["submission", "--plan", str(project.plan)])
    caught = capsys.readouterr()
    return code, caught.out + caught.err


def test_archive_holds_the_report_the_entry_and_the_code(project, capsys):
    code, out = submit(project, capsys)
    assert code == 0, out
    with zipfile.ZipFile(project.root / "group_7.zip") as archive:
        names = archive.namelist()
        runs = json.loads(archive.read("group_7/runs.json"))
        assert archive.read("group_7/report.pdf") == (project.out / "report.pdf").read_bytes()
        archive.extractall(project.root / "unpacked")
    assert sorted(names) == names
    assert names == [
        f"group_7/{name}"
        for name in ("analysis/train.py", "analysis/weights.py", "predict.py", "report.pdf",
                     "reports/page/appendix.md", "reports/page/report.md", "runs.json")
    ]  # fmt: skip
    assert runs["runs"]["net-s0"] == {"row": "net", "seed": 0, "parameters": {"epochs": 14}}
    entry = project.root / "unpacked" / "group_7" / "predict.py"
    assert subprocess.run([sys.executable, str(entry)], capture_output=True, text=True).stdout == "0,heavy\n"


def test_archive_is_the_same_bytes_every_time(project, capsys):
    made = []
    for _ in range(2):
        assert submit(project, capsys)[0] == 0
        path = project.root / "group_7.zip"
        made.append(path.read_bytes())
        path.unlink()
    assert made[0] == made[1]


def test_nothing_is_written_when_the_check_falls_short(project, capsys):
    path = project.page / "report.md"
    path.write_text(
        path.read_text(encoding="utf-8").replace("It is trained", "In 3 hours it is trained"), encoding="utf-8"
    )
    code, out = submit(project, capsys)
    assert code == 1
    assert '"3" is typed by hand' in out
    assert "nothing was written" in out
    assert not list(project.root.glob("group_*.zip*"))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("analysis/weights.npz", b"x", "data, weights and build products are not handed in"),
        ("analysis/big.py", b"#" * 2_000_001, "bytes are too much for code"),
        ("analysis/report.pdf", b"x", None),
    ],
)
def test_what_does_not_belong_is_refused(project, name, content, said):
    (project.root / name).write_bytes(content)
    brief = project.page / "brief.toml"
    brief.write_text(brief.read_text(encoding="utf-8").replace('"analysis/*.py"', '"analysis/*"'), encoding="utf-8")
    if said is None:
        submission.write(planfile.load(project.plan))
        return
    with pytest.raises(UserError, match=said):
        submission.write(planfile.load(project.plan))


def test_absolute_paths_are_refused_by_line(project):
    (project.root / "analysis" / "train.py").write_text(f"import os\nDATA = '{project.root}/data'\n")
    with pytest.raises(UserError, match=re.escape("analysis/train.py:2: names a folder of this machine")):
        submission.write(planfile.load(project.plan))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("reports/page/predict.py", "predict.py", "the entry script predict.py does not exist"),
        ('"analysis/*.py"', '"nowhere/*.py"', "no file matches nowhere"),
    ],
)
def test_a_wrong_hand_in_table_is_explained(project, old, new, said):
    brief = project.page / "brief.toml"
    brief.write_text(brief.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(UserError, match=said):
        submission.write(planfile.load(project.plan))
