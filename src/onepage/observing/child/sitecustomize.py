"""Found by every Python process that an execution starts, since this folder is on its PYTHONPATH: observes it too."""

import contextlib
import importlib
import sys

from onepage.observing import children, hook

hook.start()

# A sitecustomize of the user's own comes after this one, as if this one were not there.
_this = sys.modules.pop(__name__)
sys.path[:] = [path for path in sys.path if path != children.CHILD]
with contextlib.suppress(ModuleNotFoundError):
    importlib.import_module("sitecustomize")
sys.modules.setdefault(__name__, _this)
