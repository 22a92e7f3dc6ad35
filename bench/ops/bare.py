from __future__ import annotations
import os
import sys
from contextlib import nullcontext
from typing import Any
ON = os.environ.get("ON", "")

def _nothing(*_: Any, **__: Any) -> None:
    pass


def _quiet() -> None:
    if "m" not in ON:
        from billow.ops.recorder import Recorder
        Recorder.count = Recorder.gauge = Recorder.observe = Recorder.observe_all = _nothing
        from billow.ops.shipping import Shipper
        Shipper.start = lambda self: self
    if "l" not in ON:
        from billow.ops.logs import start
        start.log_to = _nothing
        from billow.ops.logs.shipper import Shipper as Logs
        Logs.start = _nothing


def worker(arguments: list[str]) -> int:
    _quiet()
    import billow.worker.desk as desk
    import billow.worker.parent as parent
    import billow.worker.__main__ as main
    import billow.worker.telling as telling
    import billow.worker.tracing as tracing
    from billow.worker.process import ChildProcess
    from billow.worker.measuring import Measuring
    if "m" not in ON:
        Measuring.asked = Measuring.completed = Measuring.failed = _nothing
    tracing.ended = _nothing
    if "l" not in ON:
        telling.Telling.ended = _nothing
    if "c" not in ON:
        main.ChildProcess = lambda settings, watch=None: ChildProcess(settings, module="bench.ops.bare_child")
    return main.main(arguments)


def web(arguments: list[str]) -> int:
    _quiet()
    import billow.web.access as access
    import billow.web.__main__ as main
    main.measured = lambda home: home
    access.Access._write_down = _nothing
    access.using = lambda _: nullcontext()
    access._traceparent = lambda _: ""
    return main.main(arguments)


if __name__ == "__main__":
    sys.exit({"worker": worker, "web": web}[sys.argv[1]](sys.argv[2:]))
