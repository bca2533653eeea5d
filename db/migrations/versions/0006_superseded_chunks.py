"""What was known at a moment is found among superseded values without opening those known later."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

NAME, OLDER = "ix_belief_chunk_superseded", sa.text("layer = 1")


def upgrade() -> None:
    """See the first line."""
    columns = ["series_id", "layer", "start_us", "min_belief_us"]
    op.create_index(NAME, "belief_chunk", columns, sqlite_where=OLDER, postgresql_where=OLDER)


def downgrade() -> None:
    """Drop it."""
    op.drop_index(NAME, "belief_chunk")
