"""Things that go wrong on request, so that an app can show how it takes them."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from threading import Lock
from typing import Any

from flask import Response, request

from ketplan.sandbox.wire import FhirError


@dataclass(frozen=True)
class Faults:
    """Which faults are on. Zero or false is off."""

    refuse_care_plan_writes: bool = False
    """Every create and update of a CarePlan is answered 403."""
    slow_ms: int = 0
    """Milliseconds that each FHIR request waits before anything happens."""
    drop_every_nth_create: int = 0
    """Each nth create is stored, and then the connection is cut without an answer."""

    def __post_init__(self) -> None:
        if not isinstance(self.refuse_care_plan_writes, bool):
            raise ValueError("refuse_care_plan_writes is true or false")
        for name in ("slow_ms", "drop_every_nth_create"):
            number = getattr(self, name)
            if type(number) is not int or number < 0:
                raise ValueError(f"{name} is a whole number from 0")

    def changed(self, wish: Any) -> Faults:
        """These faults with some of them set otherwise. Raises ValueError when the wish makes no sense."""
        if not isinstance(wish, Mapping):
            raise ValueError("the body is not a JSON object")
        unknown = set(wish) - set(asdict(self))
        if unknown:
            raise ValueError(f"there is no fault {min(map(str, unknown))}")
        return replace(self, **wish)


class FaultSwitch:
    """The faults that are on now, and the points in a request where they strike."""

    def __init__(self, faults: Faults, sleep: Callable[[float], None] = time.sleep) -> None:
        self.now = faults
        self._sleep = sleep
        self._creates = 0
        self._lock = Lock()

    def set(self, faults: Faults) -> None:
        """Switch; creates are counted from here."""
        with self._lock:
            self.now, self._creates = faults, 0

    def before(self, method: str, kind: str | None) -> None:
        """Called when a FHIR request arrives."""
        if self.now.slow_ms:
            self._sleep(self.now.slow_ms / 1000)
        if self.now.refuse_care_plan_writes and method in ("POST", "PUT") and kind == "CarePlan":
            raise FhirError(403, "forbidden", "This organisation does not accept care plans from apps.")

    def after_create(self, response: Response) -> Response:
        """Called with the answer to a create that stored something; may cut the connection."""
        every = self.now.drop_every_nth_create
        with self._lock:
            self._creates += 1
            lost = every and self._creates % every == 0
        if not lost:
            return response
        connection = request.environ.get("werkzeug.socket")
        if isinstance(connection, socket.socket):
            connection.shutdown(socket.SHUT_RDWR)
        return FhirError(504, "transient", "The answer was lost on the way.").response()
