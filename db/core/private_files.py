"""Files that only their owner may read, made so from the start: databases and dumps hold hashes and sealed secrets."""

import os
from pathlib import Path

OWNER_ONLY, OWNER_ONLY_FOLDER = 0o600, 0o700


def begin() -> None:
    """Let every file this process makes from now on be its owner's only."""
    os.umask(0o077)


def make(file: Path) -> None:
    """Make an empty file unless there is one already; what is there stays as it is."""
    # O_EXCL: a file or link that somebody put there first is neither followed nor emptied
    try:
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY))
    except FileExistsError:
        return  # whoever made it said who may read it
    file.chmod(OWNER_ONLY)  # a default ACL of the folder may have given more
