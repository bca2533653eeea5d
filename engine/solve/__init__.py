"""From a problem to its best plan: solvers, whole numbers, ties, starts from an earlier plan, time allowed."""
