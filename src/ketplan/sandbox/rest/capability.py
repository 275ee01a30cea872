"""What the server says it can do, drawn from the tables it works by, lies included."""

from __future__ import annotations

from ketplan.sandbox.harbor import Harbor
from ketplan.sandbox.parameters import TYPES
from ketplan.sandbox.wire import FHIR_JSON, Resource

_OAUTH = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"


def statement(harbor: Harbor) -> Resource:
    addresses = [("authorize", "/auth/authorize"), ("token", "/auth/token")]
    oauth = {
        "url": _OAUTH,
        "extension": [{"url": name, "valueUri": f"{harbor.base_url}{path}"} for name, path in addresses],
    }
    service = {
        "system": "http://terminology.hl7.org/CodeSystem/restful-security-service",
        "code": "SMART-on-FHIR",
    }
    bundles = harbor.like.bundles
    whole = [
        *(["transaction"] if bundles.transaction != "none" else []),
        *(["batch"] if bundles.batch else []),
    ]
    kinds = [kind for kind in sorted(TYPES) if harbor.like.says(kind)]
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": harbor.today.isoformat(),
        "kind": "instance",
        **({"software": {"name": f"{harbor.like.software} (sandbox)"}} if harbor.like.software else {}),
        **({"publisher": f"{harbor.like.publisher} (sandbox)"} if harbor.like.publisher else {}),
        "implementation": {"description": "Synthetic patients in memory", "url": harbor.fhir_url},
        "fhirVersion": "4.0.1",
        "format": [FHIR_JSON, "json"],
        "patchFormat": ["application/json-patch+json"],
        "rest": [
            {
                "mode": "server",
                "security": {"extension": [oauth], "service": [{"coding": [service]}]},
                "resource": [_of_type(harbor, kind) for kind in kinds],
                **({"interaction": [{"code": code} for code in whole]} if whole else {}),
            }
        ],
    }


def _of_type(harbor: Harbor, kind: str) -> Resource:
    params = TYPES[kind]
    only = {name for rule in harbor.like.search if kind in rule.types for name in rule.only}
    shown = {name: param for name, param in params.items() if not only or name in only}
    references = sorted(name for name, param in shown.items() if param.type == "reference")
    writes, says = harbor.like.writes, harbor.like.says(kind)
    operations = harbor.like.operations
    named = [name for name in operations.names if kind == "Appointment" and operations.advertised]
    return {
        "type": kind,
        "interaction": [{"code": code} for code in sorted(says)],
        "versioning": "versioned-update" if writes.if_match != "ignored" else "versioned",
        "readHistory": "vread" in says,
        "updateCreate": writes.upsert,
        "conditionalCreate": "create" in says and writes.if_none_exist != "ignored",
        "conditionalRead": "not-supported",
        "conditionalUpdate": "update" in says and writes.conditional_update,
        "conditionalDelete": "not-supported",
        **(
            {"searchInclude": [f"{kind}:{name}" for name in references]}
            if references and harbor.like.searches.includes
            else {}
        ),
        "searchParam": [{"name": name, "type": param.type} for name, param in sorted(shown.items())],
        **(
            {"operation": [{"name": name, "definition": f"{operations.defined}{name}"} for name in named]}
            if named
            else {}
        ),
    }
