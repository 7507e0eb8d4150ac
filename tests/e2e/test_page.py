# SPDX-License-Identifier: GPL-2.0-or-later
"""The page in a real browser: what every view shows, and that it is sound for eyes, ears, keyboards, phones and against hostile names.

Screenshots lie in build/pages/ afterwards.
"""
import os
import shutil
import tempfile
import urllib.parse

import pytest

from browser import Keys, Unavailable, axe_script
from mill import Mill
from pictures import truncated
from waiting import wait_until

MARKUP = ["<img src=x onerror=alert(1)>.png", "\"><svg onload=alert(2)>'.png", "&lt;b&gt;bold&lt;,b&gt; {{7*7}} ${alert(3)}.png"]
LONG = "expedition day 14 " + "a-very-long-name-without-any-space-" * 5 + "na\u00efve \u6771\u4eac \u202egnp.png"
# What turns the direction of writing is shown by its bytes: it could make a name look like another.
SHOWN_LONG = LONG.replace("\u202e", "\\xe2\\x80\\xae")
PIPELINES = {
    "mono": "description: grayscale, slight blur\nsteps:\n  - grayscale\n  - blur: {sigma: 1}\noutputs:\n  - name: \"{stem}.png\"\n",
    "pair": "description: two results\nsteps:\n  - resize: {width: 400}\n  - {blur: {sigma: 3}, when: width > 5000}\noutputs:\n  - {name: \"{stem}.jpg\", quality: 82}\n"
            "  - name: \"{stem}-thumb.webp\"\n    steps: [{thumbnail: {width: 120, height: 120, fit: cover}}]\n",
    "broken": "description: has a mistake\nsteps:\n  - grayscal: {}\n",
}
VIEWS = ["#/jobs", "#/jobs/TILED", "#/jobs/PAIR", "#/jobs/BAD", "#/workers", "#/pipelines", "#/throughput", "#/jobs?q=nothing-is-called-so"]


@pytest.fixture(scope="module")
def shown(pictures):
    """A mill with something of everything: tiled and whole, two outputs, a failure, hostile and long names, a broken definition."""
    folder = tempfile.mkdtemp(prefix="dropmill-page-")
    mill = Mill(folder)
    try:
        for name, text in PIPELINES.items():
            mill.pipeline(name, text)
        mill.start(workers=2, tile=256)
        photo = pictures.picture(width=640, height=480, ending=".png")
        mill.drop(pictures.picture(width=1200, height=900, ending=".png", seed=7), "mono", "tiled.png")
        mill.drop(pictures.picture(width=640, height=480, bands=4, ending=".png"), "pair", "pair.png")
        mill.drop(truncated(photo, mill.path("stage", "bad.png")), "mono", "bad.png")
        with open(mill.path("stage", "words.png"), "wb") as file:
            file.write(b"these are words, and no picture\n")
        mill.drop(mill.path("stage", "words.png"), "mono", "words.png")
        small = pictures.picture(width=64, height=48, ending=".png")
        for name in [*MARKUP, LONG]:
            mill.drop(small, "mono", name)
        mill.wait_idle(done=2 + len(MARKUP) + 1, failed=2)
        mill.ids = {job["source"]: job["id"] for job in mill.jobs()}
        yield mill
        mill.stop()
    finally:
        mill.abandon()
        shutil.rmtree(folder, ignore_errors=True)


def address(mill, view):
    for mark, source in {"TILED": "tiled.png", "PAIR": "pair.png", "BAD": "bad.png"}.items():
        view = view.replace(mark, mill.ids[source])
    return view


def settle(browser, view):
    """Until the view has drawn what it is for."""
    ready = {
        "#/jobs": "document.querySelectorAll('table.jobs tbody tr').length >= 6",
        "#/jobs/TILED": "document.querySelector('.map canvas')?.width > 10 && document.querySelector('.timeline li') && document.querySelector('.frame')",
        "#/jobs/PAIR": "document.querySelectorAll('.results li').length === 2",
        "#/jobs/BAD": "document.querySelector('.reason.box:not([hidden])')",
        "#/workers": "document.querySelectorAll('table.workers tbody tr').length === 2",
        "#/pipelines": "document.querySelectorAll('.cards > li').length === 3",
        "#/throughput": "document.querySelector('.plot canvas')?.width > 10 && globalThis.Chart",
        "#/jobs?q=nothing-is-called-so": "document.querySelector('.empty:not([hidden])')",
    }[view]
    browser.wait(f"return Boolean({ready})", f"the view {view}")
    # Pictures on the screen are there, or it was said that they cannot be had.
    browser.wait("return [...document.images].filter((i) => i.checkVisibility() && i.getBoundingClientRect().top < innerHeight).every((i) => i.complete)", "the pictures", 40)


def test_axe_finds_nothing_serious(browser, shown):
    try:
        script = axe_script()
    except Unavailable as reason:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(reason))
    found = {}
    for scheme in ("light", "dark"):
        browser.media(scheme, "reduce")
        browser.open(shown.url)
        for number, view in enumerate(VIEWS):
            browser.go(address(shown, view))
            settle(browser, view)
            browser.screenshot(f"{scheme}-{number}-{urllib.parse.quote(view[2:], safe='')}", whole=True)
            findings = browser.axe(script)
            if findings:
                found[f"{view} ({scheme})"] = findings
    assert not found, "\n".join(f"{view}: {finding}" for view, findings in found.items() for finding in findings)


def test_phone_without_scrolling_sideways(browser, shown):
    browser.screen(360, 740, phone=True)
    browser.open(shown.url)
    for number, view in enumerate(VIEWS):
        browser.go(address(shown, view))
        settle(browser, view)
        wide = browser.run("""
            const over = [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest("nav, .scroll, .unseen, pre, svg"));
            return document.documentElement.scrollWidth > innerWidth ? over.slice(0, 5).map((e) => e.outerHTML.slice(0, 200)) : [];""")
        assert not wide, f"{view} is wider than a phone: {wide}"
        browser.screenshot(f"phone-{number}-{urllib.parse.quote(view[2:], safe='')}")
    # Cards for the eye stay a table for the ear.
    browser.go("#/jobs")
    settle(browser, "#/jobs")
    assert browser.run("return getComputedStyle(document.querySelector('table.jobs')).display") == "block"
    assert browser.run("return document.querySelector('table.jobs').getAttribute('role')") == "table"
    assert browser.run("return [...document.querySelectorAll('table.jobs td')].every((cell) => cell.getAttribute('role') === 'cell')")


def test_dark_when_the_system_is(browser, shown):
    browser.open(shown.url)
    ground = "return getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).reduce((a, b) => a + Number(b), 0)"
    assert browser.run(ground) > 600
    browser.media("dark")
    assert browser.run(ground) < 150


def test_no_motion_for_who_wants_none(browser, shown):
    browser.open(shown.url)
    settle(browser, "#/jobs")
    assert browser.run("return document.getAnimations().length") > 0
    browser.media(motion="reduce")
    assert browser.run("return document.getAnimations().length") == 0


def test_everything_comes_from_the_mill(browser, shown):
    browser.open(shown.url)
    for view in VIEWS:
        browser.go(address(shown, view))
        settle(browser, view)
    urls = browser.run("return performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert len(urls) > 20
    assert {urllib.parse.urlsplit(url).netloc for url in urls} == {urllib.parse.urlsplit(shown.url).netloc}
    policies = set()
    for url in {*urls, shown.url}:
        path = url[len(shown.url):]
        if path.startswith(("api/events", "jobs/")):
            continue
        status, headers, _ = shown.get(path)
        assert status == 200, path
        policies.add(headers["Content-Security-Policy"])
    assert len(policies) == 1
    policy = policies.pop()
    assert "default-src 'none'" in policy and "unsafe" not in policy and "data:" not in policy and "*" not in policy


def test_names_stay_text(browser, shown):
    names = {*MARKUP, SHOWN_LONG}
    browser.open(shown.url)
    settle(browser, "#/jobs")
    assert names <= set(browser.run("return [...document.querySelectorAll('table.jobs .name')].map((a) => a.textContent)"))
    for name in names:
        browser.go(f"#/jobs/{shown.ids[name]}")
        wait_until(lambda wanted=name: browser.run("return document.querySelector('h2#view-title')?.textContent") == wanted, name, 15)
        browser.wait("return document.querySelector('.results a')", "its result")
        # Nothing of a name became an element: no handler, no picture and no link but the page's own.
        strange = browser.run("""
            return [...document.querySelectorAll("*")].filter((e) => [...e.attributes].some((a) => a.name.startsWith("on")) || e.tagName === "SCRIPT" && !e.src).length
                + [...document.images].filter((i) => i.hasAttribute("src") && !/^\\/(jobs|icon)/.test(i.getAttribute("src"))).length;""")
        assert strange == 0
    for sought in ("<img", "{{7*7}}"):
        browser.go("#/jobs?q=" + urllib.parse.quote(sought))
        browser.wait("return document.querySelectorAll('table.jobs tbody tr').length === 1", f"the one that is called {sought}")
    assert "dropmill" in browser.driver.title


def test_filters_pages_and_the_address(browser, shown):
    browser.open(shown.url)
    settle(browser, "#/jobs")
    choose(browser, "failed")
    browser.wait("return document.querySelectorAll('table.jobs tbody tr').length === 2", "only what failed")
    assert "bad.png" in browser.text("table.jobs tbody") and "words.png" in browser.text("table.jobs tbody")
    assert browser.run("return location.hash") == "#/jobs?state=failed"
    reason = shown.json(f"/api/jobs/{shown.ids['bad.png']}")["error"]
    assert reason in browser.texts("table.jobs .reason"), "the reason in full"
    browser.open(shown.url, "#/jobs?state=done&pipeline=pair")
    browser.wait("return document.querySelectorAll('table.jobs tbody tr').length === 1", "what the address asks for")
    assert browser.run("return [document.querySelector('select[name=state]').value, document.querySelector('select[name=pipeline]').value]") == ["done", "pair"]
    browser.click("input[name=q]")
    browser.press("nowhere")
    browser.wait_text(".empty:not([hidden])", "No job matches")
    browser.driver.back()


def choose(browser, state):
    browser.run("""const choice = document.querySelector("select[name=state]"); choice.value = arguments[0];
        choice.dispatchEvent(new Event("input", { bubbles: true }));""", state)


def test_views_come_back_though_nothing_happens(browser, shown):
    """An idle mill tells nothing new: each view has what it had, the second time as well."""
    browser.open(shown.url)
    settle(browser, "#/jobs")
    for view in ("#/pipelines", "#/throughput", "#/workers", "#/jobs/PAIR", "#/jobs/TILED", "#/pipelines", "#/jobs/PAIR"):
        browser.go(address(shown, view))
        settle(browser, view)
        browser.go("#/jobs")
        settle(browser, "#/jobs")
    for _ in range(2):
        choose(browser, "failed")
        browser.wait("return document.querySelectorAll('table.jobs tbody tr').length === 2", "only what failed")
        choose(browser, "")
        settle(browser, "#/jobs")


def test_a_job_tells_all(browser, shown):
    browser.open(shown.url, address(shown, "#/jobs/PAIR"))
    settle(browser, "#/jobs/PAIR")
    job = shown.json(f"/api/jobs/{shown.ids['pair.png']}")
    words = browser.text("main")
    for output in job["outputs"]:
        assert output["path"] in words
    for word in ("resize", "width", "400", "thumbnail", "120", "cover"):
        assert word in words, f"{word} of its steps"
    assert [text.replace("\n", " ") for text in browser.texts(".left-out .condition")] == ["when width > 5000 → not done"]
    implied = "implied: the format holds no transparency; background sets the colour"
    assert [text.replace("\n", " ") for text in browser.texts(".implied")] == [f"flatten background black {implied}"]
    assert len(browser.find(".timeline li")) == len(job["timeline"]) >= 3
    # The same shape: one frame with a slider; the square thumbnail: side by side.
    browser.wait("return document.querySelector('.frame').dataset.shape === 'same'", "the slider")
    browser.click(".choices label:nth-child(2)")
    browser.wait("return document.querySelector('.frame').dataset.shape === 'other'", "both beside each other")
    # What is downloaded is what lies on the disk.
    for number, output in enumerate(job["outputs"]):
        name = os.path.basename(output["path"])
        browser.click(f".results li:nth-child({number + 1}) a")
        target = os.path.join(browser.downloads, name)
        wait_until(lambda path=target: os.path.exists(path) and os.path.getsize(path) == output["bytes"], f"the download of {name}", 20)
        with open(target, "rb") as got, open(shown.out("pair", name), "rb") as wanted:
            assert got.read() == wanted.read()


def test_by_keyboard_alone(browser, shown):
    browser.open(shown.url, address(shown, "#/jobs/TILED"))
    settle(browser, "#/jobs/TILED")
    active = "return document.activeElement.%s"
    browser.press(Keys.TAB)
    assert "Skip" in browser.run(active % "textContent")
    assert browser.run("return document.activeElement.getBoundingClientRect().left") >= 0, "the skip link shows itself"
    browser.press(Keys.ENTER)
    assert browser.run(active % "id") == "view"
    assert browser.run("return location.hash") == address(shown, "#/jobs/TILED"), "skipping is not leaving"
    seen = []
    for _ in range(30):
        browser.press(Keys.TAB)
        if not browser.run("return document.querySelector('main').contains(document.activeElement)"):
            break
        tag = browser.run("return document.activeElement.tagName + ' ' + (document.activeElement.type || '')")
        seen.append(tag)
        if tag == "INPUT range":
            before = browser.run(active % "value")
            browser.press(Keys.ARROW_LEFT * 10)
            assert int(browser.run(active % "value")) == int(before) - 10
            assert "40 % original" in browser.run("return document.activeElement.getAttribute('aria-valuetext')")
            assert browser.run("return getComputedStyle(document.querySelector('.handle')).outlineStyle") == "solid", "focus is seen"
        elif tag.startswith("CANVAS"):
            browser.press(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_DOWN)
            tile = shown.json(f"/api/jobs/{shown.ids['tiled.png']}")["tile_list"][6]
            assert (tile["left"], tile["top"]) == (256, 256)
            said = browser.text(".map [role=status]")
            assert said.startswith("Tile 6") and f"done by {tile['worker']}" in said and "attempt 1" in said and "ms" in said.replace("\u00a0s", "ms")
            assert browser.run("return document.querySelector('.bubble').hidden") is False
        elif tag.startswith("SUMMARY"):
            browser.press(Keys.ENTER)
            browser.wait("return document.querySelectorAll('.tile-table tbody tr').length === 20", "the tiles as a table")
    assert {"INPUT range", "SUMMARY "} <= set(seen) and any(tag.startswith("CANVAS") for tag in seen) and any(tag.startswith("A ") for tag in seen), seen


def test_pipelines_say_what_they_do_and_what_is_wrong(browser, shown):
    browser.open(shown.url, "#/pipelines")
    settle(browser, "#/pipelines")
    cards = {card.split("\n")[0]: card for card in browser.texts(".cards > li")}
    assert "- grayscal:" in cards["broken"] and "^" in cards["broken"] and "'grayscale'" in cards["broken"], "line, caret, suggestion"
    assert "off" in cards["broken"]
    inbox = shown.inbox("mono")
    assert inbox in cards["mono"] and "sigma" in cards["mono"] and "median" in cards["mono"] and "_done/" in cards["mono"]
    assert "What is wrong" in browser.text(".notices")
    browser.cdp("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
    number = [card.split("\n")[0] for card in browser.texts(".cards > li")].index("mono") + 1
    browser.click(f".cards > li:nth-child({number}) .copy")
    browser.wait("return [...document.querySelectorAll('.copy')].some((button) => button.textContent === 'Copied')", "that it was copied")
    copied = browser.driver.execute_async_script("const done = arguments[0]; navigator.clipboard.readText().then(done, (e) => done(String(e)));")
    assert copied == inbox


def test_throughput_is_drawn_and_told(browser, shown):
    browser.open(shown.url, "#/throughput")
    settle(browser, "#/throughput")
    browser.wait_text("main .sub", "pictures done")
    browser.click("summary")
    browser.wait("return document.querySelectorAll('.scroll tbody tr').length >= 1", "the same as a table")
    done = sum(int(row.split("\t")[1]) for row in browser.texts(".scroll tbody tr"))
    assert done == shown.status()["jobs"]["done"]
    painted = "const c = document.querySelector('.plot canvas'); return c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some((v) => v > 0)"
    assert browser.run(painted)
    browser.click(".choices label:nth-of-type(2)")
    browser.wait("return location.hash === '#/throughput?span=day'", "the day in the address")
    browser.wait_text(".chart h3", "quarter of an hour")


# Moments that a mill has seldom: the page is told of them as its stream would, and what it draws at once is read.
TOLD = """
    const [selector, done] = arguments;
    import("/assets/store.js").then(async ({ store, takeEvent }) => {
        const event = { full: false, status: structuredClone(store.status), workers: [...store.workers.values()].slice(0, 1).map((w) => structuredClone(w)) };
        CHANGE;
        takeEvent(event);
        document.dispatchEvent(new Event("visibilitychange"));
        await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
        done(document.querySelector(selector).innerText);
    }).catch((error) => done(String(error)));"""


@pytest.mark.parametrize("change, selector, words", [
    ("event.workers[0].breaker = {state: 'open', reason: 'No space left on device', retry_in_s: 4.2}", "table.workers",
     ["taken out", "tried again in 5", "No space left on device"]),
    ("event.workers[0].breaker = {state: 'half-open', reason: 'No space left on device', retry_in_s: null}", "table.workers", ["on trial with one task"]),
    ("Object.assign(event.workers[0], {state: 'gone', end: 'signal 9', gone_at: event.status.time, taken_back: 5})", "table.workers",
     ["gone", "signal 9", "5\u00a0tasks taken from it and given to others"]),
    ("Object.assign(event.status.broker, {kind: 'kafka', state: 'down', servers: 'a:9092'})", ".notices", ["broker is down", "Nothing is lost"]),
    ("event.status.broker = {kind: 'kafka', state: 'up', servers: 'a:9092', note: ''}; event.status.workers = {live: 0, late: 0, gone: 2}", ".notices",
     ["No worker is running", "dropmill worker --brokers a:9092"]),
])
def test_rare_moments_are_told(browser, shown, change, selector, words):
    browser.open(shown.url, "#/workers")
    settle(browser, "#/workers")
    # A real event may come in between and tell how things really are: then once more.
    for _ in range(10):
        drawn = browser.driver.execute_async_script(TOLD.replace("CHANGE", change), selector)
        if all(word in drawn for word in words):
            break
    for word in words:
        assert word in drawn, drawn
