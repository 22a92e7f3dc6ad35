"""Forks a pager at the word `start` and says its process; waits for its end at the word `reap`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from billow.home import open_home
from billow.loading import load_app
from billow.ops.pager.__main__ import run


def main() -> None:
    folder = Path(sys.argv[1])
    app = load_app(folder / "app.py")
    pid = 0
    for line in sys.stdin:
        if line.strip() == "start":
            pid = os.fork()
            if pid == 0:
                run(open_home(folder / "data"), app, folder)
                os._exit(0)
        else:
            os.waitpid(pid, 0)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
