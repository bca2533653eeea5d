"""Create accounts, users, assets, sensors, sources and the belief store."""

from typing import Any

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)
IN_PAGE = {"toast_tuple_target": 8160, "fillfactor": 80}  # a chunk stays in its page, where it is updated in place

ASSET_TYPES = {  # published clients rely on these ids
    1: ("solar", "Solar panel(s)"),
    2: ("wind", "Wind turbine"),
    3: ("one-way_evse", "Charging point that only charges"),
    4: ("two-way_evse", "Charging point that also discharges (vehicle-to-grid)"),
    5: ("battery", "Stationary battery"),
    6: ("building", "Building"),
    7: ("process", "Process that can be shifted in time"),
    8: ("heat-storage", "Heat storage"),
}
ROLES = {
    "admin": "May do everything on this server",
    "admin-reader": "May read everything on this server",
    "account-admin": "May change users and assets of the own account",
    "consultant": "May read the accounts that the own account consults",
}
TABLES = (
    "account account_role roles_accounts role app_user roles_users asset_type asset sensor data_source "
    "belief_series belief_chunk"
).split()


def upgrade() -> None:
    """See the first line."""
    _people()
    _things()
    _sources()
    _beliefs()
    _fixed_rows()


def downgrade() -> None:
    """Drop everything."""
    for table in reversed(TABLES):
        op.drop_table(table)


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.Integer, primary_key=True)


def _column(name: str, kind: Any, *more: Any, null: bool = False, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, *more, nullable=null, **options)


def _part_of(table: str, name: str, *, null: bool = False, **options: Any) -> sa.Column[Any]:
    """Return a column for a row that goes when the row it belongs to goes."""
    return _column(name, sa.Integer, sa.ForeignKey(f"{table}.id", ondelete="CASCADE"), null=null, **options)


def _hint_at(table: str, name: str, **options: Any) -> sa.Column[Any]:
    """Return a column that is emptied when the row it points to goes."""
    return _column(name, sa.Integer, sa.ForeignKey(f"{table}.id", ondelete="SET NULL"), null=True, **options)


def _named(table: str) -> None:
    op.create_table(table, _id(), _column("name", sa.String, unique=True), _column("description", sa.String))


def _pairs(table: str, one: str, other: str) -> None:
    keys = [_part_of(one, f"{one.removeprefix('app_')}_id"), _part_of(other, "role_id")]
    op.create_table(table, *keys, sa.PrimaryKeyConstraint(*[key.name for key in keys]))


def _people() -> None:
    op.create_table(
        "account",
        _id(),
        _column("name", sa.String, unique=True),
        _hint_at("account", "consultancy_account_id"),
        _column("attributes", JSON),
    )
    _named("account_role")
    _pairs("roles_accounts", "account", "account_role")
    _named("role")
    op.create_table(
        "app_user",
        _id(),
        _column("email", sa.String, unique=True),
        _column("username", sa.String, unique=True),
        _column("password_hash", sa.String),
        _column("active", sa.Boolean),
        _part_of("account", "account_id", index=True),
        _column("timezone", sa.String),
        _column("session_serial", sa.Integer),
        _column("last_login_at", MOMENT, null=True),
        _column("login_count", sa.Integer),
        _column("last_seen_at", MOMENT, null=True),
    )
    _pairs("roles_users", "app_user", "role")


def _things() -> None:
    _named("asset_type")
    op.create_table(
        "asset",
        _id(),
        _column("name", sa.String),
        _column("asset_type_id", sa.Integer, sa.ForeignKey("asset_type.id")),
        _part_of("account", "account_id", null=True, index=True),
        _part_of("asset", "parent_asset_id", null=True, index=True),
        _column("latitude", sa.Double, null=True),
        _column("longitude", sa.Double, null=True),
        _column("description", sa.String),
        _column("external_id", sa.String, null=True),
        _column("attributes", JSON),
        _column("flex_context", JSON),
        _column("flex_model", JSON),
        _column("sensors_to_show", JSON),
        _column("sensors_to_show_as_kpis", JSON),
        sa.UniqueConstraint("name", "parent_asset_id", "account_id"),
    )
    op.create_table(
        "sensor",
        _id(),
        _part_of("asset", "asset_id", index=True),
        _column("name", sa.String),
        _column("unit", sa.String),
        _column("resolution", sa.BigInteger),
        _column("timezone", sa.String),
        _column("knowledge_horizon", JSON),
        _column("attributes", JSON),
    )


def _sources() -> None:
    op.create_table(
        "data_source",
        _id(),
        _column("name", sa.String),
        _column("type", sa.String),
        _hint_at("app_user", "user_id", index=True),
        _hint_at("account", "account_id", index=True),
        _column("model", sa.String),
        _column("version", sa.String),
        _column("attributes", JSON),
        _column("attributes_hash", sa.String),
        sa.UniqueConstraint("name", "type", "user_id", "model", "version", "attributes_hash"),
    )


def _beliefs() -> None:
    op.create_table(
        "belief_series",
        _id(),
        _part_of("sensor", "sensor_id"),
        _column("source_id", sa.Integer, sa.ForeignKey("data_source.id"), index=True),
        _column("step_us", sa.BigInteger),
        _column("span_us", sa.BigInteger),
        _column("version", sa.BigInteger, server_default="0"),
        _column("n_beliefs", sa.BigInteger, server_default="0"),
        _column("first_event_us", sa.BigInteger, null=True),
        _column("last_event_us", sa.BigInteger, null=True),
        _column("last_value", sa.Double, null=True),
        _column("last_belief_us", sa.BigInteger, null=True),
        sa.UniqueConstraint("sensor_id", "source_id"),
    )
    partitions = _partitions()
    op.create_table(
        "belief_chunk",
        _part_of("belief_series", "series_id", primary_key=True),
        _column("layer", sa.SmallInteger, primary_key=True, autoincrement=False),
        _column("start_us", sa.BigInteger, primary_key=True),
        _column("seq", sa.Integer, primary_key=True),
        _column("n", sa.Integer),
        *(_column(name, sa.BigInteger) for name in ("min_belief_us", "max_belief_us")),
        *(_column(name, sa.Double) for name in ("v_min", "v_max", "v_sum")),
        _column("data", sa.LargeBinary),
        postgresql_partition_by="HASH (series_id)" if partitions else None,
        postgresql_with={} if partitions else IN_PAGE,
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE belief_chunk ALTER COLUMN data SET STORAGE EXTERNAL")  # floats do not compress
        _create_partitions(partitions)


def _partitions() -> int:
    """Return the number of partitions asked for; SQLite has none."""
    asked: int = context.config.attributes.get("partitions", 0)
    return asked if op.get_bind().dialect.name == "postgresql" else 0


def _create_partitions(count: int) -> None:
    options = ", ".join(f"{name} = {value}" for name, value in IN_PAGE.items())
    for part in range(count):
        op.execute(
            f"CREATE TABLE belief_chunk_p{part} PARTITION OF belief_chunk "
            f"FOR VALUES WITH (MODULUS {count}, REMAINDER {part}) WITH ({options})"
        )


def _fixed_rows() -> None:
    types = [{"id": key, "name": name, "description": text} for key, (name, text) in ASSET_TYPES.items()]
    op.bulk_insert(sa.table("asset_type", *(sa.column(name) for name in ("id", "name", "description"))), types)
    roles = [{"name": name, "description": text} for name, text in ROLES.items()]
    op.bulk_insert(sa.table("role", *(sa.column(name) for name in ("name", "description"))), roles)
    if op.get_bind().dialect.name == "postgresql":  # the next id must not be one of the fixed ones
        op.execute(f"SELECT setval(pg_get_serial_sequence('asset_type', 'id'), {len(ASSET_TYPES)})")
