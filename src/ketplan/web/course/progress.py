"""Progress review: what happened in the course, what follows from it, and a clinician's answer to each.

An answer is previewed, confirmed by name, kept for ever, and written to the EHR once. The plan there is not
changed by it; what is agreed acts on what ketplan shows next.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from ketplan import workflow
from ketplan.clinical.plan import Clinician
from ketplan.clinical.session.from_chart import chart_facts
from ketplan.errors import InputError, RefusedError, Temporary
from ketplan.fhir.rendering.review_response import KIND, AnsweredReview
from ketplan.store.reviews import StoredReview
from ketplan.web import sessions
from ketplan.web.bench import WAIT_TO_ACT, Bench, bench_if_any, open_bench
from ketplan.web.carry import carried
from ketplan.web.context import desk
from ketplan.web.course import course as courses
from ketplan.web.course.course import Course
from ketplan.web.guard import NOT_A_SIGNER, room
from ketplan.web.page import bench_page
from ketplan.web.pictures.curve import curve
from ketplan.web.pictures.picture import Picture
from ketplan.web.pictures.weight_curve import weight_curve
from ketplan.web.presenters import progress as presenter
from ketplan.web.presenters import progress_form, readiness, words, writing
from ketplan.web.presenters.progress_form import Said
from ketplan.web.sessions import LiveSession
from ketplan.web.trail import guard_form, note

routes = room("progress", __name__)

LONGEST_FORM_ID = 100
# How often answers are put behind others that came in at the same moment.
TRIES = 5
MEANWHILE = "This course was reviewed by somebody else meanwhile: look again."
CONFIRMED = "confirmed"
# What the preview does not carry on: it has its own.
NOT_CARRIED = frozenset({"csrf", "keep", "unsent", CONFIRMED})

Shown = str | tuple[str, int]


@routes.get("/review")
def show(lid: str) -> Shown:
    """Suicide risk, what happened, what is proposed, and every answer ever given."""
    return _page(open_bench(sessions.current()))


@routes.post("/review")
def answer(lid: str) -> Response | Shown:
    """First what the answers change here, what they leave in the EHR, and what would be written; confirmed by
    name they are kept and written. Sent in twice they are kept and written once."""
    session, signer = sessions.current(), _signer()
    guard_form(session)
    bench = open_bench(session, WAIT_TO_ACT)
    for _ in range(TRIES):
        course = courses.require_course(bench)
        kept = _kept(course.reviews, _record_id(session))
        if kept is None:
            said = _read(course, signer)
            if meanwhile := _meanwhile(course, said):
                return _page(bench, said, meanwhile), 409
            if problem := _problem(said):
                return _page(bench, said, problem), 400
            review = _review(session, course, said, signer)
            if not request.form.get(CONFIRMED):
                return _preview(bench, course, said, review)
            kept = _add(session, course, review)
        if kept is not None:
            _write(session, kept)
            return redirect(url_for(".result", lid=lid, record=kept.review_id), 303)
    raise RefusedError(MEANWHILE)


@routes.get("/review/<record>")
def result(lid: str, record: str) -> str:
    """One answered review, and what of it stands in the EHR. It stands also while the EHR is away."""
    session = sessions.current()
    reviews = _reviews(session)
    kept = _require_kept(reviews, record)
    bench = bench_if_any(session)
    return render_template(
        "progress_written.html",
        session=session,
        name=bench.proposal.record.patient.name if bench else "",
        told=_told(reviews, (kept,)),
        kept=kept,
        stated=kept.content["stated"],
        receipt=_receipt(session, kept),
        lines=presenter.lines(courses.require_course(bench).now) if bench else {},
        consequences=presenter.consequences(courses.entries_of(kept)),
    )


@routes.post("/review/<record>")
def write_again(lid: str, record: str) -> Response:
    """Write what could not be written before."""
    session = sessions.current()
    guard_form(session)
    _write(session, _require_kept(_reviews(session), record))
    return redirect(url_for(".result", lid=lid, record=record), 303)


# --- pages --------------------------------------------------------------------------------------------------


def _page(bench: Bench, said: Said | None = None, problem: str = "") -> str:
    """The review; with `said` the form comes back as it was typed."""
    session = bench.session
    page = bench_page(bench) | {
        "suicide": [f for f in readiness.findings(bench) if f.id in readiness.SUICIDE],
        "typed": request.form if said else {},
        "problem": problem,
        "problems": said.problems if said else {},
    }
    try:
        course = courses.require_course(bench)
    except InputError as error:
        return render_template("progress.html", **page, course=None, why_not=str(error))
    return render_template(
        "progress.html",
        **page,
        **_happened(course, session.iss),
        weights=_weights(bench, course),
        course=course,
        asked=[_asked(row, session.iss) for row in progress_form.asked(course.now, course.history)],
        told=_told(course.reviews, course.reviews),
        unwritten=[r for r in course.reviews if not _is_written(session, r)],
        form=request.form.get("form") or desk().token(),
        shown=len(course.reviews),
        names=progress_form,
    )


def _happened(course: Course, base: str) -> dict[str, object]:
    now, limits = course.now, desk().practice.review_limits
    return {
        "now": now,
        "lines": presenter.lines(now),
        "curve": curve(now, limits),
        "doses": presenter.doses(now, limits, base),
        "ratings": presenter.ratings(now, limits, base),
        "others": presenter.others(now.happened, base),
        "exposure": presenter.exposure(now),
    }


def _weights(bench: Bench, course: Course) -> Picture | None:
    """Beside the weight the course was signed on, as the day of a dose judges it."""
    view, signed = bench.proposal.assessment.view, course.signed.authorised_on
    known = chart_facts(view, signed or view.as_of, None).weight_kg
    return weight_curve(view, known, desk().practice.session_limits.weight_change_pct)


def _asked(row: progress_form.Asked, base: str) -> dict[str, object]:
    zone = desk().practice.zone
    return {
        "row": row,
        "p": row.proposal,
        "evidence": readiness.evidence(row.proposal.evidence, base),
        "given": presenter.told(row.given, "", zone, stands=True) if row.given else None,
    }


def _preview(bench: Bench, course: Course, said: Said, review: AnsweredReview) -> str:
    after = course.with_entries(said.answers, said.stated)
    zone = desk().practice.zone
    return render_template(
        "progress_preview.html",
        **bench_page(bench),
        told=[presenter.told(e, review.clinician.name, zone, stands=True) for e in said.answers],
        stated=said.stated,
        changes=presenter.changes(course.now, after),
        dose=after.dose,
        consequences=presenter.consequences(said.answers),
        rows=bench.preview(review.steps()),
        fields=[(name, value) for name, value in request.form.items() if name not in NOT_CARRIED],
    )


def _told(reviews: Iterable[StoredReview], of: Iterable[StoredReview]) -> list[presenter.Told]:
    """The answers of some reviews, newest first; which of them stand is seen from all."""
    last = {e.proposal.id: (r.number, n) for r in reviews for n, e in enumerate(courses.entries_of(r))}
    return [
        presenter.told(
            e, r.content["clinician_name"], desk().practice.zone, last[e.proposal.id] == (r.number, n)
        )
        for r in reversed(list(of))
        for n, e in enumerate(courses.entries_of(r))
    ]


# --- answers ------------------------------------------------------------------------------------------------


def _signer() -> Clinician:
    signer = sessions.current().signer
    if signer is None:
        raise RefusedError(NOT_A_SIGNER)
    return signer


def _read(course: Course, signer: Clinician) -> Said:
    rows = progress_form.asked(course.now, course.history)
    return progress_form.read(request.form, rows, signer, desk().now())


def _problem(said: Said) -> str:
    """Why nothing of it can be kept as it was sent in."""
    if said.gone:
        return "Something you answered is not proposed in that form any more: look at the page again."
    if said.problems:
        return "Not every answer can be kept as it is: see below."
    return "Nothing has been answered yet." if said.is_empty else ""


def _meanwhile(course: Course, said: Said) -> str:
    """What others have answered to the same proposals since the page was shown."""
    shown = request.form.get("shown", "")
    seen = int(shown) if shown.isdecimal() and len(shown) < 9 else 0
    told = [
        f"{r.content['clinician_name'] or r.content['clinician']} answered “{e.proposal.title}” on"
        f" {words.moment(r.at, desk().practice.zone)}: {presenter.VERDICTS[e.answer.verdict]}."
        for r in course.reviews
        if r.number > seen
        for e in courses.entries_of(r)
        if e.proposal.id in said.touched
    ]
    return " ".join(told) and f"{' '.join(told)} Yours is not kept yet: it would stand beside it."


def _record_id(session: LiveSession) -> str:
    form = request.form.get("form", "")
    if not 0 < len(form) <= LONGEST_FORM_ID:
        raise InputError("This form is not one that ketplan gave out: open it again.")
    return workflow.record_id_for(session.iss, session.patient, KIND, form)


def _review(session: LiveSession, course: Course, said: Said, signer: Clinician) -> AnsweredReview:
    return AnsweredReview(
        _record_id(session),
        course.plan.plan_id,
        session.reference,
        signer,
        desk().now(),
        desk().practice.zone.key,
        said.answers,
        said.stated,
        courses.care_plan_of(course.plan),
    )


# --- keeping and writing ------------------------------------------------------------------------------------


def _add(session: LiveSession, course: Course, review: AnsweredReview) -> StoredReview | None:
    """None when somebody else's came first: then everything is to be looked at again."""
    after, plan = len(course.reviews), course.plan.plan_id
    content = courses.content_of(review)
    try:
        kept = desk().services.reviews.add(
            plan, session.iss, session.patient, review.id, content, after, review.at
        )
    except RefusedError:
        return None
    note(session, "course-reviewed", review.id)
    return kept


def _write(session: LiveSession, kept: StoredReview) -> None:
    """Write it, or carry its writing on. The record has changed: every page after this reads it again."""
    # Sent in twice at once: the page shown next tells how the first one goes.
    with suppress(Temporary):
        desk().glue.keep_record(
            desk().services,
            courses.answered_review(kept),
            server=session.iss,
            patient_id=session.patient,
            now=desk().now,
        )
        receipt = carried(session, kept.review_id)
        note(session, "review-written", kept.review_id, receipt.state.value)
    sessions.read_again(session)
    desk().readings.forget(session.lid)


def _receipt(session: LiveSession, kept: StoredReview) -> writing.ReceiptView | None:
    found = desk().glue.stored_receipt(desk().services, kept.review_id)
    described = writing.described(courses.answered_review(kept).steps())
    return writing.receipt(found, described, session.iss) if found else None


def _is_written(session: LiveSession, kept: StoredReview) -> bool:
    receipt = _receipt(session, kept)
    return receipt is not None and receipt.complete


def _reviews(session: LiveSession) -> tuple[StoredReview, ...]:
    plan = courses.newest_plan(session)
    return courses.reviews_of(session, plan.plan_id) if plan else ()


def _kept(reviews: Iterable[StoredReview], record: str) -> StoredReview | None:
    return next((r for r in reviews if r.review_id == record), None)


def _require_kept(reviews: Iterable[StoredReview], record: str) -> StoredReview:
    kept = _kept(reviews, record)
    if kept is None:
        raise InputError("No such review of this patient's course is kept here.")
    return kept
