"""JSON Patch (RFC 6902) on a copy of a resource."""

from __future__ import annotations

import copy
from typing import Any

from ketplan.sandbox.wire import FhirError


def patched(document: Any, operations: Any) -> Any:
    """The document after all operations.

    Raises FhirError 400 for a malformed patch, 422 when it does not fit or a ``test`` in it fails.
    """
    if not isinstance(operations, list) or not all(isinstance(one, dict) for one in operations):
        raise FhirError(400, "structure", "A JSON Patch is a list of operations.")
    found = copy.deepcopy(document)
    for one in operations:
        found = _applied(found, one)
    return found


def _applied(document: Any, one: dict[str, Any]) -> Any:
    name, path = one.get("op"), _path(one.get("path"))
    if name in ("add", "replace", "test") and "value" not in one:
        raise FhirError(400, "structure", f"The operation {name} needs a value.")
    if name == "add":
        return _add(document, path, one["value"])
    if name == "remove":
        return _remove(document, path)[0]
    if name == "replace":
        return _add(_remove(document, path)[0], path, one["value"])
    if name == "test":
        if _at(document, path) != one["value"]:
            raise FhirError(422, "processing", "A test of the patch failed.")
        return document
    if name in ("move", "copy"):
        source = _path(one.get("from"))
        if name == "copy":
            return _add(document, path, copy.deepcopy(_at(document, source)))
        document, value = _remove(document, source)
        return _add(document, path, value)
    raise FhirError(400, "structure", "A patch has the operations add, remove, replace, test, move and copy.")


def _path(text: Any) -> list[str]:
    if not isinstance(text, str) or (text and not text.startswith("/")):
        raise FhirError(400, "structure", "A path of a patch is a JSON Pointer.")
    return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:]]


def _at(document: Any, path: list[str]) -> Any:
    for part in path:
        document = document[_key(document, part)]
    return document


def _key(holder: Any, part: str, *, end: bool = False) -> Any:
    """The member of a container that a part of a path names. Raises FhirError 422 when there is none."""
    if isinstance(holder, dict) and (end or part in holder):
        return part
    if isinstance(holder, list):
        last = len(holder) if end else len(holder) - 1
        if end and part == "-":
            return last
        if part.isascii() and part.isdigit() and str(int(part)) == part and int(part) <= last:
            return int(part)
    raise FhirError(422, "processing", "A path of the patch leads nowhere.")


def _add(document: Any, path: list[str], value: Any) -> Any:
    if not path:
        return value
    holder = _at(document, path[:-1])
    key = _key(holder, path[-1], end=True)
    if isinstance(holder, list):
        holder.insert(key, value)
    else:
        holder[key] = value
    return document


def _remove(document: Any, path: list[str]) -> tuple[Any, Any]:
    if not path:
        return None, document
    holder = _at(document, path[:-1])
    return document, holder.pop(_key(holder, path[-1]))
