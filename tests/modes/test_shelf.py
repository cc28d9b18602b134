"""Each bad file an operator can write, through the catalog that it must not stop."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modes.catalog import Catalog
from modes.shelf import RefusedError, Shelf, validate

GOOD = 'title = "Good"\ndescription = "Good."\n'


@pytest.fixture
def own(tmp_path: Path) -> Path:
    (tmp_path / "good.toml").write_text(GOOD)
    return tmp_path


def only_problem(own: Path) -> str:
    """The text of the one problem there is, once it is sure that nothing else was lost by it."""
    catalog = Catalog.load(own)
    assert set(Catalog.load(None).modes) < set(catalog.modes)
    assert "good" in catalog.modes
    assert len(catalog.problems) == 1
    assert catalog.problems[0].text.startswith(f"{catalog.problems[0].file}: ")
    return catalog.problems[0].text


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (GOOD + "prompt = \n", "not valid TOML: Invalid value (at line 3, column 10)"),
        ("x = " + "[" * 5000, "nested too deeply"),
        ("max_tokens = " + "1" * 5000, "not valid TOML"),
        ('title = "T"\n', "description: missing"),
        (
            GOOD + "max_tokens = 0x" + "f" * 5000,
            "max_tokens: found a number of thousands of digits, expected",
        ),
        (GOOD + 'max_tokens = "9"\n', 'max_tokens: found "9", expected a whole number'),
        (GOOD + "max_tokens = 0\n", "max_tokens: found 0, expected at least 1"),
        (GOOD + 'titel = "x"\n', "titel: unknown field (did you mean title?)"),
        (GOOD + 'extend = "legal"\n', "extend: unknown field (did you mean extends?)"),
        (GOOD + "qqqqq = 1\n", "qqqqq: unknown field;"),
        (GOOD + '"a\\u001b" = 1\n', "a?: unknown field"),
        (GOOD + 'name = "x"\n', "name: is taken from the file's name; remove this line"),
        (GOOD + 'thinking = "maybe"\n', "thinking: found \"maybe\", expected 'auto', 'on' or 'off'"),
        (GOOD + 'stop = ["a", 3]\n', "stop[1]: found 3, expected text in quotes"),
        (GOOD + 'stop = "a"\n', 'stop: found "a", expected a list'),
        (GOOD + "sampling = 3\n", "sampling: found 3, expected a table"),
        (GOOD + "prompt = {a = 1}\n", "prompt: found a table, expected text in quotes"),
        (GOOD + "prompt = 1979-05-27\n", 'prompt: found "1979-05-27", expected text in quotes'),
        (GOOD + "[sampling]\ntop_p = inf\n", "sampling.top_p: found inf, expected a finite number"),
        (GOOD + "[sampling]\ntemperature = 9\n", "sampling.temperature: found 9, expected at most 2"),
        (
            GOOD + "[sampling]\ntemprature = 1\n",
            "sampling.temprature: unknown field (did you mean temperature?)",
        ),
        (GOOD + "[memory]\nk = 6\n", "memory.k: found 6, expected at most 5"),
        (GOOD + "[memory]\nsacred = 1\n", "memory.sacred: found 1, expected true or false"),
        (GOOD + 'colour = "blue"\n', 'colour: found "blue", expected a colour such as #4f8fba'),
        (GOOD + f'ascii = "{"x" * 99}"\n', 'ascii: found "' + "x" * 38 + "…, expected one or two visible"),
        ("extends = 3\n", "extends: found 3, expected a mode's name in quotes"),
        (
            'extends = "leagl"\n',
            'extends: found "leagl", expected another mode\'s name (did you mean legal?)',
        ),
        ('extends = "mine"\n', 'extends: found "mine", expected another mode\'s name'),
    ],
)
def test_a_bad_file_becomes_a_problem_that_names_file_field_and_remedy(
    own: Path, text: str, complaint: str
) -> None:
    (own / "mine.toml").write_text(text)
    problem = only_problem(own)
    assert complaint in problem
    assert problem.startswith(str(own / "mine.toml"))
    assert problem.endswith("the mode is left out until this is corrected")


def test_every_fault_of_a_file_is_told_at_once(own: Path) -> None:
    (own / "mine.toml").write_text('title = 3\ndescription = ""\nk = 1\n')
    problem = only_problem(own)
    assert all(f" {field}: " in problem for field in ("title", "description", "k"))


def test_text_that_is_not_utf_8_is_told_with_its_line(own: Path) -> None:
    (own / "mine.toml").write_bytes(b'title = "T"\ndescription = "caf\xe9"\n')
    assert "not UTF-8 text (line 2): save it as UTF-8" in only_problem(own)


def test_a_byte_order_mark_is_no_fault(own: Path) -> None:
    (own / "mine.toml").write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert Catalog.load(own).modes["mine"].title == "Good"


@pytest.mark.parametrize("stem", ["Mine", "2nd", "a.b", "with space", "a" * 33])
def test_a_file_whose_stem_is_no_name_is_a_problem(own: Path, stem: str) -> None:
    (own / f"{stem}.toml").write_text(GOOD)
    assert f'name: found "{stem}", expected a name of 1 to 32' in only_problem(own)


def test_off_and_none_cannot_be_names_because_they_mean_base(own: Path) -> None:
    (own / "off.toml").write_text(GOOD)
    assert "expected another name: off already means base" in only_problem(own)


def test_a_file_that_cannot_be_read_is_a_problem(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (own / "mine.toml").write_text(GOOD)
    read = Path.read_bytes

    def refuse(path: Path) -> bytes:
        if path.name == "mine.toml":
            raise PermissionError(13, "Permission denied")
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert "cannot be read (Permission denied); check its permissions" in only_problem(own)


def test_what_is_no_regular_file_is_a_problem_and_is_never_waited_for(own: Path) -> None:
    (own / "dir.toml").mkdir()
    (own / "gone.toml").symlink_to(own / "nowhere")
    os.mkfifo(own / "pipe.toml")
    problems = Catalog.load(own).problems
    assert [problem.file.name for problem in problems] == ["dir.toml", "gone.toml", "pipe.toml"]
    assert all("is not a regular file" in problem.text for problem in problems)


def test_a_bad_override_leaves_the_built_in_mode_in_place(own: Path) -> None:
    (own / "legal.toml").write_text(GOOD + "prompt = 3\n")
    assert Catalog.load(own).modes["legal"] == Catalog.load(None).modes["legal"]
    assert only_problem(own).endswith("the built-in legal stays until this is corrected")


def test_base_cannot_be_given_coefficients(own: Path) -> None:
    (own / "base.toml").write_text('extends = "base"\ncoefficients = "x"\n')
    assert 'coefficients: found "x", expected none: base is the model itself' in only_problem(own)


def test_a_circle_of_extends_refuses_its_members_and_shows_them(own: Path) -> None:
    for name, start in (("a", "b"), ("b", "c"), ("c", "a"), ("d", "a")):
        (own / f"{name}.toml").write_text(f'extends = "{start}"\n')
    texts = {problem.file.stem: problem.text for problem in Catalog.load(own).problems}
    assert "a circle (a → b → c → a)" in texts["a"]
    assert "a circle (b → c → a → b)" in texts["b"]
    assert "a circle (c → a → b → c)" in texts["c"]
    assert "extends: a is itself refused; correct a.toml first" in texts["d"]


def test_extending_a_refused_override_starts_from_the_built_in_mode(own: Path) -> None:
    (own / "legal.toml").write_text("title = 3\n")
    (own / "mine.toml").write_text('extends = "legal"\ntitle = "Mine"\n')
    mine = Catalog.load(own).modes["mine"]
    assert (mine.title, mine.prompt) == ("Mine", Catalog.load(None).modes["legal"].prompt)


def test_a_directory_that_is_absent_is_no_problem(tmp_path: Path) -> None:
    assert Catalog.load(tmp_path / "none") == Catalog.load(None)


def test_a_directory_that_cannot_be_listed_is_one_problem(tmp_path: Path) -> None:
    (tmp_path / "modes").write_text("a file")
    catalog = Catalog.load(tmp_path / "modes")
    assert list(catalog.modes) == list(Catalog.load(None).modes)
    assert [problem.file for problem in catalog.problems] == [tmp_path / "modes"]
    assert "cannot be listed (Not a directory)" in catalog.problems[0].text


def test_hidden_files_and_other_suffixes_are_passed_over(own: Path) -> None:
    for name in ("._legal.toml", ".#mine.toml", "mine.toml~", "notes.txt", "legal.toml.bak"):
        (own / name).write_text("not a mode")
    catalog = Catalog.load(own)
    assert catalog.problems == ()
    assert list(catalog.modes)[-1] == "good"


@given(content=st.binary(max_size=60) | st.text(max_size=60).map(lambda text: (GOOD + text).encode()))
def test_no_content_whatever_stops_the_rest(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    own = tmp_path_factory.mktemp("modes")
    (own / "mine.toml").write_bytes(content)
    shelf = Shelf({}, own)
    assert len(shelf.modes()) + len(shelf.problems()) == 1


def test_a_built_in_file_goes_through_the_same_check() -> None:
    with pytest.raises(RefusedError, match="title: missing"):
        validate("legal", {"description": "d"})
