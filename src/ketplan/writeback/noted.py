"""What `compare.differences` said when a resource had been written, read back from the journal's words."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ketplan.writeback.compare import LINKS, MOMENTS

_SENTENCE = re.compile(r"The EHR ((?:dropped|changed|says that) [^.]*)\.")
_VERB = re.compile(r"\b(dropped|changed|says that)\b")
_CODE = re.compile(r"\b(status|lifecycleStatus|intent) is ([a-z-]+)")


@dataclass(frozen=True)
class Noted:
    """Elements the EHR dropped, elements it changed, and the codes it gave instead, at the writing itself."""

    dropped: frozenset[str] = frozenset()
    changed: frozenset[str] = frozenset()
    codes: dict[str, str] = field(default_factory=dict)


def noted(said: str) -> Noted:
    """What the sentences in `said` tell; words of anybody else tell nothing."""
    found: dict[str, set[str]] = {"dropped": set(), "changed": set(), "says that": set()}
    for sentence in _SENTENCE.findall(said):
        parts = _VERB.split(sentence)
        for verb, rest in zip(parts[1::2], parts[2::2], strict=True):
            found[verb] |= set(re.findall(r"[A-Za-z]+", rest)) & {*LINKS, *MOMENTS}
    codes = dict(_CODE.findall(" ".join(_SENTENCE.findall(said))))
    return Noted(frozenset(found["dropped"]), frozenset(found["changed"]), codes)
