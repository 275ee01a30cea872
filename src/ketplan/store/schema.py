"""Every table, in one place.

What identifies a browser or a launch is kept as a digest, what describes a patient or grants access is
sealed; patient ids stand in the clear because plans are looked up by them.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Integer, MetaData, String, Table, Text

from ketplan.store.columns import Moment, Sealed
from ketplan.store.vault import Vault

VERSION = "0002"
"""The layout below, as `migrations/versions` calls it. A changed table is a new layout, with a way there."""

LAYOUT = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))
"""Where Alembic keeps which layout the tables have."""

AUDIT_HEAD = "audit_head"
"""The row of `meta` that says, sealed, how far the audit trail has come: `number:hash`."""


class Schema:
    """The tables of one database, their sealed columns bound to its vault."""

    def __init__(self, vault: Vault) -> None:
        self.vault = vault
        self.metadata = tables = MetaData()
        self.meta = Table(
            "meta",
            tables,
            Column("name", String(40), primary_key=True),
            Column("value", Text, nullable=False),
        )
        self.pending_launch = Table(
            "pending_launch",
            tables,
            Column("state", String(64), primary_key=True),
            Column("browser", String(64), nullable=False),
            Column("payload", Sealed(vault), nullable=False),
            Column("created", Moment, nullable=False, index=True),
        )
        self.live_session = Table(
            "live_session",
            tables,
            Column("lid", String(64), primary_key=True),
            Column("browser", String(64), nullable=False),
            Column("payload", Sealed(vault), nullable=False),
            Column("seen", Moment, nullable=False),
            Column("expires", Moment, nullable=False, index=True),
        )
        self.ehr_grant = Table(
            "ehr_grant",
            tables,
            # Tokens never outlive the session they serve.
            Column("lid", ForeignKey("live_session.lid", ondelete="CASCADE"), primary_key=True),
            Column("payload", Sealed(vault), nullable=False),
            Column("generation", Integer, nullable=False),
            Column("ended", String(60), nullable=False),
        )
        self.signing_key = Table(
            "signing_key",
            tables,
            Column("kid", String(64), primary_key=True),
            Column("algorithm", String(10), nullable=False),
            Column("private", Sealed(vault), nullable=False),
            Column("published", Moment, nullable=False),
            Column("signs_from", Moment, nullable=False),
        )
        self.draft_work = Table(
            "draft_work",
            tables,
            Column("iss", String(500), primary_key=True),
            Column("patient_id", String(64), primary_key=True),
            Column("content", Sealed(vault), nullable=False),
            Column("version", Integer, nullable=False),
            Column("updated", Moment, nullable=False),
        )
        self.unsent = Table(
            "unsent",
            tables,
            Column("iss", String(500), primary_key=True),
            Column("patient_id", String(200), primary_key=True),
            Column("actor", String(300), primary_key=True),
            Column("forms", Sealed(vault), nullable=False),
            Column("updated", Moment, nullable=False, index=True),
        )
        self.plan = Table(
            "plan",
            tables,
            Column("plan_id", String(64), primary_key=True),
            Column("iss", String(500), nullable=False),
            Column("patient_id", String(64), nullable=False, index=True),
            Column("revision", Integer, nullable=False),
            Column("payload", Sealed(vault), nullable=False),
            Column("state", String(20), nullable=False),
            # The launch whose permission carries the writing.
            Column("launch", Sealed(vault)),
            Column("created", Moment, nullable=False),
            Column("updated", Moment, nullable=False),
        )
        self.writeback_step = Table(
            "writeback_step",
            tables,
            Column("plan_id", ForeignKey("plan.plan_id", ondelete="CASCADE"), primary_key=True),
            Column("key", String(64), primary_key=True),
            Column("ordinal", Integer, nullable=False),
            Column("resource_type", String(40), nullable=False),
            Column("verb", String(10), nullable=False),
            Column("body", Sealed(vault), nullable=False),
            Column("state", String(20), nullable=False),
            Column("attempts", Integer, nullable=False),
            Column("http_status", Integer),
            Column("resource_id", String(200)),
            Column("etag", String(200)),
            Column("message", Sealed(vault), nullable=False),
            # The EHR's own words.
            Column("said", Sealed(vault), nullable=False),
            Column("updated", Moment, nullable=False),
        )
        self.reconciliation = Table(
            "reconciliation",
            tables,
            Column("plan_id", ForeignKey("plan.plan_id", ondelete="CASCADE"), primary_key=True),
            Column("at", Moment, nullable=False),
            Column("content", Sealed(vault), nullable=False),
        )
        self.synced_visits = Table(
            "synced_visits",
            tables,
            Column("plan_id", ForeignKey("plan.plan_id", ondelete="CASCADE"), primary_key=True),
            Column("iss", String(500), nullable=False, index=True),
            Column("patient_id", String(64), nullable=False),
            Column("content", Sealed(vault), nullable=False),
            Column("at", Moment, nullable=False),
        )
        self.to_do = Table(
            "to_do",
            tables,
            Column("id", String(64), primary_key=True),
            Column("iss", String(500), nullable=False, index=True),
            Column("patient_id", String(64), nullable=False),
            Column("plan_id", String(64), nullable=False),
            Column("row", String(200), nullable=False),
            Column("what", String(20), nullable=False),
            Column("content", Sealed(vault), nullable=False),
            Column("at", Moment, nullable=False),
        )
        self.review = Table(
            "review",
            tables,
            # A plan that was reviewed is not removed: its history would go with it.
            Column("plan_id", ForeignKey("plan.plan_id"), primary_key=True),
            Column("number", Integer, primary_key=True, autoincrement=False),
            Column("review_id", String(64), nullable=False, unique=True),
            Column("iss", String(500), nullable=False),
            Column("patient_id", String(64), nullable=False),
            Column("content", Sealed(vault), nullable=False),
            Column("at", Moment, nullable=False),
        )
        self.session_sheet = Table(
            "session_sheet",
            tables,
            Column("iss", String(500), primary_key=True),
            Column("patient_id", String(64), primary_key=True),
            Column("plan_id", String(64), primary_key=True),
            Column("visit", String(64), primary_key=True),
            Column("content", Sealed(vault), nullable=False),
            Column("version", Integer, nullable=False),
            Column("updated", Moment, nullable=False),
        )
        self.run_lock = Table(
            "run_lock",
            tables,
            Column("plan_id", String(64), primary_key=True),
            Column("owner", String(64), nullable=False),
            Column("host", String(300), nullable=False),
            Column("pid", Integer, nullable=False),
            Column("expires", Moment, nullable=False),
        )
        self.worker = Table(
            "worker",
            tables,
            Column("name", String(100), primary_key=True),
            Column("host", String(300), nullable=False),
            Column("pid", Integer, nullable=False),
            Column("seen", Moment, nullable=False),
        )
        self.observed_refusal = Table(
            "observed_refusal",
            tables,
            Column("iss", String(500), primary_key=True),
            Column("resource_type", String(40), primary_key=True),
            Column("verb", String(10), primary_key=True),
            Column("http_status", Integer, nullable=False),
            Column("at", Moment, nullable=False),
        )
        self.look_again = Table(
            "look_again",
            tables,
            Column("iss", String(500), primary_key=True),
            Column("at", Moment, nullable=False),
        )
        self.audit = Table(
            "audit",
            tables,
            Column("number", Integer, primary_key=True, autoincrement=False),
            Column("at", Moment, nullable=False),
            Column("actor", String(300), nullable=False),
            Column("action", String(60), nullable=False, index=True),
            Column("iss", String(500), nullable=False),
            Column("patient", String(300), nullable=False),
            Column("target", String(300), nullable=False),
            Column("outcome", String(60), nullable=False),
            Column("note", Text, nullable=False),
            Column("previous", String(64), nullable=False, unique=True),
            Column("hash", String(64), nullable=False),
        )
