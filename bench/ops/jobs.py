from __future__ import annotations
import subprocess, sys, tempfile, time, statistics
from contextlib import ExitStack
from pathlib import Path
from billow.home import open_home
from billow.ports.ledger import Submission
from bench.ops.bare import _nothing
APP = '''
import billow

app = billow.App("ops")


@app.function()
def nothing() -> None:
    """Nothing."""
'''
COMMANDS = {"bare": ("bench.ops.bare", "worker"), "measured": ("billow.worker",)}


def cpu(pid):
    return time.clock_gettime((~pid << 3) | 2)

def _children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

class Contender:
    def __init__(self, how):
        self.place = tempfile.TemporaryDirectory()
        folder = Path(self.place.name)
        (folder / "app.py").write_text(APP)
        self.home = open_home(folder)
        command = [sys.executable, "-m", *COMMANDS[how], "--app", str(folder / "app.py"), "--function", "nothing"]
        command += ["--folder", str(folder), "--id", "w"]
        self.worker = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        self.turn(2000)
        self.family = [self.worker.pid, *_children(self.worker.pid)]

    def used(self):
        return [cpu(p) for p in self.family]

    def turn(self, many):
        one = Submission("nothing", origin="01kb4y1m2n3p4q5r6s7t8v9w0x")
        for _ in range(many // 1000):
            self.home.ledger.submit([one] * 1000)
        while (counts := self.home.ledger.counts("nothing")).visible or counts.in_flight:
            time.sleep(0.005)
    def close(self):
        self.worker.kill(); self.worker.wait(); self.place.cleanup()

if __name__ == "__main__":
    rounds, many = int(sys.argv[1]), int(sys.argv[2])
    c = {how: Contender(how) for how in COMMANDS}
    got = {"bare": [], "measured": []}
    time.sleep(1)
    for x in c.values(): x.turn(many)
    start = {how: x.used() for how, x in c.items()}
    try:
      for n in range(rounds):
        order = ("bare", "measured") if n % 2 else ("measured", "bare")
        for how in order:
            before = c[how].used()
            c[how].turn(many)
            got[how].append([1e6 * (a - b) / many for a, b in zip(c[how].used(), before)])
      time.sleep(1)
      whole = {how: sum(x.used()) - sum(start[how]) for how, x in c.items()}
    finally:
      for x in c.values(): x.close()
    for how, all in got.items():
        print(how, "parent %.1f child %.1f" % tuple(statistics.median(x) for x in zip(*all)), "sum %.2f" % statistics.median(map(sum, all)), "whole %.2f" % (1e6*whole[how]/rounds/many))
    r = sorted(sum(b) / sum(m) for b, m in zip(got["bare"], got["measured"]))
    print("ratio median %.3f  quartiles %.3f %.3f whole %.3f" % (statistics.median(r), r[len(r)//4], r[3*len(r)//4], whole["bare"]/whole["measured"]))
    for q in (0.05, .1, .25, .5):
        x = {h: sorted(map(sum, a))[int(q * len(a))] for h, a in got.items()}
        print("p%d %.2f %.2f ratio %.3f" % (q * 100, x["bare"], x["measured"], x["bare"] / x["measured"]))
