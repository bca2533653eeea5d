"""Times and series of values on them: ISO 8601, windows of a plan, values by time at any resolution, what looks odd."""
