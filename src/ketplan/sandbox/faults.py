"""Things that go wrong on request, so that an app can show how it takes them.

One mechanism: a `Fault` says what happens, on which interaction, and how often. It is set at the start
(``--fault``), at run time (``POST /_faults``) and from Python (``Faults``).
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from threading import Lock
from typing import Any

# What a fault does, and at which moment of a request it strikes.
DOES: dict[str, tuple[str, str]] = {
    "status": ("before", "refuses with `status`, as an OperationOutcome with `code` and `retry_after`"),
    "slow": ("before", "waits `seconds` before anything happens"),
    "hang": ("before", "waits `seconds` and then cuts the connection; nothing is done"),
    "cut": ("before", "cuts the connection; nothing is done"),
    "error-200": ("before", "answers 200 with an OperationOutcome of severity error; nothing is done"),
    "html": ("before", "answers 200 with a sign-in page; nothing is done"),
    "expire": ("before", "the token of this request is no longer good, from now on"),
    "rotate-keys": ("before", "the key that signs id_tokens is replaced"),
    "lost": ("after", "does it, and then cuts the connection without an answer"),
    "truncated": ("after", "does it; the answer's JSON ends in the middle"),
    "short": ("after", "does it; the connection ends before the promised length"),
    "empty": ("after", "does it; the answer has headers and no body"),
    "drop": ("field", "leaves out `field` of what is stored, or of a token answer or its id_token"),
    "wrong": ("field", "puts something else for `field` of a token answer or its id_token"),
    "narrow": ("field", "does not grant the scopes that begin with `field`"),
    "skew": ("state", "the server's clock is `seconds` off"),
    "lag": ("state", "searches do not find what was written in the last `seconds`"),
}
WRITES = frozenset({"create", "update", "patch", "delete", "bundle"})
FHIR = WRITES | {"read", "vread", "history", "search", "page", "metadata", "operation"}
SIGN_IN = frozenset({"discovery", "authorize", "token", "keys"})
_GROUPS = {"any": FHIR, "write": WRITES}


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong.

    Of the requests it fits (``on`` an interaction, or any or write; of ``type``) the first ``after`` are
    spared, then each ``every``\\ th is struck, at most ``times`` times (0: always).
    """

    do: str
    on: str = "any"
    type: str = ""
    every: int = 1
    after: int = 0
    times: int = 0
    status: int = 503
    code: str = ""
    words: str = "A fault that was switched on."
    retry_after: str = ""
    seconds: float = 0
    field: str = ""

    def __post_init__(self) -> None:
        if self.do not in DOES:
            raise ValueError(f"there is no fault {self.do}")
        if self.on not in FHIR | SIGN_IN | set(_GROUPS):
            raise ValueError(f"there is nothing called {self.on} to strike")
        for name in ("every", "after", "times", "status"):
            if type(getattr(self, name)) is not int or getattr(self, name) < (name == "every"):
                raise ValueError(f"{name} is a whole number")
        if isinstance(self.seconds, bool) or not isinstance(self.seconds, int | float):
            raise ValueError("seconds is a number")
        if not 200 <= self.status <= 599:
            raise ValueError("status is an HTTP status")
        for name in ("type", "code", "words", "retry_after", "field"):
            if not isinstance(getattr(self, name), str):
                raise ValueError(f"{name} is text")

    def words_for_it(self) -> str:
        """The fault as `fault` reads it."""
        told = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "do"}
        plain = {one.name: one.default for one in fields(self)}
        rest = (f"{name}={shlex.quote(str(value))}" for name, value in told.items() if value != plain[name])
        return " ".join([self.do, *rest])

    @property
    def moment(self) -> str:
        return DOES[self.do][0]

    def fits(self, on: str, kind: str | None) -> bool:
        return on in _GROUPS.get(self.on, {self.on}) and self.type in ("", kind)


def fault(text: str) -> Fault:
    """A fault in words: ``503 on=create every=3 retry-after=2``, ``slow seconds=0.5``, ``lost on=create``.

    The first word is what it does, or a status. Raises ValueError in one sentence.
    """
    first, *rest = shlex.split(text) or [""]
    given: dict[str, Any] = {"do": "status", "status": int(first)} if first.isdigit() else {"do": first}
    kinds = {one.name: one.type for one in fields(Fault)}
    for word in rest:
        name, equals, value = word.partition("=")
        name = name.replace("-", "_")
        if not equals or name not in kinds:
            raise ValueError(f"{word} is not a setting of a fault")
        given[name] = {"int": int, "float": float}.get(str(kinds[name]), str)(value)
    return Fault(**given)


@dataclass(frozen=True)
class Faults:
    """Which faults are on: a list of any, and the three that the page in the browser has switches for."""

    refuse_care_plan_writes: bool = False
    """Every create and update of a CarePlan is answered 403."""
    slow_ms: int = 0
    """Milliseconds that each FHIR request waits before anything happens."""
    drop_every_nth_create: int = 0
    """Each nth create is stored, and then the connection is cut without an answer."""
    more: tuple[Fault, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.refuse_care_plan_writes, bool):
            raise ValueError("refuse_care_plan_writes is true or false")
        for name in ("slow_ms", "drop_every_nth_create"):
            number = getattr(self, name)
            if type(number) is not int or number < 0:
                raise ValueError(f"{name} is a whole number from 0")

    def all(self) -> tuple[Fault, ...]:
        """Every fault that is on, the switches among them."""
        words = "This organisation does not accept care plans from apps."
        refuse = Fault("status", on="write", type="CarePlan", status=403, words=words)
        return (
            *((refuse,) if self.refuse_care_plan_writes else ()),
            *((Fault("slow", seconds=self.slow_ms / 1000),) if self.slow_ms else ()),
            *((Fault("lost", on="create", every=n),) if (n := self.drop_every_nth_create) else ()),
            *self.more,
        )

    def changed(self, wish: Any) -> Faults:
        """These faults with some of them set otherwise. Raises ValueError when the wish makes no sense.

        ``more`` is a list of faults in words or as objects; it replaces the list there was.
        """
        if not isinstance(wish, Mapping):
            raise ValueError("the body is not a JSON object")
        unknown = set(wish) - {one.name for one in fields(Faults)}
        if unknown:
            raise ValueError(f"there is no fault {min(map(str, unknown))}")
        listed = wish.get("more", self.more)
        if not isinstance(listed, list | tuple):
            raise ValueError("more is a list of faults")
        return replace(self, **{**wish, "more": tuple(map(_read, listed))})

    def as_json(self) -> dict[str, Any]:
        """What ``changed`` takes."""
        switches = asdict(self)
        return {**switches, "more": list(switches["more"])} if self.more else _without(switches, "more")


def _without(given: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in given.items() if key != name}


def _read(given: Any) -> Fault:
    if isinstance(given, str):
        return fault(given)
    if isinstance(given, Fault):
        return given
    try:
        return Fault(**given)
    except TypeError:
        raise ValueError("a fault is text, or an object of its settings") from None


class FaultSwitch:
    """The faults that are on now, and which of them strikes a request."""

    def __init__(self, faults: Faults, sleep: Callable[[float], None] = time.sleep) -> None:
        self.now = faults
        self.sleep = sleep
        self._lock = Lock()
        self._seen: dict[int, int] = {}
        self._all = faults.all()

    def set(self, faults: Faults) -> None:
        """Switch; requests are counted from here."""
        with self._lock:
            self.now, self._all, self._seen = faults, faults.all(), {}

    def add(self, *more: Fault | str) -> None:
        """Switch these on as well, each a Fault or words for one."""
        self.set(replace(self.now, more=(*self.now.more, *map(_read, more))))

    def clear(self) -> None:
        self.set(Faults())

    def striking(self, moment: str, on: str, kind: str | None = None) -> Iterable[Fault]:
        """The faults that strike this request at this moment of it; it is counted for each that fits."""
        with self._lock:
            return [
                one
                for place, one in enumerate(self._all)
                if one.moment == moment and one.fits(on, kind) and self._struck(place, one)
            ]

    def state(self, do: str, kind: str | None = None) -> float:
        """Seconds of a standing fault (skew, lag), 0 when it is off."""
        return sum(one.seconds for one in self._all if one.do == do and one.type in ("", kind))

    def _struck(self, place: int, one: Fault) -> bool:
        number = self._seen[place] = self._seen.get(place, 0) + 1
        number -= one.after
        if number < 1 or number % one.every:
            return False
        return not one.times or number // one.every <= one.times
