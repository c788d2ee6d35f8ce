"""Libraries that open files in C, C++ or Rust, where Python's audit events do not see it: wrapped when imported.

The table names, for each, which argument is the path. What is not in it needs `context.file(...)`.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from onepage.observing.observer import Observer

READ, WRITE, UPDATE, BY_MODE = "read", "write", "update", "mode"

# module -> attribute -> (position of the path, its name, what is done to it)
NATIVE: dict[str, dict[str, tuple[int, str, str]]] = {
    "_dbm": {"open": (0, "filename", UPDATE)},
    "_gdbm": {"open": (0, "filename", UPDATE)},
    "soundfile": {"SoundFile": (0, "file", BY_MODE)},
    "safetensors": {
        "safe_open": (0, "filename", READ),
        "serialize_file": (1, "filename", WRITE),
    },
    "safetensors.torch": {
        "safe_open": (0, "filename", READ),
        "serialize_file": (1, "filename", WRITE),
    },
    "safetensors.numpy": {
        "safe_open": (0, "filename", READ),
        "serialize_file": (1, "filename", WRITE),
    },
    "torch": {"from_file": (0, "filename", READ)},
    "torch._C": {
        "PyTorchFileReader": (0, "name", READ),
        "PyTorchFileWriter": (0, "name", WRITE),
        "import_ir_module": (1, "filename", READ),
    },
    "torch.storage": {"UntypedStorage.from_file": (0, "filename", READ)},
    "onnxruntime": {"InferenceSession": (0, "path_or_bytes", READ)},
    "onnxruntime.capi.onnxruntime_inference_collection": {"InferenceSession": (0, "path_or_bytes", READ)},
    "h5py._hl.files": {"File": (0, "name", BY_MODE)},
    "h5py": {"File": (0, "name", BY_MODE)},
    "cv2": {"imread": (0, "filename", READ)},
    "lxml.etree": {"parse": (0, "source", READ)},
    "pyarrow.lib": {"memory_map": (0, "path", READ), "OSFile": (0, "path", BY_MODE)},
    "pyarrow": {"memory_map": (0, "path", READ), "OSFile": (0, "path", BY_MODE)},
    "pyarrow.parquet": {"read_table": (0, "source", READ), "ParquetFile": (0, "source", READ)},
    "pyarrow.csv": {"read_csv": (0, "input_file", READ)},
    "pyarrow.feather": {"read_table": (0, "source", READ), "read_feather": (0, "source", READ)},
    "polars": {
        name: (0, "source", READ)
        for name in ("read_csv", "read_parquet", "read_ipc", "read_json", "read_ndjson", "scan_csv", "scan_parquet")
    },
}


def watch(observer: Observer) -> None:
    """Wrap what is imported already, and the rest as it is imported."""
    for name in NATIVE:
        if name in sys.modules:
            _wrap_all(observer, name, sys.modules[name])
    sys.meta_path.insert(0, _AfterImport(observer))


class _AfterImport:
    """A finder that finds what the others find, and wraps it once it is loaded."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name not in NATIVE:
            return None
        found = (f.find_spec(name, path, target) for f in sys.meta_path if f is not self and hasattr(f, "find_spec"))
        spec = next((each for each in found if each is not None), None)
        loader: Any = spec.loader if spec is not None else None
        if hasattr(loader, "exec_module"):
            load = loader.exec_module

            def load_and_wrap(module: Any) -> None:
                load(module)
                _wrap_all(self._observer, name, module)

            try:
                loader.exec_module = load_and_wrap
            except AttributeError:  # a loader that is a class, as of frozen and built-in modules
                return None
        return spec


def _wrap_all(observer: Observer, name: str, module: Any) -> None:
    for attribute, (position, keyword, effect) in NATIVE[name].items():
        holder, *rest = [module, *attribute.split(".")[:-1]]
        for part in rest:
            holder = getattr(holder, part, None)
        last = attribute.split(".")[-1]
        original = getattr(holder, last, None)
        if original is None or getattr(original, "_onepage", False):
            continue
        tell = functools.partial(_tell, observer, position, keyword, effect)
        wrapped = _subclass(original, tell) if isinstance(original, type) else _function(original, tell)
        try:
            setattr(holder, last, staticmethod(wrapped) if rest else wrapped)
        except (AttributeError, TypeError):
            continue


def _tell(observer: Observer, position: int, keyword: str, effect: str, args: Any, keywords: Any) -> None:
    path = args[position] if len(args) > position else keywords.get(keyword)
    if not (isinstance(path, str | bytes) or hasattr(path, "__fspath__")):
        return
    mode = keywords.get("mode") or (args[position + 1] if len(args) > position + 1 else "r")
    frame = sys._getframe(2)
    if effect == WRITE or (effect == BY_MODE and isinstance(mode, str) and mode[:1] in ("w", "x", "a")):
        observer.write(path, frame)
    elif effect == UPDATE:
        observer.update(path, frame)
    else:
        observer.read(path, frame)
        if effect == BY_MODE and isinstance(mode, str) and "+" in mode:
            observer.write(path, frame)


def _function(original: Callable[..., Any], tell: Callable[[Any, Any], None]) -> Callable[..., Any]:
    @functools.wraps(original)
    def watched(*args: Any, **keywords: Any) -> Any:
        tell(args, keywords)
        return original(*args, **keywords)

    watched._onepage = True  # type: ignore[attr-defined]
    return watched


def _subclass(original: type, tell: Callable[[Any, Any], None]) -> Any:
    """A class of the same name; where it cannot be derived from, a function that makes one."""

    def __init__(self: Any, *args: Any, **keywords: Any) -> None:
        tell(args, keywords)
        original.__init__(self, *args, **keywords)  # type: ignore[misc]  # of the class, not of an instance

    try:
        body = {"__init__": __init__, "_onepage": True, "__doc__": original.__doc__, "__module__": original.__module__}
        return type(original)(original.__name__, (original,), body)
    except TypeError:
        return _function(original, tell)
