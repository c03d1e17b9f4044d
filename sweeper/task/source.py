"""The code behind a task, as one digest: its module, and the local modules that it imports."""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.util
import io
import sys
import sysconfig
import tokenize
from collections.abc import Iterator
from pathlib import Path

_INSTALLED = tuple(Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib", "purelib", "platlib"))
_OURS = Path(__file__).resolve().parents[1]
_SILENT = {tokenize.COMMENT, tokenize.NL, tokenize.ENCODING, tokenize.ENDMARKER}


def module_name(task: type) -> str:
    """Return the module of a class; a script that runs as ``__main__`` goes by the name it would be imported by."""
    if task.__module__ != "__main__":
        return task.__module__
    main = sys.modules["__main__"]
    spec = getattr(main, "__spec__", None)
    file = getattr(main, "__file__", None)
    return spec.name if spec else Path(file).stem if file else "__main__"


def qualified_name(task: type) -> str:
    """Return ``module:Class``."""
    return f"{module_name(task)}:{task.__qualname__}"


def source_digest(task: type) -> str:
    """Return a digest of the code behind a task class; comments, blank lines and installed packages do not count.

    Returns '' for a class that has no file, as in a notebook.
    """
    return _digest(task.__module__)


def code_digest(task: type) -> str:
    """Return a digest of the code behind a task class also where it is installed: then of its own module alone."""
    file = getattr(sys.modules.get(task.__module__), "__file__", None) or ""
    is_code = file.endswith(".py") and Path(file).is_file()
    return source_digest(task) or (hashlib.sha256(_code(Path(file)).encode()).hexdigest()[:16] if is_code else "")


def local_modules(module: str) -> dict[str, Path]:
    """Return the files of a module and of the local modules that it imports, by name; none if it is not local itself.

    Local is what is the user's own: not of Python, not installed, not of sweeper.
    """
    start = _local_file(module)
    if start is None:
        return {}
    found = {module: start}
    queue = [module]
    while queue:
        name = queue.pop()
        for imported in _imports(found[name], name):
            file = _local_file(imported)
            if file is not None and imported not in found:
                found[imported] = file
                queue.append(imported)
    return found


@functools.cache
def _digest(module: str) -> str:
    found = local_modules(module)
    if not found:
        return ""
    parts = {file: _code(file) for file in found.values()}
    ordered = sorted((file.name, hashlib.sha256(code.encode()).hexdigest()) for file, code in parts.items())
    return hashlib.sha256(repr(ordered).encode()).hexdigest()[:16]


def _local_file(module: str) -> Path | None:
    """Return a module's file if it is the user's own: not of Python, not installed, not of sweeper."""
    loaded = sys.modules.get(module)
    if loaded is None and "." in module and not _is_local_package(module.partition(".")[0]):
        return None  # to look for it would import the package around it
    try:
        spec = None if loaded else importlib.util.find_spec(module)
    except (ImportError, AttributeError, ValueError):
        return None
    origin = getattr(loaded, "__file__", None) if loaded else getattr(spec, "origin", None)
    if not origin or not origin.endswith(".py"):
        return None
    file = Path(origin).resolve()
    foreign = any(file.is_relative_to(folder) for folder in (*_INSTALLED, _OURS))
    return None if foreign or not file.is_file() else file


def _is_local_package(name: str) -> bool:
    """Whether a top-level package is the user's own, found out without importing it."""
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, AttributeError, ValueError):
        return False
    places = [Path(place).resolve() for place in (spec.submodule_search_locations or [])] if spec else []
    return any(not any(place.is_relative_to(folder) for folder in (*_INSTALLED, _OURS)) for place in places)


def _imports(file: Path, module: str) -> Iterator[str]:
    """Yield the names of the modules that a file may import, those inside its functions too."""
    package = module if file.name == "__init__.py" else module.rpartition(".")[0]
    try:
        tree = ast.parse(file.read_bytes())
    except SyntaxError:
        return  # it is never run; what imports it sees to that
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parents, base]).strip(".")
            if base:
                yield base
                yield from (f"{base}.{alias.name}" for alias in node.names)


def _code(file: Path) -> str:
    """Return a file's tokens as text; a dedent, which has none, must show too."""
    try:
        with tokenize.open(file) as text:
            tokens = list(tokenize.generate_tokens(io.StringIO(text.read()).readline))
    except (SyntaxError, tokenize.TokenError):
        return file.read_bytes().hex()
    return "".join(
        "\x02" if token.type == tokenize.DEDENT else token.string for token in tokens if token.type not in _SILENT
    )
