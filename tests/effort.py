"""How much is tried of what is slow and rarely breaks: little in every run, all of it with ``FLEXSCOPE_TESTS=long``."""

import os

LONG = os.environ.get("FLEXSCOPE_TESTS") == "long"


def effort(short: int, long: int) -> int:
    """Return how many seeds, rounds or examples a test takes."""
    return long if LONG else short
