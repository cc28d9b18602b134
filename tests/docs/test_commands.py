"""What the pages tell people to type is what the program takes."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tui.cli import app

ROOT = Path(__file__).parents[2]
PAGES = ["README.md", *(f"docs/{one.name}" for one in sorted((ROOT / "docs").glob("*.md")))]


def blocks(page: str, language: str = "") -> list[str]:
    """The fenced blocks of a page in ``language``."""
    return re.findall(rf"^```{language}\n(.*?)^```", (ROOT / page).read_text("utf-8"), re.M | re.S)


def commands() -> Iterator[tuple[str, str]]:
    """Every ``tui`` line of the fenced blocks, continued lines joined."""
    for page in PAGES:
        for block in blocks(page):
            for line in block.replace("\\\n", " ").splitlines():
                if found := re.match(r"(?:\$ )?(?:[A-Z_]+=\S+ )*(?:\.venv/bin/)?tui(?: .*|$)", line):
                    yield page, found[0].removeprefix("$ ")


def names() -> Iterator[tuple[str, str]]:
    """What stands of ``tui`` between single marks: it may lack what a whole command has."""
    for page in PAGES:
        text = re.sub(r"^```.*?^```", "", (ROOT / page).read_text("utf-8"), flags=re.M | re.S)
        yield from ((page, " ".join(one.split())) for one in re.findall(r"`(tui(?:\s[^`]*)?)`", text))


def parsed(line: str) -> None:
    """Raises what click raises for a line that it does not take."""
    words = shlex.split(line, comments=True)
    arguments = words[next(at for at, word in enumerate(words) if word.rpartition("/")[2] == "tui") + 1 :]
    command: click.Command = app
    ctx: click.Context | None = None
    while True:
        try:
            ctx = command.make_context("tui", list(arguments), parent=ctx)
        except click.exceptions.Exit:  # --help
            return
        if not isinstance(command, click.Group) or not (rest := [*ctx._protected_args, *ctx.args]):
            return
        _, found, arguments = command.resolve_command(ctx, rest)
        assert found is not None
        command = found


@pytest.fixture(autouse=True)
def paths_that_are_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    def convert(_self: click.Path, value: object, _param: object, _ctx: object) -> Path:
        return Path(str(value))

    monkeypatch.setattr(click.Path, "convert", convert)
    monkeypatch.setattr(click.File, "convert", convert)


def test_there_are_commands_on_the_pages_that_tell_how() -> None:
    told = {page for page, _ in commands()}
    assert {"docs/deploy.md", "docs/memory.md", "docs/servers.md", "docs/share.md"} <= told
    assert "README.md" in {page for page, _ in names()}


@pytest.mark.parametrize(("page", "line"), sorted(set(commands())))
def test_a_command_of_a_page_can_be_typed(page: str, line: str) -> None:
    try:
        parsed(line)
    except click.ClickException as error:
        pytest.fail(f"{page}: {line}: {error.format_message()}")


@pytest.mark.parametrize(("page", "line"), sorted(set(names())))
def test_a_command_that_a_page_names_is_there(page: str, line: str) -> None:
    try:
        parsed(line)
    except (click.exceptions.NoArgsIsHelpError, click.MissingParameter):
        pass
    except click.ClickException as error:
        if not str(error).endswith("requires an argument."):
            pytest.fail(f"{page}: {line}: {error.format_message()}")


def test_a_command_that_does_not_exist_would_be_found() -> None:
    for line in ("tui nonsense", "tui modes export --nonsense a b", "tui plan"):
        with pytest.raises(click.ClickException):
            parsed(line)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")
def test_the_unit_of_the_server_is_one_that_systemd_takes(tmp_path: Path) -> None:
    (unit,) = blocks("docs/deploy.md", "ini")
    here = unit.replace("/opt/vllm/bin/python", sys.executable).replace("=vllm", "=root")
    file = tmp_path / "modeshare-vllm.service"
    file.write_text(here)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--recursive-errors=no", file],
        capture_output=True,
        text=True,
        check=False,
    )
    assert [done.returncode, done.stderr] == [0, ""]
