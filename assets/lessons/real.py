"""Two threads that only compute, for the last lesson of `threadline learn`."""

import threading
import time

SECONDS = 2.0


def compute(until):
    """Adds numbers until the time is over."""
    total = 0
    while time.monotonic() < until:
        for number in range(2_000):
            total += number * number
    return total


def main():
    until = time.monotonic() + SECONDS
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
