# SPDX-License-Identifier: GPL-2.0-or-later
"""Random chains, made from the table of operations as `dropmill ops --json` tells it: what is added to the table is covered.

A case is a plain dict that JSON holds: {"name", "steps": [{"op", "params"}], "picture": {...}, "ending"}; the same seed and number give
the same case for as long as the table stays the same. What the table cannot tell (how large is sensible, which values belong
together) is little and stands in HINTS; a chain that the checker refuses, or whose picture grows too large, is thrown again.
"""
import functools
import json
import math
import random
import subprocess

from mill import BINARY

# Widths that show a resize's phase when it is computed on another grid than libvips' own (facts: 627 -> 576 in 128-pixel tiles).
PHASES = ((627, 576), (5957, 4288), (3353, 1856))
# (bands, depth, cmyk, profile, ending): what a picture is kept in.
KINDS = {
    "rgb": {"bands": 3, "ending": ".png"},
    "rgb-jpeg": {"bands": 3, "ending": ".jpg"},
    "rgb-profile": {"bands": 3, "ending": ".png", "profile": "p3"},
    "rgba": {"bands": 4, "ending": ".png"},
    "grey": {"bands": 1, "ending": ".png"},
    "grey-alpha": {"bands": 2, "ending": ".png"},
    "rgb16": {"bands": 3, "depth": 16, "ending": ".png"},
    "rgba16": {"bands": 4, "depth": 16, "ending": ".tif"},
    "grey16": {"bands": 1, "depth": 16, "ending": ".png"},
    "cmyk": {"bands": 4, "cmyk": True, "ending": ".tif"},
    "cmyk-profile": {"bands": 4, "cmyk": True, "ending": ".tif", "profile": "cmyk"},
}
TILES = (64, 100, 128, 200, 333, 512, 1000)

# Operations of libvips for `vips`; their parameters are asked for by name.
VIPS = (
    "abs bandmean canny cast colourspace embed extract_band falsecolour flip gamma gaussblur grid hist_equal hist_local hist_norm "
    "invert linear msb rank reduce resize rot rotate round sharpen shrink sign similarity sobel stdif subsample wrap zoom"
).split()

COLOURS = ["black", "white", "red", "'#336699'", "'#ff8000'", "[12, 200, 77]", "transparent", "gray"]
# What an operation's numbers should lie between; (operation or "", parameter) -> (low, high). Else: the bounds, and CAPS by unit.
HINTS = {
    ("crop", "left"): (0, 40),
    ("crop", "top"): (0, 40),
    ("crop", "width"): (1, 300),
    ("crop", "height"): (1, 300),
    ("affine", "matrix"): (-1.6, 1.6),
    ("", "across"): (1, 3),
    ("", "down"): (1, 3),
    ("", "scale"): (0.15, 2.5),
    ("", "width"): (1, 900),
    ("", "height"): (1, 900),
    ("", "hshrink"): (1, 4),
    ("", "vshrink"): (1, 4),
    ("", "xfac"): (1, 3),
    ("", "yfac"): (1, 3),
    ("", "tile_height"): (1, 50),
    ("", "sigma"): (0.3, 8),
    ("", "opacity"): (0, 1),
    ("", "a"): (0.2, 2),
    ("", "b"): (-20, 20),
}
# What no throw of single values would hit; (operation, parameter) -> function of the dice.
SHAPED = {
    ("curves", "all"): lambda dice: dice.points(),
    ("curves", "red"): lambda dice: dice.points(),
    ("curves", "green"): lambda dice: dice.points(),
    ("curves", "blue"): lambda dice: dice.points(),
}
CAPS = {"px": 30, "": 20, "deg": 360, "%": 100}


@functools.lru_cache(maxsize=None)
def ask(name=""):
    done = subprocess.run(
        [BINARY, "ops", *([name] if name else []), "--json"], capture_output=True, text=True, check=True, timeout=60
    )
    return json.loads(done.stdout)


def operations():
    """The table without `vips` and what only programs with test hooks have, by name."""
    return {entry["name"]: entry for entry in ask() if entry["name"] != "vips" and not entry["name"].startswith("test_")}


class Dice:
    """Throws parameters for one case."""

    def __init__(self, seed, assets):
        self.random = random.Random(seed)
        self.assets = assets  # {"image": path, "profile": path, "font": path}

    def range(self, operation, parameter):
        low, high = parameter.get("min", -math.inf), parameter.get("max", math.inf)
        hint = HINTS.get((operation, parameter["name"]), HINTS.get(("", parameter["name"])))
        if hint:
            return max(low, hint[0]), min(high, hint[1])
        cap = CAPS.get(parameter.get("unit") or "", 20)
        default = parameter.get("default")
        if parameter["type"] in ("integer", "number") and default:
            try:
                cap = max(cap, 2 * abs(float(default)))
            except ValueError:
                pass
        # Small ranges are meant from end to end.
        if high - low <= 2 * cap or high <= 360:
            return low, high
        return max(low, -cap if low < 0 else low), max(min(high, cap), low)

    def number(self, operation, parameter):
        low, high = self.range(operation, parameter)
        whole = parameter["type"] == "integer"
        where = self.random.random()
        if where < 0.06:
            value = low
        elif where < 0.12:
            value = high
        elif not whole and low > 0 and high / low > 50:
            value = math.exp(self.random.uniform(math.log(low), math.log(high)))
        else:
            value = self.random.uniform(low, high)
        if whole:
            return max(math.ceil(low), min(math.floor(high), round(value)))
        # Rounding must not leave the bounds.
        return min(max(float(f"{value:.4g}"), low), high)

    def count(self, parameter, usual):
        low = max(parameter.get("count_min") or 0, 1)
        high = parameter.get("count_max") or max(low, usual)
        return self.random.randint(low, min(high, low + usual))

    def points(self):
        """Of a curve: each further right than the one before."""
        count = self.random.randint(2, 5)
        across = sorted(self.random.sample(range(0, 101), count))
        return [[x, self.random.randint(0, 100)] for x in across]

    def value(self, operation, parameter):
        kind = parameter["type"]
        if (operation, parameter["name"]) in SHAPED:
            return SHAPED[operation, parameter["name"]](self)
        if kind in ("integer", "number"):
            return self.number(operation, parameter)
        if kind == "boolean":
            return self.random.random() < 0.5
        if kind == "choice":
            return self.random.choice(parameter["choices"])
        if kind == "choices":
            count = self.random.randint(1, len(parameter["choices"]))
            return self.random.sample(parameter["choices"], count)
        if kind == "colour":
            return {"yaml": self.random.choice(COLOURS)}
        if kind == "numbers":
            return [self.number(operation, parameter) for _ in range(self.count(parameter, 3))]
        if kind == "matrix":
            low, high = max(parameter.get("count_min") or 0, 1), parameter.get("count_max") or 100
            rows = min(max(self.random.choice([3, 3, 3, 5, 4]), low), high)
            return [[self.number(operation, parameter) for _ in range(rows)] for _ in range(rows)]
        if kind == "file":
            name = parameter["name"]
            found = next((self.assets[key] for key in self.assets if key in name), None)
            return found or self.assets["profile" if operation == "icc" else "image"]
        return self.text(parameter)

    def text(self, parameter):
        if parameter.get("default"):
            return parameter["default"]
        return self.random.choice(["dropmill", "{stem} 12", "Grüße"])

    def params(self, operation, table, generosity=0.4):
        """Every required parameter; of the others some."""
        return {
            parameter["name"]: self.value(operation, parameter)
            for parameter in table
            if parameter["required"] or self.random.random() < generosity
        }

    def step(self, name=None):
        names = sorted(operations())
        name = name or self.random.choice(names + ["vips"] * max(1, len(names) // 10))
        if name == "vips":
            inner = self.random.choice(VIPS)
            table = [p for p in ask(inner)[0]["parameters"] if p["type"] != "string" or p["required"]]
            return {"op": "vips", "params": {"operation": inner, **self.params(inner, table, 0.25)}}
        return {"op": name, "params": self.params(name, operations()[name]["parameters"])}

    def size(self):
        where = self.random.random()
        if where < 0.06:
            return self.random.choice([(1, 1), (1, 300), (300, 1), (2, 3), (7, 500)])
        if where < 0.80:
            return self.random.randint(20, 420), self.random.randint(20, 420)
        if where < 0.97:
            return self.random.randint(300, 1100) | 1, self.random.randint(200, 800) | 1
        return self.random.choice([(3000, 2000), (2001, 1501), (1999, 2999)])

    def picture(self, kind=None, size=None):
        kind = kind or self.random.choice(sorted(KINDS))
        width, height = size or self.size()
        picture = {**KINDS[kind], "width": width, "height": height, "seed": self.random.randint(1, 4)}
        if self.random.random() < 0.25:
            picture["orientation"] = self.random.randint(2, 8)
        return picture

    def case(self, name):
        steps = [self.step() for _ in range(self.random.choice([1, 2, 2, 3, 3, 4, 5, 6]))]
        picture = self.picture()
        if self.random.random() < 0.08:
            width, target = self.random.choice(PHASES)
            picture["width"], picture["height"] = width, self.random.randint(100, 300)
            steps[self.random.randrange(len(steps))] = {"op": "resize", "params": {"width": target}}
        return {"name": name, "steps": steps, "picture": picture, "ending": self.ending(picture)}

    def ending(self, picture):
        """Lossless; inks and alpha beside them only fit into TIFF."""
        return ".tif" if picture.get("cmyk") else self.random.choice([".png", ".tif", ".tif"])


def random_case(seed, number, attempt, assets):
    return Dice(f"{seed}/{number}/{attempt}", assets).case(f"c{seed}-{number}")


def single_case(operation, variant, attempt, assets):
    """One step alone on a picture that is cut."""
    dice = Dice(f"{operation}/{variant}/{attempt}", assets)
    picture = dice.picture(list(KINDS)[(variant * 5 + attempt) % len(KINDS)] if variant else "rgb", (457, 391))
    name = f"{operation.replace('_', '-')}-{variant}"
    return {"name": name, "steps": [dice.step(operation)], "picture": picture, "ending": dice.ending(picture)}


def yaml_value(value):
    if isinstance(value, dict):
        return value["yaml"]
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + ", ".join(yaml_value(item) for item in value) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return repr(value)


def yaml_step(step):
    if not step["params"]:
        return step["op"]
    return f"{step['op']}: {{{', '.join(f'{key}: {yaml_value(value)}' for key, value in step['params'].items())}}}"


def definition(case):
    steps = "".join(f"  - {yaml_step(step)}\n" for step in case["steps"])
    options = ", compression: 1" if case["ending"] == ".png" else ""
    return f"steps:{' []' if not steps else ''}\n{steps}outputs:\n  - {{name: \"{{stem}}{case['ending']}\"{options}}}\n"
