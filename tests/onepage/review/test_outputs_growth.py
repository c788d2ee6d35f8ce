"""Long outputs: the time that they cost grows no faster than they do, and a page shows a limited part and says so."""

from __future__ import annotations

import base64
import sys
import time
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from outputs_shown import Shown, bundle, stream

from onepage.execute import notebooks
from onepage.review import bundles, sanitised

PATHS = {"/srv/project/files": "files", "/srv/project": ".", "/root": "~"}
SMALL = 40_000  # pieces' characters; the large one is four times that
SLACK = 0.25  # seconds that are never held against anything

OUTPUTS: dict[str, Callable[[int], list[dict]]] = {
    "one long line": lambda n: [stream("x" * n)],
    "floats in one line": lambda n: [stream(str([k / 7 for k in range(n // 20)]))],
    "lines": lambda n: [stream("step 1: 0.5\n" * (n // 12))],
    "carriage returns": lambda n: [stream("\r 10%" * (n // 5))],
    "only carriage returns": lambda n: [stream("\r" * n)],
    "colours": lambda n: [stream("\x1b[31mx\x1b[0m" * (n // 10))],
    "open colours": lambda n: [stream("\x1b[31" * (n // 4))],
    "many small streams": lambda n: [stream("x\n", ("stdout", "stderr")[k % 2]) for k in range(n // 20)],
    "paths": lambda n: [stream("/srv/project/a /root/b " * (n // 24))],
    "almost paths": lambda n: [stream("/srv/project" * (n // 13))],
    "names of kernels": lambda n: [stream("ipykernel_1/" * (n // 12)), stream("x" * n + "ipykernel_1/1.py")],
    "addresses": lambda n: [stream("at 0x" * (n // 5))],
    "spaces": lambda n: [stream(" " * n + "x")],
    "binary": lambda n: [stream((bytes(range(256)) * (n // 256)).decode("latin-1"))],
    "a long repr": lambda n: [bundle(text_plain="[" * n)],
    "a nested repr": lambda n: [bundle(text_plain="(" * (n // 2) + ")" * (n // 2))],
    "a table": lambda n: [bundle(text_html=f"<table>{'<tr><td>1</td><td>2</td></tr>' * (n // 29)}</table>")],
    "styled cells": lambda n: [
        bundle(text_html="".join(f'<td style="width:{k}px" id=c{k}>1</td>' for k in range(n // 40)))
    ],
    "a style sheet": lambda n: [bundle(text_html=f"<style>{'.a{color:red}' * (n // 13)}</style><p class=a>x</p>")],
    "open brackets": lambda n: [bundle(text_html="<" * n)],
    "open comments": lambda n: [bundle(text_html="<!--" * (n // 4))],
    "open tags": lambda n: [bundle(text_html="<div>" * (n // 5))],
    "open tables": lambda n: [bundle(text_html="<table><td>" * (n // 11))],
    "open formats": lambda n: [bundle(text_html="".join(f"<b id={k}>" for k in range(n // 12)))],
    "open styles": lambda n: [bundle(text_html="<style>" * (n // 7))],
    "open drawings": lambda n: [bundle(text_html="<svg>" * (n // 5))],
    "drawings": lambda n: [bundle(text_html="<svg></svg>" * (n // 220))],
    "open attributes": lambda n: [bundle(text_html="<p a" + "='" * (n // 2))],
    "styles in a tag": lambda n: [bundle(text_html="<p " + ' style="' * (n // 8))],
    "entities": lambda n: [bundle(text_html="&" * n)],
    "data in HTML": lambda n: [bundle(text_html=f'<img src="data:image/png;base64,{"A" * n}">')],
    "starts of data": lambda n: [bundle(text_html="data:image/png;" * (n // 15))],
    "nested declarations": lambda n: [bundle(text_html=f'<p style="color:{"(" * n}">x')],
    "a drawing": lambda n: [bundle(image_svg=f"<svg xmlns='http://www.w3.org/2000/svg'>{'<g/>' * (n // 4)}</svg>")],
    "no drawing": lambda n: [bundle(image_svg="<svg" * (n // 4))],
    "a picture": lambda n: [bundle(image_png=base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(n)).decode())],
    "JSON": lambda n: [bundle(application_json=list(range(n // 8)))],
    "Markdown": lambda n: [bundle(text_markdown="- a\n" * (n // 4))],
    "brackets in Markdown": lambda n: [bundle(text_markdown="[" * n)],
    "long LaTeX": lambda n: [bundle(text_latex="$" * n)],
    "a traceback": lambda n: [
        {"output_type": "error", "ename": "E", "evalue": "x" * n, "traceback": ["\x1b[31mx\x1b[0m" * (n // 10)]}
    ],
    "many outputs": lambda n: [bundle(text_plain=f"{k}") for k in range(n // 20)],
}  # fmt: skip


def cost(outputs: list[dict]) -> float:
    """Seconds from a kernel's outputs to the page: cleaned for the store, then drawn."""
    cell = nbformat.v4.new_code_cell("x")
    cell.outputs = [nbformat.from_dict(output) for output in outputs]
    notebook = nbformat.v4.new_notebook(cells=[cell])
    started = time.process_time()
    cleaned = notebooks.normalised(notebook, PATHS)
    Shown(*cleaned.cells[0].outputs)
    return time.process_time() - started


@pytest.mark.parametrize("kind", OUTPUTS)
def test_four_times_the_output_costs_about_four_times_the_time(kind: str) -> None:
    make = OUTPUTS[kind]
    cost(make(1000))  # imports
    small, large = cost(make(SMALL)), cost(make(4 * SMALL))
    assert large < 8 * small + SLACK, f"{kind}: {small:.3f} s, then {large:.3f} s"


@pytest.mark.parametrize("kind", OUTPUTS)
def test_a_page_stays_of_a_size_that_opens(kind: str) -> None:
    shown = Shown(*OUTPUTS[kind](800_000))
    assert len(shown.html) + len(shown.css) < 3_000_000
    shown.html.encode()


@pytest.mark.parametrize(
    ("output", "rest"),
    [
        (stream("x" * 3_000_000), "... 2.9 MB more, in the notebook"),
        (stream("12345\n" * 100_000), "... 500 kB more, in the notebook"),
        (bundle(text_plain="x" * 200_000), "... 100 kB more, in the notebook"),
        (bundle(application_json=["x" * 110_000]), "kB more, in the notebook"),
        (bundle(text_html="<table>" + "<tr><td>1</td></tr>" * 100_000), "... 1.7 MB more, in the notebook"),
    ],
)
def test_what_is_not_shown_is_told(output: dict, rest: str) -> None:
    shown = Shown(output)
    assert rest in shown.text
    assert len(shown.html) < 1.2 * sanitised.LARGEST


def test_a_table_is_cut_after_a_row_and_many_outputs_after_some() -> None:
    shown = Shown(bundle(text_html="<table>" + "<tr><td>1</td><td>2</td></tr>" * 100_000 + "</table>"))
    assert shown.html.count("<td>1</td>") == shown.html.count("<td>2</td>") > 1000
    assert "... 50 more outputs of this cell, in the notebook" in Shown(*[bundle(text_plain="a")] * 250).text


def test_what_is_short_is_shown_whole() -> None:
    text = "x" * bundles.SHOWN
    assert Shown(stream(text)).text == text
    assert "more, in the notebook" not in Shown(stream("a\n" * 5000)).text
