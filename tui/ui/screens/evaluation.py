"""The evaluation (``/eval``): choose, run beside the chat, see what came of it, open items and earlier runs.

It is there before anybody looks and goes on when nobody does: Escape leaves the screen, not the run. This
module must not know how anything is measured.
"""

from __future__ import annotations

import threading
from contextlib import closing

from textual import on, work
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.message import Message
from textual.widgets import ContentSwitcher, OptionList, Static
from textual.widgets.option_list import Option

from modes.blend import BASE
from modes.evaluation import domains
from tui.core.evaluate import Evaluation
from tui.core.evaluation import folder
from tui.core.evaluation.answers import Answer, answers, mark, told
from tui.core.evaluation.choice import FULL, QUICK, Size, chosen
from tui.core.evaluation.events import Event
from tui.core.session import Session
from tui.ui.course import Course
from tui.ui.glyphs import Glyphs
from tui.ui.screens.evaluation_keys import EvaluationKeys
from tui.ui.text import clean, one_line

PAGES = ("choose", "scores", "speed", "items", "runs")


class Happened(Message):
    """An event of the run."""

    def __init__(self, event: Event) -> None:
        super().__init__()
        self.event = event


class Ended(Message):
    """The run is over, or was stopped; ``trouble`` says why it could not go on."""

    def __init__(self, trouble: str = "") -> None:
        super().__init__()
        self.trouble = trouble


class EvaluationScreen(EvaluationKeys):
    """State is in `Course`; what is chosen is in ``_off`` and ``_amount``."""

    def __init__(self, session: Session, glyphs: Glyphs, size: Size = QUICK) -> None:
        super().__init__()
        self._session, self._glyphs, self._amount = session, glyphs, size
        self._off: set[str] = set()
        self._course = Course()
        self._runs: list[folder.Past] = []
        self._stop: threading.Event | None = None
        self._said = ""

    @property
    def course(self) -> Course:
        """The run that is shown."""
        return self._course

    @property
    def running(self) -> bool:
        """A run is under way."""
        return self._stop is not None

    def compose(self) -> ComposeResult:
        yield Static(id="eval_head", markup=False)
        with ContentSwitcher(initial="choose", id="eval_pages"):
            yield OptionList(id="choose", markup=False)
            with VerticalScroll(id="scores"):
                yield Static(id="eval_tables", markup=False)
            with VerticalScroll(id="speed"):
                yield Static(id="eval_plots", markup=False)
            with VerticalScroll(id="items"):
                yield OptionList(id="eval_items", markup=False)
                yield Static(id="eval_item", markup=False)
            yield OptionList(id="runs", markup=False)
        yield Static(id="eval_foot", markup=False)

    def on_mount(self) -> None:
        self._list_choice()
        self.action_page("choose")

    def on_unmount(self) -> None:
        self.action_halt()

    def on_resize(self) -> None:
        self._show()

    def action_leave(self) -> None:
        self.app.pop_screen()

    def action_page(self, name: str) -> None:
        self.query_one("#eval_pages", ContentSwitcher).current = name
        if name == "runs":
            self._list_runs()
        if name == "items":
            self._list_items()
        focus = {"items": "#eval_items"}.get(name, f"#{name}")
        self.query_one(focus).focus()
        self._show()

    def action_begin(self) -> None:
        if self.running:
            return
        if self._session.loader.engine is None:
            self._say("the model is not there yet: wait until it is loaded")
            return
        self._course, self._stop = Course(), threading.Event()
        self._say("")
        self.action_page("scores")
        wanted = [name for name in domains.NAMES if f"domain {name}" not in self._off]
        modes = [name for name in self._modes() if f"mode {name}" not in self._off]
        self._run(wanted, modes, self._stop)

    def action_halt(self) -> None:
        if self._stop is not None:
            self._stop.set()

    @work(thread=True, group="evaluation")
    def _run(self, wanted: list[str], modes: list[str], stop: threading.Event) -> None:
        trouble = ""
        try:
            choice = chosen(self._session.catalog, self._amount, wanted, modes)
            engine, data = self._session.loader.wait(), self._session.data
            if data is None:
                raise ValueError("there is no data folder to keep a run in")
            run = Evaluation(
                engine, self._session.wardrobe(), folder.evaluations_dir(data), choice, memories=data
            )
            with closing(run.run()) as events:
                for event in events:
                    self.post_message(Happened(event))
                    if stop.is_set():
                        trouble = "stopped: r goes on from here"
                        break
        except Exception as error:  # noqa: BLE001 - told to the operator, whose chat goes on
            trouble = str(error) or type(error).__name__
        self.post_message(Ended(trouble))

    @on(Happened)
    def _happened(self, message: Happened) -> None:
        self._course.take(message.event)
        self._show()

    @on(Ended)
    def _ended(self, message: Ended) -> None:
        self._stop = None
        self._say(message.trouble)
        if not self.is_current:
            self.app.notify(clean(message.trouble) or "the evaluation is done: /eval", markup=False)

    @on(OptionList.OptionSelected, "#choose")
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        name = event.option_id or ""
        if name == "size":
            self._amount = FULL if self._amount.name == QUICK.name else QUICK
        else:
            self._off ^= {name}
        self._list_choice()

    @on(OptionList.OptionSelected, "#eval_items")
    def _item_chosen(self, event: OptionList.OptionSelected) -> None:
        self.query_one("#eval_item", Static).update(clean(told(self._answers()[event.option_index])))

    @on(OptionList.OptionSelected, "#runs")
    def _run_chosen(self, event: OptionList.OptionSelected) -> None:
        if self.running:
            self._say("a run is under way: stop it first (s)")
            return
        past = self._runs[event.option_index]
        self._course = Course(report=past.report, folder=past.folder, answers=answers(past))
        if past.report is None:
            self._say(f"{past.id} did not come to its end: the same choice goes on with it")
        self.action_page("scores")

    def _modes(self) -> list[str]:
        return [
            name
            for name, mode in self._session.catalog.modes.items()
            if name != BASE and {name, *mode.memory.domains} & set(domains.NAMES)
        ]

    def _answers(self) -> list[Answer]:
        return self._course.answers

    def _list_choice(self) -> None:
        names = [*(f"domain {name}" for name in domains.NAMES), *(f"mode {name}" for name in self._modes())]
        rows = [Option(f"[{' ' if name in self._off else 'x'}] {name}", id=name) for name in names]
        count = f"{self._amount.own} items a domain"
        rows.append(Option(f"size: {self._amount.name}, {count} (Enter changes it)", id="size"))
        self._fill("#choose", rows)

    def _list_items(self) -> None:
        room = max(20, self.size.width - 8)
        rows = [
            Option(one_line(f"{mark(one)}  {one.task}: {one.item.prompt}")[:room]) for one in self._answers()
        ]
        self._fill("#eval_items", rows)
        self.query_one("#eval_item", Static).update("" if rows else "no items yet")

    def _list_runs(self) -> None:
        data = self._session.data
        self._runs = list(folder.past(folder.evaluations_dir(data))) if data else []
        rows = []
        for one in self._runs:
            state = "done" if one.report else "unfinished"
            model = one_line(str(one.identity.get("model")))
            rows.append(Option(f"{one.id}  {state}  {model}, {one.identity.get('subspace')}"))
        self._fill("#runs", rows)
        if not rows:
            self._say("no run was kept yet")

    def _fill(self, where: str, rows: list[Option]) -> None:
        options = self.query_one(where, OptionList)
        at = options.highlighted or 0
        options.clear_options()
        options.add_options(rows)
        if rows:
            options.highlighted = min(at, len(rows) - 1)

    def _say(self, text: str) -> None:
        self._said = text
        self._show()

    def _show(self) -> None:
        if not self.is_mounted:
            return
        current = self.query_one("#eval_pages", ContentSwitcher).current
        marked = (
            f"[{at} {name}]" if name == current else f" {at} {name} " for at, name in enumerate(PAGES, 1)
        )
        self.query_one("#eval_head", Static).update(f"Evaluation  {' '.join(marked)}")
        if current == "scores":
            self.query_one("#eval_tables", Static).update(clean(self._course.tables()))
        if current == "speed":
            room = max(10, self.size.width - 4)
            self.query_one("#eval_plots", Static).update(self._course.speed(self._glyphs.plain, room))
        state = self._course.progress if self.running else self._said or "r runs, s stops, Escape leaves"
        self.query_one("#eval_foot", Static).update(one_line(state))
