"""Pages about all assets of a user."""
