"""A PostgreSQL server that may be killed and started again, for tests of what happens then."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tests.postgres import UNPRIVILEGED, free_port, wait_for


@dataclass
class Restartable:
    """One server with its own folder and port."""

    binaries: Path
    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgresql+psycopg2://flexscope@127.0.0.1:{self.port}/postgres"

    @property
    def user(self) -> str | None:
        return UNPRIVILEGED if os.getuid() == 0 else None

    @classmethod
    @contextmanager
    def new(cls, binaries: Path, parent: Path | None = None) -> Iterator[Self]:
        server = cls(binaries, Path(tempfile.mkdtemp(prefix="flexscope-pg-", dir=parent)), free_port())
        if server.user:
            account = pwd.getpwnam(server.user)
            os.chown(server.folder, account.pw_uid, account.pw_gid)
        initdb = [binaries / "initdb", "-D", server.folder / "data", "-U", "flexscope", "-A", "trust", "-N"]
        command = [*initdb, "-E", "UTF8", "--locale=C"]
        subprocess.run(command, check=True, user=server.user, cwd=server.folder, stdout=subprocess.DEVNULL)
        try:
            server.start()
            yield server
        finally:
            server.kill()
            shutil.rmtree(server.folder, ignore_errors=True)

    def start(self) -> None:
        options = {"port": self.port, "listen_addresses": "127.0.0.1", "unix_socket_directories": self.folder}
        command = [self.binaries / "postgres", "-D", self.folder / "data"]
        command += [f"--{name}={value}" for name, value in options.items()]
        with (self.folder / "log").open("a") as log:
            self.process = subprocess.Popen(command, user=self.user, cwd=self.folder, stdout=log, stderr=log)
        wait_for(self.port, self.process)

    def kill(self) -> None:
        """End it at once, as a crash of the machine would."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(3)  # SIGQUIT: the immediate shutdown, with all its children
            self.process.wait(timeout=120)
