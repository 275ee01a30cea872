"""Connections that stay only with an address their host may lead to, checked before a byte is sent.

Through a proxy, which looks names up itself, connections are the proxy's affair and not held to anything.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Timer

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.response import HTTPResponse

from ketplan.ehr.peers import Peers
from ketplan.errors import Fatal


def held(peers: Peers, seconds: float) -> dict[str, type[HTTPConnectionPool]]:
    """The pools to use for each scheme, so that every connection asks `peers`, and no status line and headers
    take longer than `seconds`, however they trickle."""

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return _kept(super()._new_conn(), self.host, peers)

        def getresponse(self) -> HTTPResponse:
            with _in_time(self.sock, seconds):
                return super().getresponse()

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return _kept(super()._new_conn(), self.host, peers)

        def getresponse(self) -> HTTPResponse:
            with _in_time(self.sock, seconds):
                return super().getresponse()

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


@contextmanager
def _in_time(connected: socket.socket | None, seconds: float) -> Iterator[None]:
    """TimeoutError when what is done with the connection takes longer: it is shut down then. The time-out of
    a socket begins anew with every byte, so it bounds nothing."""
    late = Event()

    def end() -> None:
        late.set()
        with suppress(OSError):
            if connected is not None:
                connected.shutdown(socket.SHUT_RDWR)

    timer = Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    except Exception:
        if not late.is_set():
            raise
    finally:
        timer.cancel()
    if late.is_set():
        raise TimeoutError


def _kept(connected: socket.socket, host: str, peers: Peers) -> socket.socket:
    if peers.allows(host, connected.getpeername()[0]):
        return connected
    connected.close()
    raise Fatal("An address of the EHR leads into a network it may not lead to, so nothing was sent there.")
