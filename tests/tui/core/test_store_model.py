"""The tree under random operations, compared with a model in dicts."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.tui.core.test_store_tree import answer
from tui.core.conversation import Node
from tui.core.store import Store


class AnyTree(RuleBasedStateMachine):
    """Random turns, edits, regenerations, forks and moves against a dict of parents."""

    def __init__(self) -> None:
        super().__init__()
        self.store = Store.open(None)
        self.parents: dict[str, str | None] = {}
        self.home: dict[str, str] = {}
        self.roles: dict[str, str] = {}
        self.heads: dict[str, str | None] = {self.store.create().id: None}

    def teardown(self) -> None:
        self.store.close()

    def keep(self, node: Node, conversation: str, parent: str | None) -> None:
        self.parents[node.id], self.home[node.id], self.roles[node.id] = parent, conversation, node.role
        self.heads[conversation] = node.id

    @rule()
    def create(self) -> None:
        self.heads[self.store.create().id] = None

    @rule(data=st.data())
    def ask(self, data: st.DataObject) -> None:
        talk = data.draw(st.sampled_from(sorted(self.heads)))
        parent = data.draw(st.sampled_from([None, *self.parents]))
        self.keep(self.store.add_question(talk, parent, "q"), talk, parent)

    @rule(data=st.data())
    def reply(self, data: st.DataObject) -> None:
        questions = [key for key, role in self.roles.items() if role == "user"]
        if questions:
            parent = data.draw(st.sampled_from(questions))
            talk = data.draw(st.sampled_from(sorted(self.heads)))
            self.keep(answer(self.store, talk, parent, "a"), talk, parent)

    @rule(data=st.data())
    def fork(self, data: st.DataObject) -> None:
        if self.parents:
            node = data.draw(st.sampled_from(list(self.parents)))
            self.heads[self.store.fork(node).id] = node

    @rule(data=st.data())
    def move(self, data: st.DataObject) -> None:
        if self.parents:
            node = data.draw(st.sampled_from(list(self.parents)))
            talk = data.draw(st.sampled_from(sorted(self.heads)))
            self.store.set_head(talk, node)
            self.heads[talk] = node

    @invariant()
    def every_head_leads_back_to_its_root(self) -> None:
        for talk, head in self.heads.items():
            assert self.store.get(talk).head == head
            expected: list[str] = []
            at = head
            while at is not None:
                expected.insert(0, at)
                at = self.parents[at]
            if head is not None:
                assert [node.id for node in self.store.path(head)] == expected

    @invariant()
    def children_are_the_branches_in_the_order_of_their_making(self) -> None:
        for node in self.parents:
            found = [child.id for child in self.store.children(node, "any")]
            assert found == [key for key, parent in self.parents.items() if parent == node]
        for talk in self.heads:
            roots = [key for key, parent in self.parents.items() if parent is None and self.home[key] == talk]
            assert [node.id for node in self.store.children(None, talk)] == roots

    @invariant()
    def those_with_a_head_are_listed(self) -> None:
        assert {one.id for one in self.store.list()} == {key for key, head in self.heads.items() if head}


AnyTree.TestCase.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
TestAnyTree = AnyTree.TestCase
