"""The catalogues of locale/: what there is to translate, and whether a translation is whole.

python -m ketplan.paper.catalogue          writes patient.pot, compiles every .po, says what is missing
"""

from __future__ import annotations

import ast
import re
import struct
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ketplan.paper.desk import templates_of_patients, untranslated
from ketplan.paper.languages import CRISIS, DOMAIN, HOURS, MINUTES, WITH_CONTEXT

FOLDER = Path(__file__).parent / "locale"
_PLACES = re.compile(r"%\((\w+)\)s|%(?!\()")
_HEADER = '"Content-Type: text/plain; charset=UTF-8\\n"'


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be said. `context` tells apart what is the same in English; `plural` is "" for most."""

    text: str
    plural: str = ""
    context: str = ""

    @property
    def key(self) -> str:
        """As a .mo file knows it."""
        key = f"{self.context}\x04{self.text}" if self.context else self.text
        return f"{key}\0{self.plural}" if self.plural else key


Catalogue = Mapping[Message, tuple[str, ...]]
"""The translations of each message: one, or one for each plural form; the header stands under ""."""


def messages() -> tuple[Message, ...]:
    """Everything there is to translate, in a fixed order."""
    found = [Message(text, context=context) for context, text in WITH_CONTEXT]
    found += [Message(CRISIS), Message(*HOURS), Message(*MINUTES)]
    for template in templates_of_patients():
        for function, said in untranslated(template):
            if function == "pgettext":
                found.append(Message(said[1], context=said[0]))
            else:
                found.append(Message(*said))
    return tuple(dict.fromkeys(found))


def read(po: str) -> Catalogue:
    """A .po file as this folder has them: comments, msgctxt, msgid, msgid_plural, msgstr and msgstr[n]."""
    found: dict[Message, tuple[str, ...]] = {}
    for block in re.split(r"\n\s*\n", po.strip()):
        parts: dict[str, str] = {}
        name = ""
        for line in block.splitlines():
            if line.startswith("#") or not line.strip():
                continue
            word, _, rest = line.partition(" ")
            if not line.startswith('"'):
                name, line = word, rest
            parts[name] = parts.get(name, "") + str(ast.literal_eval(line))
        if "msgid" in parts:
            message = Message(parts["msgid"], parts.get("msgid_plural", ""), parts.get("msgctxt", ""))
            found[message] = tuple(parts[n] for n in sorted(parts) if n.startswith("msgstr"))
    return found


def template() -> str:
    """The .pot file: every message with nothing said for it."""
    return "\n".join(
        ["# What a patient takes home. Copy to <language>/LC_MESSAGES/patient.po.", *_blocks({})]
    )


def _blocks(known: Catalogue) -> Iterator[str]:
    yield f'msgid ""\nmsgstr ""\n{_HEADER}\n"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n'
    for message in messages():
        lines = [f"msgctxt {_quoted(message.context)}"] if message.context else []
        lines.append(f"msgid {_quoted(message.text)}")
        if message.plural:
            lines.append(f"msgid_plural {_quoted(message.plural)}")
            said = known.get(message, ("", ""))
            lines += [f"msgstr[{n}] {_quoted(words)}" for n, words in enumerate(said)]
        else:
            lines.append(f"msgstr {_quoted(known.get(message, ('',))[0])}")
        yield "\n".join(lines) + "\n"


def _quoted(words: str) -> str:
    return '"' + words.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def compiled(catalogue: Catalogue) -> bytes:
    """The .mo file, little-endian, without a hash table; equal catalogues give equal bytes."""
    rows = sorted((m.key.encode(), "\0".join(said).encode()) for m, said in catalogue.items())
    keys, values = (b"".join(row[n] + b"\0" for row in rows) for n in (0, 1))
    start = 28 + 16 * len(rows)
    tables = [_table([row[0] for row in rows], start), _table([row[1] for row in rows], start + len(keys))]
    head = struct.pack("<7I", 0x950412DE, 0, len(rows), 28, 28 + 8 * len(rows), 0, start)
    return head + b"".join(tables) + keys + values


def _table(texts: Iterable[bytes], at: int) -> bytes:
    packed = b""
    for text in texts:
        packed += struct.pack("<2I", len(text), at)
        at += len(text) + 1
    return packed


def faults(catalogue: Catalogue) -> Iterator[str]:
    """What a translation lacks or has too much: a sentence each."""
    wanted = messages()
    for message in wanted:
        said = catalogue.get(message)
        if not said or not all(said):
            yield f"not translated: {message.text}"
            continue
        for words in said:
            if _places(words) not in [_places(one) for one in (message.text, message.plural) if one]:
                yield f"other placeholders: {message.text}"
            if "<" in words or "&" in words:
                yield f"markup in the translation: {message.text}"
    yield from (f"nobody says this any more: {m.text}" for m in catalogue if m.text and m not in wanted)


def _places(words: str) -> list[str]:
    return sorted(found.group() for found in _PLACES.finditer(words))


def main() -> int:
    (FOLDER / f"{DOMAIN}.pot").write_text(template(), "utf-8")
    missing = 0
    for po in sorted(FOLDER.glob(f"*/LC_MESSAGES/{DOMAIN}.po")):
        catalogue = read(po.read_text("utf-8"))
        po.with_suffix(".mo").write_bytes(compiled(catalogue))
        for fault in faults(catalogue):
            print(f"{po.parent.parent.name}: {fault}")
            missing += 1
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
