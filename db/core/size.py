"""Which database this is and how much room it takes, for those who run it."""

from sqlalchemy import text
from sqlalchemy.orm import Session

SIZE = {
    "sqlite": "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
    "postgresql": "SELECT pg_database_size(current_database())",
}


def server(session: Session) -> str:
    """Return name and version of the database server, such as ``postgresql 15.6``."""
    dialect = session.get_bind().dialect
    version = getattr(dialect, "server_version_info", None) or ()
    return f"{dialect.name} {'.'.join(map(str, version))}".strip()


def size(session: Session) -> int:
    """Return how much room the database takes on disk [bytes]."""
    return int(session.scalar(text(SIZE[session.get_bind().dialect.name])) or 0)
