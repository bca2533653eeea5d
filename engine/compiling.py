"""Machine code by numba, where it is installed; without it the same functions run as Python, slowly."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

Function = TypeVar("Function", bound=Callable[..., Any])
COMPILED = True
"""Whether numba is there."""
try:
    from numba import njit
except ImportError:
    COMPILED = False


def compiled(function: Function) -> Function:
    """A function as machine code, kept on disk for the next process where there is a folder to write to."""
    if not COMPILED:
        return function
    try:
        return cast(Function, njit(function, cache=True, nogil=True, error_model="numpy"))
    except RuntimeError:  # no such folder
        return cast(Function, njit(function, nogil=True, error_model="numpy"))
