"""What every definition carries: address, version, status, and where its content comes from."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from decimal import Decimal
from functools import cache
from importlib.resources import files

from ketplan import __version__
from ketplan.clinical.record import UCUM
from ketplan.fhir.datatypes import BASE, Json

SOURCE = f"{BASE}/StructureDefinition/source"
PUBLISHER = "ketplan"
CODE_NOTICE = (
    "SNOMED CT codes are used under SNOMED International's terms and need an affiliate licence where it is"
    " deployed; LOINC codes under the LOINC licence; ICD-10-CM and RxNorm are of the US government."
)


def url(kind: str, name: str) -> str:
    return f"{BASE}/{kind}/{name}"


def canonical(kind: str, name: str) -> str:
    """With the version ketplan has now."""
    return f"{url(kind, name)}|{__version__}"


def header(kind: str, name: str, title: str, *, active: bool = True) -> Json:
    """The first elements of a definition, a draft until it is `active`.

    `name` ends its address; an id may hold no underscore.
    """
    words = re.split(r"[^A-Za-z0-9]+", name)
    return {
        "resourceType": kind,
        "id": name.replace("_", "-"),
        "url": url(kind, name),
        "version": __version__,
        "name": name if name.isupper() else "".join(w[:1].upper() + w[1:] for w in words),
        "title": title,
        "status": "active" if active else "draft",
        "publisher": PUBLISHER,
    }


def source(words: str) -> list[Json]:
    """The extension that says where a table comes from, for what has no `relatedArtifact`."""
    return [{"url": SOURCE, "valueString": f"Protocol facts {words}"}]


def citation(label: str, words: str, kind: str = "citation") -> Json:
    """A `relatedArtifact`: what it stands for, and the source with its tags."""
    return {"type": kind, "label": label, "citation": words}


def with_literature(artifacts: Iterable[Json | None]) -> list[Json]:
    """The artifacts that there are, and after them what each source key in them stands for."""
    given = [artifact for artifact in artifacts if artifact]
    tags = dict.fromkeys(tag for artifact in given for tag in _TAG.findall(artifact["citation"]))
    return given + [citation(f"{letter}:{key}", _literature()[letter, key]) for letter, key in tags]


# What follows the key in a tag is a remark of the row's: "[F:ABD22 intro]".
_TAG = re.compile(r"\[([FM]):([^\],]+?)(?: intro|,[^\]]*)?\]")


@cache
def _literature() -> dict[tuple[str, str], str]:
    """By tag letter and key. Raises KeyError, where it is asked, for a key that nobody has explained."""
    text = files("ketplan.clinical").joinpath("sources.toml").read_text("utf-8")
    return {
        ("F" if row["read"] else "M", row["key"]): "; ".join(filter(None, (row["what"], row["where"])))
        for row in tomllib.loads(text)["source"]
    }


def quantity(value: Decimal | int, unit: str) -> Json:
    return {"value": value, "unit": unit, "system": UCUM, "code": unit}
