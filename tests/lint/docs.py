#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""README.md, the manual (src/dist/doc) and the man page against the program and the sources.

Checks the generated parts, every option and subcommand, every link and its anchor, paths of files and names of the source that are named, and the
size of README.
Usage: docs.py BUILD [--write]; --write puts the generated parts into the documents.
"""
import glob
import itertools
import json
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MAN = os.path.join("src", "dist", "dropmill.1")
DOC = os.path.join("src", "dist", "doc")
COMMAND_LINE = os.path.join(DOC, "reference", "command-line.md")
README_BYTES = 10_000
COMMANDS = ("init", "run", "master", "worker", "once", "explain", "check", "ops", "topics", "status")
DAEMONS = ("run", "master", "worker", "once")


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def write(path, text):
    with open(os.path.join(ROOT, path), "w", encoding="utf-8") as file:
        file.write(text)


def output_of(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=60)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def table(head, rows):
    """A table in Markdown. A bar inside a cell is escaped."""
    lines = [head, ["---"] * len(head), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def index_of(operations):
    """One line for each group of operations."""
    groups = itertools.groupby(operations, key=lambda operation: operation["group"])
    return "".join(f"- **{group}**: {', '.join(o['name'] for o in members)}\n" for group, members in groups)


def literals(text):
    """C string literals that follow each other are one."""
    return re.sub(r'"\s*"', "", text)


def junk():
    """The table in src/master/inbox/junk.c."""
    path = "src/master/inbox/junk.c"
    text = literals(read(path).split("/* junk: begin */")[1].split("/* junk: end */")[0].replace("REASON_ENDING", '".reason.txt"'))
    rows = re.findall(r'\{\s*"([^"]*)",\s*"([^"]*)"\s*\}', text)
    if len(rows) != text.count("{"):
        raise SystemExit(f"{path}: a line of the table was not understood")
    lines = "".join(f"| {who} | {' '.join(f'`{pattern}`' for pattern in patterns.split('|'))} |\n" for who, patterns in rows)
    return "| Who makes them | Names |\n| --- | --- |\n" + lines


def metrics(openapi):
    rows = [[f"`dropmill_{family['name']}`", family["type"], family["help"]] for family in openapi["x-metrics"]]
    return table(["Name", "Kind", "Meaning"], rows)


def paths(openapi):
    rows = []
    for path, methods in openapi["paths"].items():
        for method in methods.values():
            asked = [f"`{p['name']}`: {p.get('description', '')}" for p in method.get("parameters", []) if p.get("in") != "path"]
            rows.append([f"`{path}`", method["summary"], "<br>".join(asked)])
    return table(["Path", "Answer", "Parameters"], rows)


def values_of(schema):
    """The values that a key takes, in words."""
    if "properties" in schema:
        return "; ".join(f"`{name}`: {values_of(value)}" for name, value in schema["properties"].items())
    if "enum" in schema:
        return " | ".join(schema["enum"])
    kind = {"array": "list", "object": "map", "boolean": "true | false"}.get(schema.get("type"), schema.get("type", "list"))
    if "$ref" in schema:
        kind = "list"
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(values_of(choice) for choice in schema["anyOf"]))
    if "maximum" in schema:
        kind = f"{schema.get('minimum', 0)} to {schema['maximum']}"
    if "default" in schema and schema["type"] != "boolean":
        kind += f", default {schema['default']}"
    return kind


def keys(schema):
    rows = []
    for name, key in schema["properties"].items():
        own = key["anyOf"][0]
        default = json.dumps(own["default"]).strip('"') if "default" in own else ""
        plain = {part: value for part, value in own.items() if part != "default"}
        rows.append([f"`{name}`", values_of(plain), default, key.get("description", "")])
    return table(["Key", "Value", "Default", ""], rows)


def options(program, command):
    """Of each option that --help names: flag, argument, default, meaning."""
    rows = re.findall(r"^  (?:(-\w), )?(--[a-z-]+)(?:=(\S+))? {2,}(.*?)(?: \(default: (.*)\))?$", output_of(program, command, "--help"), re.M)
    return [row for row in rows if row[1] != "--help"]


def options_table(program, command):
    rows = []
    for short, flag, argument, text, default in options(program, command):
        rows.append([(short and f"`{short}`, ") + f"`{flag} {argument}".rstrip() + "`", default, text])
    return table(["Option", "Default", ""], rows)


def options_man(program):
    lines = []
    for short, flag, argument, text, default in options(program, "run"):
        lines.append(f'.TP\n.BI "{short and short + ", "}{flag} " {argument}\n{text}{default and f" (default: {default})"}\n')
    return "".join(lines).replace("-", "\\-")


def allowable(schema):
    words = schema["$defs"]["allowable"]
    rows = [[f"`{word}`", called.split(" ", 1)[1]] for word, called in zip(words["enum"], words["enumDescriptions"])]
    return table(["Word in `allow`", "Format"], rows)


def lacks(formats):
    rows = []
    for known in formats:
        kinds = [lack["kind"].upper() + (f" (until libvips {lack['until']})" if "until" in lack else "") for lack in known["lacks"]]
        if kinds:
            rows.append([f"`{known['name']}`", ", ".join(kinds)])
    return table(["Format", "Does not hold"], rows)


def gamma():
    """The example of an operation: its function and its entry."""
    text = read("src/image/operations/tone.c")
    function = re.search(r"^static bool build_gamma\(.*?^}\n", text, re.M | re.S)
    entry = re.search(r'^\t\{\n\t\t\.name = "gamma".*?^\t\},\n', text, re.M | re.S)
    if not function or not entry:
        raise SystemExit("src/image/operations/tone.c: gamma, the example of README, was not found")
    return f"```c\n{function.group(0)}\n{entry.group(0)}```\n"


def generated(program):
    """Generated parts: the name in the marks around them, and their text."""
    openapi = json.loads(output_of(program, "status", "--describe"))
    schema = json.loads(output_of(program, "ops", "--schema"))
    return {
        "gamma": gamma(),
        "index": index_of(json.loads(output_of(program, "ops", "--json"))),
        "operations": output_of(program, "ops", "--markdown"),
        "formats": output_of(program, "ops", "--formats", "--markdown"),
        "versions": output_of(f"{program}-image", "versions", "--markdown"),
        "keys": keys(schema),
        "allowable": allowable(schema),
        "lacks": lacks(json.loads(output_of(program, "ops", "--formats", "--json"))),
        "junk": junk(),
        "options": options_table(program, "run"),
        "topics": options_table(program, "topics"),
        "man": options_man(program),
        "metrics": metrics(openapi),
        "paths": paths(openapi),
    }


def documents():
    pages = glob.glob(os.path.join(ROOT, DOC, "**", "*.md"), recursive=True) + glob.glob(os.path.join(ROOT, "src", "**", "README.md"), recursive=True)
    return ["README.md", *sorted({os.path.relpath(page, ROOT) for page in pages})]


def with_parts(pages, wanted):
    """The pages with the generated parts that the program and the sources give now. Each part is in exactly one page."""
    for part, text in wanted.items():
        begin, end = f"<!-- {part}: begin (make docs) -->\n", f"<!-- {part}: end -->\n"
        if part == "man":
            begin, end = '.\\" man: begin (make docs)\n', '.\\" man: end\n'
        holders = [path for path, page in pages.items() if begin in page]
        if len(holders) != 1 or pages[holders[0]].count(begin) != 1 or pages[holders[0]].count(end) != 1:
            raise SystemExit(f"{DOC}: one page must have the lines {begin.strip()} and {end.strip()}, once; found in {holders}")
        before, rest = pages[holders[0]].split(begin)
        pages = {**pages, holders[0]: before + begin + text + end + rest.split(end)[1]}
    return pages


def without_code(text):
    return re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)


def anchors(text):
    """The anchors of headings, as GitHub and most renderers make them."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in re.findall(r"^#+ (.*)$", without_code(text), re.M)}


def check_links(pages):
    for path, text in pages.items():
        for target in re.findall(r"\]\(([^)\s]+)\)", without_code(text)):
            if re.match(r"[a-z]+://", target):
                continue
            name, _, anchor = target.partition("#")
            file = os.path.normpath(os.path.join(os.path.dirname(path), name)) if name else path
            if not os.path.exists(os.path.join(ROOT, file)):
                yield f"{path}: the link to {target} leads nowhere"
            elif anchor and anchor not in anchors(pages[file]):
                yield f"{path}: {file} has no heading for the link #{anchor}"


def check_sources(pages):
    for path, text in pages.items():
        for name in re.findall(r"`((?:src|tests|pipelines)/[\w./-]+)`", text):
            if "NAME" not in name and not os.path.exists(os.path.join(ROOT, name)):
                yield f"{path}: {name} does not exist"


def check_names(pages):
    """`like_this`, `like_this()`, `name.c` and `name.h`: of the source. Metrics are listed by the program."""
    files = [path for folder in ("src", "tests") for path in glob.glob(os.path.join(ROOT, folder, "**", "*.*"), recursive=True) if not path.endswith(".md")]
    names, words = {os.path.basename(path) for path in files}, set()
    for path in files:
        if path.endswith((".c", ".h", ".py", ".js", ".yaml")):
            words |= set(re.findall(r"\w+", read(path)))
    for path, text in pages.items():
        for name in sorted(set(re.findall(r"`([a-z0-9]+(?:_[a-z0-9]+)+|\w+\(\)|\w+\.[ch])`", without_code(text)))):
            if name not in names and name.removesuffix("()") not in words and not name.startswith("dropmill_"):
                yield f"{path}: there is no `{name}` in the source"


def check_index(pages):
    index = pages[os.path.join(DOC, "README.md")]
    for path in pages:
        name = os.path.relpath(path, DOC)
        if path.startswith(DOC) and name != "README.md" and f"({name})" not in index:
            yield f"{DOC}/README.md does not list {name}"


def check_options(program, page, man):
    for command in COMMANDS:
        if f".B {command}\n" not in man:
            yield f"{MAN} does not explain {command}"
        if f"dropmill {command}" not in page:
            yield f"{COMMAND_LINE} does not mention `dropmill {command}`"
        options = set(re.findall(r"^\s+(?:-\w, )?(--[a-z][a-z-]+)", output_of(program, command, "--help"), re.M))
        if not options:
            yield f"`dropmill {command} --help` names no option: its output was not understood"
        for option in sorted(options - {"--help", "--help-all"}):
            if f"`{option}" not in page:
                yield f"{COMMAND_LINE} does not mention `{option}` of `dropmill {command}`"
            if command in DAEMONS and option not in man:
                yield f"{MAN} does not mention `{option}` of `dropmill {command}`"


def main():
    program = os.path.join(ROOT, sys.argv[1], "dropmill")
    pages = {path: read(path) for path in [*documents(), MAN]}
    wanted = with_parts(pages, generated(program))
    stale = [path for path in pages if pages[path] != wanted[path]]
    if "--write" in sys.argv:
        for path in stale:
            write(path, wanted[path])
        return
    problems = [f"{path}: a generated part is not that of the program: make docs" for path in stale]
    problems += check_links(wanted)
    problems += check_sources(wanted)
    problems += check_names(wanted)
    problems += check_index(wanted)
    problems += check_options(program, wanted[COMMAND_LINE], wanted[MAN].replace("\\-", "-"))
    if len(wanted["README.md"].encode()) > README_BYTES:
        problems.append(f"README.md has more than {README_BYTES} bytes: move something to {DOC}")
    print("\n".join(problems) or f"README.md and {len(pages) - 1} pages agree with the program")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
