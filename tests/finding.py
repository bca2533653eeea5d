"""Looks for something that must be in a text."""

import re


def part(pattern: str, text: str) -> str:
    """Return what a regular expression finds in a text, or its last group where it has one."""
    found = re.search(pattern, text)
    assert found is not None, f"{pattern!r} is not in {text[:2000]!r}"
    return found[found.lastindex or 0]
