"""``tui``: the chat, and the group that all other commands belong to."""

from __future__ import annotations

import gc
import sys
from typing import Any

import click

from tui.cli.bench import bench_options, run_bench, taken
from tui.cli.commands import Commands
from tui.cli.endings import USAGE, Failure
from tui.cli.opening import open_session
from tui.cli.options import engine_options


@click.group(
    cls=Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(package_name="modeshare", prog_name="tui")
@click.option("-m", "--mode", help="Mode or blend to begin in, such as legal or legal*0.7+reasoning*0.3.")
@click.option("--resume", metavar="ID", help="Go on with a conversation: its id, the beginning, or latest.")
@click.option("--mouse/--no-mouse", default=None, help="Whether the mouse scrolls and clicks. Default: yes.")
@click.option("--debug", is_flag=True, envvar="MODESHARE_DEBUG", help="Show where an unexpected error arose.")
@engine_options
@bench_options
@click.pass_context
def app(ctx: click.Context, /, debug: bool, resume: str | None, **flags: Any) -> None:
    """Chat with one local model in many modes.

    Without a command, opens the chat. Nothing leaves this machine unless you name a server.
    """
    bench = taken(flags)
    ctx.obj = flags
    if ctx.invoked_subcommand is not None:
        if bench is not None:
            raise Failure(f"--bench and the command {ctx.invoked_subcommand}: leave one out", USAGE)
        return
    if bench is not None:
        ctx.exit(run_bench(flags, bench))
    # Nothing that starting makes is garbage, and looking for it takes a tenth of the time to the first frame.
    # The screen turns it on again.
    gc.disable()
    with open_session(flags, load=False) as session:
        from tui.ui.app import ChatApp

        voice = session.catalog.voice(mode) if (mode := flags.get("mode")) else None
        if voice:
            session.asked_for(voice)
        if resume:
            from tui.core.resuming import find

            resume = find(session.store, resume).id
            if voice:
                session.store.set_mode(resume, voice.spec)
        _check_terminal()
        chat = ChatApp(session, resume)
        chat.run(mouse=session.config.mouse)
    ctx.exit(chat.return_code or 0)  # 1 after an error that nobody expected; Textual has shown it


def _check_terminal() -> None:
    """Keys are read from standard input, and the screen is drawn on standard error. Raises `Failure`."""
    for stream, name in ((sys.__stdin__, "standard input"), (sys.__stderr__, "standard error")):
        if stream is None or not stream.isatty():
            raise Failure(f"a chat needs a terminal, and {name} is none: tui ask answers without one", USAGE)
