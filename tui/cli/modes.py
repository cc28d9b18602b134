"""``tui modes``."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tui.cli.options import configured, json_option, merged
from tui.cli.subspace import base_path, catalog_and_directory, check_name
from tui.cli.training import grow, train
from tui.core.paths import subspace_dir

if TYPE_CHECKING:
    from engine.remote.shelf import Form


@click.group()
def modes() -> None:
    """The modes there are."""


modes.add_command(train)
modes.add_command(grow)


@modes.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List every mode with its coefficients, or what it lacks."""
    from tui.headless.modes import list_modes

    list_modes(*catalog_and_directory(), as_json)


@modes.command()
@click.argument("name")
@json_option
def show(name: str, as_json: bool) -> None:
    """Show all that the mode NAME is, and where each thing is from."""
    from tui.headless.modes import show_mode

    catalog, directory = catalog_and_directory()
    show_mode(catalog, name, directory, as_json)


@modes.command("import")
@click.argument("name")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--model", metavar="PATH", help="The base that it was made for. Default: the configured one.")
@click.pass_context
def import_(ctx: click.Context, name: str, path: Path, model: str | None) -> None:
    """Take the LoRA adapter at PATH into the shared subspace as mode NAME.

    PATH is a PEFT or MLX directory or a GGUF LoRA file. Other modes stay what they were.
    """
    from modes.catalog import BUILTIN
    from tui.core.paths import data_dir, ensure_private_dir
    from tui.headless.coefficients import add_mode_file, import_mode
    from tui.headless.report import write_line

    check_name(name)
    catalog, directory = catalog_and_directory()
    data = ensure_private_dir(data_dir())
    done = import_mode(name, path, base_path(ctx, model), data / "models.json", subspace_dir(data))
    origin, mine = f"Imported from {path.name}.", catalog.modes.get(name)
    for line in (*done, *add_mode_file(name, origin, directory, name in BUILTIN, mine)):
        write_line(line)


@modes.command()
@click.argument("name")
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--form", type=click.Choice(("peft", "mlx", "gguf")), default="peft", show_default=True)
@click.option("--model", metavar="PATH", help="The base that it is for. Default: the configured one.")
@click.pass_context
def export(ctx: click.Context, name: str, target: Path, form: Form, model: str | None) -> None:
    """Write the coefficients NAME to TARGET as a LoRA adapter for another program."""
    from tui.core.paths import data_dir
    from tui.headless.coefficients import export_mode

    data = data_dir()
    export_mode(name, target, form, base_path(ctx, model), data / "models.json", subspace_dir(data))


@modes.command()
@click.argument("name")
@click.option("--to", "server", metavar="SERVER", help="Address of the server. Default: the configured one.")
@click.option("--model", metavar="PATH", help="A GGUF of the base that it runs. Default: server_base.")
@click.pass_context
def push(ctx: click.Context, name: str, server: str | None, model: str | None) -> None:
    """Bring the coefficients NAME to a server: load them (vLLM), or write what it can take and say how.

    The address is HOST:PORT or a URL; which kind of server it is, is found out by asking it.
    """
    from tui.core.paths import data_dir, ensure_private_dir
    from tui.headless.pushing import push_mode

    flags = {"engine": "remote", "server": server, "server_base": model and Path(model)}
    config = configured(merged(ctx.find_root().obj or {}, flags))
    data = ensure_private_dir(data_dir())
    push_mode(name, config, data / "models.json", subspace_dir(data))


@modes.command()
@click.argument("name")
def remove(name: str) -> None:
    """Take the coefficients NAME out of the subspace; rollback brings them back."""
    from tui.core.paths import data_dir
    from tui.headless.coefficients import remove_mode

    remove_mode(name, subspace_dir(data_dir()))


@modes.command()
def rollback() -> None:
    """Go back to the version of the subspace before the current one."""
    from tui.core.paths import data_dir
    from tui.headless.coefficients import rollback as back

    back(subspace_dir(data_dir()))


@modes.command()
@click.argument("name", required=False)
@click.option(
    "--adapter",
    type=click.Path(exists=True, path_type=Path),
    help="Check this exported adapter instead, before another program gets it.",
)
@click.option("--model", metavar="PATH", help="The base that they are for. Default: the configured one.")
@json_option
@click.pass_context
def verify(
    ctx: click.Context, name: str | None, adapter: Path | None, model: str | None, as_json: bool
) -> None:
    """Check coefficients, NAME's or all: the base, the values, how large each change is.

    What is good is on record as verified; a mode with other coefficients loads only when asked for by name.
    """
    from tui.core.paths import data_dir
    from tui.headless.verifying import verify_adapter, verify_modes

    if name and adapter:
        raise click.UsageError("name a mode or an --adapter, not both")
    data = data_dir()
    base, remembered = base_path(ctx, model), data / "models.json"
    if adapter:
        verify_adapter(adapter, base, remembered, as_json)
    else:
        verify_modes(name, base, remembered, subspace_dir(data), as_json)


@modes.command()
@click.option("--budget", required=True, metavar="SIZE", help="The most bytes, such as 4MB or 512KiB.")
@click.option(
    "--items",
    type=click.IntRange(0),
    default=200,
    show_default=True,
    help="Asked of each domain; 0: untested.",
)
@click.option("--model", metavar="PATH", help="The base that they are for. Default: the configured one.")
@click.pass_context
def compact(ctx: click.Context, budget: str, items: int, model: str | None) -> None:
    """Make the subspace with all its modes fit SIZE, as a new version; rollback brings the old one back.

    It is kept only if no domain loses 5 points of its test; else less is taken away, or nothing.
    """
    from tui.core.engines import open_engine
    from tui.core.notices import Notices
    from tui.core.paths import data_dir
    from tui.headless.compacting import compact_modes
    from tui.headless.gate import DomainGate
    from tui.headless.sizes import parse_size

    size, data = parse_size(budget), data_dir()
    config = configured(merged(ctx.find_root().obj or {}, {"model": model}))
    with ExitStack() as stack:

        def gate() -> DomainGate:
            engine = open_engine(config, data / "models.json", lambda _fraction: True)
            stack.callback(engine.close)
            return DomainGate(engine, items, Notices())

        compact_modes(size, subspace_dir(data), gate if items else None)
