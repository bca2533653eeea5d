"""Every module with tables, so that foreign keys find theirs whichever is imported first."""

import pkgutil
from functools import cache
from importlib import import_module

import db


@cache
def enter() -> None:
    """Import every module of the database, which enters its tables in the metadata."""
    for module in pkgutil.walk_packages(db.__path__, "db."):
        # Alembic's env.py migrates as soon as it is imported.
        if not module.ispkg and not module.name.startswith("db.migrations."):
            import_module(module.name)
