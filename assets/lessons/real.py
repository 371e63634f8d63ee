"""Two threads that only compute, for the last lesson of `threadline learn`.

Usage: real.py [SECONDS]
"""

import sys
import threading
import time


def compute(until):
    """Adds numbers until the time is over."""
    total = 0
    while time.monotonic() < until:
        for number in range(2_000):
            total += number * number
    return total


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 3.0
    until = time.monotonic() + seconds
    threads = [
        threading.Thread(target=compute, args=(until,), name=f"compute-{number}")
        for number in (1, 2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
