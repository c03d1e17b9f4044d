"""Secrets masked where text leaves: in logs, the record, messages and reports.

What is secret is known in two ways. By its value: what the environment holds under names that speak of passwords,
tokens and keys, and the passwords in addresses that this process was given. By its place: between a user's name and the
host in an address, in a query under such a name, after ``password=``, and in an ``Authorization`` header.

A mask is never longer than what it hides, so that a file can be masked in place.
"""

from __future__ import annotations

import os
import re
import sys
import threading
import traceback
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus, unquote

from sweeper.files import open_plain

if TYPE_CHECKING:
    from threading import ExceptHookArgs

SHORTEST = 8
"""How many characters a value has at least that is looked for wherever it may stand."""

_SECRET_NAME = re.compile(
    r"PASSWORD|PASSWD|PASSPHRASE|_PWD$|SECRET|CREDENTIAL|TOKEN(?:$|_)|(?P<weak>API_?KEY|(?:^|_)KEY(?:$|_))",
    re.IGNORECASE,
)
_COMMON = frozenset({"password", "passw0rd", "changeme", "postgres", "disabled", "required", "localhost", "undefined"})
"""Values that hide nothing, and would take words out of everything that is said."""

_NAMES = rb"pass(?:word|wd|phrase)|pwd|token|secret|api[-_]?key|access[-_]?key|signature|credential|sig"
_PLACES = rb"""
    (?<=://) [^\s/?\#@:"'<>]{0,255} : (?P<password> [^\s/?\#"'<>]{1,4096} ) (?=@)
  | (?:(?<=http://)|(?<=https://)) (?P<user> [^\s/?\#@:"'<>]{1,4096} ) (?=@)
  | [?&;] [\w.-]{0,64}? (?:NAMES) [\w.-]{0,64} = (?P<query> [^\s&;\#"'<>]{1,4096} )
  | (?:(?<![/\w])|%3B) pass(?:word|wd) (?:
        ["']? [ ]? [=:] [ ]? (?: "(?P<double> [^"\n]{1,4096} )" | '(?P<single> [^'\n]{1,4096} )' )
      | (?:[=:][ ]?|%3D) (?P<bare> (?: (?!%3B|%26) [^\s;&,"'<>)\]}] ){1,4096} ) )
  | (?:\b|%3B) pwd (?:=|%3D) (?P<odbc> (?: (?!%3B|%26) [^\s;&"'<>] ){1,4096} )
  | \b authorization ["']? [ ]? [=:] [ ]? ["']? (?:bearer|basic|token) [ ] (?P<header> [^\s"']{1,4096} )
  | \b bearer [ ] (?P<bearer> [\w.~+/-]{20,4096} )
""".replace(b"NAMES", _NAMES)
_HINTS = (b"://", b"passw", b"pwd", b"bearer", b"authorization", b"token", b"secret", b"key=", b"sig", b"credential")
"""One of these stands, in any case, where something is masked by its place: most text has none and is quickly done."""

_CHUNK = 1 << 20
_OVERLAP = 1 << 15
"""How many bytes are held back until it is known how they go on: more than is ever masked in one piece."""

_CONTEXT = 16
"""How many bytes before a place have a say in whether it is one."""

_LONGEST = 4096

_given: set[str] = set()


def remember(address: str) -> None:
    """Take note of an address that this process was given: its password is masked wherever it comes up."""
    _given.add(_password(address))


def mask(text: str) -> str:
    """Return a text without the secrets in it."""
    content = text.encode("utf-8", "surrogatepass")
    masked = b"".join(piece for _, piece in _pieces([content], _secrets()))
    return text if masked == content else masked.decode("utf-8", "surrogatepass")


def mask_address(address: str) -> str:
    """Return an address without its secrets: also of one whose password has signs in it that no password should."""
    password = _password(address)
    return mask(address.replace(f":{password}@", ":***@") if password else address)


def without_secrets(address: str) -> str:
    """Return an address that may be told to others: without its password, nor anything else in it that is secret.

    The name of a database's user stays: it says who is to be let in, and is no secret.
    """
    scheme, mark, rest = address.partition("://")
    if scheme.startswith("http"):
        authority = rest.partition("/")[0]
        rest = rest.removeprefix(f"{authority.rpartition('@')[0]}@") if "@" in authority else rest
    elif password := _password(address):
        rest = rest.replace(f":{password}@", "@", 1)
    path, question, query = rest.partition("?")
    kept = [part for part in query.split("&") if mask(f"?{part}") == f"?{part}"]
    return f"{scheme}{mark}{path}{question if kept else ''}{'&'.join(kept)}"


def is_secret_name(name: str) -> bool:
    """Whether a name is one that secrets go by."""
    return _SECRET_NAME.search(name) is not None


def mask_command(words: Iterable[str]) -> str:
    """Return a command line without secrets, those after an option that speaks of them too."""
    option = rf"(--?[\w-]*(?:{_NAMES.decode()})[\w-]*[= ])(?=[^\s-])\S+"
    return re.sub(option, r"\1***", mask(" ".join(words)), flags=re.IGNORECASE)


def mask_file(path: Path) -> None:
    """Mask the secrets in a file, in place and in constant memory.

    Raises ``OSError`` if it cannot be written to, and for a link.
    """
    file = open_plain(path, os.O_RDWR)
    try:
        read = written = 0
        for piece, masked in _pieces(_chunks(file), _secrets()):
            if masked != piece or read != written:
                os.pwrite(file, masked, written)
            read += len(piece)
            written += len(masked)
        if written < read:
            os.ftruncate(file, written)
    finally:
        os.close(file)


def mask_tracebacks() -> None:
    """Mask the secrets in what this process prints of exceptions that nobody caught."""

    def show(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
        sys.stderr.write(mask("".join(traceback.format_exception(kind, error, trace))))

    def show_of_thread(raised: ExceptHookArgs) -> None:
        if raised.exc_type is not SystemExit:
            show(raised.exc_type, raised.exc_value, raised.exc_traceback)

    sys.excepthook = show
    threading.excepthook = show_of_thread


def _chunks(file: int) -> Iterator[bytes]:
    offset = 0
    while chunk := os.pread(file, _CHUNK, offset):
        offset += len(chunk)
        yield chunk


def _pieces(chunks: Iterable[bytes], secrets: frozenset[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Yield the pieces of a content one after the other, each as it is and masked."""
    pattern = _pattern(secrets)
    held, start = b"", 0
    for chunk in chain(chunks, [b""]):
        held += chunk
        cut = max(len(held) - _OVERLAP, start) if chunk else len(held)
        masked, at = bytearray(), start
        for found in pattern.finditer(held, start) if _may_hold(held, secrets) else ():
            if found.end() > cut:
                cut = min(cut, found.start())
                break
            masked += held[at : found.start()] + _hidden(found)
            at = found.end()
        yield held[start:cut], bytes(masked + held[at:cut])
        kept = max(cut - _CONTEXT, 0)
        held, start = held[kept:], cut - kept


def _may_hold(content: bytes, secrets: frozenset[bytes]) -> bool:
    lower = content.lower()
    return any(hint in lower for hint in _HINTS) or any(secret in content for secret in secrets)


def _hidden(found: re.Match[bytes]) -> bytes:
    """Return a match with a mask in the place of its secret: of all of it if it is known by its value."""
    begin, end = found.span(found.lastgroup) if found.lastgroup else found.span()
    begin, end = begin - found.start(), end - found.start()
    return found[0][:begin] + b"*" * min(end - begin, 3) + found[0][end:]


@lru_cache(maxsize=8)
def _pattern(secrets: frozenset[bytes]) -> re.Pattern[bytes]:
    known = (re.escape(secret) for secret in sorted(secrets, key=len, reverse=True))
    return re.compile(b"|".join([*((b"(?-i:%s)" % one) for one in known), _PLACES]), re.IGNORECASE | re.VERBOSE)


def _secrets() -> frozenset[bytes]:
    """Return the values that are secret, in each form in which they may be printed."""
    return frozenset(form.encode("utf-8", "surrogateescape") for value in _values() for form in _forms(value))


def _values() -> Iterator[str]:
    for name, value in os.environ.items():
        named = _SECRET_NAME.search(name)
        if named and not _is_plain(value, is_weak=named["weak"] is not None):
            yield value
        if "://" in value and not _is_plain(password := _password(value), is_weak=False):
            yield password
    yield from (value for value in _given if not _is_plain(value, is_weak=False))


def _password(address: str) -> str:
    """Return the password in an address as it stands there, '' if there is none."""
    scheme, _, rest = address.partition("://")
    authority = rest.partition("/")[0] if scheme.startswith("http") else rest
    return authority.rpartition("@")[0].partition(":")[2]


def _is_plain(value: str, *, is_weak: bool) -> bool:
    """Whether a value under a secret's name hides nothing: a flag, a number, a path, or too short to be looked for."""
    if len(value) < SHORTEST or value.lower() in _COMMON or value.isdecimal():
        return True
    return (is_weak and value.isalpha()) or (value.startswith(("/", "~", ".")) and Path(value).expanduser().exists())


def _forms(value: str) -> Iterator[str]:
    parts = [value] if len(value) <= _LONGEST else []
    parts += [line for line in value.splitlines() if SHORTEST < len(line) <= _LONGEST and line != value]
    for part in parts:
        yield from {part, quote(part), quote(part, safe=""), quote_plus(part), unquote(part), repr(part)[1:-1]}
