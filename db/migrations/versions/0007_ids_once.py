"""Ids of accounts, users, assets and sensors are given once, also after the last of them was deleted."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

NOTED = {"account": "account_id", "app_user": "user_id", "asset": "asset_id"}
"""Tables whose rows the audit log names, also those that are gone, and the column that does."""
TABLES = (*NOTED, "sensor")


def upgrade() -> None:
    """See the first line; PostgreSQL counts on by itself, where nothing was restored."""
    if op.get_bind().dialect.name == "sqlite":
        _rebuild(counts=True)
        for table in TABLES:
            op.execute(
                f"INSERT INTO sqlite_sequence (name, seq) SELECT '{table}', 0 WHERE NOT EXISTS "
                f"(SELECT 1 FROM sqlite_sequence WHERE name = '{table}')"
            )
        for table, column in NOTED.items():
            last = f"(SELECT coalesce(max({column}), 0) FROM audit_event)"
            op.execute(f"UPDATE sqlite_sequence SET seq = max(seq, {last}) WHERE name = '{table}'")


def downgrade() -> None:
    """Give ids again."""
    if op.get_bind().dialect.name == "sqlite":
        _rebuild(counts=False)


def _rebuild(*, counts: bool) -> None:
    for table in TABLES:
        # Made anew, as SQLite gives AUTOINCREMENT to a table only while it is made.
        with op.batch_alter_table(table, recreate="always", table_kwargs={"sqlite_autoincrement": counts}):
            pass
