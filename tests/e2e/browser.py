# SPDX-License-Identifier: GPL-2.0-or-later
"""Chromium, headless, for the tests of the page: one process for the session, a fresh page for each test.

Debian's chromium and chromium-driver through Debian's python3-selenium. Screenshots go to BUILD/pages/.
"""
import base64
import os
import shutil
import tarfile
import tempfile

from selenium import webdriver
from selenium.common.exceptions import ElementNotInteractableException, StaleElementReferenceException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from mill import BUILD, TOP
from npm import npm_file
from waiting import PATIENCE, wait_until

PAGES = os.path.join(BUILD, "pages")
# As root, without a screen, and without a word to the world outside.
SWITCHES = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars", "--force-color-profile=srgb")
AXE_VERSION = "4.14.1"
AXE_SCRIPT = os.path.join(TOP, "axe", f"axe-{AXE_VERSION}.min.js")

__all__ = ["Browser", "Unavailable", "Keys", "axe_script"]


class Unavailable(Exception):
    """axe-core cannot be had here; the text says why."""


def axe_script():
    """The text of axe-core."""
    try:
        npm_file("axe-core", AXE_VERSION, "axe.min.js", AXE_SCRIPT)
    except (OSError, tarfile.TarError) as reason:
        raise Unavailable(f"axe-core {AXE_VERSION}: {reason}") from reason
    with open(AXE_SCRIPT, encoding="utf-8") as file:
        return file.read()


class Browser:
    def __init__(self):
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        self.profile = tempfile.mkdtemp(prefix="dropmill-chromium-")
        self.downloads = os.path.join(self.profile, "downloads")
        os.makedirs(self.downloads)
        for switch in (*SWITCHES, f"--user-data-dir={self.profile}"):
            options.add_argument(switch)
        options.add_experimental_option("prefs", {"download.default_directory": self.downloads})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        self.driver.set_script_timeout(60 * PATIENCE)
        self.reset()

    def quit(self):
        self.driver.quit()
        shutil.rmtree(self.profile, ignore_errors=True)

    # -- what the page is shown on

    def reset(self):
        """As a desktop in daylight, with nothing loaded and an empty console."""
        self.driver.get("about:blank")
        self.screen(1366, 900)
        self.media()
        self.console()
        for name in os.listdir(self.downloads):
            os.unlink(os.path.join(self.downloads, name))

    def cdp(self, command, **arguments):
        return self.driver.execute_cdp_cmd(command, arguments)

    def screen(self, width, height, phone=False):
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=2 if phone else 1, mobile=phone)

    def media(self, scheme="light", motion="no-preference"):
        features = {"prefers-color-scheme": scheme, "prefers-reduced-motion": motion}
        self.cdp("Emulation.setEmulatedMedia", features=[{"name": name, "value": value} for name, value in features.items()])

    # -- going and looking

    def open(self, url, view="#/jobs"):
        """Loads the page anew with this view and waits until the mill's first word is drawn."""
        self.driver.get("about:blank")
        self.driver.get(url + view)
        self.wait("return document.querySelector('#now [data-figure=done] .number')?.textContent !== '–'", "the first numbers")

    def go(self, view):
        """Another view of the page that is open."""
        self.run("location.hash = arguments[0]", view)

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def wait(self, script, what, seconds=30, arguments=()):
        """The first true value of a script that returns something."""
        return wait_until(lambda: self.run(script, *arguments), lambda: f"{what}; on the page:\n{self.text('body')[:3000]}", seconds, 0.02)

    def find(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector):
        """What the first element of this kind says; "" when there is none."""
        return self.run("return document.querySelector(arguments[0])?.innerText ?? ''", selector)

    def seen(self, selector):
        """Whether the first element of this kind is there to be seen."""
        return self.run("return document.querySelector(arguments[0])?.checkVisibility() ?? false", selector)

    def texts(self, selector):
        return self.run("return [...document.querySelectorAll(arguments[0])].map((element) => element.innerText)", selector)

    def wait_text(self, selector, wanted, seconds=30):
        wait_until(lambda: wanted in self.text(selector), lambda: f"{wanted!r} in {selector}: {self.text(selector)[:2000]!r}", seconds, 0.02)

    def row(self, name):
        """The fields of a job's row, or None: state, words, widths of the bar's segments."""
        return self.run("""
            const row = [...document.querySelectorAll("table.jobs tbody tr")].find((r) => r.querySelector(".name").textContent === arguments[0]);
            return row && { state: row.dataset.state, text: row.innerText, href: row.querySelector(".name").getAttribute("href"),
                bar: [...row.querySelectorAll(".bar i")].map((part) => Number(part.style.flexGrow)) };""", name)

    def click_now(self, selector):
        """Whether it was there to be clicked."""
        try:
            elements = self.find(selector)
            if elements:
                elements[0].click()
            return bool(elements)
        except (StaleElementReferenceException, ElementNotInteractableException):
            return False

    def click(self, selector):
        wait_until(lambda: self.click_now(selector), f"{selector} to click", 15)

    def press(self, *keys):
        webdriver.ActionChains(self.driver).send_keys(*keys).perform()

    def hover(self, element, x, y):
        """Points at a place of the element, counted from its middle."""
        webdriver.ActionChains(self.driver).move_to_element_with_offset(element, x, y).perform()

    # -- judging

    def console(self):
        """What the page's console got since the last question."""
        return [entry for entry in self.driver.get_log("browser") if "favicon" not in entry["message"]]

    def screenshot(self, name, whole=False):
        os.makedirs(PAGES, exist_ok=True)
        data = self.cdp("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
        path = os.path.join(PAGES, f"{name}.png")
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))
        return path

    def axe(self, script):
        """Findings of axe-core that are serious or critical, in short."""
        if not self.run("return Boolean(window.axe)"):
            self.run(script)
        found = self.driver.execute_async_script("""
            const done = arguments[arguments.length - 1];
            axe.run(document, { resultTypes: ["violations"] }).then((r) => done(r.violations), (error) => done([{ id: String(error), impact: "critical", nodes: [] }]));""")
        return [f"{v['impact']}: {v['id']}: {v.get('help')}: " + "; ".join(str(node["html"])[:200] + " " + str(node.get("failureSummary"))[:300] for node in v["nodes"][:3])
                for v in found if v["impact"] in ("serious", "critical")]
