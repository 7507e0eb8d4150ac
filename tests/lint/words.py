#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Short sentences and plain words: in documents, in comments of src/ and in what the programs say to people.

A sentence has at most 30 words. Words and patterns that a reader with English as a second language stumbles over are listed below, each with
the word to use.
"""
import glob
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LONGEST = 30

# What is not written, and what is written instead.
PATTERNS = [
    (r"\bmend(s|ed|ing)?\b", "fix, repair, correct"),
    (r"(?<!there )\b(is|are|was|were|be) no (?!longer|more|less|later|larger|smaller|wider)(?=[a-z])", "is not a ..., has no ..."),
    (r"\btold\b(?! apart)", "reported, known, set; who was told what by whom?"),
    (r"\blikewise\b", "the same, too"),
    (r"\bmilled\b", "processed"),
    (r"\bmanieth\b", "every Nth"),
    (r"\banew\b", "again, new"),
    (r"\bstands? (in|on|under|there|still)\b", "is in, is shown in"),
    (r"\b(is|are) (waited|looked|asked) (for|at|of)\b", "say who waits, looks or asks"),
    (r"\bwhat (is|was) (told|remembered|asked|lent|taken|lost|known|given|left|wanted|read|written)\b", "a noun: the remembered files"),
    (r"\bunder way\b", "running, in progress"),
    (r"\bbe it\b", "even"),
    (r"\b(some|no|every)body's\b", "say whose"),
    (r"\bgoes by\b", "uses"),
    (r"(?-i:^Of) (a|an|the|each|one|several|those|pages|its)\b", "put the subject first"),
    (r"\bhalf so\b|\bso much as\b|\bfor so long\b|\bby so much\b", "this long, this much"),
    (r"\bhas (it|them|that) as well\b", "also has"),
    (r"\bshut in\b", "sandboxed"),
    (r"\btaken for\b", "treated as"),
    (r"\b(held|holds?) against\b", "compare with"),
    (r"\bset aside\b", "renamed, moved"),
    (r"\bowes?\b", "must answer, must write"),
    (r"\bwill not do\b|\bmakes do\b", "is not enough"),
    (r"\btwice as (long|many|much|large) as\b.*\btwice as\b", "say it once"),
]
COMPILED = [(re.compile(pattern, re.I | re.M), instead) for pattern, instead in PATTERNS]


# Texts in C that are JSON or SQL.
NOT_PROSE = re.compile(r"\{|'[^%]|(SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|ON CONFLICT|PRAGMA)\b")


def words(text):
    return len(re.findall(r"[^\s]*[A-Za-z0-9][^\s]*", text))


def sentences(text):
    """A sentence ends with a dot, a question or exclamation mark before a blank. e.g., i.e. and ... are not ends."""
    return re.split(r"(?<=[.!?])(?<!e\.g\.)(?<!i\.e\.)(?<!\.\.)[\"')*]*\s+", text)


def findings_of(paragraph):
    """What is wrong in one paragraph, as texts."""
    text = " ".join(paragraph.split())
    for sentence in sentences(text):
        if words(sentence) > LONGEST:
            yield f"a sentence of {words(sentence)} words, at most {LONGEST}: {sentence[:60]}..."
        for pattern, instead in COMPILED:
            found = pattern.search(sentence)
            if found:
                yield f"'{found.group(0)}': write {instead}: {sentence[max(0, found.start() - 30):found.end() + 30]}"


def markdown(text):
    """Paragraphs, items, headings and cells of tables, with their line. Code is left out; a piece of code in a line is one word."""
    text = re.sub(r"^```.*?^```$|<!--.*?-->", lambda m: "\n" * m.group(0).count("\n"), text, flags=re.M | re.S)
    text = re.sub(r"`[^`\n]*(\n[^`\n]+)?`", lambda m: "CODE" + "\n" * m.group(0).count("\n"), text)
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    paragraph, start = [], 0
    for number, line in enumerate([*text.split("\n"), ""], 1):
        table = line.startswith("|")
        if not line.strip() or table or re.match(r"\s*([-*]|\d+\.) |#", line):
            if paragraph:
                yield start, "\n".join(paragraph)
            paragraph = []
        if table:
            for cell in re.split(r"(?<!\\)\||<br>", line):
                yield number, cell
        elif line.strip() and not (line.startswith("    ") and not paragraph):
            start = start if paragraph else number
            paragraph.append(re.sub(r"^\s*([-*]|\d+\.) |^#+ ", "", line))


def manual_page(text):
    """The text of roff: requests end a paragraph, but those that change the font."""
    paragraph, start = [], 0
    for number, line in enumerate([*text.split("\n"), ".SH"], 1):
        if re.match(r"\.(SH|TP|PP|br|TH|BI|\\\")", line):
            if paragraph:
                yield start, "\n".join(paragraph)
            paragraph = []
        else:
            start = start if paragraph else number
            paragraph.append(re.sub(r"^\.\w+ |\\f.|\\", "", line))


def comments(text):
    """The comments of C, JavaScript and CSS, a paragraph at a time."""
    for found in re.finditer(r"/\*(.*?)\*/|(?:^|(?<=\s))//([^\n]*(?:\n\s*//[^\n]*)*)", text, re.S):
        line = text.count("\n", 0, found.start()) + 1
        body = found.group(1) or found.group(2) or ""
        body = "\n".join(re.sub(r"^\s*(\*|//) ?", "", part) for part in body.split("\n"))
        body = re.sub(r"SPDX-License-Identifier: \S+", "", body)
        for part in re.split(r"\n\s*\n|\n(?=\s*- |\s{4,}\S|\s*\w+:\s{2,})|(?=Purpose:|Thread:|Ownership:)", body):
            yield line, part


def messages(text):
    """Texts of several words between quotes: log lines, errors, help. Those that follow each other are one."""
    text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m.group(0).count("\n"), text, flags=re.S)
    for found in re.finditer(r'"((?:[^"\\\n]|\\.)*"\s*(?:(?:G_GU?INT64_FORMAT|PRI\w+)?\s*)?")*(?:[^"\\\n]|\\.)*"', text):
        body = re.sub(r'"\s*(?:[A-Z_0-9]+\s*)?"', "", found.group(0)[1:-1])
        if words(body) > 2 and not NOT_PROSE.match(body):
            for line in body.split("\\n"):
                yield text.count("\n", 0, found.start()) + 1, line


def files(*patterns):
    return sorted({path for pattern in patterns for path in glob.glob(os.path.join(ROOT, pattern), recursive=True)})


def findings(paths, reader):
    found = []
    for path in paths:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        for line, paragraph in reader(text):
            found += [f"{os.path.relpath(path, ROOT)}:{line}: {wrong}" for wrong in findings_of(paragraph)]
    return found


def main():
    found = findings(files("README.md", "src/**/*.md"), markdown) + findings(files("src/dist/*.1"), manual_page)
    found += findings(files("src/**/*.[ch]", "src/web/page/**/*.js", "src/web/page/**/*.css"), comments)
    found += findings(files("src/**/*.[ch]"), messages)
    print("\n".join(found) or "sentences are short and plain")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
