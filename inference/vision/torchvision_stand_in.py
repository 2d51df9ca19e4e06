"""Lets spandrel be imported where torchvision is missing or does not fit the torch that is installed.

spandrel imports three of torchvision's functions: for one inpainting network, and to scale the values of one that
restores faces, which is done without it here. A torchvision of another build than torch's cannot be imported ("operator
torchvision::nms does not exist"). So that nothing depends on it, names that nothing calls stand in its place while
spandrel is imported.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

_NAMES = ("torchvision", "torchvision.transforms", "torchvision.transforms.functional")
_FUNCTIONS = ("InterpolationMode", "normalize", "rotate")


@contextmanager
def torchvision_at_hand() -> Iterator[None]:
    """Give what spandrel imports of torchvision: the real thing where it works, else names that nothing may call."""
    try:
        import torchvision.transforms.functional  # noqa: F401
    except (ImportError, RuntimeError):
        pass
    else:
        yield
        return
    before = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "torchvision"}
    stand_ins = {name: ModuleType(name) for name in _NAMES}
    for name in _FUNCTIONS:
        setattr(stand_ins[_NAMES[-1]], name, None)
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name in stand_ins:
            del sys.modules[name]
        sys.modules.update(before)
