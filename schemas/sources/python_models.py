"""Pydantic models by their place in Python code: an importable module, or a file that is executed."""

from __future__ import annotations

import hashlib
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from difflib import get_close_matches
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from pydantic import BaseModel

from slotfill.schemas.errors import SchemaError
from slotfill.schemas.json_values.json_types import JSON
from slotfill.schemas.typed_root import is_written_type, typed_root

__all__ = ["execute_model", "import_model"]


def import_model(module_name: str, name: str, folder: Path | None = None) -> type[BaseModel]:
    """Import a model; `name` may be dotted, for a nested class.

    folder: where the module may stand besides; it is on the import path until the module is loaded, and no longer.
        None for the import path alone.

    Raises SchemaError.
    """
    try:
        with _on_the_path(folder, module_name.partition(".")[0]):
            module = import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name and f"{module_name}.".startswith(f"{error.name}."):
            raise SchemaError(f"there is no module {error.name!r} on the import path") from None
        raise SchemaError(f"module {module_name!r} needs module {error.name!r}, which is missing") from None
    except (Exception, SystemExit) as error:
        raise SchemaError(f"module {module_name!r} raised {_reason(error)}") from error
    return _model_in(module, name, f"module {module_name!r}")


@contextmanager
def _on_the_path(folder: Path | None, package: str) -> Iterator[None]:
    """Have a folder last on the import path, so that it hides no installed module, where the package needs it."""
    if folder is None or _is_installed(package):
        yield
        return
    entry = str(folder)
    sys.path.append(entry)
    try:
        yield
    finally:
        with suppress(ValueError):  # the module has taken it off itself
            sys.path.remove(entry)


def _is_installed(package: str) -> bool:
    if package in sys.modules:
        return True
    spec = find_spec(package)
    # A folder without __init__.py, which has no loader, gives way to a package that stands later on the path.
    return spec is not None and spec.loader is not None


def execute_model(path: Path, name: str) -> type[BaseModel]:
    """Execute a Python file and take a model from it; `name` as for `import_model`. Raises SchemaError."""
    try:
        source = path.read_bytes()
    except (OSError, ValueError) as error:
        raise SchemaError(f"Python file {str(path)!r} cannot be read: {_message(error)}") from None
    module = _module_for(path)
    try:
        # No loader: its cache would write beside the user's file, and miss a change within the same second.
        exec(compile(source, path, "exec", dont_inherit=True), module.__dict__)  # noqa: S102 - what was asked for
    except (Exception, SystemExit) as error:
        del sys.modules[module.__name__]
        raise SchemaError(f"Python file {str(path)!r} raised {_reason(error, str(path))}{_way_out(error)}") from error
    return _model_in(module, name, f"Python file {str(path)!r}")


def _module_for(path: Path) -> ModuleType:
    """Register an empty module, since Pydantic looks forward references up in `sys.modules`."""
    digest = hashlib.sha256(str(path.resolve()).encode("utf-8", "surrogatepass")).hexdigest()
    module = ModuleType(f"slotfill_file_{digest[:16]}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module
    return module


def _model_in(module: ModuleType, name: str, where: str) -> type[BaseModel]:
    found: JSON = module
    for part in name.split("."):
        if not hasattr(found, part):
            raise SchemaError(f"{where} has no {name!r}: {_choice(module, name)}")
        found = getattr(found, part)
    if is_written_type(found):
        model = typed_root(found)
        model.__module__, model.__qualname__ = module.__name__, name
        return model
    if not (isinstance(found, type) and issubclass(found, BaseModel)):
        raise SchemaError(f"{name!r} of {where} is no subclass of pydantic.BaseModel: {_choice(module, name)}")
    return found


def _choice(module: ModuleType, name: str) -> str:
    own = [
        key
        for key, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, BaseModel) and value.__module__ == module.__name__
    ]
    models = [key for key in own if key.isidentifier()]  # Pydantic puts a RootModel[list[int]] there, too
    if nearest := get_close_matches(name, models, n=1):
        return f"did you mean {nearest[0]!r}?"
    return f"its models are {', '.join(models)}" if models else "it defines no Pydantic model"


def _way_out(error: BaseException) -> str:
    if not isinstance(error, ModuleNotFoundError):
        return ""
    return (
        ": what stands beside a file is found where the schema is named package.module:Model, from the working folder"
    )


def _reason(error: BaseException, filename: str | None = None) -> str:
    """Say on one line what was raised, and at which line: of `filename`, or else the innermost."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if filename in {None, frame.filename}]
    if isinstance(error, SyntaxError) or not frames:  # a SyntaxError's own text names the line
        return f"{type(error).__name__}: {_message(error)}"
    place = f"{Path(frames[-1].filename).name}, line {frames[-1].lineno}"
    return f"{type(error).__name__}: {_message(error)} ({place})"


def _message(error: BaseException) -> str:
    return " ".join(str(error).split())
