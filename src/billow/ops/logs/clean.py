"""Takes passwords, keys and tokens out of what is to be logged."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

#: What stands in place of a secret.
HIDDEN = "…"

#: Shorter texts than this are not looked for: they would be found everywhere.
_SHORTEST = 6

_NAMES = r"pass(?:word|wd|phrase)|secret|token|api[_-]?key|access[_-]?key|credentials?|signature"
_SECRET_NAME = re.compile(rf"{_NAMES}|^(?:authorization|cookie|set-cookie)$", re.IGNORECASE)
_KNOWN_FORMS = re.compile(
    r"(?P<url>[a-z][a-z0-9+.-]*://[^\s:/@]*:)[^\s\"'<>]+@"
    r"|(?P<scheme>\b(?:bearer|basic)\s+)[\w.~+/=-]{6,}"
    r"|(?P<kind>\b(?:billow_|sk_live_|sk_test_|rk_live_|rk_test_|whsec_|ghp_|xox[abp]-))[\w-]{8,}"
    rf"|(?P<name>(?:{_NAMES}|authorization|cookie)\w*[\"']?\s*[=:]\s*[\"']?)"
    r"(?!Secret\(|…)(?!(?:bearer|basic)\s)[^\s\"',;&)}\]]+",
    re.IGNORECASE,
)
#: Without one of these a text holds no known form of a secret.
_HINTS = re.compile(
    r"://|bearer|basic|_|-|pass|secret|token|key|cred|sign|auth|cook", re.IGNORECASE
)


class Cleaner:
    """Cleans texts and facts.

    Args:
        secrets: texts that must never be seen, such as the passwords in the settings.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = sorted({text for text in secrets if len(text) >= _SHORTEST}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def text(self, text: str) -> str:
        """`text` without secrets, and without characters that cannot be stored."""
        if self._known is not None:
            text = self._known.sub(HIDDEN, text)
        if _HINTS.search(text):
            text = _KNOWN_FORMS.sub(_hide, text)
        if "\0" in text:
            text = text.replace("\0", "\\0")
        return text if text.isascii() else text.encode(errors="backslashreplace").decode()

    def facts(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """`facts` as plain JSON values, without secrets; what a secret is called hides it."""
        return {
            self.text(str(key)): HIDDEN if _SECRET_NAME.search(str(key)) else self._value(value)
            for key, value in facts.items()
        }

    def _value(self, value: Any) -> Any:
        if value is None or isinstance(value, (bool, int, float)):
            return value
        if isinstance(value, Mapping):
            return self.facts(value)
        if isinstance(value, (list, tuple)):
            return [self._value(each) for each in value]
        return self.text(str(value))

    def json(self, facts: Mapping[str, Any]) -> str:
        """`facts` as JSON text; "" if there are none."""
        if not facts:
            return ""
        return json.dumps(self.facts(facts), ensure_ascii=False)


def _hide(match: re.Match[str]) -> str:
    if url := match["url"]:
        return f"{url}{HIDDEN}@"
    return f"{match['scheme'] or match['kind'] or match['name']}{HIDDEN}"
