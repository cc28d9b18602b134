"""How what is shown is laid out when there is more of it than fits."""

from __future__ import annotations

from collections.abc import Callable

from tests.tui.ui.conftest import driving
from tui.core.session import Session

Begin = Callable[..., Session]


async def test_a_table_of_modes_keeps_its_columns_although_a_scrollbar_comes(begin: Begin) -> None:
    async with driving(begin(), size=(80, 14)) as me:
        await me.send("/mode")
        await me.until(lambda: "no trained coefficients" in me.transcript)
        assert me.chat.transcript.max_scroll_y > 0
        rows = me.transcript.partition("○ base")[2].partition("no trained")[0].rstrip().splitlines()[1:]
        indent = next(row.index("lacks:") for row in rows if "lacks:" in row)
        assert all(row[indent - 2 : indent].isspace() for row in rows)
