"""A page per kind of EHR for whoever sets ketplan up there, made of its profile.

python -m ketplan.ehr.profiles.pages docs/ehr
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from ketplan.ehr.profiles.load import shipped
from ketplan.ehr.profiles.model import Dialect, Fact, Profile, ScopeHabit, WriteShape

REGISTER = """## Register ketplan there

| the form asks for | it is |
|---|---|
| launch address | `https://<ketplan>/launch` |
| redirect address | `https://<ketplan>/callback` |
| public keys (for a confidential client by key) | `https://<ketplan>/.well-known/jwks.json` |
| scopes, each with its reason | what `{scopes}` prints |
| FHIR version | R4 (4.0.1) |

## Settings

```toml
[[ehr]]
name = "{name}"
label = "{label}"
iss = "https://…"            # the FHIR base, exactly as the EHR sends it
client_id = "…"
profile = "{name}"
frame_ancestors = ["https://…"]  # where the EHR shows ketplan in a frame
```

Then `ketplan doctor --ehr {name}` says what will work and what will not; nothing is written there by it.
"""


def page(profile: Profile) -> str:
    """The page of one profile, as Markdown."""
    older = any(habit.dialect is Dialect.V1 for habit in profile.scopes)
    scopes = "ketplan scopes --v1" if older else "ketplan scopes"
    lines = [
        f"# {profile.label}",
        "",
        f"Made of `src/ketplan/ehr/profiles/{profile.name}.toml`; change it there.",
        "",
        REGISTER.format(name=profile.name, label=profile.label, scopes=scopes),
        *_section("How it is recognised", [(f"{s.part} matches `{s.pattern}`", s) for s in profile.signs]),
        *_section("What is known of scopes", [(_habit(h), h) for h in profile.scopes]),
        *_section("What it takes", [(_write(w), w) for w in profile.writes if not _refused(w)]),
        *_section("What it does not take", [(_write(w), w) for w in profile.writes if _refused(w)]),
        *_section(
            "What is not read", [(f"{s.type}: {s.otherwise}", s) for s in profile.searches if s.otherwise]
        ),
        *_section("Limits", [(f"{limit.about}: {limit.says}", limit) for limit in profile.limits]),
        *_section("What else to know", [(quirk.says, quirk) for quirk in profile.quirks]),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _section(title: str, facts: list[tuple[str, Fact]]) -> Iterator[str]:
    if not facts:
        return
    yield f"## {title}\n"
    for said, fact in facts:
        yield f"- {said} ({fact.witness}; confidence {fact.confidence})"
    yield ""


def _refused(write: WriteShape) -> bool:
    return write.create is False


def _habit(habit: ScopeHabit) -> str:
    return habit.says or f"The dialect of scopes is {habit.dialect}."


def _write(write: WriteShape) -> str:
    can = [verb for verb, may in (("create", write.create), ("update", write.update)) if may]
    cannot = [verb for verb, may in (("create", write.create), ("update", write.update)) if may is False]
    when = f" ({', '.join(f'{name} {value}' for name, value in write.when.items())})" if write.when else ""
    said = [
        " and ".join(can),
        f"no {' or '.join(cannot)}" if cannot else "",
        f"without {', '.join(write.drop)}" if write.drop else "",
        f"only with {', '.join(write.needs)}" if write.needs else "",
    ]
    how = "; ".join(filter(None, said)) or "in a shape of its own"
    return f"{write.type}{when}: {how}. {write.why}".rstrip()


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for profile in shipped().values():
        (folder / f"{profile.name}.md").write_text(page(profile), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
