"""Find the task class that a spec names."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from sweeper.errors import Problem, SpecError, did_you_mean
from sweeper.spec import Spec
from sweeper.task import MlflowTask


def find_task(spec: Spec) -> type[MlflowTask]:
    """Return the class behind ``task = "module:Class"``.

    The module may stand beside the spec, or in the working directory. Raises ``SpecError`` that says what is missing,
    or where the module itself fails.
    """
    module_name, _, class_name = spec.task.partition(":")
    with _reported(spec):
        module = _import(spec, module_name)
        found = getattr(module, class_name, None)
        if found is None:
            raise _Unusable(f"module {module_name} has no {class_name}", did_you_mean(class_name, _tasks_of(module)))
        if not (inspect.isclass(found) and issubclass(found, MlflowTask)):
            raise _Unusable(f"{class_name} is no subclass of MlflowTask", "a sweep runs MlflowTasks")
    return found


def add_to_path(spec: Spec) -> None:
    """Let modules beside the spec, and in the working directory, be imported: the spec's own folder first."""
    folders = [str(Path.cwd())] if spec.path is None else [str(spec.path.resolve().parent), str(Path.cwd())]
    sys.path[:] = [*folders, *(entry for entry in sys.path if entry not in (*folders, ""))]


class _Unusable(Exception):  # noqa: N818 (becomes a problem of the spec)
    def __init__(self, reason: str, remedy: str = "") -> None:
        self.reason, self.remedy = reason, remedy


@contextlib.contextmanager
def _reported(spec: Spec) -> Iterator[None]:
    try:
        yield
    except _Unusable as error:
        source = str(spec.path or spec.name)
        raise SpecError([Problem(source, "task", error.reason, f'"{spec.task}"', error.remedy)]) from None


def _import(spec: Spec, name: str) -> ModuleType:
    add_to_path(spec)
    try:
        if importlib.util.find_spec(name) is None:
            raise ModuleNotFoundError(name=name)
    except ModuleNotFoundError:
        places = f"{spec.path.parent}/ or the working directory" if spec.path else "the working directory"
        raise _Unusable(
            f"there is no module {name}", f"put {name.replace('.', '/')}.py in {places}, or install it"
        ) from None
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:
        reason = f"{type(error).__name__}: {error.msg if isinstance(error, SyntaxError) else error}"
        raise _Unusable(f"module {name} fails as it is imported: {reason} ({_place(error)})") from error


def _place(error: BaseException) -> str:
    """Return the line that an error comes from."""
    if isinstance(error, SyntaxError):
        return f"{error.filename}:{error.lineno}"
    where = traceback.extract_tb(error.__traceback__)[-1]
    return f"{where.filename}:{where.lineno}"


def _tasks_of(module: ModuleType) -> list[str]:
    return [
        name
        for name, value in vars(module).items()
        if inspect.isclass(value) and issubclass(value, MlflowTask) and value is not MlflowTask
    ]
