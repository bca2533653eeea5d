"""Let jobs wait, be retried and be followed; create automations, leads, task runs and alerts."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)
ADDED = ("queue", "priority", "tries", "progress", "worker", "lease_until", "due_at", "after_id", "saving_at", "cpu_s")


def upgrade() -> None:
    """See the first line."""
    _automations()
    _jobs()
    op.create_table(
        "lead",
        _column("name", sa.String(80), primary_key=True),
        _column("holder", sa.String),
        _column("until", MOMENT),
    )
    op.create_table(
        "latest_task_run",
        _column("name", sa.String(80), primary_key=True),
        _column("at", MOMENT),
        _column("status", sa.Boolean),
        _column("succeeded_at", MOMENT, null=True),
    )
    op.create_table(
        "alert",
        sa.Column("id", sa.Integer, primary_key=True),
        _column("cause", sa.String(200), index=True),
        _column("kind", sa.String(40)),
        _column("message", sa.String),
        *(_points_to(table, f"{table}_id", "CASCADE", index=True) for table in ("asset", "sensor")),
        _column("first_at", MOMENT),
        _column("last_at", MOMENT, index=True),
        _column("count", sa.Integer),
        _column("told_at", MOMENT, null=True),
        _column("ended_at", MOMENT, null=True),
    )


def downgrade() -> None:
    """Drop them."""
    for table in ("alert", "latest_task_run", "lead"):
        op.drop_table(table)
    with op.batch_alter_table("job") as job:
        job.drop_index("ix_job_queue")
        job.drop_index("ix_job_automation_id")
        job.drop_constraint("fk_job_automation_id", type_="foreignkey")
        job.drop_constraint("fk_job_source_id", type_="foreignkey")
        for name in (*ADDED, "source_id", "automation_id"):
            job.drop_column(name)
    op.drop_table("automation_input")
    op.drop_table("automation")


def _column(name: str, kind: Any, *more: Any, null: bool = False, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, *more, nullable=null, **options)


def _points_to(table: str, name: str, when_gone: str, *, null: bool = True, **options: Any) -> sa.Column[Any]:
    return _column(name, sa.Integer, sa.ForeignKey(f"{table}.id", ondelete=when_gone), null=null, **options)


def _automations() -> None:
    op.create_table(
        "automation",
        sa.Column("id", sa.Integer, primary_key=True),
        _points_to("asset", "asset_id", "CASCADE", null=False, index=True),
        _points_to("app_user", "user_id", "SET NULL"),
        _column("name", sa.String),
        _column("kind", sa.String),
        _column("request", JSON),
        _column("every", sa.BigInteger),
        _column("at", sa.BigInteger),
        _column("on_data", sa.Boolean),
        _column("active", sa.Boolean),
        _column("next_at", MOMENT, index=True),
        _column("last_at", MOMENT, null=True),
        _column("created_at", MOMENT),
    )
    op.create_table(
        "automation_input",
        _points_to("automation", "automation_id", "CASCADE", null=False, primary_key=True),
        _points_to("sensor", "sensor_id", "CASCADE", null=False, primary_key=True, index=True),
    )


def _jobs() -> None:
    with op.batch_alter_table("job") as job:
        job.add_column(_column("queue", sa.String, server_default="scheduling"))
        job.add_column(_column("priority", sa.Integer, server_default="0"))
        job.add_column(_column("tries", sa.Integer, server_default="0"))
        job.add_column(_column("progress", sa.Double, server_default="0"))
        job.add_column(_column("worker", sa.String, null=True))
        for name in ("lease_until", "due_at", "saving_at"):
            job.add_column(_column(name, MOMENT, null=True))
        job.add_column(_column("after_id", sa.String(36), null=True))
        job.add_column(_column("cpu_s", sa.Double, null=True))
        job.add_column(_column("source_id", sa.Integer, null=True))
        job.add_column(_column("automation_id", sa.Integer, null=True))
        job.create_foreign_key("fk_job_source_id", "data_source", ["source_id"], ["id"], ondelete="SET NULL")
        job.create_foreign_key("fk_job_automation_id", "automation", ["automation_id"], ["id"], ondelete="SET NULL")
        job.create_index("ix_job_queue", ["queue"])
        job.create_index("ix_job_automation_id", ["automation_id"])
    op.execute("UPDATE job SET queue = 'forecasting' WHERE kind = 'forecast'")
    op.execute("UPDATE job SET queue = 'reporting' WHERE kind = 'report'")
