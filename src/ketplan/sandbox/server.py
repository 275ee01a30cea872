"""The sandbox on a port of this machine, in a thread of its own."""

from __future__ import annotations

import socket
from datetime import date
from threading import Thread
from typing import Any

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from ketplan.sandbox.app import create_app
from ketplan.sandbox.harbor import Harbor


class _Quiet(WSGIRequestHandler):
    """Writes no request log: addresses carry patient ids and codes."""

    def log(self, type: str, message: str, *args: Any) -> None:
        pass


class Server:
    """A sandbox that is bound to its port. Use as a context manager, or ``start`` and ``stop`` it."""

    def __init__(self, app: Flask, bound: socket.socket, url: str) -> None:
        self.app, self.url = app, url
        host, port = bound.getsockname()[:2]
        self._socket = bound
        self._server = make_server(host, port, app, threaded=True, request_handler=_Quiet, fd=bound.fileno())
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def harbor(self) -> Harbor:
        """The pretend EHR behind the server, for whoever sets up its app or reads its store."""
        harbor: Harbor = self.app.extensions["harbor"]
        return harbor

    def start(self) -> Server:
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop serving and let go of the port; works once, started or not."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()
        self._socket.close()

    def __enter__(self) -> Server:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


def serve(host: str, port: int, *, today: date, **settings: Any) -> Server:
    """Bind the port (0 for any free one) and make a sandbox for it; ``settings`` are those of create_app.

    Raises OSError when the port cannot be had, so that the caller can say so in a sentence of its own.
    """
    bound = socket.create_server((host, port))
    try:
        name = f"[{host}]" if ":" in host else host
        url = f"http://{name}:{bound.getsockname()[1]}"
        return Server(create_app(url, today=today, **settings), bound, url)
    except BaseException:
        bound.close()
        raise
