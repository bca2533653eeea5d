"""What processes of ours import, all of it; see ``tests.processes``."""

import gc
import pkgutil
from importlib import import_module

import alembic.command
import alembic.context
import mako.exceptions
import panel
from argon2.profiles import CHEAPEST

import app
import components
from app.auth.access import passwords
from app.web.warm_up import warm_up

for room in (app, components):
    for module in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
        import_module(module.name)

LATER = (alembic.command, alembic.context, mako.exceptions)
"""What every server imports when it looks at the revision of its database."""

panel.extension()  # the second call, by a server, finds the signatures of all its classes written already
warm_up()  # no server has anything left of it to do
passwords.COST = CHEAPEST  # as in tests.conftest
gc.collect()
gc.freeze()  # no process that is forked searches this for garbage, or copies it because of that
