"""What the coordinator's day and the clinic's calendar keep."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "look_again",
        sa.Column("iss", sa.String(length=500), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("iss"),
    )
    op.create_table(
        "to_do",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("iss", sa.String(length=500), nullable=False),
        sa.Column("patient_id", sa.String(length=64), nullable=False),
        sa.Column("plan_id", sa.String(length=64), nullable=False),
        sa.Column("row", sa.String(length=200), nullable=False),
        sa.Column("what", sa.String(length=20), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("to_do", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_to_do_iss"), ["iss"], unique=False)

    op.create_table(
        "synced_visits",
        sa.Column("plan_id", sa.String(length=64), nullable=False),
        sa.Column("iss", sa.String(length=500), nullable=False),
        sa.Column("patient_id", sa.String(length=64), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.plan_id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("plan_id"),
    )
    with op.batch_alter_table("synced_visits", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_synced_visits_iss"), ["iss"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("synced_visits", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_synced_visits_iss"))

    op.drop_table("synced_visits")
    with op.batch_alter_table("to_do", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_to_do_iss"))

    op.drop_table("to_do")
    op.drop_table("look_again")
