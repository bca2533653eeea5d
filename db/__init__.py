"""Store: tables and what is read and written in them. It knows the engine's errors, units and times, and no user."""
