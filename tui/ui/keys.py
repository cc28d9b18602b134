"""Keys: what they are called, which ones config.toml puts elsewhere, and what is wrong with that.

This module must not know what any binding does: bindings are given to it, from the classes that have them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Protocol

from textual.binding import Binding, BindingType
from textual.keys import Keys

from modes import tables

_NAMES = {
    "ctrl": "Ctrl",
    "shift": "Shift",
    "alt": "Alt",
    "pageup": "PageUp",
    "pagedown": "PageDown",
    "escape": "Escape",
}
_MODIFIERS = ("ctrl", "alt", "shift", "super", "hyper", "meta")
_KNOWN = sorted({key.value.rpartition("+")[2] for key in Keys if "<" not in key.value})


class HasBindings(Protocol):
    """A widget, screen or application class."""

    BINDINGS: ClassVar[list[BindingType]]


@dataclass(frozen=True, slots=True)
class Group:
    """The keys of one class.

    ``rooms`` are where they can be pressed: two actions may have the same key if they share no room.
    ``namespace`` is put before their actions to run them from the prompt; None where that means nothing.
    """

    title: str
    owner: type[HasBindings]
    rooms: frozenset[str]
    namespace: str | None

    def named(self) -> dict[str, Binding]:
        """The bindings that have an id and a description, by id, their actions in full."""
        found = {}
        for each in self.owner.BINDINGS:
            if isinstance(each, Binding) and each.id and each.description:
                action = each.action if "." in each.action else f"{self.namespace or ''}{each.action}"
                found[each.id] = replace(each, action=action)
        return found


def named(groups: Iterable[Group]) -> dict[str, Binding]:
    """All bindings of ``groups`` that have an id and a description, by id."""
    return {name: binding for group in groups for name, binding in group.named().items()}


def bound(known: Mapping[str, Binding], keymap: Mapping[str, str]) -> list[Binding]:
    """The same with the keys that they have under ``keymap``."""
    return [each.with_key(keymap.get(name, each.key)) for name, each in known.items()]


def checked(wanted: Mapping[str, str], groups: Sequence[Group]) -> tuple[dict[str, str], list[str]]:
    """``wanted`` as a keymap, without what cannot be used; and why it cannot, a sentence each."""
    known = named(groups)
    keymap: dict[str, str] = {}
    wrong: list[str] = []
    for name, keys in wanted.items():
        if name not in known:
            near = tables.nearest(name, known)
            wrong.append(f"[keys] {tables.printable(name)}: there is no such key action{near}")
            continue
        parts = [_normal(part) for part in keys.split(",")]
        reason = next(filter(None, map(_wrong_with, parts)), None)
        if reason:
            wrong.append(f"[keys] {name}: {reason}; {key_name(known[name].key)} stays")
        else:
            keymap[name] = ",".join(parts)
    for name, reason in _clashes(groups, keymap):
        keymap.pop(name, None)
        wrong.append(f"[keys] {name}: {reason}; {key_name(known[name].key)} stays")
    return keymap, wrong


def key_name(keys: str) -> str:
    """``ctrl+j,shift+enter`` as it is printed on keys: ``Ctrl+J, Shift+Enter``."""
    return ", ".join(
        "+".join(_NAMES.get(part, part.capitalize()) for part in key.split("+")) for key in keys.split(",")
    )


def _normal(key: str) -> str:
    *modifiers, last = key.strip().split("+")
    low = [modifier.lower() for modifier in modifiers]
    return "+".join([*low, last.lower() if len(last) > 1 or low else last])


def _wrong_with(key: str) -> str | None:
    *modifiers, last = key.split("+")
    shown = tables.shown(key)
    for modifier in modifiers:
        if modifier not in _MODIFIERS:
            return f"{shown} begins with no key to hold{tables.nearest(modifier, _MODIFIERS)}"
    if last not in _KNOWN and not (len(last) == 1 and last.isalnum()) and not _character(last):
        return f"{shown} is no key{tables.nearest(last, _KNOWN)}: write it like ctrl+g, f5 or pageup"
    character = last if len(last) == 1 else _character(last)
    written = character is not None and character.isprintable()  # escape and tab are characters, too
    if written and not {"ctrl", "alt", "super", "hyper", "meta"} & set(modifiers):
        return f"{shown} is a character to write: add ctrl+ or alt+"
    return None


def _character(name: str) -> str | None:
    """``question_mark`` is a key's name because it is a character's."""
    try:
        return unicodedata.lookup(name.replace("_", " ").upper())
    except KeyError:
        return None


def _clashes(groups: Sequence[Group], keymap: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Those of ``keymap`` whose key does something else already where it can be pressed."""
    rooms = {name: group.rooms for group in groups for name in group.named()}
    known = named(groups)
    # What stays where it was has its key first, what was moved in the order in which it is written.
    keys = {name: known[name].key for name in known if name not in keymap} | dict(keymap)
    taken: dict[tuple[str, str], str] = {}
    for name, written in keys.items():
        places = [(room, key) for room in rooms[name] for key in written.split(",")]
        clash = next((place for place in places if place in taken), None)
        if clash and name in keymap:
            yield name, f"{key_name(clash[1])} is already the key of {taken[clash]}"
        else:
            taken |= dict.fromkeys(places, name)
