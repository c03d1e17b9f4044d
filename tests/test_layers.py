"""The house's layers: imports point down, there are no cycles, and each third party is kept to its rooms."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "sweeper").rglob("*.py"))

LAYERS = [
    {"__main__"},
    {"cli"},
    {"session"},
    {"sweep", "plan", "progress"},
    {"housekeeping"},
    {"teller"},
    {
        *("failures", "leader", "listener", "record", "renewal", "replicates", "report", "resources", "retries"),
        *("salvage", "waiting", "window"),
    },
    {"provenance", "engine"},
    {"search"},
    {"binding", "naming", "policy"},
    {"task"},
    {"store"},
    {"points"},
    {"spec"},
    {"identity"},
    {"errors"},
    {"masking"},
    {"files", "interrupts", "outlet"},
]
"""From the top down. A room may import from lower layers, and from its own."""

ROOMS = {
    "mlflow": {"store"},
    "sqlalchemy": {"store"},
    "sqlite3": {"store"},
    "optuna": {"search"},
    "luigi": {
        *("task", "engine", "binding", "plan", "sweep", "window", "waiting", "renewal", "retries", "listener"),
        *("progress", "resources"),
    },
    "pandas": {"report", "engine"},  # the engine only preloads it, for the tasks
    "tabulate": {"report"},
    "jinja2": {"report"},
    "matplotlib": {"report"},
    "plotly": {"report", "search"},  # what Optuna draws, it draws with Plotly
    "scipy": {"report"},
    "click": {"cli"},
    "rich": {"progress"},
    "dask": {"engine"},
    "distributed": {"engine"},
}


def _module(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = frozenset(map(_module, FILES))


def _room(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def _imports(file: Path) -> Iterator[str]:
    """Yield the modules that a file imports when it is loaded or run, not those that only the type checker reads."""
    skipped = {
        inner
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in (child.lineno for body in node.body for child in ast.walk(body) if hasattr(child, "lineno"))
    }
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if getattr(node, "lineno", None) in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _ours(name: str) -> str | None:
    """Return the module of ours that an imported name is, or lies in."""
    while name and name not in MODULES:
        name = name.rpartition(".")[0]
    return name or None


@pytest.mark.parametrize("file", FILES, ids=_module)
def test_imports_point_down(file: Path) -> None:
    rank = {room: number for number, rooms in enumerate(LAYERS) for room in rooms}
    mine = _room(_module(file))
    if not mine:
        return  # the package itself gives out public names, when they are asked for
    for name in _imports(file):
        other = _room(_ours(name) or "")
        if other and other != mine:
            assert rank[other] > rank[mine], f"{_module(file)} imports {name}: {other} is not below {mine}"


def test_there_are_no_cycles() -> None:
    graph = {
        _module(file): {found for name in _imports(file) if (found := _ours(name)) and found != _module(file)}
        for file in FILES
        if _module(file) != "sweeper"
    }
    try:
        TopologicalSorter({node: edges - {"sweeper"} for node, edges in graph.items()}).prepare()
    except CycleError as error:
        pytest.fail(f"cycle: {' -> '.join(error.args[1])}")


@pytest.mark.parametrize("file", FILES, ids=_module)
def test_third_parties_keep_to_their_rooms(file: Path) -> None:
    for name in _imports(file):
        library = name.partition(".")[0]
        if library in ROOMS:
            assert _room(_module(file)) in ROOMS[library], f"{_module(file)} imports {library}"


def test_every_room_has_a_layer() -> None:
    """A new package cannot slip past the rule."""
    rooms = {_room(_module(file)) for file in FILES} - {""}
    assert rooms == {room for layer in LAYERS for room in layer}
