"""The words that reasoning questions are made of, and what every template needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Words:
    """Short words without a second meaning; no role or class word begins with a vowel."""

    names: tuple[str, ...]
    things: tuple[str, ...]
    roles: tuple[str, ...]
    traits: tuple[str, ...]
    classes: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Question:
    """A prompt with its right answer and three wrong ones, all of them of the same question."""

    prompt: str
    right: str
    wrong: tuple[str, ...]


#: A template: one question from chance and words, with the right option at a place (0 to 3) of the four in
#: the order of the prompt, or of their size where the prompt has none of them.
Make = Callable[[Random, Words, int], Question]


def _of(words: str) -> tuple[str, ...]:
    return tuple(words.split())


TRAINED = Words(
    names=_of("Ann Ben Tom Kim Max Eve Leo Mia Joe Amy Dan Zoe Ian Ray Sue Jim"),
    things=_of("cup hat pen key box bag map bell coin lamp ring rope book desk door fork clock chair plate"),
    roles=_of("poet cook judge guard pilot nurse farmer baker singer driver"),
    traits=_of("tall rich brave tired happy kind busy quick strong quiet"),
    classes={
        "animal": _of("dog cat cow horse sheep goat pig wolf fox bear"),
        "fruit": _of("apple pear grape banana mango melon pineapple strawberry blueberry coconut"),
        "color": _of("red blue green yellow black white brown pink purple gray"),
        "tool": _of("hammer saw drill wrench shovel rake pliers chisel axe screwdriver"),
        "body part": _of("arm leg nose ear hand foot knee chin neck thumb"),
        "garment": _of("shirt coat sock shoe scarf glove skirt jacket dress sweater"),
    },
)

#: Never trained: T4 is made of them.
RESERVED = Words(
    names=_of("Bob Liz Pam Ted Roy Meg Guy Ida Hal Fay Lou Nat"),
    things=_of("nail soap tent vase wheel spoon candle ladder basket pillow mirror bottle"),
    roles=_of("miner tailor clerk sailor lawyer dancer hunter painter"),
    traits=_of("proud shy calm rude wise loud lazy nice"),
    classes={
        "animal": _of("lion tiger rabbit mouse camel deer"),
        "fruit": _of("fig apricot papaya raspberry cranberry nectarine"),
        "color": _of("violet beige crimson turquoise maroon indigo"),
        "tool": _of("spade crowbar sickle mallet pickaxe trowel"),
        "body part": _of("elbow ankle finger shoulder mouth wrist"),
        "garment": _of("blouse trousers vest hoodie pajamas mitten"),
    },
)


def chosen(options: Sequence[str], gold: int, prompt: str) -> Question:
    """A question with ``options`` to choose from, the one at ``gold`` being right."""
    return Question(prompt, options[gold], tuple(text for at, text in enumerate(options) if at != gold))


def near(gold: int, place: int, random: Random, prompt: str) -> Question:
    """A question with four numbers at one distance, the right one (3 or more) at ``place`` of them."""
    step = random.choice([step for step in (1, 2, 10) if gold >= 3 * step])
    return chosen([str(gold + step * (at - place)) for at in range(4)], place, prompt)


def extreme(place: int, random: Random) -> tuple[str, list[int]]:
    """``most`` or ``least``, and four numbers of which the one at ``place`` is that."""
    numbers = sorted(random.sample(range(1, 100), 4))
    asked = random.choice(("most", "least"))
    gold = numbers.pop(-1 if asked == "most" else 0)
    random.shuffle(numbers)
    return asked, [*numbers[:place], gold, *numbers[place:]]


def owned(names: Sequence[str], things: Sequence[object]) -> str:
    """``Ann: cup, Ben: hat``."""
    return ", ".join(f"{name}: {thing}" for name, thing in zip(names, things, strict=True))


def listed(texts: Sequence[str]) -> str:
    """``a, b, c and d``."""
    return f"{', '.join(texts[:-1])} and {texts[-1]}"
