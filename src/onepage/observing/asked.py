"""Questions that Python does not announce and a result can hang on: about files, and for modules that are not there."""

from __future__ import annotations

import importlib.machinery
import os
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from onepage.observing.states import located

if TYPE_CHECKING:
    from onepage.observing.observer import Observer


def watch(observer: Observer) -> None:
    """Wrap the questions about files, and look on where modules are looked for."""
    for name in ("stat", "lstat", "access", "readlink", "open"):
        original = getattr(os, name)
        wrapper = _opening(observer, original) if name == "open" else _asking(observer, original)
        wrapper.__name__ = wrapper.__qualname__ = name
        wrapper.__doc__ = original.__doc__
        setattr(os, name, wrapper)
        for capable in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks, os.supports_effective_ids):
            if original in capable:
                capable.add(wrapper)
    sys.meta_path.append(_InVain(observer))


def _asking(observer: Observer, function: Callable[..., Any]) -> Callable[..., Any]:
    """A question about a file: counted as reading it, or as reading the link."""
    of_link = function is os.readlink

    def asked(path: Any, *args: Any, **keywords: Any) -> Any:
        if type(path) is not int:
            observer.quietly(tell, path, keywords.get("dir_fd"), sys._getframe(1))
        return function(path, *args, **keywords)

    def tell(path: Any, folder: int | None, frame: Any) -> None:
        path = located(path, folder)
        if of_link:
            observer.link(path, frame)
        else:
            observer.count_read(path, frame, asked=True)

    return asked


def _opening(observer: Observer, function: Callable[..., Any]) -> Callable[..., Any]:
    """`os.open`, whose announcement leaves out the folder that a path is relative to."""

    def opened(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if dir_fd is None:
            return function(path, flags, mode)
        observer.quietly(lambda: observer.opened(located(path, dir_fd), None, flags))
        with observer.unheard():
            return function(path, flags, mode, dir_fd=dir_fd)

    return opened


# --- modules ---


class _InVain:
    """The last finder: it finds nothing, and is only asked for what the others did not find."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        frame = sys._getframe(1)
        while frame.f_back is not None and "importlib" in frame.f_code.co_filename:
            frame = frame.f_back
        if self._observer.is_own_place(frame.f_code.co_filename):  # not of what libraries look for
            self._observer.quietly(_ask_for_module, self._observer, name, sys.path if path is None else path)


def _ask_for_module(observer: Observer, name: str, folders: Iterable[str]) -> None:
    """Count it that a module is in none of these folders, as far as they are the project's."""
    for folder in folders:
        place = os.path.join(os.path.abspath(folder), name.rpartition(".")[2])
        if observer.is_own_place(place):
            observer.record("read", place, "")
            observer.record("read", f"{place}.py", "")


def ask_where_modules_are(observer: Observer) -> None:
    """Count it that modules of ours are not found earlier on `sys.path`, and that namespaces have no `__init__.py`."""
    for name, module in list(sys.modules.items()):
        spec = getattr(module, "__spec__", None)
        if not isinstance(spec, importlib.machinery.ModuleSpec):
            continue
        if spec.origin is None and spec.submodule_search_locations:
            for folder in list(spec.submodule_search_locations):
                if observer.is_own_place(f"{folder}/"):
                    observer.record("read", os.path.join(os.path.abspath(folder), "__init__.py"), "")
        elif "." not in name and spec.origin and observer.is_own_place(spec.origin):
            place = os.path.dirname(spec.origin) if spec.submodule_search_locations else spec.origin
            place, folders = os.path.dirname(os.path.abspath(place)), [os.path.abspath(path) for path in sys.path]
            if place in folders:
                _ask_for_module(observer, name, folders[: folders.index(place)])
