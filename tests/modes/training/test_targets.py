"""Every module that is asked for has to be there."""

from __future__ import annotations

import pytest

from modes.training.endings import CannotTrain
from modes.training.targets import targeted
from tests.modes.training.small import NAMES


def test_what_is_targeted_stays_in_the_order_of_the_base() -> None:
    assert targeted("small", NAMES, ("ffn_down", "attn_output")) == list(NAMES)
    assert targeted("small", NAMES, ("ffn_down",)) == ["blk.0.ffn_down.weight", "blk.1.ffn_down.weight"]


@pytest.mark.parametrize(
    ("asked", "named"),
    [(("attn_ouput", "ffn_down"), "attn_ouput"), (("a", "b"), "a or b"), ((), "nothing")],
)
def test_a_target_that_names_nothing_is_named_though_another_names_something(
    asked: tuple[str, ...], named: str
) -> None:
    said = rf"small has no module called {named}: name others \(--targets\), of attn_output, ffn_down$"
    with pytest.raises(CannotTrain, match=said):
        targeted("small", NAMES, asked)
