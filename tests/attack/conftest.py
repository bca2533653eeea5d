"""A server on each database with two tenants, a consultant and people of the host, for whoever attacks it."""

from tests.auth.conftest import people, sqlite_people
from tests.http.conftest import api, http_database, http_served, ids, served_postgres, served_sqlite

__all__ = [
    "api", "http_database", "http_served", "ids", "people", "served_postgres", "served_sqlite", "sqlite_people",
]  # fmt: skip
