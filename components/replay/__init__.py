"""Charts as they were known at moments of the past."""
