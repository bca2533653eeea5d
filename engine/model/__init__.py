"""A linear problem as numpy blocks: variables, rows and costs of one part of a site beside each other."""
