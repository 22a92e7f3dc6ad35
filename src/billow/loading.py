"""Load an author's app from a file, a folder with an `app.py`, or `package.module:name`."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import time
from pathlib import Path
from types import ModuleType

from billow.app import App
from billow.errors import DeclarationError
from billow.rendition import Rendition

#: Times that an app is loaded which changes meanwhile, and seconds by which times of files are off.
_TRIES = 3
_COARSE = 0.02


def load_app(target: str | Path) -> App:
    """The app that `target` declares.

    The folder of a file is put first on `sys.path`, so that the app may import its neighbours.

    Raises:
        DeclarationError: there is no such file or module, it cannot be imported (the cause is
            chained), or it does not declare exactly one app.
    """
    text = str(target)
    path = Path(text)
    if path.is_dir():
        path = path / "app.py"
    if path.is_file():
        return _load_file(path.resolve())
    module, _, name = text.partition(":")
    if "/" in text or text.endswith(".py"):
        raise DeclarationError(f"{text}: no such file, and no folder with an app.py")
    loaded = _import_module(module)
    if not name:
        return _only_app(loaded)
    app = getattr(loaded, name, None)
    if not isinstance(app, App):
        raise DeclarationError(f"{text}: {module} has no billow.App called {name!r}")
    for rendition in _renditions(app):
        assert rendition.loaded is not None, "read now, as the file may change"
    return app


def _load_file(path: Path) -> App:
    """The app in a file, and the digests of the code that its renditions are made by.

    Should a file change between the two, both are read again, so that they fit each other.
    """
    for _ in range(_TRIES):
        began = time.time()
        app = _only_app(_import_file(path))
        if not any(_changed(each, began) for each in _renditions(app)):
            break
    return app


def _renditions(app: App) -> list[Rendition]:
    return [each for kept in app.collections.values() for each in kept.renditions.values()]


def _changed(rendition: Rendition, since: float) -> bool:
    """Whether the file of a rendition's code, which is read now, was written after a time."""
    if not rendition.loaded or rendition.source is None:
        return False
    return rendition.source.stat().st_mtime > since - _COARSE


def _import_file(path: Path) -> ModuleType:
    folder = str(path.parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    name = f"billow_app_{path.parent.name}_{path.stem}".replace("-", "_").replace(".", "_")
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise DeclarationError(f"{path}: not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except DeclarationError:
        raise
    except Exception as cause:
        raise DeclarationError(
            f"{path} cannot be loaded: {type(cause).__name__}: {cause}"
        ) from cause
    return module


def _import_module(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as cause:
        raise DeclarationError(f"{name}: no such file, folder or module ({cause})") from cause


def _only_app(module: ModuleType) -> App:
    apps = {id(value): value for value in vars(module).values() if isinstance(value, App)}
    if len(apps) != 1:
        where = module.__file__ or module.__name__
        raise DeclarationError(f"{where} declares {len(apps)} apps; one is needed")
    return next(iter(apps.values()))
