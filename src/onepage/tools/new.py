"""`onepage new`: a first script that shows how an analysis is written."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from onepage.core import files, names
from onepage.core.config import find_root, load
from onepage.core.errors import UserError

_SCRIPT = """\
# ---
# jupyter:
#   jupytext:
#     comment_magics: false
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
#   onepage:
#     title: {title}
#     question: "{question}"
#     reads: [{reads}]
# ---

# %% [markdown]
# # {title}
#
# What is asked, and what you expect to see. Then one cell for each thing to show, and after it what it says.

# %%
import matplotlib.pyplot as plt
import numpy as np

from onepage import context, publish

# %% tags=["parameters"]
bins: int = 20  # bars in the histogram

# %% [markdown]
# ## First look
#
# Replace these made-up numbers by something read from `context.corpus()` or `context.runs("...")`: what is read has
# to stand under `reads` in the header.

# %% name="first-look"
numbers = np.random.default_rng(0).normal(size=500)
figure, axes = plt.subplots(figsize=(3.46, 1.6), layout="constrained")
axes.hist(numbers, bins=bins)
axes.set(xlabel="value", ylabel="count")
publish.figure(
    "{name}.first-look", figure, alt="Histogram of 500 numbers, highest in the middle", caption="A first look."
)

# %% [markdown]
# The numbers gather around their mean. What the report quotes is published under a name, never typed:
# `{{{{ {value} }}}}` in report.md.

# %% name="mean"
publish.value("{value}", float(numbers.mean()), n=len(numbers), about="mean of the numbers")
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", help="such as q6_name: letters, digits and _")
    parser.add_argument("--title", help="what its page is called (default: from the name)")


def main(args: argparse.Namespace) -> int:
    root = find_root()
    config = load(root)
    if not re.fullmatch(r"[a-z][a-z0-9_]*", args.name):
        raise UserError(f"{args.name!r}: a script's name is of a-z, 0-9 and _, and begins with a letter")
    path = root / config.scripts / f"{args.name}.py"
    names.check_script(args.name, config.scripts, [Path(package).name for package in config.code])
    question = re.match(r"q(\d+[a-z]?)_", args.name)
    words = args.name[question.end() :] if question else args.name
    text = _SCRIPT.format(
        title=args.title or words.replace("_", " ").capitalize(),
        question=question[1] if question else "",
        reads="corpus" if config.corpus.make else "",
        name=args.name.replace("_", "-"),
        value=f"{args.name}.mean",
    )
    shown = path.relative_to(root)
    files.create(path, text)
    print(f"{shown}: edit it, look at it with `make preview`, or run it with `python {shown}`")
    return 0
