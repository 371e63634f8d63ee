"""The server and the plain client of lists.rs: `serve`, or `fetch URL FILE`."""
import itertools
import json
import sys
import threading
import time
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlparse

PAGES, ITEMS, DELAY, CONNECTIONS = 100, 100, 0.050, 16


def page(number):
    first = (number - 1) * ITEMS
    ids = range(first, first + ITEMS)
    owner = {"login": "someone", "url": "https://api.example.com/users/someone"}
    items = [{"id": id, "name": f"item {id}", "score": 1.25 * id, "owner": owner} for id in ids]
    return json.dumps(items).encode()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # With Nagle's algorithm, a body waits 40 ms for the delayed acknowledgement of its head.
    disable_nagle_algorithm = True
    pages = {}

    def do_GET(self):
        time.sleep(DELAY)
        body = self.pages[int(self.path.split("page=")[1])]
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    # The default of 5 would refuse some of the first connections for a second.
    request_queue_size = 128


def serve():
    Handler.pages = {number: page(number) for number in range(1, PAGES + 1)}
    server = Server(("127.0.0.1", 0), Handler)
    print(f"http://127.0.0.1:{server.server_port}/items", flush=True)
    server.serve_forever()


def fetch(url, file):
    url, bodies, numbers = urlparse(url), [None] * PAGES, itertools.count()

    def work():
        connection = HTTPConnection(url.netloc)
        # next() of a count is atomic.
        for number in iter(lambda: next(numbers), None):
            if number >= PAGES:
                return
            connection.request("GET", f"{url.path}?page={number + 1}")
            bodies[number] = connection.getresponse().read()

    threads = [threading.Thread(target=work) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with open(file, "w") as out:
        out.writelines(json.dumps(item) + "\n" for body in bodies for item in json.loads(body))


serve() if sys.argv[1] == "serve" else fetch(*sys.argv[2:])
