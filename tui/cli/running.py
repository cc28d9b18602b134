"""Run the command line so that every error is a line on stderr and an exit code."""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress
from typing import TextIO

import click

from tui.cli.chat import app
from tui.cli.endings import FAILED, INTERRUPTED, Failure, in_words


def main() -> None:
    """Run ``tui``; every error is a line on stderr and an exit code."""
    # Read when numpy is loaded. Our matrices are narrow: more threads gain nothing, and on cores that others
    # use they spin in wait for each other (docs/performance.md).
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    _see_to_outputs()
    debug = "--debug" in sys.argv or bool(os.environ.get("MODESHARE_DEBUG"))
    try:
        code = app(standalone_mode=False)
    except click.exceptions.Abort:
        code = _say("interrupted", INTERRUPTED)
    except click.ClickException as error:
        with suppress(OSError):
            error.show()
        code = error.exit_code
    except Failure as error:
        code = _say(str(error), error.code)
    except KeyboardInterrupt:
        code = _say("interrupted", INTERRUPTED)
    except BrokenPipeError:  # whoever read our output has gone: there is nothing to say to them
        code = FAILED
    except Exception as error:
        if debug:
            raise
        code = _say(*in_words(error))
    sys.exit(_written(code if isinstance(code, int) else 0))


def _see_to_outputs() -> None:
    """What we write to is there, and takes every letter."""
    if sys.stderr is None:  # closed by whoever started us: there is nobody to tell, and somebody to answer
        sys.stderr = open(os.devnull, "w", errors="replace")  # noqa: PTH123, SIM115 - until the end
    if sys.stdout is None:
        sys.exit(_say("standard output is closed: give it a file, or /dev/null if nobody reads it", FAILED))
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a locale without a letter loses it, not the answer


def _written(code: int) -> int:
    """How it ended, once what is left of the output is written too."""
    error = _unwritten(sys.stdout)
    if error and not code:
        code = FAILED if isinstance(error, BrokenPipeError) else _say(*in_words(error))
    _unwritten(sys.stderr)
    return code


def _unwritten(stream: TextIO) -> OSError | None:
    """What kept the rest of ``stream`` from being written; it is dropped then."""
    try:
        stream.flush()
    except OSError as error:
        # Python would try once more at the very end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        return error
    return None


def _say(text: str, code: int) -> int:
    from tui.core.plain import clean  # an error may quote a server, or a file

    with suppress(OSError):  # where nothing can be said, the code still tells
        click.echo(f"tui: {clean(text)}", err=True)
    return code
