"""What processes of ours import, all of it; see ``tests.processes``."""

import pkgutil
from importlib import import_module

from argon2.profiles import CHEAPEST

import app
import components
from app.auth.login import passwords

for room in (app, components):
    for module in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
        import_module(module.name)

passwords.COST = CHEAPEST  # as in tests.conftest
