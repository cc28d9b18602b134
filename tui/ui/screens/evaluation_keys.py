"""The keys of the evaluation, apart from it: the help lists them without what the evaluation imports."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.screen import Screen


class EvaluationKeys(Screen[None]):
    """Keys and what they are called; what they do is the screen's."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "back to the chat; a run goes on", id="eval_leave"),
        Binding("r", "begin", "run what is chosen, or go on with it", id="eval_run"),
        Binding("s", "halt", "stop the run; what is done is kept", id="eval_stop"),
        Binding("1", "page('choose')", "choose domains and modes", id="eval_choose"),
        Binding("2", "page('scores')", "scores, forgetting, verdict", id="eval_scores"),
        Binding("3", "page('speed')", "speed over time", id="eval_speed"),
        Binding("4", "page('items')", "the items; Enter opens one", id="eval_items"),
        Binding("5", "page('runs')", "earlier runs; Enter opens one", id="eval_runs"),
    ]
