"""Measures the cases of gil.rs in CPython: reads a case and a number per line, prints the result."""
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


def turns_for(seconds):
    def measure():
        start = now()
        compute(100_000)
        return now() - start

    return int(seconds / statistics.median(measure() for _ in range(9)) * 100_000)


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


def beside_hogs(hogs, action):
    done = []

    def hog():
        while not done:
            compute(2_000)

    threads = [threading.Thread(target=hog) for _ in range(hogs)]
    for thread in threads:
        thread.start()
    results = []
    actor = threading.Thread(target=lambda: results.append(action()))
    actor.start()
    actor.join()
    done.append(True)
    for thread in threads:
        thread.join()
    return results[0]


def overshoot():
    delays = []
    for _ in range(60):
        start = now()
        time.sleep(0.001)
        delays.append((now() - start - 0.001) * 1e3)
    return statistics.median(delays)


def switches_per_second():
    """Counts the gaps in which this thread had to wait; the other thread has as many."""
    start = last = now()
    count = 0
    while last - start < 1:
        compute(20)
        current = now()
        count += current - last > sys.getswitchinterval() / 2
        last = current
    return 2 * count / (last - start)


def convoy(interval):
    sys.setswitchinterval(interval)
    delay = beside_hogs(1, overshoot)
    sys.setswitchinterval(0.005)
    return delay


TURNS = turns_for(0.15)
DATA = b"x" * (96 << 20)
CASES = {
    "cpu": lambda n: speed_up(compute, [TURNS] * 4, n),
    "io": lambda n: speed_up(lambda _: OPENER.open(PAGE).read(), range(10), n),
    "native": lambda n: speed_up(lambda data: hashlib.sha256(data).digest(), [DATA] * 2, n),
    "convoy": lambda n: convoy(n / 1e3),
    "switches": lambda n: beside_hogs(n - 1, switches_per_second),
}
print(sys.version.split()[0], flush=True)
for line in sys.stdin:
    case, number = line.split()
    print(CASES[case](int(number)), flush=True)
