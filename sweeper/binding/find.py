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
        try:
            found = getattr(module, class_name, None)
        except Exception as error:
            reason = f"module {module_name} fails as it is asked for {class_name}: {_described(error)}"
            raise _Unusable(reason) from error
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
    if name == "__main__":
        raise _Unusable("__main__ is another module in each process", "name the module as its file is called")
    add_to_path(spec)
    try:
        if importlib.util.find_spec(name) is None:
            raise ModuleNotFoundError(name=name)
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:
        if isinstance(error, ModuleNotFoundError) and f"{name}.".startswith(f"{error.name}."):
            places = f"{spec.path.parent}/ or the working directory" if spec.path else "the working directory"
            remedy = f"put {name.replace('.', '/')}.py in {places}, or install it"
            raise _Unusable(f"there is no module {name}", remedy) from None
        raise _Unusable(f"module {name} fails as it is imported: {_described(error)}") from error


def _described(error: BaseException) -> str:
    """Return what an error of the user's code is, and the line that it comes from."""
    try:
        text = str(error.msg if isinstance(error, SyntaxError) else error)
    except Exception:  # noqa: BLE001 (its message is the user's code too)
        text = "(its message cannot be shown)"
    if isinstance(error, SyntaxError):
        place = f" ({error.filename}:{error.lineno})" if error.filename else ""
    else:
        where = traceback.extract_tb(error.__traceback__)[-1]
        place = f" ({where.filename}:{where.lineno})"
    return f"{type(error).__name__}: {text}{place}"


def _tasks_of(module: ModuleType) -> list[str]:
    return [
        name
        for name, value in vars(module).items()
        if inspect.isclass(value) and issubclass(value, MlflowTask) and value is not MlflowTask
    ]
