"""Texts that are written alike, so that a grammar is asked once for thousands of them and digits are read as arrays."""

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Codes: TypeAlias = NDArray[np.uint32]
"""Code points of texts, one a row, filled up with zeros, shape (n, width)."""
LONGEST = 90
"""Characters of a cell that are looked at; no time and no number is longer."""
ZERO = 48
_WEIGHTS = np.random.default_rng(7).integers(1, 2**63, LONGEST, dtype=np.uint64) | np.uint64(1)


def codes_of(texts: Sequence[str]) -> Codes:
    """Code points of texts, each cut to ``LONGEST`` characters, shape (n, width)."""
    width = max(1, min(LONGEST, max(map(len, texts), default=1)))
    return np.array(texts, dtype=f"U{width}").view(np.uint32).reshape(len(texts), width)


def by_shape(codes: Codes) -> Iterator[tuple[str, NDArray[np.intp]]]:
    """Give each shape, a text with every digit as 0, and the rows that have it.

    >>> [(shape, rows.tolist()) for shape, rows in by_shape(codes_of(["1.5", "2.7", "10"]))]
    [('00', [2]), ('0.0', [0, 1])]
    """
    if not len(codes):
        return
    plain = np.where(codes - np.uint32(ZERO) < 10, np.uint32(ZERO), codes)
    marks = plain.astype(np.uint64) @ _WEIGHTS[: codes.shape[1]]  # a hash: comparing whole rows takes ten times longer
    _, firsts, which = np.unique(marks, return_index=True, return_inverse=True)
    order = np.argsort(which, kind="stable")
    ends = np.cumsum(np.bincount(which))
    shapes = ["".join(map(chr, plain[first])).rstrip("\0") for first in firsts]
    spans = zip(shapes, [0, *ends[:-1].tolist()], ends.tolist(), strict=True)
    for shape, begin, end in sorted(spans, key=lambda entry: (len(entry[0]), entry[0])):
        yield shape, order[begin:end]


def digits(codes: Codes, span: tuple[int, int]) -> NDArray[np.int64]:
    """Whole numbers that stand in the columns from one to before another, shape (n,)."""
    weights = 10 ** np.arange(span[1] - span[0] - 1, -1, -1, dtype=np.int64)
    return (codes[:, span[0] : span[1]].astype(np.int64) - ZERO) @ weights
