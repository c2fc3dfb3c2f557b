"""Live's objects as scripts see them: properties with listeners, and the errors they raise.

A property tells its listeners after the assignment and only when the value really changed.
Assigning what an object does not have raises with the text of Live's bindings, where known. An
object whose place is gone raises RuntimeError at any later use.
"""

import copy
import itertools
from collections.abc import Callable
from typing import Any, ClassVar

_ids = itertools.count(1)


class Vector(tuple):
    """Live's vectors: a sequence whose out-of-range message is Live's own."""

    __slots__ = ()

    def __getitem__(self, key: Any) -> Any:
        try:
            return super().__getitem__(key)
        except IndexError:
            raise IndexError("Index out of range") from None


class Listenable:
    """Gives every attribute declared in PROPS the three *_listener methods."""

    PROPS: ClassVar[dict[str, Any]] = {}
    READ_ONLY: ClassVar[frozenset[str]] = frozenset()

    def __init__(self) -> None:
        object.__setattr__(self, "_values", {})
        object.__setattr__(self, "_listeners", {})
        object.__setattr__(self, "_dead", False)
        object.__setattr__(self, "_live_ptr", next(_ids))
        for klass in reversed(type(self).__mro__):
            for name, value in getattr(klass, "PROPS", {}).items():
                self._values[name] = copy.copy(value)

    # -- attribute protocol --------------------------------------------------
    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") and not name.startswith("__"):
            raise AttributeError(name)
        values = self.__dict__.get("_values", {})
        if self.__dict__.get("_dead") and name in values:
            raise RuntimeError("Observed object is no longer valid")
        if name in values:
            return values[name]
        for prefix in ("add_", "remove_"):
            if name.startswith(prefix) and name.endswith("_listener"):
                prop = name[len(prefix) : -len("_listener")]
                if self._observable(prop):
                    return lambda fn, p=prop, a=prefix: self._listener(a, p, fn)
        if name.endswith("_has_listener"):
            prop = name[: -len("_has_listener")]
            if self._observable(prop):
                return lambda fn, p=prop: fn in self._listeners.get(p, [])
        msg = f"'{type(self).__name__}' object has no attribute '{name}'"
        raise AttributeError(msg)

    def __setattr__(self, name: str, value: Any) -> None:
        values = self.__dict__["_values"]
        if name in values:
            if self._dead:
                raise RuntimeError("Observed object is no longer valid")
            if name in self.READ_ONLY:
                raise AttributeError("can't set attribute")
            value = self._coerce(name, value)
            if values[name] != value:
                values[name] = value
                self._changed(name)
        else:
            object.__setattr__(self, name, value)

    def _coerce(self, name: str, value: Any) -> Any:
        old = self._values[name]
        if isinstance(old, bool):
            if not isinstance(value, (bool, int, float)):
                raise _mismatch(self, value)
            return bool(value)
        if isinstance(old, int) and not isinstance(old, bool):
            if isinstance(value, float):
                raise _mismatch(self, value)
            return int(value)
        if isinstance(old, float):
            return float(value)
        if isinstance(old, Vector):
            return Vector(value)
        if isinstance(old, str) and not isinstance(value, str):
            raise _mismatch(self, value)
        return value

    def _put(self, name: str, value: Any) -> None:
        """Set from inside the host, read-only properties included."""
        if isinstance(value, tuple):
            value = Vector(value)
        if self._values[name] != value:
            self._values[name] = value
            self._changed(name)

    def _observable(self, prop: str) -> bool:
        return prop in self._values and prop not in getattr(self, "UNOBSERVABLE", ())

    def _listener(self, action: str, prop: str, fn: Callable) -> None:
        lst = self._listeners.setdefault(prop, [])
        if action == "add_":
            if fn in lst:
                raise RuntimeError("Observer already connected")
            lst.append(fn)
        else:
            if fn not in lst:
                raise RuntimeError("Observer not connected")
            lst.remove(fn)

    def _changed(self, prop: str) -> None:
        for fn in list(self._listeners.get(prop, ())):
            fn()

    def _kill(self) -> None:
        object.__setattr__(self, "_dead", True)
        self._listeners.clear()


def _mismatch(owner: object, value: object) -> TypeError:
    given = f"{type(owner).__name__}, {type(value).__name__}"
    return TypeError(f"Python argument types in None.None({given}) did not match C++ signature")
