"""Whatever an execution reads is seen, however it reads it, and joins the inputs of its result."""

from __future__ import annotations

import json
import os
import py_compile
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
from ways_of_reading import MODULES, NATIVE, TEXT

from onepage.core.errors import CheckFailed
from onepage.execute import environ
from onepage.observing import children, observations
from onepage.scripts.behaviour import SourceCache


class Watched:
    """A small project in which a script is executed under observation, without the rest of the pipeline."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in ("analysis", "data", "src/mine", "reports/page", "private"):
            (root / name).mkdir(parents=True)
        (root / "pyproject.toml").write_text('[tool.onepage]\ncode = ["src/mine"]\n')
        (root / "src/mine/__init__.py").write_text("")
        (root / "data/in put.txt").write_text("3\n")

    def run(self, code: str, *arguments: str) -> observations.Log:
        script = self.root / "analysis" / "script.py"
        script.write_text(code)
        log = self.root / "private" / "log"
        log.unlink(missing_ok=True)
        state = {"root": str(self.root), "script": "analysis/script.py", "reads": []}
        (self.root / "private/context.json").write_text(json.dumps(state))
        settings = {
            "log": str(log),
            "root": str(self.root),
            "ignore": [str(self.root / "private"), str(self.root / "build")],
        }
        (self.root / "private/observe.json").write_text(json.dumps(settings))
        variables = environ.environ(self.root)
        variables |= {children.VARIABLE: str(self.root / "private/observe.json")}
        variables |= {"ONEPAGE_CONTEXT": str(self.root / "private/context.json")}
        command = [sys.executable, str(script), *arguments]
        done = subprocess.run(command, cwd=script.parent, env=variables, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return observations.parse(log.read_text(), self.root)

    def inputs(self, log: observations.Log) -> observations.Observed:
        states = observations.States(self.root, SourceCache(self.root, self.root / "private/cache.json"))
        return observations.inputs(log, states, set(), lambda path: None, "analysis/script.py")

    def states(self) -> observations.States:
        return observations.States(self.root, SourceCache(self.root, self.root / "private/cache.json"))


@pytest.fixture
def project(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


def in_a_module(project: Watched, how: str) -> str:
    body = "import os\ndef read(path):\n" + textwrap.indent(how, "    ")
    (project.root / "src/mine/reader.py").write_text(body)
    return "from mine import reader\nif __name__ != '__mp_main__':\n    reader.read('../data/in put.txt')\n"


def in_a_script(project: Watched, how: str) -> str:
    return f"import os\npath = '../data/in put.txt'\n{how}\n"


@pytest.mark.parametrize("place", [in_a_script, in_a_module])
@pytest.mark.parametrize("how", TEXT)
def test_a_file_is_an_input_however_it_is_read(project: Watched, how: str, place: object) -> None:
    found = project.inputs(project.run(place(project, TEXT[how])))
    names = {"context.file of a folder": {"tree:data"}, "context.file": {"tree:data/in put.txt"}}
    for name in names.get(how, {"file:data/in put.txt"}):
        assert name in found
        (project.root / "data/in put.txt").write_text("4\n")
        assert project.states()[name] != found[name]


def put(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def relink(link: Path, target: str) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(target)


# what is not content: (before the run, code, what changes)
ELSE = {
    "a link is read": (
        lambda root: relink(root / "data/now", "v1"),
        "import os\nos.readlink('../data/now')",
        lambda root: relink(root / "data/now", "v2"),
    ),
    "a link to a folder is resolved": (
        lambda root: [put(root / "data/v1/n", "1"), put(root / "data/v2/n", "2"), relink(root / "data/now", "v1")],
        "import os\nopen(os.path.realpath('../data/now/n')).read()",
        lambda root: relink(root / "data/now", "v2"),
    ),
    "up from where a link leads": (
        lambda root: [put(root / "a/b/c/x", ""), put(root / "a/b/n", "1"), relink(root / "data/now", "../a/b/c")],
        "open('../data/now/../n').read()",
        lambda root: put(root / "a/b/n", "2"),
    ),
    "sizes in a listing": (
        lambda root: put(root / "data/n", "1"),
        "import os\nsum(entry.stat().st_size for entry in os.scandir('../data'))",
        lambda root: put(root / "data/n", "22"),
    ),
    "a file becomes a folder": (
        lambda root: put(root / "data/n", "1"),
        "import os\nlist(os.walk('../data'))",
        lambda root: [(root / "data/n").unlink(), (root / "data/n").mkdir()],
    ),
    "a listing by descriptor": (
        lambda root: None,
        "import os\nos.listdir(os.open('../data', os.O_RDONLY))",
        lambda root: put(root / "data/n", "1"),
    ),
    "what SQLite has not merged yet": (
        lambda root: put(root / "data/n.db", ""),
        "import sqlite3\nsqlite3.connect('../data/n.db')",
        lambda root: put(root / "data/n.db-wal", "1"),
    ),
    "a module that is not there": (
        lambda root: None,
        "try:\n    import local_settings\nexcept ImportError:\n    pass",
        lambda root: put(root / "src/local_settings.py", "x = 1\n"),
    ),
    "a package that is not there": (
        lambda root: None,
        "try:\n    import local_settings\nexcept ImportError:\n    pass",
        lambda root: put(root / "analysis/local_settings/__init__.py", "x = 1\n"),
    ),
    "a module that is looked for": (
        lambda root: None,
        "import importlib.util\nimportlib.util.find_spec('mine.' + 'late')",
        lambda root: put(root / "src/mine/late.py", "x = 1\n"),
    ),
    "a module that hides another": (
        lambda root: put(root / "lib/tool.py", "x = 1\n"),
        "import sys\nsys.path.append('../lib')\nimport tool\nfrom onepage.observing import hook\nhook.reach_end()",
        lambda root: put(root / "src/tool.py", "x = 2\n"),
    ),
    "a namespace that becomes a package": (
        lambda root: put(root / "src/space/one.py", "x = 1\n"),
        "import space.one\nfrom onepage.observing import hook\nhook.reach_end()",
        lambda root: put(root / "src/space/__init__.py", "x = 2\n"),
    ),
    "a module that is no UTF-8": (
        lambda root: [(root / "lib").mkdir(), (root / "lib/tool.py").write_bytes(b"# coding: latin-1\nx = '\xe9'\n")],
        "import sys\nsys.path.append('../lib')\nimport tool",
        lambda root: (root / "lib/tool.py").write_bytes(b"# coding: latin-1\nx = '\xe8'\n"),
    ),
    "a compiled module without source": (
        lambda root: [put(root / "t.py", "x = 1\n"), py_compile.compile(root / "t.py", root / "lib/tool.pyc")],
        "import sys\nsys.path.append('../lib')\nimport tool",
        lambda root: [put(root / "t.py", "x = 2\n"), py_compile.compile(root / "t.py", root / "lib/tool.pyc")],
    ),
    "a name that is no text": (
        lambda root: Path(os.fsdecode(os.fsencode(root) + b"/data/\xff\n")).write_text("1"),
        "open(b'../data/\\xff\\n').read()",
        lambda root: Path(os.fsdecode(os.fsencode(root) + b"/data/\xff\n")).write_text("2"),
    ),
    "a child of a project with a sitecustomize": (
        lambda root: put(root / "src/sitecustomize.py", "open('../data/in put.txt').read()\n"),
        "import subprocess, sys\nsubprocess.run([sys.executable, '-c', '1'])",
        lambda root: put(root / "data/in put.txt", "4\n"),
    ),
    "a script of ours, started in another folder": (
        lambda root: [
            put(root / "tools/t.py", f"#!{sys.executable}\nopen('../data/in put.txt').read()\n"),
            (root / "tools/t.py").chmod(0o755),
        ],
        "import subprocess\nsubprocess.run(['./t.py'], cwd='../tools', check=True)",
        lambda root: put(root / "data/in put.txt", "4\n"),
    ),
}


@pytest.mark.parametrize("what", ELSE)
def test_whatever_else_a_result_can_hang_on_is_noticed(project: Watched, what: str) -> None:
    prepare, code, change = ELSE[what]
    prepare(project.root)
    log = project.run(code)
    before = project.inputs(log)
    assert log.runs == []
    assert project.states().of(before) == before
    change(project.root)
    assert project.states().of(before) != before


def test_where_a_module_lies_is_not_what_it_says(project: Watched) -> None:
    module = "from pathlib import Path\nHERE = Path(__file__).resolve().parent\n"
    (project.root / "src/mine/place.py").write_text(module)
    before = project.inputs(project.run("import mine.place"))
    (project.root / "src/mine/place.py").write_text(f"# a comment\n{module}")
    assert project.states().of(before) == before


def test_what_comes_into_a_folder_of_its_own_is_no_input(project: Watched) -> None:
    for end in ("", "import shutil\nshutil.rmtree(own)\n"):
        code = "import os, subprocess, tempfile\nown = tempfile.mkdtemp()\n"
        code += "subprocess.run(['cp', '../data/in put.txt', f'{own}/x'])\nos.listdir(own)\nopen(f'{own}/x').read()\n"
        found = project.inputs(project.run(code + end))
        assert {name for name in found if name.startswith(("file:..", "list:", "sizes:"))} == set()
        assert "file:data/in put.txt" in found
    found = project.inputs(
        project.run("import os\nos.makedirs('../data', exist_ok=True)\nopen('../data/in put.txt').read()")
    )
    assert "file:data/in put.txt" in found  # there before


def test_libraries_that_open_files_outside_python_are_seen(project: Watched) -> None:
    """All in one process, since importing them takes seconds."""
    onnx = pytest.importorskip("onnx")
    node = onnx.helper.make_node("Identity", ["x"], ["y"])
    ends = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1]) for name in "xy"]
    graph = onnx.helper.make_graph([node], "g", ends[:1], ends[1:])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    (project.root / "model.onnx").write_bytes(model.SerializeToString())
    head = """
        import ctypes, os, shutil, sys
        import matplotlib.pyplot, numpy, onnxruntime, scipy.io.wavfile, soundfile, torch
        import safetensors, safetensors.numpy, safetensors.torch
        def try_(function, *args):
            try:
                return function(*args)
            except OSError:
                return None
    """
    lines = textwrap.dedent(head).splitlines()
    for number, (make, read) in enumerate(NATIVE.values()):
        do = {"make": make, "read": read}
        lines += [f"path = '../data/{number}.bin'", f"if 'make' in sys.argv: {do['make']}", f"else: {do['read']}"]
    made = project.inputs(project.run("\n".join(lines), "make"))
    assert [name for name in made if name.endswith(".bin")] == []  # what it writes itself is no input
    read = project.inputs(project.run("\n".join(lines)))
    missed = [how for number, how in enumerate(NATIVE) if f"file:data/{number}.bin" not in read]
    assert missed == []


@pytest.mark.parametrize("how", MODULES)
def test_code_is_an_input_however_it_is_loaded(project: Watched, how: str) -> None:
    name, code = MODULES[how]
    file = project.root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.suffix == ".py" and file.parent.name != "lib":
        (file.parent / "__init__.py").touch()
    file.write_text("x = 1\n")
    before = project.inputs(project.run(code))
    assert {f"code:{name}", f"file:{name}"} & set(before)
    file.write_text("x = 2\n")
    after = project.states()
    assert any(
        after[f"{kind}:{name}"] != before.get(f"{kind}:{name}", after[f"{kind}:{name}"]) for kind in ("code", "file")
    )
    if f"code:{name}" in before and f"file:{name}" not in before:
        file.write_text("# a comment\nx = 1\n")
        assert project.states()[f"code:{name}"] == before[f"code:{name}"]


@pytest.mark.parametrize(
    "how",
    [
        "import glob\nglob.glob('../data/*.txt')",
        "import os\nos.listdir('../data')",
        "import pathlib\nlist(pathlib.Path('../data').iterdir())",
        "import pathlib\nlist(pathlib.Path('..').rglob('*.txt'))",
        "import os\nlist(os.walk('../data'))",
        "from onepage import context\ncontext.file('data')",
        "import os\nos.path.exists('../data/new.txt')",
        "import pathlib\npathlib.Path('../data/new.txt').is_file()",
        "try:\n    open('../data/new.txt')\nexcept OSError:\n    pass",
    ],
)
def test_a_file_that_comes_into_being_is_noticed(project: Watched, how: str) -> None:
    before = project.inputs(project.run(how))
    assert project.states().of(before) == before
    (project.root / "data/new.txt").write_text("5\n")
    assert project.states().of(before) != before
    (project.root / "data/new.txt").unlink()
    (project.root / "data/.new.txt.swp").write_text("an editor's")
    assert project.states().of(before) == before


@pytest.mark.parametrize(
    "code",
    [
        "open('own.txt', 'w').write('1')\nopen('own.txt').read()",
        "import os\nif os.path.exists('own.txt'): open('own.txt').read()\nopen('own.txt', 'w').write(str(os.getpid()))",
        "import pathlib\np = pathlib.Path('own.txt')\np.write_text('1')\np.read_text()\np.unlink()",
        "import os\nopen('own.tmp', 'w').write('1')\nos.replace('own.tmp', 'own.txt')\nopen('own.txt').read()",
        "import numpy\nnumpy.save('own.npy', numpy.zeros(3))\nnumpy.load('own.npy')",
        "import os\nos.makedirs('own', exist_ok=True)\nopen('own/x', 'w').write('1')\nopen('own/x').read()",
        "import shelve\nwith shelve.open('own') as s: s['x'] = s.get('x', 0) + 1",
        "import sqlite3, os\nc = sqlite3.connect('own.db')\nc.execute('create table if not exists t (a)')\n"
        "c.execute('insert into t values (?)', (os.getpid(),))\nc.commit()",
        "open('own.log', 'a').write('x')\nopen('own.log').read()",
    ],
)
def test_what_an_execution_writes_is_no_input(project: Watched, code: str) -> None:
    for _ in range(2):
        found = project.inputs(project.run(code))
        assert not [name for name, state in found.items() if "own" in name and state != observations.ABSENT], found


def test_what_libraries_and_messages_look_at_is_no_input(project: Watched) -> None:
    (project.root / "src/mine/warns.py").write_text("import warnings\ndef f():\n    warnings.warn('careful')\n")
    found = project.inputs(project.run("import matplotlib.pyplot, torch, mine.warns\nmine.warns.f()\n"))
    assert {name for name in found if not name.startswith("code:")} <= {"file:analysis/script.py"}


def test_a_file_that_changes_while_it_is_read_is_refused(project: Watched) -> None:
    log = project.run("open('../data/in put.txt').read()")
    (project.root / "data/in put.txt").write_text("more than before\n")
    with pytest.raises(CheckFailed, match=r"data/in put.txt changed while it was being read"):
        project.inputs(log)


@pytest.mark.parametrize(
    ("code", "program"),
    [
        ("import subprocess\nsubprocess.run(['cat', '../data/in put.txt'])", "cat"),
        ("import subprocess\nsubprocess.check_output('cat ../data/*', shell=True)", "sh"),
        ("import os\nos.system('cat ../data/*')", "sh"),
        ("import os\nos.popen('cat ../data/*').read()", "sh"),
        ("import os\nos.spawnlp(os.P_WAIT, 'cat', 'cat', '/dev/null')", "cat"),
        ("import os\nos.waitpid(os.posix_spawnp('cat', ['cat', '/dev/null'], os.environ), 0)", "cat"),
        ("import asyncio\nasyncio.run(asyncio.create_subprocess_exec('true'))", "true"),
        ("import subprocess, sys\nsubprocess.run([sys.executable, '-I', '-c', '1'])", os.path.basename(sys.executable)),
        (
            "import subprocess, sys\nsubprocess.run([sys.executable, '-W', 'ignore', '-I', '-c', '1'])",
            os.path.basename(sys.executable),
        ),
        (
            "import subprocess, sys\nsubprocess.run([sys.executable, '-c', '1'], env={})",
            os.path.basename(sys.executable),
        ),
    ],
)
def test_a_program_that_cannot_be_observed_has_to_be_declared(project: Watched, code: str, program: str) -> None:
    log = project.run(code)
    with pytest.raises(CheckFailed, match=rf"analysis/script.py.*starts `.*what {program} reads cannot be seen"):
        observations.require_declared(log, set(), "analysis/script.py", "the header")
    observations.require_declared(log, {program}, "analysis/script.py", "the header")
    if "in put" in code:
        assert "file:data/in put.txt" in project.inputs(log)  # named on its command line


def test_threads_that_read_at_the_same_time_are_all_seen(project: Watched) -> None:
    for number in range(400):
        (project.root / f"data/{number}.txt").write_text("1\n")
    code = """
        import concurrent.futures
        def read(number):
            return open(f"../data/{number}.txt").read()
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            list(pool.map(read, range(400)))
    """
    found = project.inputs(project.run(textwrap.dedent(code)))
    assert sum(name.startswith("file:data/") for name in found) == 400


def test_the_way_to_what_is_not_observed_is_no_input(project: Watched) -> None:
    """As where a path below the store is resolved, which looks at every folder above it."""
    (project.root / "private/deep/x").mkdir(parents=True)
    code = "import os, pathlib\nfor p in ('../private/deep/x', '..'):\n    pathlib.Path(p).resolve()\n"
    found = project.inputs(project.run(code + "print(os.path.realpath('../build/cache'))\n"))
    assert [name for name in found if not name.startswith("file:analysis")] == []


def test_what_could_not_be_written_down_does_not_pass_for_not_read(project: Watched) -> None:
    code = """
        import resource, signal
        from onepage.observing import hook
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300))
        for number in range(9):
            open("../data/in put.txt").read()
            open("../pyproject.toml").read()
            open("../src/mine/__init__.py").read()
        try:
            hook.reach_end()
        except OSError as error:
            assert "could not be written down" in str(error)
        else:
            raise SystemExit("passed in silence")
    """
    project.run(textwrap.dedent(code))
