"""The checks that every server is held to. Each gives, in a few words, what the server lets be done.

A check fails (AssertionError) where ketplan does what it must not: crash, stay silent, write twice. What a
server does not do is no failure: the words say what happens instead, and the table keeps them.
"""

from __future__ import annotations

import re
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Barrier
from typing import Any

from ketplan.ehr import submit
from ketplan.ehr.client import FhirClient
from ketplan.ehr.fetch import read_record
from ketplan.ehr.slots import read_slots
from ketplan.errors import Conflict, EhrError, Temporary
from ketplan.fhir.render import PLAN_STEP_SYSTEM, Step, render
from ketplan.store.database import open_database
from ketplan.store.journal import Journal
from ketplan.store.locks import RunLocks
from ketplan.store.plans import Plans
from ketplan.writeback.chart import EhrChart
from ketplan.writeback.ladder import Choice, laddered
from ketplan.writeback.runner import run
from ketplan.writeback.steps import STANDS, TOLD, Outcome, Receipt, Row
from tests.contract.targets import WRITTEN, Target
from tests.ehr.builders import NOW
from tests.fhir.plan_builders import PLAN_ID, a_draft, a_plan, a_timetable

Check = Callable[[Target], str]
Json = dict[str, Any]

KEY = "a-synthetic-key-of-no-value-0123"
VISITS = ("infusion-1", "infusion-2", "cbt-1", "24h_check_call")
CALENDARS = (("Location/infusion-chair-1", "Infusion chair 1"), ("Practitioner/okonjo", "Tomas Okonjo"))
NOT_TRIED = "—"
_CALLED = {
    "Goal": "goal",
    "CarePlan": "care plan",
    "ServiceRequest": "requests",
    "Appointment": "visits",
    "Task": "tasks to book",
    "Communication": "message",
    "DocumentReference": "note",
    "QuestionnaireResponse": "answers",
    "Provenance": "signature",
}
_LINKS = ("basedOn", "supportingInformation", "reasonReference")
# A hundred small databases: where there is a disk in memory they go there.
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None


# --- asking -------------------------------------------------------------------------------------------------


def says_what_it_is(target: Target) -> str:
    """The CapabilityStatement is read, and the kind of EHR is known."""
    client = target.client()
    assert client.capabilities().fhir_version.startswith("4.0")
    return client.profile.name


def launch_standalone(target: Target) -> str:
    return _launch(target, in_ehr=False)


def launch_from_the_chart(target: Target) -> str:
    return _launch(target, in_ehr=True)


def _launch(target: Target, *, in_ehr: bool) -> str:
    if not target.mock:
        return NOT_TRIED
    grant, client = target.signed_in(in_ehr=in_ehr)
    assert grant.patient == target.patient
    assert grant.fhir_user == "Practitioner/halvorsen"
    assert client.read("Patient", target.patient).raw["id"] == target.patient
    return "signed in"


def reads_the_record(target: Target) -> str:
    """Every section is there, or says in words why it is not; nobody else's entry is among them."""
    sections = read_record(target.ready(), target.patient)
    for section in sections:
        assert section.state in ("found", "empty") or section.detail, section.name
        assert not section.dropped, section.name
    assert {s.name: s.state for s in sections}["Condition"] == "found"
    lacking = [s.name for s in sections if s.state not in ("found", "empty")]
    return "all" if not lacking else f"not {_listed(lacking)}"


def reads_free_times(target: Target) -> str:
    section = read_slots(target.ready(), NOW, NOW + timedelta(days=7))
    assert section.state in ("found", "empty") or section.detail
    return "found" if section.state == "found" else "clinic hours alone"


# --- writing ------------------------------------------------------------------------------------------------


def writes_a_plan(target: Target) -> str:
    """Each resource stands once, or its row says in words why it does not."""
    with Course(target) as course:
        return course.told(course.write())


def writes_it_again(target: Target) -> str:
    with Course(target) as course:
        first = course.write()
        before = course.ours()
        again = course.write()
        assert course.ours() == before
        assert _standing(again) == _standing(first)
        return course.told(again)


def forgets_its_journal(target: Target) -> str:
    """A second run that knows nothing of the first, as after a lost database."""
    with Course(target) as course:
        course.write()
        before = course.ours()
        with Course(target) as other:
            receipt = other.write()
        twice = {kind: n - before[kind] for kind, n in course.ours().items() if n > before[kind]}
        told = course.told(receipt, twice=bool(twice))
        return f"{told}; {_listed(twice)} twice" if twice else told


def loses_answers(target: Target) -> str:
    """Every second create is stored and its answer lost."""
    return _in_trouble(target, "lost on=create every=2")


def truncates_answers(target: Target) -> str:
    return _in_trouble(target, "truncated on=create every=2")


def is_busy(target: Target) -> str:
    return _in_trouble(target, "429 on=write every=3 retry_after=1")


def fails_at_times(target: Target) -> str:
    return _in_trouble(target, "500 on=create every=3")


def says_ok_and_means_no(target: Target) -> str:
    """HTTP 200 with an error in it, and nothing stored."""
    return _in_trouble(target, "error-200 on=create every=4 times=1")


def _in_trouble(target: Target, *faults: str) -> str:
    """A run in trouble, then one without: in the end each stands once, or a human is told to look."""
    if not target.mock:
        return NOT_TRIED
    with Course(target) as course:
        target.harbor.faults.add(*faults)
        course.write()
        target.harbor.faults.clear()
        return course.told(course.write())


def ends_its_token(target: Target) -> str:
    """The token dies at the third create; after a new sign-in the run goes on where it stopped."""
    if not target.mock or not target.harbor.like.access.enforced:
        return NOT_TRIED
    with Course(target) as course:
        target.harbor.faults.add("expire on=create after=2 times=1")
        receipt = course.write()
        stopped = any(row.outcome is Outcome.PENDING for row in receipt.rows)
        target.harbor.faults.clear()
        return course.told(course.write()) + ("" if stopped else "; never came so far")


def books_one_visit(target: Target) -> str:
    """One visit by itself, in the shape this kind of EHR takes."""
    step = next(step for step in _steps(target.patient) if step.type == "Appointment")
    alone = {name: value for name, value in step.resource.items() if name not in _LINKS}
    return _writes_one(target, alone)


def takes_a_note(target: Target) -> str:
    """The plan as a note, with everything that the strictest EHR asks for."""
    return _writes_one(target, a_note(target.patient))


def _writes_one(target: Target, resource: Json) -> str:
    chart = EhrChart(target.operator())
    kind = resource["resourceType"]
    before = set(target.stored(kind))
    try:
        chart.admit(resource, "create")
        written = chart.create(resource, None)
    except EhrError as error:
        assert str(error)
        assert set(target.stored(kind)) == before
        return "refused by the profile" if error.status is None else f"refused ({error.status})"
    assert set(target.stored(kind)) - before == {written.id}
    held = chart.read(kind, written.id).raw
    lost = [name for name in resource if name not in held]
    return str(held["status"]) + (f" without {_listed(lost)}" if lost else "")


def is_changed_by_two(target: Target) -> str:
    """Of two who change one version, the second is told so, where the server keeps versions apart."""
    client = target.operator()
    kind = _changeable(client)
    if not kind:
        return "takes no change"
    read = client.read(kind, target.put(_smallest(kind, target.patient)))
    client.update({**read.raw, "language": "en"}, read.etag)
    try:
        client.update({**read.raw, "language": "de"}, read.etag)
    except Conflict as error:
        return f"refused ({error.status})"
    return "not noticed by the server"


def creates_ten_at_once(target: Target) -> str:
    """Ten parallel conditional creates of one thing: how many the server stores."""
    client = target.operator()
    kind = next((k for k in ("CarePlan", "Communication", "QuestionnaireResponse") if _takes(target, k)), "")
    if not kind:
        return "takes nothing"
    value = str(uuid.uuid4())
    body = _smallest(kind, target.patient) | {
        "identifier": _identifier(kind, {"system": PLAN_STEP_SYSTEM, "value": value})
    }
    before = set(target.stored(kind))
    if target.mock:
        # A server that looks before it locks: all ten have looked before the first one stores.
        target.harbor.faults.sleep = lambda seconds: Barrier.wait(all_have_looked, 10) and None
    all_have_looked = Barrier(10)
    with ThreadPoolExecutor(10) as pool:
        condition = submit.condition(kind, PLAN_STEP_SYSTEM, value)
        done = [pool.submit(client.create, body, condition) for _ in range(10)]
        for one in done:
            assert isinstance(one.exception(), Conflict | Temporary | None), one.exception()
    return f"{len(set(target.stored(kind)) - before)} stored"


ASKING: dict[str, Check] = {
    "known as": says_what_it_is,
    "standalone launch": launch_standalone,
    "EHR launch": launch_from_the_chart,
    "record": reads_the_record,
    "free times": reads_free_times,
    "one visit": books_one_visit,
    "note": takes_a_note,
    "changed by two": is_changed_by_two,
    "ten at once": creates_ten_at_once,
}
WRITING: dict[str, Check] = {
    "plan": writes_a_plan,
    "plan again": writes_it_again,
    "without journal": forgets_its_journal,
    "lost answers": loses_answers,
    "truncated answers": truncates_answers,
    "429": is_busy,
    "500": fails_at_times,
    "200 with error": says_ok_and_means_no,
    "token ends": ends_its_token,
}
CHECKS = ASKING | WRITING


class Course:
    """One plan on one server, with a database of its own, and what of it stands there."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.steps = laddered(_steps(target.patient), Choice.IF_NEEDED, "current")
        self._folder = TemporaryDirectory(dir=MEMORY)
        self._database = open_database(f"sqlite:///{self._folder.name}/ketplan.db", [KEY])
        self._before = {kind: set(target.stored(kind)) for kind in WRITTEN}

    def __enter__(self) -> Course:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()
        self._folder.cleanup()

    def write(self) -> Receipt:
        keys = {"keys": [step.key for step in self.steps]}
        plans = Plans(self._database)
        plans.save(PLAN_ID, self.target.base, self.target.patient, 1, keys, NOW)
        return run(
            PLAN_ID,
            self.steps,
            EhrChart(self.target.ready()),
            Journal(self._database),
            lock=RunLocks(self._database),
            owner=uuid.uuid4().hex,
            patient_id=self.target.patient,
            now=lambda: NOW,
            sleep=lambda seconds: None,
        )

    def ours(self) -> Counter[str]:
        """How many resources have come since the beginning, by type."""
        return Counter({kind: len(set(self.target.stored(kind)) - had) for kind, had in self._before.items()})

    def told(self, receipt: Receipt, *, twice: bool = False) -> str:
        """The receipt in a few words. It is held against what stands in the EHR."""
        standing = _standing(receipt)
        for row in receipt.rows:
            assert row.outcome in STANDS or row.detail or row.said, row
            assert row.outcome is not Outcome.REPLACED or self._tells(row), row
            assert row.outcome not in STANDS or self._there(row.reference), row
        if not twice:
            lost = [row for row in receipt.rows if row.outcome is Outcome.PENDING]
            assert +self.ours() == standing or (lost and +self.ours() >= standing), (self.ours(), receipt)
        self._as_the_server_says(receipt)
        missing = Counter(row.type for row in receipt.rows if row.outcome not in TOLD)
        if not standing:
            return "nothing, in words"
        what = "all" if all(row.outcome in STANDS for row in receipt.rows) else _in_words(standing)
        return f"{what}; not {_listed(missing)}" if missing else what

    def _tells(self, row: Row) -> bool:
        """What stands in for something is named in its row, and is there."""
        found = re.search(r"can be read in (\w+/[\w.-]+)\.", row.detail)
        return found is not None and self._there(found[1])

    def _there(self, reference: str) -> bool:
        kind, _, id_ = reference.partition("/")
        return id_ in self.target.stored(kind)

    def _as_the_server_says(self, receipt: Receipt) -> None:
        """Nothing stands of a type that the server does not take."""
        like = self.target.like
        for row in receipt.rows:
            if like and row.outcome in STANDS:
                assert "create" in like.does(row.type)


def _in_words(standing: Counter[str]) -> str:
    found = [words for kind, words in _CALLED.items() if standing[kind]]
    return " and ".join(filter(None, [", ".join(found[:-1]), found[-1]]))


def _standing(receipt: Receipt) -> Counter[str]:
    references = {row.reference for row in receipt.rows if row.outcome in STANDS}
    return Counter(reference.partition("/")[0] for reference in references)


@cache
def _steps(patient: str) -> tuple[Step, ...]:
    """A short course at times nobody has to give, in a room with a nurse."""
    draft = a_draft(patient=f"Patient/{patient}", addresses=(), findings=())
    draft = replace(draft, visits=tuple(visit for visit in draft.visits if visit.key in VISITS))
    timetable = a_timetable(draft)
    free = tuple(replace(placed, slots=(), resources=CALENDARS) for placed in timetable.placed)
    return render(a_plan(draft), replace(timetable, placed=free))


def a_note(patient: str) -> Json:
    """A note as the strictest recipes want it, its text in one attachment."""
    when = {"start": "2026-02-25T14:00:00-05:00", "end": "2026-02-25T14:30:00-05:00"}
    attachment = {
        "contentType": "text/plain;charset=utf-8",
        "title": "Plan",
        "creation": when["end"],
        "data": "UGxhbg==",
    }
    return {
        "resourceType": "DocumentReference",
        "status": "current",
        "docStatus": "final",
        "type": {"coding": [{"system": "http://loinc.org", "code": "11506-3", "display": "Progress note"}]},
        "subject": {"reference": f"Patient/{patient}"},
        "date": when["end"],
        "author": [{"reference": "Practitioner/halvorsen"}],
        "content": [{"attachment": {**attachment, "creation": when["end"]}}],
        "context": {"encounter": [{"reference": "Encounter/current"}], "period": when},
    }


def _takes(target: Target, kind: str) -> bool:
    return not target.like or "create" in target.like.does(kind)


def _changeable(client: FhirClient) -> str:
    said = client.capabilities()
    kinds = ("CarePlan", "DocumentReference", "Observation", "QuestionnaireResponse")
    return next((kind for kind in kinds if said.can(kind, "update")), "")


def _smallest(kind: str, patient: str) -> Json:
    subject = {"reference": f"Patient/{patient}"}
    own: dict[str, Json] = {
        "CarePlan": {"status": "draft", "intent": "plan"},
        "Communication": {"status": "completed"},
        "DocumentReference": {
            "status": "current",
            "content": [{"attachment": {"contentType": "text/plain"}}],
        },
        "Observation": {"status": "final", "code": {"text": "weight"}},
        "QuestionnaireResponse": {"status": "completed"},
    }
    return {"resourceType": kind, "subject": subject, **own[kind]}


def _identifier(kind: str, identifier: Json) -> Any:
    return identifier if kind == "QuestionnaireResponse" else [identifier]


def _listed(names: Any) -> str:
    return ", ".join(sorted(names))
