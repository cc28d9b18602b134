"""The command line: options in, exit codes out. Imports the rest only when a command needs it."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from tui.core.config import Config
    from tui.core.session import Session
    from tui.core.store import Store

FAILED, USAGE, NO_MODEL, NO_STORE, INTERRUPTED = 1, 2, 3, 4, 130


class Failure(Exception):
    """Ends the program: what to say on stderr, and the exit code."""

    def __init__(self, text: str, code: int) -> None:
        self.code = code
        super().__init__(text)


def engine_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that choose the model and how it runs."""
    for option in (
        click.option(
            "--gpu-layers", type=int, help="Layers on the GPU (-1: all). Default: all, with a GPU build."
        ),
        click.option("--threads", type=int, help="Threads that generate. Default: the physical cores."),
        click.option("--context", type=int, metavar="TOKENS", help="Context size. Default: what fits."),
        click.option("--model", metavar="PATH", help="A GGUF file. Default: config, else the starter model."),
    ):
        command = option(command)
    return command


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="modeshare", prog_name="tui")
@click.option("-m", "--mode", help="Mode or blend to begin in, such as legal or legal*0.7+reasoning*0.3.")
@click.option("--resume", metavar="ID", help="Go on with a conversation: its id, or the beginning of it.")
@click.option("--mouse/--no-mouse", default=None, help="Whether the mouse scrolls and clicks. Default: yes.")
@click.option("--debug", is_flag=True, envvar="MODESHARE_DEBUG", help="Show where an unexpected error arose.")
@engine_options
@click.pass_context
def app(ctx: click.Context, /, debug: bool, resume: str | None, **flags: Any) -> None:
    """Chat with one local model in many modes.

    Without a command, opens the chat. Nothing leaves this machine.
    """
    ctx.obj = flags
    if ctx.invoked_subcommand is not None:
        return
    with open_session(flags, load=False) as session:
        from tui.ui.app import ChatApp

        if resume:
            resume = session.store.get(resume).id
        ChatApp(session, resume).run(mouse=session.config.mouse)


@app.command()
@click.argument("prompt", required=False)
@click.option("-m", "--mode", help="Mode or blend to answer in.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of the text.")
@click.option("--temperature", type=click.FloatRange(0, 2), help="0 is greedy. Default: the mode's.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 2), help="Repeat an answer. Default: a fresh one.")
@click.option("--max-tokens", type=click.IntRange(1), help="Longest answer. Default: the mode's.")
@click.option("--no-save", is_flag=True, help="Keep nothing of this question on disk.")
@engine_options
@click.pass_context
def ask(
    ctx: click.Context,
    /,
    prompt: str | None,
    as_json: bool,
    temperature: float | None,
    seed: int | None,
    max_tokens: int | None,
    no_save: bool,
    **flags: Any,
) -> None:
    """Answer one question and leave.

    Standard input is added before PROMPT as context; without PROMPT, or with "-", it is the question.
    The answer goes to standard output, everything else to standard error.
    """
    from tui.core.turn import Ask
    from tui.headless import ask as headless

    piped = None if sys.stdin is None or sys.stdin.isatty() else sys.stdin.buffer
    try:
        question = headless.read_question(prompt, piped)
    except headless.BadInput as error:
        raise Failure(str(error), USAGE) from error
    with open_session(_merged(ctx.obj, flags), keep=not no_save) as session:
        voice = session.catalog.voice(session.config.mode)
        conversation = session.store.create(voice.spec)
        sampling = headless.overridden(voice, temperature, seed)
        request = Ask(conversation.id, voice, question, None, sampling, max_tokens)
        code = headless.ask(session, request, as_json)
    if code:
        ctx.exit(code)


@app.command()
@engine_options
@click.pass_context
def doctor(ctx: click.Context, /, **flags: Any) -> None:
    """Say what this machine has and what was chosen, with a remedy for what is amiss."""
    from modes.catalog import Catalog
    from tui.core.paths import config_dir, data_dir
    from tui.headless.doctor import doctor as report

    catalog = Catalog.load(config_dir() / "modes")
    config = _config(_merged(ctx.obj, flags))
    if not report(config, catalog, config_dir() / "config.toml", data_dir()):
        ctx.exit(FAILED)


def _merged(outer: dict[str, Any], inner: dict[str, Any]) -> dict[str, Any]:
    """Options may stand before or after the command; those after it win."""
    return outer | {name: value for name, value in inner.items() if value is not None}


def _config(flags: dict[str, Any]) -> Config:
    from tui.core.config import Config, unknown_variables
    from tui.core.paths import config_dir

    for warning in unknown_variables(os.environ):
        click.echo(f"tui: {warning}", err=True)
    return Config.load(config_dir() / "config.toml", os.environ).with_flags(**_given(flags))


def _given(flags: dict[str, Any]) -> dict[str, Any]:
    return flags if flags.get("model") is None else flags | {"model": Path(flags["model"])}


@contextmanager
def open_session(flags: dict[str, Any], keep: bool = True, load: bool = True) -> Iterator[Session]:
    """Configuration, modes, store, and the model, which begins to load; all closed at the end."""
    from modes.catalog import Catalog
    from tui.core.models import chosen_model
    from tui.core.paths import config_dir, data_dir, ensure_private_dir
    from tui.core.session import Session
    from tui.core.settings_file import SettingsFile

    config = _config(flags)
    catalog = Catalog.load(config_dir() / "modes")
    catalog.voice(config.mode)
    chosen_model(config)
    data = ensure_private_dir(data_dir())
    session = Session.begin(config, catalog, _store(data, keep), data, load)
    session.settings_file = SettingsFile(config_dir() / "config.toml", dict(os.environ), _given(flags))
    try:
        yield session
    finally:
        session.close()


def _store(data: Path, keep: bool) -> Store:
    from tui.core.store import Store

    return Store.open(data / "conversations.sqlite3" if keep else None)


def main() -> None:
    """Run ``tui``; every error is a line on stderr and an exit code."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a locale without a letter loses it, not the answer
    debug = "--debug" in sys.argv or bool(os.environ.get("MODESHARE_DEBUG"))
    try:
        code = app(standalone_mode=False)
    except click.exceptions.Abort:
        code = _say("interrupted", INTERRUPTED)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except Failure as error:
        code = _say(str(error), error.code)
    except KeyboardInterrupt:
        code = _say("interrupted", INTERRUPTED)
    except BrokenPipeError:
        # Whoever read our output has gone: nothing to say to them, and nothing to flush at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = FAILED
    except Exception as error:
        if debug:
            raise
        code = _say(*_in_words(error))
    sys.exit(code if isinstance(code, int) else 0)


def _say(text: str, code: int) -> int:
    click.echo(f"tui: {text}", err=True)
    return code


def _in_words(error: Exception) -> tuple[str, int]:
    from engine.contract import EngineError, LoadCancelled, ModelUnusable
    from modes.blend import VoiceError
    from tui.core.config import ConfigError
    from tui.core.paths import PathUnusable
    from tui.core.store import NoSuchConversation, StoreError

    codes: list[tuple[type[Exception], int]] = [
        (ConfigError, USAGE),
        (VoiceError, USAGE),
        (NoSuchConversation, USAGE),
        (LoadCancelled, INTERRUPTED),
        (ModelUnusable, NO_MODEL),
        (PathUnusable, NO_STORE),
        (StoreError, NO_STORE),
        (EngineError, FAILED),
    ]
    for kind, code in codes:
        if isinstance(error, kind):
            return str(error), code
    unexpected = f"unexpected {type(error).__name__}: {error} (run it again with --debug to see where)"
    return unexpected, FAILED
