"""A validator made from the committed StructureDefinitions: each compiled once into closures, then fast.

It knows what our profiles use: cardinality, types, fixed values and patterns, slices by value or pattern,
required bindings, reference targets, invariants by key. An invariant or a slicing it does not know stops the
compiling. Extensions of primitive elements (`_status`) count as unknown: ketplan writes none.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from ketplan.fhir.rendering.authoring import RELATIVE_REFERENCE
from tests.fhir.element_checks import (
    Check,
    Json,
    Slice,
    demands,
    exactly,
    forbidden,
    invariants,
    primitive,
    together,
    words,
)

PROFILES = Path(__file__).parents[2] / "fhir_profiles"
GENERATED = PROFILES / "generated"
HL7 = "http://hl7.org/fhir/StructureDefinition/"
# Whole terminologies no file can list: languages, media types, currencies, UCUM.
UNLISTED = frozenset({"languages", "all-languages", "mimetypes", "currencies", "ucum-units", "all-units"})


@dataclass
class Node:
    """One element of a snapshot with what stands below it, and its slices by name."""

    element: Json
    children: dict[str, Node] = field(default_factory=dict)
    slices: dict[str, Node] = field(default_factory=dict)

    @property
    def codes(self) -> list[str]:
        return [t["code"].rpartition("/")[2] for t in self.element.get("type", ())]

    @property
    def constraints(self) -> list[Json]:
        return list(self.element.get("constraint", ()))

    def value(self, prefix: str) -> Any:
        """What `fixed…` or `pattern…` demands, None without."""
        return next((v for key, v in self.element.items() if key.startswith(prefix)), None)

    @property
    def demanded(self) -> Any:
        fixed = self.value("fixed")
        return self.value("pattern") if fixed is None else fixed


def tree(definition: Json) -> Node:
    root, *rest = definition["snapshot"]["element"]
    top = Node(root)
    for element in rest:
        node = top
        *above, last = element.get("id", element["path"]).split(".")[1:]
        for part in above:
            node = _step(node, part)
        name, _, piece = last.partition(":")
        if piece:
            node.children[name].slices[piece] = Node(element)
        else:
            node.children[name] = Node(element)
    return top


def _step(node: Node, part: str) -> Node:
    name, _, piece = part.partition(":")
    return node.children[name].slices[piece] if piece else node.children[name]


def read(*paths: Path) -> list[Json]:
    """The resources of JSON files, a Bundle's one by one; decimals keep their digits."""
    found: list[Json] = []
    for path in paths:
        resource = json.loads(path.read_text("utf-8"), parse_float=Decimal)
        bundled = resource["resourceType"] == "Bundle"
        found += [entry["resource"] for entry in resource["entry"]] if bundled else [resource]
    return found


class Definitions:
    """Profiles, types and value sets; `checker` compiles what it is asked for, once."""

    def __init__(self, resources: Iterable[Json]) -> None:
        self._structures: dict[str, Json] = {}
        self._codes: dict[str, frozenset[tuple[str, str]]] = {}
        self._compiled: dict[str, Check] = {}
        for resource in resources:
            if resource["resourceType"] == "StructureDefinition":
                self._structures[resource["url"]] = resource
            elif resource["resourceType"] == "ValueSet":
                self._codes[resource["url"]] = frozenset(_listed(resource))

    def checker(self, url: str) -> Callable[[Json], list[str]]:
        """What is wrong with a resource by the definition `url`, each problem with its element's path."""
        check = self._structure(url)

        def run(resource: Json) -> list[str]:
            found: list[str] = []
            check(resource, str(resource.get("resourceType")), found)
            return list(dict.fromkeys(found))

        return run

    def _structure(self, url: str) -> Check:
        if url not in self._compiled:
            self._compiled[url] = self._definition(self._structures[url])
        return self._compiled[url]

    def _definition(self, definition: Json) -> Check:
        top = tree(definition)
        if definition["kind"] == "primitive-type":
            return primitive(definition["type"], _regex(top.children["value"]))
        inner = _Compiler(self, top)
        resource = definition["kind"] == "resource"
        return together(
            [inner.children(top, definition["type"] if resource else None), *invariants(top.constraints)]
        )

    def type(self, code: str) -> Check:
        """Looked up when it is first met, because types hold each other."""
        url = f"{HL7}{code}"
        return lambda value, path, out: self._structure(url)(value, path, out)

    def type_invariants(self, code: str) -> list[Check]:
        return invariants(tree(self._structures[f"{HL7}{code}"]).constraints)

    def type_of(self, profile: str) -> str:
        known = self._structures.get(profile)
        return str(known["type"]) if known else profile.removeprefix(HL7)

    def codes(self, url: str) -> frozenset[tuple[str, str]] | None:
        bare = url.partition("|")[0]
        if bare.rpartition("/")[2] in UNLISTED:
            return None
        return self._codes[bare]


def _listed(value_set: Json) -> Iterable[tuple[str, str]]:
    for coding in value_set.get("expansion", {}).get("contains", ()):
        yield coding["system"], coding["code"]
    for part in value_set.get("compose", {}).get("include", ()):
        for concept in part.get("concept", ()):
            yield part["system"], concept["code"]


@dataclass
class _Compiler:
    """One definition's elements as checks. `top` resolves references to other elements of it."""

    known: Definitions
    top: Node

    def children(self, node: Node, resource: str | None = None) -> Check:
        """An object: every key known, every required one there, every value right."""
        handlers: dict[str, Check] = {}
        expected: list[tuple[str, tuple[str, ...], bool]] = []
        for name, child in node.children.items():
            keys = _keys(name, child)
            if child.element["min"] or len(keys) > 1:
                expected.append((name, tuple(keys), bool(child.element["min"])))
            for key, code in keys.items():
                handlers[key] = self._element(child, code)
        if resource:
            handlers["resourceType"] = exactly(resource)

        def run(value: Any, path: str, out: list[str]) -> None:
            if not isinstance(value, dict) or not value:
                out.append(f"{path}: not an object with content")
                return
            for key, item in value.items():
                handler = handlers.get(key)
                if handler is None:
                    out.append(f"{path}.{key}: no such element")
                else:
                    handler(item, f"{path}.{key}", out)
            for name, keys, required in expected:
                held = sum(key in value for key in keys)
                if held > 1:
                    out.append(f"{path}.{name}: only one of its types")
                elif required and not held:
                    out.append(f"{path}.{name}: required")

        return run

    def _element(self, node: Node, code: str) -> Check:
        one = self._one(node, code)
        limit = node.element["max"]
        if limit == "0":
            return forbidden
        if node.element.get("base", node.element)["max"] in ("0", "1"):
            return one
        return self._many(node, code, one, node.element["min"], None if limit == "*" else int(limit))

    def _many(self, node: Node, code: str, one: Check, least: int, most: int | None) -> Check:
        slices = [self._slice(name, node, piece, code) for name, piece in node.slices.items()]
        closed = bool(slices) and node.element["slicing"]["rules"] == "closed"

        def run(value: Any, path: str, out: list[str]) -> None:
            if not isinstance(value, list) or not value:
                out.append(f"{path}: not a list with content")
                return
            if len(value) < least or (most is not None and len(value) > most):
                out.append(f"{path}: {len(value)} where {least} to {most or 'any'} are due")
            for place, item in enumerate(value):
                one(item, f"{path}[{place}]", out)
                if closed and not any(piece.holds(item) for piece in slices):
                    out.append(f"{path}[{place}]: in no slice")
            for piece in slices:
                piece.run(value, path, out)

        return run

    def _slice(self, name: str, node: Node, piece: Node, code: str) -> Slice:
        pairs = []
        for discriminator in node.element["slicing"]["discriminator"]:
            where = discriminator["path"]
            told = piece if where == "$this" else piece.children[where]
            if discriminator["type"] not in ("value", "pattern") or told.demanded is None:
                raise NotImplementedError(f"slicing of {node.element['path']}")
            pairs.append(("" if where == "$this" else where, told.demanded))
        most = piece.element["max"]
        return Slice(
            name, pairs, piece.element["min"], None if most == "*" else int(most), self._one(piece, code)
        )

    def _one(self, node: Node, code: str) -> Check:
        """One value of an element: its type, then all that this profile adds."""
        return together(
            [
                *self._shape(node, code),
                *self._targets(node, code),
                *self._bound(node, code),
                *demands(node.value("fixed"), node.value("pattern")),
                *invariants(node.constraints),
            ]
        )

    def _shape(self, node: Node, code: str) -> list[Check]:
        if target := node.element.get("contentReference"):
            parts = target.lstrip("#").split(".")[1:]
            return [self._later(parts)]
        if code in ("Resource", "xhtml", "System.String"):
            return [forbidden if code == "Resource" else words]
        if not node.children:
            return [self.known.type(code)]
        own = [] if code in ("BackboneElement", "Element") else self.known.type_invariants(code)
        return [self.children(node), *own]

    def _later(self, parts: list[str]) -> Check:
        """The element referred to, compiled when it is first met: it holds this one."""
        made: list[Check] = []

        def run(value: Any, path: str, out: list[str]) -> None:
            if not made:
                node = self.top
                for part in parts:
                    node = node.children[part]
                made.append(self._one(node, node.codes[0]))
            made[0](value, path, out)

        return run

    def _targets(self, node: Node, code: str) -> list[Check]:
        told = [t for t in node.element.get("type", ()) if t["code"] == "Reference"]
        allowed = {self.known.type_of(p) for t in told for p in t.get("targetProfile", ())}
        if code != "Reference" or not allowed or "Resource" in allowed:
            return []

        def run(value: Any, path: str, out: list[str]) -> None:
            target = value.get("reference") if isinstance(value, dict) else None
            shape = RELATIVE_REFERENCE.fullmatch(target) if isinstance(target, str) else None
            if target is not None and shape is None:
                out.append(f"{path}.reference: not of the form Type/id")
                return
            kind = shape[1] if shape else isinstance(value, dict) and value.get("type")
            if kind and kind not in allowed:
                out.append(f"{path}: refers to a type not allowed here")

        return [run]

    def _bound(self, node: Node, code: str) -> list[Check]:
        binding = node.element.get("binding", {})
        if binding.get("strength") != "required":
            return []
        codes = self.known.codes(binding["valueSet"])
        if codes is None:
            return []
        plain = frozenset(code for _, code in codes)

        def run(value: Any, path: str, out: list[str]) -> None:
            if isinstance(value, str):
                fits = value in plain
            elif "coding" in value:
                fits = any((c.get("system"), c.get("code")) in codes for c in value["coding"])
            else:
                fits = (value.get("system"), value.get("code")) in codes
            if not fits:
                out.append(f"{path}: not a code of the required value set")

        return [run]


def _keys(name: str, node: Node) -> dict[str, str]:
    """The JSON keys of an element, each with its type; one for every type of a choice."""
    if not name.endswith("[x]"):
        return {name: (node.codes or [""])[0]}
    return {f"{name[:-3]}{code[0].upper()}{code[1:]}": code for code in node.codes}


def _regex(node: Node) -> str | None:
    told = [e["valueString"] for t in node.element.get("type", ()) for e in t.get("extension", ())]
    return told[0] if told else None
