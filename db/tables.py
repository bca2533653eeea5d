"""Every module with tables, so that foreign keys find theirs whichever is imported first."""

import pkgutil
from functools import cache
from importlib import import_module

import db


@cache
def enter() -> None:
    """Import every module of this package, which enters its tables in the metadata."""
    for module in pkgutil.iter_modules(db.__path__):
        if not module.ispkg:
            import_module(f"db.{module.name}")
