"""Runs a program and its tests in a process that may hurt little; a script, never imported.

``python -I -B confined.py FOLDER TOKEN SECONDS BYTES FILE_BYTES``: executes FOLDER/program.py and then
FOLDER/tests.py in one namespace, and leaves FOLDER/verdict, which says TOKEN and how it went. A program that
ends the process never gets that far.

The hook is no wall against malice: it stops what a mistaken program may do to files and to the network.
"""

import contextlib
import os
import resource
import sys
import traceback
from pathlib import Path
from types import CodeType

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
#: Audit events that are refused, and those that are refused outside the working directory by argument.
_REFUSED = ("socket.", "subprocess.", "ctypes.dlopen", "pty.", "webbrowser.", "ftplib.", "http.", "urllib.")
_REFUSED_CALLS = frozenset(
    {"os.fork", "os.forkpty", "os.posix_spawn", "os.exec", "os.system", "os.spawn", "os.kill", "os.killpg"}
)
_PATHS = {
    "os.remove": (0,), "os.rmdir": (0,), "os.mkdir": (0,), "os.rename": (0, 1), "os.link": (0, 1),
    "os.symlink": (1,), "os.truncate": (0,), "os.chmod": (0,), "os.chown": (0,), "os.utime": (0,),
    "shutil.rmtree": (0,), "shutil.move": (0, 1), "shutil.copyfile": (1,),
}  # fmt: skip


def _limit(seconds: int, memory: int, file_size: int) -> None:
    limits = {"CPU": seconds, "AS": memory, "FSIZE": file_size, "CORE": 0, "NPROC": 0}
    for name, value in limits.items():
        with contextlib.suppress(ValueError, OSError, AttributeError):  # not every system has every limit
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (value, value))


def _guard(home: Path) -> None:
    def refuse_outside(path: object, event: str) -> None:
        if isinstance(path, int) or path == os.devnull:
            return
        full = Path(os.fsdecode(path)).resolve()  # type: ignore[arg-type]
        if not full.is_relative_to(home):
            raise PermissionError(f"{event} outside of the working directory: {full}")

    def hook(event: str, args: tuple[object, ...]) -> None:
        if event in _REFUSED_CALLS or event.startswith(_REFUSED):
            raise PermissionError(f"{event} is not allowed here")
        if event == "open" and isinstance(args[2], int) and args[2] & _WRITING:
            refuse_outside(args[0], "writing")
        for at in _PATHS.get(event, ()):
            refuse_outside(args[at], event)

    sys.addaudithook(hook)


def _source(folder: str, name: str) -> CodeType:
    return compile(Path(folder, name).read_text("utf-8"), name, "exec")


def _run(folder: str) -> str:
    space: dict[str, object] = {"__name__": "program"}
    try:
        for name in ("program.py", "tests.py"):
            exec(_source(folder, name), space)
    except MemoryError:
        return "memory"
    except BaseException:  # noqa: BLE001 - whatever it raises, it is wrong
        traceback.print_exc()
        return "failed"
    return "passed"


def _main() -> None:
    folder, token, *numbers = sys.argv[1:]
    del sys.argv[1:]
    verdict = os.open(Path(folder, "verdict"), os.O_WRONLY | os.O_CREAT, 0o600)
    write, leave = os.write, os._exit
    _limit(*(int(number) for number in numbers))
    _guard(Path.cwd().resolve())
    write(verdict, f"{token} {_run(folder)}".encode())
    with contextlib.suppress(Exception):
        sys.stdout.flush()
    leave(0)


if __name__ == "__main__":
    _main()
