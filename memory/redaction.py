"""Takes secrets out of texts: when they are indexed, and again when they are shown.

A table of forms that are secrets beyond doubt, or are named as one. detect-secrets was tried and not taken:
its import takes 0.8 s and 280 modules (requests, PyYAML), a text of 350 characters 27 ms; its rules of
entropy are for string literals in source code, and find words and commit hashes in prose; it reports where a
private key begins and not how far it goes; and it knows no numbers of persons and cards.

Every pattern takes linear time: repetitions are bounded, or cannot begin inside of one another.
"""

from __future__ import annotations

import re
from collections.abc import Callable

MARK = "[redacted]"

# Nothing is found inside of longer words.
_START, _END = r"(?<![A-Za-z0-9_-])", r"(?![A-Za-z0-9_-])"
#: Keys that tell by their beginning what they are.
_KEYS = re.compile(
    rf"{_START}(?:"
    r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}"  # AWS
    r"|gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{22,}|glpat-[A-Za-z0-9_-]{20,}"
    r"|sk-(?=[A-Za-z_-]*[0-9])[A-Za-z0-9_-]{20,}"  # OpenAI, Anthropic and those who write like them
    r"|[sr]k_(?:live|test)_[A-Za-z0-9]{16,}"  # Stripe
    r"|xox[abeoprs]-[A-Za-z0-9-]{10,}|xapp-[A-Za-z0-9-]{10,}"  # Slack
    r"|AIza[A-Za-z0-9_-]{35}|ya29\.[A-Za-z0-9_-]{20,}"  # Google
    r"|hf_[A-Za-z0-9]{30,}|npm_[A-Za-z0-9]{36}|pypi-[A-Za-z0-9_-]{50,}"
    r"|eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]*"  # JWT
    rf"){_END}"
)
_OF = r"(?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
#: No possessive group: that of Python 3.11.2 takes none of this (the one of Debian 12).
_BETWEEN = r"[A-Za-z0-9+/=\s:,.\\]"
_PRIVATE_KEY = re.compile(
    rf"-----BEGIN {_OF}"
    # With its end all between; of one that was cut the long lines that follow.
    rf"(?:{_BETWEEN}*+(?:-{_BETWEEN}++)*-----END {_OF}|(?:\s{{0,4}}[A-Za-z0-9+/=\\]{{16,}}+)*)"
)
_CONNECTION = re.compile(r"\b([A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s:/?#@\[\]]{0,100}:)[^\s/@]{1,200}(?=@)")
_AUTHORIZATION = re.compile(
    r"""(?i)\b(authorization["']?[ \t]{0,4}[:=][ \t]{0,4}["']?(?:basic|bearer|token)[ \t]{1,4})"""
    r"[a-z0-9._~+/=-]{8,}"
)
_BEARER = re.compile(r"(?i)\b(bearer[ \t]{1,4})(?=[a-z/-]*[0-9=._~+])[a-z0-9._~+/-]{16,}={0,2}")
_NAMED = re.compile(
    r"(?i)((?:(pass(?:word|wd|phrase)|(?<![a-z])pwd)|(?<![a-z])(?:secret"  # PGPASSWORD too
    r"|(?:api|access|secret|private|auth|encryption)[_ -]?key"
    r"|(?:access|auth|api|refresh|secret)?[_-]?token|client[_-]?secret|credentials?))"
    r"""["']?[ \t]{0,4}(?::=|=>|=|:)[ \t]{0,4})"""
    # In quotes up to the one that is not escaped; of a value that ends in a backslash up to the next.
    r"""("(?:[^"\\\n]|\\.){3,200}"|'(?:[^'\\\n]|\\.){3,200}'|"[^"\n]{3,200}"|'[^'\n]{3,200}'"""
    r"""|[^\s"'<>{}\[\]();&]{3,200})"""
)
#: Values that hold no secret: they say that there is none, or where it is.
_EMPTY = re.compile(
    r"(?i)(?:none|null|true|false|undefined|[*x.…]+|\$.*|%.*|\[redacted\]|os\.|process\.env|getenv)"
)
_SSN = re.compile(r"(?<![\w.-])(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-]|\.\d)")
_CARD = re.compile(r"(?<![\w.-])(?=2[2-7]|3[0-9]|4|5[1-5]|6[0-9])(?:\d[ -]?){12,18}\d(?![\w-]|\.\d)")


def redacted(text: str) -> str:
    """``text`` with every secret that is known as one replaced by `MARK`; doing it again changes nothing."""
    for pattern, change in _TABLE:
        text = pattern.sub(change, text)
    return text


def _whole(_found: re.Match[str]) -> str:
    return MARK


def _value(found: re.Match[str]) -> str:
    """What names the secret stays."""
    return found[1] + MARK


def _named(found: re.Match[str]) -> str:
    """A value in quotes or after ``=`` is a secret; a word after a colon only as password at a line's end."""
    name, value = found[1], found[3].strip("\"'").rstrip(".,")
    if _EMPTY.match(value) or (value.isdigit() and len(value) < 6 and not found[2]):
        return found[0]
    prose = name.rstrip().endswith(":") and found[3][0] not in "\"'" and value.isalpha()
    ends = found.string[found.end() : found.end() + 1] in ("", "\n", ";")
    return found[0] if prose and not (found[2] and ends) else name + MARK


def _card(found: re.Match[str]) -> str:
    digits = [int(sign) for sign in found[0] if sign.isdigit()]
    doubled = [digit if at % 2 == 0 else (digit * 2 - 9 if digit > 4 else digit * 2)
               for at, digit in enumerate(reversed(digits))]  # fmt: skip
    return MARK if sum(doubled) % 10 == 0 else found[0]


_TABLE: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (_PRIVATE_KEY, _whole),
    (_CONNECTION, _value),
    (_KEYS, _whole),
    (_AUTHORIZATION, _value),
    (_BEARER, _value),
    (_NAMED, _named),
    (_SSN, _whole),
    (_CARD, _card),
)
