"""One HTTP exchange, bounded: no redirects, no cookies, time-outs, a cap on the size.

What goes wrong below HTTP becomes Temporary. The exceptions of `requests` never travel further, not even as
a cause, because their texts hold whole URLs.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
import urllib3.exceptions
from requests.adapters import HTTPAdapter

from ketplan import __version__
from ketplan.ehr import jsontext
from ketplan.ehr.connections import held
from ketplan.ehr.peers import Peers
from ketplan.errors import Fatal, Temporary, Unreachable

MEGABYTE = 1_000_000
AT_ONCE = 65_536
SHORTEST_CREDENTIAL = 8
# urllib3 writes paths and queries, patient ids included: at DEBUG every one, as a warning that of an answer
# whose headers it cannot read. What matters of it is raised here in our own words.
for name in ("connectionpool", "connection", "poolmanager", "util.retry", "response"):
    logging.getLogger(f"urllib3.{name}").addFilter(lambda _: False)


@dataclass(frozen=True)
class Answer:
    """What a server answered. `headers` are case-insensitive."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON, decimals exact. Fatal when it is not declared as JSON, Temporary when broken."""
        kind = self.headers.get("Content-Type", "application/json").split(";")[0].strip().lower()
        if not (kind.endswith(("/json", "+json"))):
            raise Fatal(
                "The EHR answered with a page instead of data, perhaps its sign-in page.", self.status
            )
        try:
            return jsontext.loads(self.body)
        except ValueError:
            raise Temporary("The EHR's answer was cut short or garbled.", self.status) from None


class Http:
    """Sends requests. One instance serves a whole process: connections are kept, cookies never are.

    `timeouts` are (connect, between bytes) in seconds, `total` the seconds a whole answer may take, `clock`
    any monotonic clock. `peers` knows the hosts: what it was asked about one, connections are held to.
    """

    def __init__(
        self,
        timeouts: tuple[float, float] = (5, 30),
        total: float = 120,
        max_bytes: int = 20 * MEGABYTE,
        clock: Callable[[], float] = time.monotonic,
        peers: Peers | None = None,
    ) -> None:
        self.peers = peers or Peers()
        self._timeouts, self._total, self._max_bytes, self._clock = timeouts, total, max_bytes, clock
        self._session = requests.Session()
        self._session.headers["User-Agent"] = f"ketplan/{__version__}"
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("https://", "http://"):
            adapter = HTTPAdapter(pool_connections=16, pool_maxsize=16, max_retries=0)
            adapter.poolmanager.pool_classes_by_scheme = held(self.peers, total)
            self._session.mount(scheme, adapter)

    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        *,
        query: Any = None,
        body: bytes | Mapping[str, str] | None = None,
        authorization: str | None = None,
        max_bytes: int | None = None,
    ) -> Answer:
        """One exchange. Any status is an Answer; Temporary when none came, Fatal when it is too large.

        `body` as a mapping is sent as a form. `authorization` is the whole header, kept out of `headers` so
        that a .netrc file cannot replace it.
        """
        try:
            with self._session.request(
                method,
                url,
                params=query,
                data=body,
                headers=dict(headers),
                auth=_Authorization(authorization),
                timeout=self._timeouts,
                allow_redirects=False,
                stream=True,
            ) as response:
                content = self._read(response, max_bytes or self._max_bytes)
                return Answer(response.status_code, response.headers, _without(content, authorization))
        except requests.exceptions.SSLError:
            raise Fatal("The EHR's certificate could not be trusted.") from None
        except (requests.exceptions.ReadTimeout, urllib3.exceptions.ReadTimeoutError):
            raise Temporary("The EHR did not answer in time.") from None
        except (requests.exceptions.ConnectionError, urllib3.exceptions.ProtocolError):
            raise Unreachable("The connection to the EHR failed.") from None
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, ValueError):
            raise Fatal("The EHR could not be asked: the request or its answer is not valid HTTP.") from None

    def _read(self, response: requests.Response, limit: int) -> bytes:
        deadline = self._clock() + self._total
        chunks: list[bytes] = []
        size = 0
        # What has come, however little: a whole chunk could be waited for byte by byte, past any deadline.
        while chunk := response.raw.read1(AT_ONCE, decode_content=True):
            size += len(chunk)
            if size > limit:
                raise Fatal(
                    f"The EHR's answer is larger than {limit // MEGABYTE or 1} MB.", response.status_code
                )
            if self._clock() > deadline:
                raise Temporary("The EHR did not finish its answer in time.", response.status_code)
            chunks.append(chunk)
        return b"".join(chunks)


def _without(content: bytes, authorization: str | None) -> bytes:
    """An answer that repeats what it was asked with must not carry it on to a screen."""
    credential = (authorization or "").rpartition(" ")[2].encode()
    return content.replace(credential, b"...") if len(credential) >= SHORTEST_CREDENTIAL else content


class _Authorization(requests.auth.AuthBase):
    def __init__(self, value: str | None) -> None:
        self._value = value

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers.pop("Authorization", None)
        if self._value:
            request.headers["Authorization"] = self._value
        return request
