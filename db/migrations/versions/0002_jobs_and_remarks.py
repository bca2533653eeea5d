"""Create jobs, annotations, the audit log and the answers kept for repeated requests."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """See the first line."""
    _jobs()
    _annotations()
    op.create_table(
        "audit_event",
        sa.Column("id", sa.Integer, primary_key=True),
        _column("at", MOMENT, index=True),
        _column("event", sa.String(500)),
        _column("active_user_id", sa.Integer, null=True),
        _column("active_user_name", sa.String),
        *(_column(name, sa.Integer, null=True, index=True) for name in ("account_id", "user_id", "asset_id")),
    )
    op.create_table(
        "answered_request",
        _points_to("app_user", "user_id", "CASCADE", null=False, primary_key=True),
        _column("key", sa.String(255), primary_key=True),
        _column("request_hash", sa.String(64)),
        _column("status", sa.Integer),
        _column("body", sa.LargeBinary),
        _column("at", MOMENT, index=True),
    )


def downgrade() -> None:
    """Drop them."""
    for table in ("answered_request", "audit_event", "annotation", "job"):
        op.drop_table(table)


def _column(name: str, kind: Any, *more: Any, null: bool = False, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, *more, nullable=null, **options)


def _points_to(table: str, name: str, when_gone: str, *, null: bool = True, **options: Any) -> sa.Column[Any]:
    return _column(name, sa.Integer, sa.ForeignKey(f"{table}.id", ondelete=when_gone), null=null, **options)


def _jobs() -> None:
    op.create_table(
        "job",
        _column("id", sa.String(36), primary_key=True),
        _column("kind", sa.String),
        _column("status", sa.String, index=True),
        _column("request", JSON),
        _column("request_hash", sa.String(64), index=True),
        _column("known_at", MOMENT),
        _points_to("app_user", "user_id", "SET NULL"),
        _points_to("asset", "asset_id", "CASCADE", index=True),
        _column("enqueued_at", MOMENT, index=True),
        _column("started_at", MOMENT, null=True),
        _column("ended_at", MOMENT, null=True),
        _column("message", sa.String),
        _column("trace", sa.String),
        _column("result", JSON),
    )


def _annotations() -> None:
    op.create_table(
        "annotation",
        sa.Column("id", sa.Integer, primary_key=True),
        _column("content", sa.String(1024)),
        _column("start", MOMENT),
        _column("end", MOMENT),
        _column("type", sa.String),
        _column("belief_time", MOMENT, null=True),
        _column("source_id", sa.Integer, sa.ForeignKey("data_source.id")),
        *(_points_to(table, f"{table}_id", "CASCADE", index=True) for table in ("account", "asset", "sensor")),
        sa.CheckConstraint(
            "account_id IS NOT NULL OR asset_id IS NOT NULL OR sensor_id IS NOT NULL", name="on_something"
        ),
    )
