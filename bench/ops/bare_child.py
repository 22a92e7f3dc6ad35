"""The child of a worker that measures, logs and traces nothing."""

from __future__ import annotations

import sys

from bench.ops.bare import run_child

if __name__ == "__main__":
    sys.exit(run_child(sys.argv[1:]))
