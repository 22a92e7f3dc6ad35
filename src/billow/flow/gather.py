"""What a function or handler asks for, gathered until its outcome is recorded."""

from __future__ import annotations

import math
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from billow.app import check_name
from billow.flow.encode import encode
from billow.flow.telling import Telling
from billow.ports.ledger import Publish, Put
from billow.ports.rules import check_bodies, check_item, check_item_key
from billow.topic import Topic

#: Called with the share of the work that is done, 0 to 1.
Tell = Callable[[float], None]


class Gatherer(Telling):
    """Keeps what a function or handler asks for until its outcome is recorded."""

    def __init__(
        self,
        tell: Tell | None = None,
        scratch: Path | None = None,
        topics: Mapping[str, Topic] | None = None,
        about: str = "",
        at: float = 0.0,
    ) -> None:
        super().__init__()
        self._topics = topics or {}
        self._about, self._at = about, at
        self._said = 0
        self._tell = tell
        self._scratch = scratch
        self._folder: Path | None = None

    def publish(self, queue: str, body: Any) -> None:
        """Send `body` to `queue`, or to all queues that are subscribed to the topic of this name.

        Raises:
            BadInput: JSON cannot say it, or it is over 1 MiB.
            DeclarationError: no queue can be called so.
        """
        text = encode(body, "the message")
        check_bodies([text])
        topic = self._topics.get(queue)
        if topic is None:
            self.effects.append(Publish(check_name("queue", queue), text))
            return
        self._said += 1
        messages = topic.messages(text, f"{self._about}:{self._said}", self._at)
        check_bodies([told for _, told in messages] or [text])
        self.effects += [Publish(name, told) for name, told in messages]

    def put(self, table: str, key: str, item: Mapping[str, Any]) -> None:
        """Write `item` under `key` in `table`.

        Raises:
            BadInput: the item is not plain JSON or over 400 KiB, or the key over 1 KiB.
            DeclarationError: no table can be called so.
        """
        effect = Put(check_name("table", table), check_item_key(key), check_item(item))
        self.effects.append(effect)

    def progress(self, done: float, total: float | None) -> None:
        """Tell how far the function is."""
        share = done / total if total else done
        if self._tell is not None and math.isfinite(share):
            self._tell(min(1.0, max(0.0, share)))

    def folder(self) -> Path:
        """A folder for this try alone, made when first asked for."""
        if self._folder is None:
            if self._scratch is not None:
                self._scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._folder = Path(tempfile.mkdtemp(prefix="try-", dir=self._scratch))
        return self._folder

    def tidy(self) -> None:
        """Remove the folder, if there is one."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
