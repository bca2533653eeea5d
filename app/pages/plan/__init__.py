"""One schedule: what it does and costs, why, what changed since the one before, what else would cost, and by hand."""
