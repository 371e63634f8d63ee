"""What gil.rs measures, done by a real CPython: a case's name a line in, its figure a line out."""
import hashlib
import statistics
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.request import ProxyHandler, build_opener

PAGE = sys.argv[1]
OPENER = build_opener(ProxyHandler({}))
now = time.perf_counter


def compute(turns):
    value = 1
    for turn in range(turns):
        value = (value * 31 + turn) & 0xFFFFFFFF
    return value


def turns_of(seconds):
    def once():
        start = now()
        compute(100_000)
        return now() - start

    return int(seconds / statistics.median(once() for _ in range(9)) * 100_000)


def speed_up(task, items, threads):
    start = now()
    for item in items:
        task(item)
    sequential = now() - start
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(compute, [1] * threads))
        start = now()
        list(pool.map(task, items))
        return sequential / (now() - start)


def beside_hogs(hogs, act):
    done = []

    def hog():
        while not done:
            compute(2_000)

    threads = [threading.Thread(target=hog) for _ in range(hogs)]
    for thread in threads:
        thread.start()
    found = []
    actor = threading.Thread(target=lambda: found.append(act()))
    actor.start()
    actor.join()
    done.append(True)
    for thread in threads:
        thread.join()
    return found[0]


def overshoot():
    late = []
    for _ in range(60):
        start = now()
        time.sleep(0.001)
        late.append((now() - start - 0.001) * 1e3)
    return statistics.median(late)


def gaps():
    """How often a second this thread, and so the other one, was made to wait."""
    start = last = now()
    count = 0
    while last - start < 1:
        compute(20)
        at = now()
        count += at - last > sys.getswitchinterval() / 2
        last = at
    return 2 * count / (last - start)


def convoy(interval):
    sys.setswitchinterval(interval)
    late = beside_hogs(1, overshoot)
    sys.setswitchinterval(0.005)
    return late


TURNS = turns_of(0.15)
DATA = b"x" * (96 << 20)
CASES = {
    "cpu": lambda n: speed_up(compute, [TURNS] * 4, n),
    "io": lambda n: speed_up(lambda _: OPENER.open(PAGE).read(), range(10), n),
    "native": lambda n: speed_up(lambda data: hashlib.sha256(data).digest(), [DATA] * 2, n),
    "convoy": lambda n: convoy(n / 1e3),
    "switches": lambda n: beside_hogs(n - 1, gaps),
}
print(sys.version.split()[0], flush=True)
for line in sys.stdin:
    case, number = line.split()
    print(CASES[case](int(number)), flush=True)
