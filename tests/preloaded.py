"""What processes of ours import, all of it; see ``tests.processes``."""

import pkgutil
from importlib import import_module

import app
import components

for room in (app, components):
    for module in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
        import_module(module.name)
