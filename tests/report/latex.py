"""LaTeX as a strict reader takes it: the few commands that a table needs, and everything closed that is opened."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

PDFLATEX = shutil.which("pdflatex")
COMMANDS = {
    *("begin", "end", "toprule", "midrule", "bottomrule"),
    *("mathbf", "pm", "times", "sim", "dagger", "infty"),
    *(f"text{name}" for name in ("backslash", "asciicircum", "asciitilde", "asciigrave", "less", "greater", "bar")),
}
_COMMENT = re.compile(r"(?<!\\)%.*")
_TOKEN = re.compile(r"\\(?P<command>[A-Za-z]+)|\\(?P<escaped>.)|(?P<active>[{}$&^_~#%\\])", re.DOTALL)
_SPANNING = re.compile(
    r"(?P<before>(?:& )*)\\multicolumn\{(?P<spans>\d+)\}\{c\}\{(?P<words>.*)\} \\\\\n"
    r"\\cmidrule\(lr\)\{(?P<from>\d+)-(?P<to>\d+)\}\n"
)
_TABULAR = re.compile(r"\\begin\{tabular\}\{([lr]*)\}\n(.*)\\end\{tabular\}\s*", re.DOTALL)


def check(text: str) -> list[list[str]]:
    """Return the cells of the rows of a tabular, the header first; fails for anything that LaTeX would trip over."""
    tabular = _TABULAR.fullmatch("\n".join(line for line in _COMMENT.sub("", text).split("\n") if line.strip()))
    assert tabular, text
    body = re.sub(r"\\(top|mid|bottom)rule\n", "", tabular[2])
    spanning = _SPANNING.match(body)
    if spanning:
        _cells(spanning["words"])
        before, spans, columns = spanning["before"].count("&"), int(spanning["spans"]), len(tabular[1])
        assert (before + 1, columns) == (int(spanning["from"]), int(spanning["to"]))
        assert before + spans == columns
        body = body[spanning.end() :]
    *rows, rest = body.split("\\\\\n")
    assert not rest.strip(), rest
    cells = [_cells(row) for row in rows]
    assert {len(row) for row in cells} == {max(len(tabular[1]), 1)}
    assert not any(row[0].startswith(("[", "*")) for row in cells), "what follows a line's end would belong to it"
    return cells


def compile_all(texts: Iterable[str], folder: Path) -> None:
    """Typeset tables, on a page each, with a real TeX; fails with its log if it stumbles."""
    assert PDFLATEX
    pages = "\n\\clearpage\n".join(texts)
    head = "\\documentclass{article}\n\\usepackage{booktabs}\n\\begin{document}\n"
    (folder / "tables.tex").write_text(f"{head}{pages}\n\\end{{document}}\n", encoding="utf-8")
    command = [PDFLATEX, "-interaction=nonstopmode", "-halt-on-error", "tables.tex"]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert (folder / "tables.pdf").stat().st_size > 0


def _cells(row: str) -> list[str]:
    """Return the cells of one row, each checked."""
    cells = [""]
    depth, is_math, place = 0, False, 0
    for token in _TOKEN.finditer(row):
        cells[-1] += row[place : token.start()]
        place = token.end()
        if token["command"]:
            assert token["command"] in COMMANDS, token[0]
        active = token["active"]
        assert active not in ("~", "#", "%", "\\"), f"{active} is active in {row}"
        assert is_math or active not in ("^", "_"), f"{active} outside of a formula in {row}"
        depth += (active == "{") - (active == "}")
        assert depth >= 0, row
        if active == "$":
            assert depth == 0, row
            is_math = not is_math
        if active == "&":
            assert (depth, is_math) == (0, False), row
            cells.append("")
        else:
            cells[-1] += token[0]
    assert (depth, is_math) == (0, False), row
    return [cell.strip() for cell in [*cells[:-1], cells[-1] + row[place:]]]
