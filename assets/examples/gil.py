"""Two threads that count, one that hashes in C, and one that mostly sleeps, for five seconds."""
import hashlib
import threading
import time

END = time.monotonic() + 5


def count():
    total = 0
    while time.monotonic() < END:
        for number in range(20_000):
            total = (total * 31 + number) & 0xFFFFFFFF


def digest():
    data = bytes(32 << 20)
    while time.monotonic() < END:
        hashlib.sha256(data).digest()


def poll():
    while time.monotonic() < END:
        time.sleep(0.1)


jobs = {"count-1": count, "count-2": count, "digest": digest, "poll": poll}
threads = [threading.Thread(target=job, name=name) for name, job in jobs.items()]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
