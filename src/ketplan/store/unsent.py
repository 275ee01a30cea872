"""Typed and not yet sent: the fields of forms as they stand in a browser, kept for the one who typed them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from ketplan.errors import ConfigError, InputError
from ketplan.store.database import Database
from ketplan.store.vault import digest

KEPT_FOR = timedelta(days=7)
TICKET_FOR = timedelta(hours=24)
MOST_FORMS = 40

Forms = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Place:
    """Whose typing, about which patient of which EHR."""

    iss: str
    patient_id: str
    user: str


class UnsentForms:
    """One row per place. A form is known by a key of its own: what it is about, chosen by whoever asks."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._table = database.schema.unsent
        self._vault = database.schema.vault

    def all(self, place: Place, now: datetime) -> dict[str, dict[str, Any]]:
        """`{key: {"fields": [[name, value], ...], "at": ISO moment}}`; empty when nothing is kept."""
        asking = select(self._table.c.forms).where(self._at(place), self._table.c.updated > now - KEPT_FOR)
        with self._database.reading() as connection:
            row = connection.execute(asking).one_or_none()
        return {} if row is None else dict(row.forms)

    def keep(self, place: Place, key: str, fields: list[tuple[str, str]], now: datetime) -> None:
        """Keep what stands in form `key` now. InputError when there are too many forms."""
        added = {key: {"fields": [list(field) for field in fields], "at": now.isoformat()}}
        try:
            self._change(place, added, "", now)
        except IntegrityError:  # another tab made the row between our look and our insert
            self._change(place, added, "", now)

    def forget(self, place: Place, key: str, now: datetime) -> None:
        """The form was sent or its typing thrown away."""
        self._change(place, {}, key, now)

    def ticket(self, place: Place, browser: str, now: datetime) -> str:
        """Sealed words that say where a form's typing belongs, for this browser, also after its session."""
        said = [place.iss, place.patient_id, place.user, digest(browser), now.isoformat()]
        return self._vault.seal(json.dumps(said))

    def place(self, ticket: str, browser: str, now: datetime) -> Place | None:
        """What a ticket of this browser says; None when it is another's, a day old or none of ours."""
        try:
            iss, patient_id, user, whose, at = json.loads(self._vault.unseal(ticket))
        except ConfigError:
            return None
        if whose != digest(browser) or now - datetime.fromisoformat(at) > TICKET_FOR:
            return None
        return Place(iss, patient_id, user)

    def _change(self, place: Place, added: Forms, removed: str, now: datetime) -> None:
        table = self._table
        with self._database.writing() as connection:
            connection.execute(delete(table).where(table.c.updated <= now - KEPT_FOR))
            asking = select(table.c.forms).where(self._at(place)).with_for_update()
            row = connection.execute(asking).one_or_none()
            if row is None and not added:
                return
            forms = {**(row.forms if row else {}), **added}
            forms.pop(removed, None)
            if len(forms) > MOST_FORMS:
                raise InputError("Too many forms of this patient are typed into and not sent.")
            values = {"forms": forms, "updated": now}
            if row is None:
                who = {"iss": place.iss, "patient_id": place.patient_id, "actor": place.user}
                connection.execute(insert(table).values(**who, **values))
            else:
                connection.execute(update(table).where(self._at(place)).values(**values))

    def _at(self, place: Place) -> ColumnElement[bool]:
        mine = self._table.c
        return and_(mine.iss == place.iss, mine.patient_id == place.patient_id, mine.actor == place.user)
