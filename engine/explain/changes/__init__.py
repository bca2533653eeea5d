"""What changed from one plan to the next, and which inputs did it."""
