"""Every place where we reach into what Panel, Bokeh, Tornado and Huey keep to themselves, one module for each.

Each hook says what it mends and has a test of its own in ``tests/web``, which fails when a new
release of the library behaves otherwise: then the hook is to be looked at again, or can go.
"""
