"""Create schedules with their outputs and inputs."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """See the first line."""
    op.create_table(
        "schedule",
        sa.Column("id", sa.Integer, primary_key=True),
        _points_to("asset", "asset_id", "CASCADE"),
        _column("job_id", sa.String(36), sa.ForeignKey("job.id", ondelete="SET NULL"), null=True),
        _points_to("data_source", "source_id", "SET NULL", null=True),
        _column("scheduler", sa.String),
        *(_column(name, MOMENT) for name in ("start", "end")),
        _column("step", sa.BigInteger),
        *(_column(name, MOMENT) for name in ("belief_time", "created_at")),
        _column("status", sa.String),
        _column("gap", sa.Double, null=True),
        _column("currency", sa.String),
        *(_column(name, JSON) for name in ("costs", "breaches", "warnings", "connections", "loads", "input_sensors")),
        _column("inputs_missing", sa.String),
        sa.UniqueConstraint("job_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_schedule_asset_id_belief_time", "schedule", ["asset_id", "belief_time"])
    op.create_table(
        "schedule_output",
        _points_to("schedule", "schedule_id", "CASCADE", primary_key=True),
        _points_to("sensor", "sensor_id", "CASCADE", primary_key=True),
        _column("device", sa.String, primary_key=True),
        *(_column(name, sa.String(20), primary_key=True) for name in ("role", "part")),
        _column("commodity", sa.String),
        _column("sign", sa.Double),
        _column("belief_time", MOMENT),
        _column("numbers", JSON),
    )
    op.create_index("ix_schedule_output_sensor_id_belief_time", "schedule_output", ["sensor_id", "belief_time"])
    op.create_table(
        "schedule_inputs",
        _points_to("schedule", "schedule_id", "CASCADE", primary_key=True),
        _column("saved_at", MOMENT, index=True),
        _column("content", sa.LargeBinary),
    )


def downgrade() -> None:
    """Drop them."""
    for table in ("schedule_inputs", "schedule_output", "schedule"):
        op.drop_table(table)


def _column(name: str, kind: Any, *more: Any, null: bool = False, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, *more, nullable=null, **options)


def _points_to(table: str, name: str, when_gone: str, *, null: bool = False, **options: Any) -> sa.Column[Any]:
    return _column(name, sa.Integer, sa.ForeignKey(f"{table}.id", ondelete=when_gone), null=null, **options)
