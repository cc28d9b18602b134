"""The command line: options in, exit codes out. Imports the rest only when a command needs it."""

from tui.cli.chat import app
from tui.cli.running import main

__all__ = ["app", "main"]
