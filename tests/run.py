#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the named runners (unit, e2e, lint), counts, and ends with one line each: "unit: 12 passed, 0 failed".

    BUILD=build tests/run.py unit [MODULE/test_x] | e2e [PYTEST ARGUMENTS] | unit e2e | lint STEP...

The lines are also kept in BUILD/summary/, for .ci/run, and below them what failed. A runner that ran nothing has failed.
"""
import glob
import os
import re
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.environ.get("BUILD", "build")
# Programs of another architecture do not start by themselves, and an emulator takes about ten times as long.
EMULATOR = os.environ.get("EMULATOR", "").split()
UNIT_SECONDS = 1800 if EMULATOR else 300
PROCESSES = 2  # of the end-to-end tests
SANITIZED = bool(os.environ.get("DROPMILL_SANITIZED"))
# Inherited through make's recipes; a make started from here must not look for its parent's job slots.
for name in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL"):
    os.environ.pop(name, None)


def sanitizer_environment():
    """Reports end the program, so that no test passes over one; known leaks of libraries are listed with their reason."""
    env = dict(os.environ, PYTHONDONTWRITEBYTECODE="1")
    if SANITIZED:
        env["ASAN_OPTIONS"] = "abort_on_error=0:exitcode=99:detect_leaks=1:detect_stack_use_after_return=1"
        env["UBSAN_OPTIONS"] = "print_stacktrace=1:halt_on_error=1"
        suppressions = os.path.join(ROOT, "tests", "lsan.supp")
        if os.path.exists(suppressions):
            env["LSAN_OPTIONS"] = f"suppressions={suppressions}:print_suppressions=0"
    return env


def run_captured(command, seconds, env):
    """Output and exit status; at the time limit the whole process group ends and the status is None."""
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env, cwd=ROOT,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=seconds)
        status = process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        status = None
    return output.decode(errors="replace"), status


def cmocka_counts(output):
    def total(word):
        return sum(int(n) for n in re.findall(rf"^\[  {word} ?\] (?:tests: )?(\d+) test", output, re.M))

    return total("PASSED "), total("FAILED "), total("SKIPPED")


def run_unit(selected):
    env = sanitizer_environment()
    sources = sorted(glob.glob(os.path.join(ROOT, "tests/unit/*/test_*.c")))
    names = [os.path.relpath(source, os.path.join(ROOT, "tests/unit"))[:-2] for source in sources]
    if selected:
        names = [name for name in names if any(wanted in name for wanted in selected)]
    sums, bad = [0, 0, 0], []
    for name in names:
        program = os.path.join(ROOT, BUILD, "tests/unit", name)
        started = time.monotonic()
        if not os.path.exists(program):
            output, status = f"{program}: not built\n", 1
        else:
            output, status = run_captured([*EMULATOR, program], UNIT_SECONDS, env)
        counts = list(cmocka_counts(output))
        if status is None:
            output += f"no end after {UNIT_SECONDS} s\n"
        if (status != 0 or sum(counts) == 0) and counts[1] == 0:
            counts[1] = 1  # it crashed, hung, or ran nothing
        if counts[1]:
            print(output, flush=True)
            tests = sorted(set(re.findall(r"^\[  FAILED  \] ([a-z_0-9]+)$", output, re.M)))
            bad.append(f"{name}: {', '.join(tests) or output.strip().rpartition(chr(10))[2] or f'exit status {status}'}")
        seconds = time.monotonic() - started
        print(f"  {name}: {counts_text(*counts)}  ({seconds:.1f} s)", flush=True)
        for reason in sorted(set(re.findall(r"^skipped: .*", output, re.M))):
            print(f"    {reason}", flush=True)
        sums = [a + b for a, b in zip(sums, counts)]
    return sums, bad


def run_e2e(arguments):
    report = os.path.join(ROOT, BUILD, "e2e.xml")
    if os.path.exists(report):
        os.unlink(report)
    places = [a for a in arguments if os.path.exists(os.path.join(ROOT, a.split("::")[0]))]
    if not places:
        arguments = ["tests/e2e"] + (["tests/kafka"] if glob.glob("tests/kafka/test_*.py") else []) + arguments
    env = sanitizer_environment()
    env["DROPMILL_BUILD"] = os.path.join(ROOT, BUILD)
    command = ["/usr/bin/python3", "-m", "pytest", "-q", "-rfEs", "-p", "no:cacheprovider", "--durations=5"]
    # Most tests wait more than they compute; a file stays in one process, since its tests may share a broker or a browser. Not with -s, whose
    # prints would be lost.
    if not places and "-s" not in arguments and "-n" not in arguments:
        command += ["-n", str(PROCESSES), "--dist", "loadfile"]
    subprocess.run(command + ["--junitxml", report] + arguments, env=env, cwd=ROOT, check=False)
    if not os.path.exists(report):
        return [0, 1, 0], ["pytest left no report"]
    suite = xml.etree.ElementTree.parse(report).getroot().find("testsuite")
    number = {key: int(suite.get(key, 0)) for key in ("tests", "failures", "errors", "skipped")}
    failed = number["failures"] + number["errors"]
    # An error in a fixture's end is counted by pytest beside the test that passed.
    passed = max(0, number["tests"] - failed - number["skipped"])
    bad = []
    for case in suite.iter("testcase"):
        for trouble in (*case.iter("failure"), *case.iter("error")):
            told = (trouble.get("message") or "").strip().partition("\n")[0]
            bad.append(f"{case.get('classname')}.{case.get('name')}: {told[:300]}")
    return [passed, failed, number["skipped"]], bad


def run_lint(steps):
    sums, bad = [0, 0, 0], []
    for step in steps:
        output, status = run_captured(["make", "--no-print-directory", "-j2", f"lint-{step}"], 1800, os.environ)
        if status != 0:
            print(output)
        print(f"  lint-{step}: {'ok' if status == 0 else 'FAILED'}", flush=True)
        sums[0 if status == 0 else 1] += 1
        if status != 0:
            bad.append(step)
    return sums, bad


def counts_text(passed, failed, skipped):
    return f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else "")


def main():
    runners = {"unit": run_unit, "e2e": run_e2e, "lint": run_lint}
    wanted, arguments = [], []
    for argument in sys.argv[1:]:
        if argument in runners and not arguments:
            wanted.append(argument)
        else:
            arguments.append(argument)
    if not wanted:
        sys.exit(__doc__)
    os.chdir(ROOT)
    summary = os.path.join(ROOT, BUILD, "summary")
    os.makedirs(summary, exist_ok=True)
    lines, all_bad, stopped = [], [], False
    for runner in wanted:
        print(f"== {runner}", flush=True)
        (passed, failed, skipped), bad = runners[runner](arguments)
        if passed + failed == 0:
            print(f"{runner}: nothing ran")
            failed = 1
        lines.append(f"{runner}: {counts_text(passed, failed, skipped)}")
        with open(os.path.join(summary, runner), "w", encoding="utf-8") as file:
            file.write("\n".join([lines[-1], *bad]) + "\n")
        all_bad += bad if failed else []
        stopped |= failed > 0
    print("\n" + "\n".join(all_bad + lines), flush=True)
    sys.exit(1 if stopped else 0)


if __name__ == "__main__":
    main()
