"""What observing costs: processor time of executions with and without the audit hook (see onepage/observing/hook.py).

    python benchmarks/bench_observer.py [--pairs 7]

Two scripts, each in a process of its own, alternately with the hook and without: one that imports what analyses import,
trains a small network and draws a figure, and one that does little but read 2000 small files.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import measured

from onepage.core.places import PACKAGE
from onepage.observing import children

ANALYSIS = """\
import matplotlib.pyplot as plt, numpy, sklearn.linear_model, torch
torch.manual_seed(0)
torch.set_num_threads(1)
net = torch.nn.Sequential(torch.nn.Conv1d(40, 72, 5), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool1d(1),
                          torch.nn.Flatten(), torch.nn.Linear(72, 6))
optimizer = torch.optim.AdamW(net.parameters())
for step in range(150):
    loss = torch.nn.functional.cross_entropy(net(torch.randn(32, 40, 150)), torch.randint(6, (32,)))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
plt.plot(range(9))
plt.savefig("figure.svg")
"""
READING = "for number in range(2000):\n    open(f'data/{number}.txt').read()\n"


def seconds(script: str, folder: Path, observed: bool) -> float:
    """Processor seconds of the script in a process of its own."""
    log = folder / "observed.log"
    log.unlink(missing_ok=True)
    (folder / "observe.json").write_text(json.dumps({"log": str(log), "root": str(folder), "ignore": []}))
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(PACKAGE.parent), children.CHILD])}
    environ |= {children.VARIABLE: str(folder / "observe.json")} if observed else {}
    before = os.times()
    subprocess.run([sys.executable, "-c", script], cwd=folder, env=environ, check=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def main() -> None:
    parser = measured.arguments(__doc__)
    parser.add_argument("--pairs", type=int, default=7)
    args = measured.parse(parser, pairs=1)
    with tempfile.TemporaryDirectory(prefix="onepage-bench-") as place:
        folder = Path(place)
        (folder / "data").mkdir()
        for number in range(2000):
            (folder / f"data/{number}.txt").write_text("1\n")
        for name, script in (("an analysis", ANALYSIS), ("2000 small files", READING)):
            pairs = [(seconds(script, folder, False), seconds(script, folder, True)) for _ in range(args.pairs)]
            plain, hooked = (statistics.median(side) for side in zip(*pairs, strict=True))
            spread = sorted(with_hook / without - 1 for without, with_hook in pairs)
            measured.tell(
                execution=name,
                plain_s=round(plain, 3),
                observed_s=round(hooked, 3),
                more=round(hooked / plain - 1, 4),
                least=round(spread[0], 4),
                most=round(spread[-1], 4),
            )


if __name__ == "__main__":
    main()
