"""A pretend EHR that says more in its token answer than the sandbox does, and has a style of its own."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from flask import Flask

from ketplan.ehr.transport import Answer
from tests.web.support import EhrHttp

STYLE = "/smart-style.json"


class Telling(EhrHttp):
    """`said` is added to each token answer; `style` is what stands at STYLE, None for nothing."""

    def __init__(self, ehr: Flask) -> None:
        super().__init__(ehr)
        self.said: dict[str, Any] = {}
        self.style: Any = None
        self.caps: list[int | None] = []

    def send(self, method: str, url: str, headers: Any, **how: Any) -> Answer:
        if urlsplit(url).path == STYLE:
            self.sent.append((method, STYLE))
            self.caps.append(how.get("max_bytes"))
            status = 404 if self.style is None else 200
            return Answer(status, {"Content-Type": "application/json"}, json.dumps(self.style).encode())
        answer = super().send(method, url, headers, **how)
        if not url.endswith("/auth/token") or answer.status != 200:
            return answer
        body = json.dumps(json.loads(answer.body) | self.said).encode()
        return Answer(answer.status, answer.headers, body)
