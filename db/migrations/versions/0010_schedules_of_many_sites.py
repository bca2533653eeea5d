"""One job may make the schedules of many sites, one of each."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

ONE, EACH = "uq_schedule_job_id", "uq_schedule_job_id_asset_id"


def upgrade() -> None:
    """See the first line."""
    _replace(ONE, EACH, ["job_id", "asset_id"])


def downgrade() -> None:
    """Keep one schedule of each job linked to it, and of the others the rows alone."""
    op.execute(
        "UPDATE schedule SET job_id = NULL WHERE EXISTS (SELECT 1 FROM schedule AS other "
        "WHERE other.job_id = schedule.job_id AND other.id < schedule.id)"
    )
    _replace(EACH, ONE, ["job_id"])


def _replace(old: str, new: str, columns: list[str]) -> None:
    # SQLite changes a constraint by making the table anew, whose ids must go on being given once.
    with op.batch_alter_table("schedule", table_kwargs={"sqlite_autoincrement": True}) as batch:
        batch.drop_constraint(old, type_="unique")
        batch.create_unique_constraint(new, columns)
