"""A pool of 16 threads that wait for one slow step each and then do a little work, for about five seconds."""
import hashlib
import time
from concurrent.futures import ThreadPoolExecutor


def job(number):
    time.sleep(0.05 + number % 5 * 0.01)
    return hashlib.pbkdf2_hmac("sha256", b"%d" % number, b"salt", 20_000)


with ThreadPoolExecutor(16, thread_name_prefix="worker") as pool:
    print(len(set(pool.map(job, range(700)))), "results")
