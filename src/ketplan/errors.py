"""Every error ketplan raises on purpose, one tree.

KetplanError
├── InputError              what was given cannot be used: one sentence, exit 2, HTTP 400
├── ConfigError             a setting is missing or unsafe: exit 2, refuses to start
├── PdfUnavailable          the extra [pdf], or a library it needs, is not installed here: HTTP 501
├── RefusedError            a rule forbids it: findings open, wrong role, blocked: exit 3, HTTP 403
│   ├── PatientMismatch     the patient guard stopped it: exit 3, HTTP 409
│   └── TakenOver           another run is writing the same plan now
├── LaunchError             a SMART launch failed a check: HTTP 400
├── SessionError            no such launch for this browser, or it has ended: HTTP 404
└── EhrError                the EHR did not do what was asked: HTTP 502
    ├── Temporary           worth trying again: exit 75
    │   ├── Unreachable     there was no connection, or it broke
    │   ├── PagesExpired    the EHR has forgotten the further pages of a search
    │   └── SignInEnded     the EHR takes this sign-in no longer: another launch goes on from here
    └── Fatal               trying again changes nothing: exit 1
        ├── Forbidden       the EHR will not let this user do it
        ├── NotSupported    the EHR does not do this at all
        ├── NotFound        no such resource there
        └── Conflict        somebody changed the resource meanwhile

A message is one sentence for the person who reads it. It never holds patient data, a token, a URL query
or a traceback.
"""

from __future__ import annotations


class KetplanError(Exception):
    """Base of all; `exit_code` and `http_status` are what the two front doors answer with."""

    exit_code = 1
    http_status = 500


class InputError(KetplanError):
    exit_code = 2
    http_status = 400


class ConfigError(KetplanError):
    exit_code = 2


class PdfUnavailable(KetplanError):
    exit_code = 2
    http_status = 501


class RefusedError(KetplanError):
    exit_code = 3
    http_status = 403


class PatientMismatch(RefusedError):
    http_status = 409


class TakenOver(RefusedError):
    pass


class LaunchError(KetplanError):
    http_status = 400


class SessionError(KetplanError):
    http_status = 404


class EhrError(KetplanError):
    """`status` is the HTTP status of the EHR's answer, None when there was no answer.

    `server_said` is the EHR's own words, which may hold patient data: for the clinician's screen, never for
    a log. It is no part of the message.
    """

    http_status = 502

    def __init__(self, message: str, status: int | None = None, server_said: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.server_said = server_said


class Temporary(EhrError):
    """`retry_after` is how many seconds the EHR wants to be left alone, None when it did not say."""

    exit_code = 75

    def __init__(
        self,
        message: str,
        status: int | None = None,
        server_said: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, status, server_said)
        self.retry_after = retry_after


class Unreachable(Temporary):
    pass


class SignInEnded(Temporary):
    pass


class PagesExpired(Temporary):
    pass


class Fatal(EhrError):
    pass


class Forbidden(Fatal):
    pass


class NotSupported(Fatal):
    pass


class NotFound(Fatal):
    pass


class Conflict(Fatal):
    pass
