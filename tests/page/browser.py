"""Opens a page of `analyze --format html` or of a chart in headless Chromium: nothing is logged or thrown, no request
leaves the file, a click on a head sorts its table both ways. Speaks the DevTools protocol over pipes.
With `exact`, of a chart: names stand first, numbers are shown with all their digits, no row twice, heads in words.
Usage: browser.py CHROMIUM PAGE [exact]"""
import json
import os
import subprocess
import sys
import tempfile

CHROMIUM, PAGE = sys.argv[1], os.path.abspath(sys.argv[2])
EXACT = sys.argv[3:] == ["exact"]
URL = "file://" + PAGE


class Browser:
    """The protocol: messages of JSON that end in a zero byte, on descriptors 3 (to) and 4 (from)."""

    def __init__(self, profile):
        self.to_read, self.to_write = os.pipe()
        self.from_read, self.from_write = os.pipe()
        self.process = subprocess.Popen(
            [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
             "--remote-debugging-pipe", "--user-data-dir=" + profile],
            preexec_fn=self.pass_pipes, close_fds=False, stderr=subprocess.DEVNULL)
        os.close(self.to_read)
        os.close(self.from_write)
        self.rest, self.number, self.events, self.session = b"", 0, [], None

    def pass_pipes(self):
        """Moves the ends out of the way of 3 and 4 before they take these places."""
        ends = [os.dup(self.to_read), os.dup(self.from_write)]
        ends = [os.dup2(end, 40 + i) for i, end in enumerate(ends)]
        for place, end in zip((3, 4), ends):
            os.dup2(end, place, inheritable=True)

    def receive(self):
        while b"\0" not in self.rest:
            chunk = os.read(self.from_read, 65536)
            if not chunk:
                sys.exit("the browser went away")
            self.rest += chunk
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to_write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == self.number:
                if "error" in answer:
                    sys.exit(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def wait(self, method):
        while not any(event.get("method") == method for event in self.events):
            self.events.append(self.receive())

    def value(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in result:
            sys.exit(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def close(self):
        os.close(self.to_write)
        self.process.kill()
        self.process.wait()


# The table of operators has many rows; its first column with numbers that differ is sorted by.
COLUMN = """(() => {
  const table = [...document.querySelectorAll("table")].sort((a, b) => b.rows.length - a.rows.length)[0];
  window.sorted = table;
  const row = table.tBodies[0].rows[1];
  return [...row.cells].findIndex(cell => cell.hasAttribute("data-v") &&
    new Set([...table.tBodies[0].rows].map(r => r.cells[cell.cellIndex].getAttribute("data-v"))).size > 3);
})()"""
CLICK = "[...sorted.tHead.rows].pop().cells[%d].querySelector('button').click()"
HEAD = "sorted.tHead.rows[0].cells[0].textContent"
REPEATED = "sorted.tBodies[0].rows.length - new Set([...sorted.tBodies[0].rows].map(r => r.innerText)).size"
RAW = "[...document.querySelectorAll('th')].filter(head => head.textContent.includes('_')).length"
ROUNDED = """[...sorted.querySelectorAll("td[data-v]")].filter(
  cell => Number(cell.textContent.replace(/,/g, "")) !== Number(cell.getAttribute("data-v"))).length"""
VALUES = "[...sorted.tBodies[0].rows].map(r => r.cells[%d].getAttribute('data-v')).filter(v => v !== null).map(Number)"


def check(browser):
    target = browser.call("Target.createTarget", url="about:blank")["targetId"]
    browser.session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    for domain in ("Runtime", "Log", "Network", "Page"):
        browser.call(domain + ".enable")
    browser.call("Page.navigate", url=URL)
    browser.wait("Page.loadEventFired")
    column = browser.value(COLUMN)
    assert column >= 0, "no column to sort by"
    before = browser.value(VALUES % column)
    if EXACT:
        assert browser.value(HEAD) in ("name", "series"), browser.value(HEAD)
        assert browser.value(ROUNDED) == 0, "figures of the table are rounded"
        assert browser.value(REPEATED) == 0, "rows of the table repeat each other"
        assert browser.value(RAW) == 0, "heads are keys of programs"
    for sign in (1, -1):
        browser.value(CLICK % column)
        values = browser.value(VALUES % column)
        assert values == sorted(before, key=lambda v: sign * v), (sign, values)
    assert browser.value("document.querySelectorAll('figure svg').length") > 0, "no chart"
    assert browser.value("document.querySelectorAll('th[aria-sort]').length") == 1
    browser.value("document.body.appendChild(document.createElement('script')).textContent = 'window.stray = 1'")
    assert browser.value("typeof window.stray") == "undefined", "a script without the hash has run"
    return browser.events


def main():
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Browser(profile)
        try:
            events = check(browser)
        finally:
            browser.close()
    requests = [e["params"]["request"]["url"] for e in events if e.get("method") == "Network.requestWillBeSent"]
    assert requests == [URL], requests
    thrown = [e for e in events if e.get("method") in ("Runtime.exceptionThrown", "Runtime.consoleAPICalled")]
    assert not thrown, thrown
    # The one entry is the policy refusing the stray script.
    logged = [e["params"]["entry"]["text"] for e in events if e.get("method") == "Log.entryAdded"]
    assert all("Content Security Policy" in text and "script" in text for text in logged), logged
    print("sorted, silent, self-contained")


main()
