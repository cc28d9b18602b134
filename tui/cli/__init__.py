"""The command line: options in, exit codes out. Imports the rest only when a command needs it."""

from tui.cli.ask import ask
from tui.cli.chat import app
from tui.cli.config import config
from tui.cli.data import data
from tui.cli.doctor import doctor
from tui.cli.modes import modes
from tui.cli.running import main

for command in (ask, config, data, doctor, modes):
    app.add_command(command)

__all__ = ["app", "main"]
