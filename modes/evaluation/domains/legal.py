"""United States veterans' disability law: 38 CFR Parts 3 and 4 and 38 U.S.C., in our own words.

The facts are in ``legal_facts.toml``; dollar rates, which change every year, are in none of them.
"""

from __future__ import annotations

from importlib import resources

from modes import tables
from modes.evaluation.domains.making import Fact, Topic, Wording, ask, assembled, back, statement
from modes.evaluation.domains.ratings import Ratings, combined, listed, percent

NAME = "legal"

NOTES = {
    "as of": "January 2025",
    "sources": "38 CFR Parts 3 and 4, 38 U.S.C.; facts only, written anew",
    "advice": "A test of memory, no legal advice: rules change and have exceptions that are left out here.",
    "control": "Only sections, statutes and codes hold facts out: elsewhere several facts share an answer.",
}

OPENINGS = (
    "Quick check: ",
    "A veteran asks: ",
    "For a claim file: ",
    "In short: ",
    "Please answer: ",
    "Exam question: ",
)

#: Pairs that are trained: every final rating from 20 to 100.
PAIRS = ((10, 10), (20, 10), (30, 10), (40, 10), (50, 10), (50, 30), (60, 40), (70, 60), (80, 70), (90, 50))

_TABLES = tables.read((resources.files("modes.evaluation.domains") / "legal_facts.toml").read_bytes())


def facts(topic: str) -> tuple[Fact, ...]:
    """The facts of one table of ``legal_facts.toml``."""
    rows = {asked: [found] if isinstance(found, str) else found for asked, found in _TABLES[topic].items()}
    return tuple(
        Fact(f"{NAME}/{topic}/{asked}", asked, answer, also=tuple(also))
        for asked, (answer, *also) in rows.items()
    )


def _topic(
    name: str,
    trained: tuple[Wording, ...],
    unseen: tuple[Wording, ...],
    shapes: tuple[Wording, ...],
    held_out: int = 0,
) -> Topic:
    return Topic(name, facts(name), trained, unseen, shapes, OPENINGS, held_out)


def _numbered(name: str, book: str, held_out: int) -> Topic:
    """Sections of ``book`` and their subjects, asked for both ways."""
    return _topic(
        name,
        (
            *ask(f"What is {book} {{asked}} about?", f"Name the subject of {book} {{asked}}."),
            *back(f"Which section of {book} covers {{answer}}?", f"Where in {book} is {{answer}}?"),
        ),
        (
            *ask(
                f"What does {book} {{asked}} deal with?",
                f"{book} section {{asked}}: which topic?",
                f"Turning to {book}, what is in {{asked}}?",
            ),
            *back(
                f"Cite the {book} section on {{answer}}.",
                f"{{answer}}: which number has it in {book}?",
                f"Looking in {book}, I need {{answer}}. Where?",
            ),
        ),
        (
            *statement("Which statement is true?", f"{book} {{asked}} is about {{answer}}."),
            *statement("Pick the correct entry.", "{asked}: {answer}"),
            *ask(f"Complete: under the heading of {book} {{asked}} stands"),
            *back(f"Complete: the law on {{answer}} stands in {book}"),
        ),
        held_out,
    )


SECTIONS = _numbered("sections", "38 CFR", 10)
STATUTES = _numbered("statutes", "38 U.S.C.", 6)
CODES = _topic(
    "codes",
    (
        *ask("What is diagnostic code {asked}?", "Name the disability rated under code {asked}."),
        *back("What is the diagnostic code for {answer}?", "Which code rates {answer}?"),
    ),
    (
        *ask(
            "Code {asked} of Part 4 stands for what?",
            "Which condition has DC {asked}?",
            "A rating lists {asked}. What is claimed?",
        ),
        *back(
            "{answer}: which DC?",
            "Give the number used to rate {answer}.",
            "Under what code does {answer} fall?",
        ),
    ),
    (
        *statement("Which statement is true?", "Code {asked} is {answer}."),
        *statement("Pick the correct entry.", "{asked}: {answer}"),
        *ask("Complete: a decision under DC {asked} concerns"),
        *back("Complete: a decision about {answer} uses DC"),
    ),
    9,
)
PERIODS = _topic(
    "periods",
    ask(
        "How long is {asked}?",
        "What is {asked}?",
        "State the length of {asked}.",
        "How much time is {asked}?",
    ),
    ask(
        "Tell me how long {asked} lasts.",
        "In VA law, {asked} is what?",
        "{asked}: how long?",
        "What time does the law set as {asked}?",
        "Give me {asked}.",
        "Remind me of {asked}.",
    ),
    (
        *statement("Which statement is true?", "{asked} is {answer}."),
        *statement("Pick the correct entry.", "{asked}: {answer}"),
        *ask("Complete: by law, {asked} comes to"),
    ),
)
DATES = _topic(
    "dates",
    ask(
        "Which date governs {asked}?",
        "What is the date for {asked}?",
        "State the effective date: {asked}.",
        "When is {asked} effective?",
    ),
    ask(
        "{asked}: from or until when?",
        "Tell me the day that counts: {asked}.",
        "VA must date {asked}. How?",
        "Give the day fixed by law: {asked}.",
        "Name the day VA uses: {asked}.",
        "On what day of the calendar: {asked}?",
    ),
    (
        *statement("Which statement is true?", "{asked}: {answer}."),
        *ask("Complete: as to {asked}, the law says"),
    ),
)
THRESHOLDS = _topic(
    "thresholds",
    ask(
        "What percentage is {asked}?",
        "Which rating goes with {asked}?",
        "State the percentage: {asked}.",
        "How many percent for {asked}?",
    ),
    ask(
        "{asked}: what percent?",
        "Tell me the figure set by law: {asked}.",
        "What is the percentage figure of {asked}?",
        "VA looks at {asked}. At what percentage?",
        "In percent, {asked} is how much?",
        "By the schedule, {asked} means how much?",
    ),
    (
        *statement("Which statement is true?", "{asked}: {answer}."),
        *ask("Complete: as to {asked}, the law says"),
    ),
)
PRESUMPTIONS = _topic(
    "presumptions",
    ask(
        "Which presumption covers {asked}?",
        "Why is {asked} presumed?",
        "Name the presumption for {asked}.",
        "What basis is there for {asked}?",
    ),
    ask(
        "{asked}: presumptive because of what?",
        "Under which presumption does {asked} fall?",
        "Tell me what makes {asked} presumptive.",
        "A veteran has {asked}. Which list is it on?",
        "On what ground does VA presume {asked}?",
        "Service connection of {asked} is presumed on what ground?",
    ),
    (
        *statement("Which statement is true?", "{asked} is presumed: {answer}."),
        *statement("Pick the correct entry.", "{asked}: {answer}"),
        *ask("Complete: VA presumes {asked} on the ground of"),
    ),
)
RATINGS = Ratings(
    Topic(
        "ratings",
        tuple(
            Fact(f"{NAME}/ratings/{listed(pair)}", listed(pair), percent(combined(pair))) for pair in PAIRS
        ),
        ask(
            "What is the combined rating of {asked}?",
            "Combine {asked} percent.",
            "VA ratings of {asked} make what?",
            "State the combined rating: {asked}.",
        ),
        ask(
            "Two disabilities are {asked} percent. Together?",
            "Under 4.25, what do {asked} give?",
            "{asked} percent: combined how much?",
            "Tell me the total rating for {asked}.",
            "A veteran has {asked} percent. Overall rating?",
            "By the table, {asked} come to what?",
        ),
        (),
        OPENINGS,
    ),
    three="Three disabilities of {ratings} percent combine to what?",
    both="The back is {rating} percent, both knees {sides}. With the bilateral factor?",
)

DOMAIN = assembled(
    NAME, (SECTIONS, STATUTES, CODES, PERIODS, DATES, THRESHOLDS, PRESUMPTIONS, RATINGS), NOTES
)
