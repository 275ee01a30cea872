"""Work in hand on one patient: start, choices, intake, resolutions. The next launch finds it again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from ketplan.clinical.assessment import Choice
from ketplan.clinical.findings import Finding
from ketplan.clinical.plan import Resolution
from ketplan.store.drafts import DraftWork
from ketplan.web.context import desk
from ketplan.web.sessions import LiveSession

Json = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """A resolution, by whom in words, and what was on the screen when it was given."""

    resolution: Resolution
    name: str
    about: str

    @property
    def finding(self) -> str:
        return self.resolution.finding


@dataclass(frozen=True)
class Work:
    """`start` None is the next possible Monday; `intake` is the QuestionnaireResponse answered here."""

    start: date | None = None
    choice: Choice = field(default_factory=Choice)
    intake: Json | None = None
    answers: tuple[Answer, ...] = ()
    version: int = 0

    def answered(self, answer: Answer) -> Work:
        return replace(self.without(answer.finding), answers=(*self.without(answer.finding).answers, answer))

    def without(self, finding: str) -> Work:
        return replace(self, answers=tuple(a for a in self.answers if a.finding != finding))

    def answer_to(self, finding: Finding) -> Answer | None:
        """The answer to this very finding; one given to other words or other evidence does not count."""
        given = next((a for a in self.answers if a.finding == finding.id), None)
        return given if given and given.about == fingerprint(finding) else None

    def lapsed(self, finding: Finding) -> Answer | None:
        """An earlier answer, to a finding that said something else then."""
        given = next((a for a in self.answers if a.finding == finding.id), None)
        return given if given and given.about != fingerprint(finding) else None


def fingerprint(finding: Finding) -> str:
    """What a finding says, so that an answer is tied to it. Getting a day older alone changes nothing."""
    words = re.sub(r"\b\d+ days\b", "days", finding.text)
    facts = [f"{e.reference}|{e.words}|{e.when}" for e in finding.evidence]
    said = [finding.id, finding.cls.value, words, *facts]
    return sha256("\n".join(said).encode()).hexdigest()[:24]


def load(session: LiveSession) -> Work:
    return _work(desk().services.drafts.load(session.iss, session.patient))


def save(session: LiveSession, work: Work) -> Work:
    """Keep it. RefusedError when another window saved since `work` was loaded."""
    drafts, now = desk().services.drafts, desk().now()
    return _work(drafts.save(session.iss, session.patient, _content(work), work.version, now))


def _content(work: Work) -> Json:
    return {
        "start": work.start.isoformat() if work.start else None,
        "choice": asdict(work.choice),
        "intake": work.intake,
        "answers": [
            {
                "finding": a.finding,
                "reason": a.resolution.reason,
                "clinician": a.resolution.clinician,
                "at": a.resolution.at.isoformat(),
                "name": a.name,
                "about": a.about,
            }
            for a in work.answers
        ],
    }


def _work(kept: DraftWork) -> Work:
    if not kept.version:
        return Work()
    content = kept.content
    return Work(
        date.fromisoformat(content["start"]) if content["start"] else None,
        Choice(**content["choice"]),
        content["intake"],
        tuple(_answer(a) for a in content["answers"]),
        kept.version,
    )


def _answer(kept: Mapping[str, str]) -> Answer:
    at = datetime.fromisoformat(kept["at"])
    given = Resolution(kept["finding"], kept["reason"], kept["clinician"], at)
    return Answer(given, kept["name"], kept["about"])
