"""Schedules that are past their time are found without a look at all others."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

NAME = "ix_schedule_created_at"


def upgrade() -> None:
    """See the first line."""
    op.create_index(NAME, "schedule", ["created_at"])


def downgrade() -> None:
    """Drop it."""
    op.drop_index(NAME, "schedule")
