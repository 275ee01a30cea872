"""What the sub-commands share: errors as one sentence and an exit code, and options read alike."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from ketplan.errors import InputError, KetplanError


def sentences(command: Callable[..., Any]) -> Callable[..., Any]:
    """Errors of ours end the command with their exit code and one sentence on stderr."""

    @wraps(command)
    def run(*args: Any, **options: Any) -> Any:
        try:
            return command(*args, **options)
        except KetplanError as error:
            click.echo(str(error), err=True)
            sys.exit(error.exit_code)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            # A traceback could show a patient's data: only where and what kind is said.
            where = _deepest_frame(error)
            click.echo(f"ketplan met a fault of its own ({type(error).__name__} in {where}).", err=True)
            sys.exit(1)

    return run


def say(words: str, **how: Any) -> None:
    """Print what may hold words of an EHR: a terminal would act on an escape sequence in them."""
    from ketplan.fhir.datatypes import legible

    click.echo(legible(words), **how)


def wanted_patient(patient_id: str | None) -> str:
    import re

    if not patient_id:
        raise InputError("Say which patient: --patient ID.")
    bare = patient_id.removeprefix("Patient/")
    if not re.fullmatch(r"[A-Za-z0-9\-._]{1,255}", bare):
        raise InputError("That is not a patient id.")
    return bare


def bearer_token(name: str | None) -> str | None:
    from ketplan.config import environment_value

    if name is None:
        return None
    if not (value := environment_value(name)):
        raise InputError(f"The environment variable {name} holds no token.")
    return value


def _deepest_frame(error: BaseException) -> str:
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if "ketplan" in f.filename] or list(frames)
    return f"{ours[-1].filename.rpartition('ketplan/')[2]}:{ours[-1].lineno}" if ours else "an unknown place"
