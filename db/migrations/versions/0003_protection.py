"""Tables of sessions, keys, sign-ins, plans and secrets; the audit log tells values and refuses to be changed."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)
REFUSES = "the audit log is only ever added to"
SQLITE = """CREATE TRIGGER audit_event_no_{verb} BEFORE {verb} ON audit_event
BEGIN SELECT RAISE(ABORT, '{refuses}'); END"""
POSTGRES = (
    f"""CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '{REFUSES}'; END $$""",
    """CREATE TRIGGER audit_event_no_change BEFORE UPDATE OR DELETE ON audit_event
FOR EACH ROW EXECUTE FUNCTION refuse_audit_change()""",
    """CREATE TRIGGER audit_event_no_truncate BEFORE TRUNCATE ON audit_event
FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()""",
)


def upgrade() -> None:
    """See the first line."""
    for name in ("before", "after"):
        # Of the changes that are there already no values were noted.
        op.add_column("audit_event", _column(name, JSON, server_default="{}"))
    if op.get_bind().dialect.name == "sqlite":
        statements: tuple[str, ...] = tuple(SQLITE.format(verb=v, refuses=REFUSES) for v in ("UPDATE", "DELETE"))
    else:
        statements = POSTGRES
    _sign_in()
    _plans()
    _secrets()
    for statement in statements:
        op.execute(statement)


def downgrade() -> None:
    """Drop them; what the audit log told of values is lost."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(f"DROP TRIGGER audit_event_no_{verb}")
    else:
        op.execute("DROP FUNCTION refuse_audit_change() CASCADE")
    with op.batch_alter_table("audit_event") as batch:
        batch.drop_column("before")
        batch.drop_column("after")
    with op.batch_alter_table("account") as batch:
        batch.drop_constraint("fk_account_plan_id", type_="foreignkey")
        batch.drop_column("plan_id")
    own = ("kept_secret", "rate_used", "plan", "external_identity", "mailed_code", "sign_in_failure")
    for table in (*own, "access_key", "web_session"):
        op.drop_table(table)


def _column(name: str, kind: Any, *more: Any, null: bool = False, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, *more, nullable=null, **options)


def _points_to(table: str, name: str, *, null: bool = False, **options: Any) -> sa.Column[Any]:
    return _column(name, sa.Integer, sa.ForeignKey(f"{table}.id", ondelete="CASCADE"), null=null, **options)


def _sign_in() -> None:
    op.create_table(
        "web_session",
        _column("key", sa.String(32), primary_key=True),
        _points_to("app_user", "user_id", index=True),
        _column("started_at", MOMENT, index=True),
        _column("ended_at", MOMENT, null=True),
        _column("address", sa.String(64)),
        _column("agent", sa.String(200)),
    )
    op.create_table(
        "access_key",
        sa.Column("id", sa.Integer, primary_key=True),
        _points_to("app_user", "user_id", index=True),
        _column("name", sa.String(100)),
        _column("scopes", JSON),
        _column("secret_hash", sa.String(64)),
        _column("created_at", MOMENT),
        _column("expires_at", MOMENT, null=True),
        _column("revoked_at", MOMENT, null=True),
    )
    op.create_table(
        "sign_in_failure",
        _column("key", sa.String(80), primary_key=True),
        _column("failures", sa.Integer),
        _column("last_at", MOMENT),
        _column("wait_until", MOMENT),
    )
    op.create_table(
        "mailed_code",
        _points_to("app_user", "user_id", primary_key=True),
        _column("code_hash", sa.String(64)),
        _column("expires_at", MOMENT),
        _column("tries", sa.Integer),
    )
    op.create_table(
        "external_identity",
        _column("issuer", sa.String(255), primary_key=True),
        _column("subject", sa.String(255), primary_key=True),
        _points_to("app_user", "user_id", index=True),
    )


def _plans() -> None:
    limits = ("requests_per_minute", "triggers_per_five_minutes", "most_users", "most_assets", "most_clients")
    op.create_table(
        "plan",
        sa.Column("id", sa.Integer, primary_key=True),
        _column("name", sa.String(100), unique=True),
        *(_column(name, sa.Integer, null=True) for name in limits),
    )
    op.create_table(
        "rate_used",
        _column("key", sa.String(80), primary_key=True),
        _column("window", MOMENT, primary_key=True),
        _column("count", sa.Integer),
    )
    with op.batch_alter_table("account") as batch:
        batch.add_column(_column("plan_id", sa.Integer, null=True))
        batch.create_foreign_key("fk_account_plan_id", "plan", ["plan_id"], ["id"], ondelete="SET NULL")


def _secrets() -> None:
    op.create_table(
        "kept_secret",
        sa.Column("id", sa.Integer, primary_key=True),
        _points_to("account", "account_id", null=True),
        _points_to("asset", "asset_id", null=True),
        _column("name", sa.String(255)),
        _column("sealed", sa.LargeBinary),
        _column("changed_at", MOMENT),
        sa.UniqueConstraint("account_id", "name"),
        sa.UniqueConstraint("asset_id", "name"),
        sa.CheckConstraint("(account_id IS NULL) <> (asset_id IS NULL)", name="of_one"),
    )
