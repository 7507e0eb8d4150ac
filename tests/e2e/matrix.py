# SPDX-License-Identifier: GPL-2.0-or-later
"""What the exactness tests cover: chains, kinds of pictures, and settings of the mill; whole, or reduced so that every pair occurs."""
import itertools
import random

# name -> (steps of a definition in YAML, the same for build/tests/reference)
CHAINS = {
    "grayscale": (["grayscale"], ["grayscale"]),
    "blur": (["blur: {sigma: 3}"], ["blur:sigma=3"]),
    "blur-wide": (["blur: {sigma: 11}"], ["blur:sigma=11"]),
    "sharpen": (["sharpen: {sigma: 1.2}"], ["sharpen:sigma=1.2"]),
    "resize-down": (["resize: {width: 576}"], ["resize:width=576"]),
    "resize-scale": (["resize: {scale: 0.37}"], ["resize:scale=0.37"]),
    "resize-up": (["resize: {scale: 1.7}"], ["resize:scale=1.7"]),
    "thumbnail": (["thumbnail: {width: 300, height: 300}"], ["thumbnail:width=300,height=300"]),
    # libvips' own bytes, where there is alpha; without it nothing else.
    "blur-plain": (["blur: {sigma: 3, premultiply: false}"], ["blur:sigma=3,premultiply=false"]),
    "resize-plain": (["resize: {width: 576, premultiply: false}"], ["resize:width=576,premultiply=false"]),
    "auto_orient": (["auto_orient"], ["auto_orient"]),
    "rotate-90": (["rotate: {angle: 90}"], ["rotate:angle=90"]),
    "rotate-180": (["rotate: {angle: 180}"], ["rotate:angle=180"]),
    "rotate-270": (["rotate: {angle: 270}"], ["rotate:angle=270"]),
    "rotate-12": (["rotate: {angle: 12}"], ["rotate:angle=12"]),
    "flip": (["flip"], ["flip"]),
    "flop": (["flop"], ["flop"]),
    "crop": (
        ["crop: {left: 111, top: 77, width: 803, height: 601}"],
        ["crop:left=111,top=77,width=803,height=601"],
    ),
    "transpose": (["transpose"], ["rotate:angle=90", "flop"]),
    "pad-mirror": (
        ["pad: {all: 140, mode: mirror}"],
        ["vips:operation=embed,x=140,y=140,width=1517,height=1221,extend=mirror"],
    ),
    "pad-blur": (
        ["pad: {width: 2000, height: 1000, gravity: north}", "blur: {sigma: 3}"],
        ["vips:operation=embed,x=381,y=0,width=2000,height=1000", "blur:sigma=3"],
    ),
    "wrap": (["wrap: {x: 400, y: -300}"], ["vips:operation=wrap,x=400,y=-300"]),
    "tile": (["tile: {across: 2, down: 2}"], ["vips:operation=replicate,across=2,down=2"]),
    "invert": (["invert"], ["invert"]),
    # Wider than two tiles of the smallest size: tiles that lie in the border alone.
    "border": (
        ["border: {width: 300, colour: transparent}"],
        ["vips:operation=embed,x=300,y=300,width=1837,height=1541"],
    ),
    "lab": (
        ["colourspace: {space: lab}", "colourspace: {space: srgb}"],
        ["vips:operation=colourspace,space=lab", "vips:operation=colourspace,space=srgb"],
    ),
    "modulate": (
        ["modulate: {brightness: 1.1, saturation: 1.6, hue: 40, lightness: -3}"],
        ["modulate:brightness=1.1,saturation=1.6,hue=40,lightness=-3"],
    ),
    "sharpen-twice": (["sharpen: {sigma: 1.2}", "sharpen: {sigma: 2}"], ["sharpen:sigma=1.2", "sharpen:sigma=2"]),
    "vips-sobel": (["vips: {operation: sobel}"], ["vips:operation=sobel"]),
    "vips-canny": (["vips: {operation: canny, sigma: 1.4}"], ["vips:operation=canny,sigma=1.4"]),
    "vips-rank-wide": (
        ["vips: {operation: rank, width: 7, height: 5, index: 12}"],
        ["vips:operation=rank,width=7,height=5,index=12"],
    ),
    "vips-global": (["vips: {operation: hist_equal}"], ["vips:operation=hist_equal"]),
    "global-twice": (
        ["vips: {operation: hist_equal}", "vips: {operation: hist_equal}"],
        ["vips:operation=hist_equal", "vips:operation=hist_equal"],
    ),
    "grey-blur": (["grayscale", "blur: {sigma: 3}"], ["grayscale", "blur:sigma=3"]),
    "blur-resize": (["blur: {sigma: 2}", "resize: {scale: 1.7}"], ["blur:sigma=2", "resize:scale=1.7"]),
    "resize-sharpen": (["resize: {width: 627}", "sharpen"], ["resize:width=627", "sharpen"]),
    "flip-blur": (["flip", "blur: {sigma: 3}"], ["flip", "blur:sigma=3"]),
    "rotate-sobel": (["rotate: {angle: 90}", "vips: {operation: sobel}"], ["rotate:angle=90", "vips:operation=sobel"]),
    "crop-invert-blur": (
        ["crop: {left: 13, top: 29, width: 1001, height: 777}", "invert", "blur: {sigma: 5}"],
        ["crop:left=13,top=29,width=1001,height=777", "invert", "blur:sigma=5"],
    ),
    "orient-resize-sharpen": (
        ["auto_orient", "resize: {width: 700}", "sharpen: {sigma: 0.8}"],
        ["auto_orient", "resize:width=700", "sharpen:sigma=0.8"],
    ),
    "rotate-any-blur": (["rotate: {angle: -7.5}", "blur: {sigma: 1.5}"], ["rotate:angle=-7.5", "blur:sigma=1.5"]),
    "blur-thumbnail": (
        ["blur: {sigma: 1}", "thumbnail: {width: 333, height: 333}"],
        ["blur:sigma=1", "thumbnail:width=333,height=333"],
    ),
}

# name -> how the picture is made, and what the output is kept in
KINDS = {
    "grey": ({"bands": 1, "ending": ".png", "seed": 11}, ".png"),
    "rgb": ({"bands": 3, "ending": ".jpg", "seed": 12, "orientation": 6}, ".jpg"),
    "rgba": ({"bands": 4, "ending": ".png", "seed": 13}, ".tif"),
    "rgb16": ({"bands": 3, "depth": 16, "ending": ".png", "seed": 14}, ".png"),
    "grey16": ({"bands": 1, "depth": 16, "ending": ".tif", "seed": 15}, ".tif"),
}
WIDTH, HEIGHT = 1237, 941  # no tile size divides them

TILES = (128, 333, 512, 1000)
WORKERS = (1, 2, 5)
PLANES = ("shm", "inline")

# Pieces of random chains; every one may follow every other.
PIECES = [
    ("grayscale", "grayscale"),
    ("invert", "invert"),
    ("flip", "flip"),
    ("flop", "flop"),
    ("blur: {{sigma: {sigma}}}", "blur:sigma={sigma}"),
    ("sharpen: {{sigma: {sigma}}}", "sharpen:sigma={sigma}"),
    ("resize: {{scale: {scale}}}", "resize:scale={scale}"),
    ("rotate: {{angle: {right}}}", "rotate:angle={right}"),
    ("vips: {{operation: sobel}}", "vips:operation=sobel"),
]


def random_chains(count, seed):
    """So many chains of two to five steps, added to CHAINS under names that tell the seed."""
    dice = random.Random(seed)
    names = []
    for number in range(count):
        ours, theirs = [], []
        for _ in range(dice.randint(2, 5)):
            values = {
                "sigma": round(dice.uniform(0.6, 6), 2),
                "scale": round(dice.choice([dice.uniform(0.3, 0.95), dice.uniform(1.05, 1.6)]), 3),
                "right": dice.choice([90, 180, 270]),
            }
            yaml, reference = dice.choice(PIECES)
            ours.append(yaml.format(**values))
            theirs.append(reference.format(**values))
        name = f"random-{seed}-{number}"
        CHAINS[name] = (ours, theirs)
        names.append(name)
    return names


def settings():
    return list(itertools.product(TILES, WORKERS, PLANES))


def full():
    """(tile, workers, plane) -> every (chain, kind)"""
    return {setting: list(itertools.product(CHAINS, KINDS)) for setting in settings()}


def pairwise():
    """The same, reduced: every chain meets every kind, tile size, worker count and plane, and so does every kind."""
    axes = (list(CHAINS), list(KINDS), TILES, WORKERS, PLANES)
    open_pairs = {
        ((i, a), (j, b)) for i, j in itertools.combinations(range(len(axes)), 2) for a in axes[i] for b in axes[j]
    }
    cases = {setting: [] for setting in settings()}
    dice = random.Random(2)  # of equally good rows, any; the same in every run
    while open_pairs:
        # A row that closes one open pair for certain, and of some tries the one that closes most.
        (i, a), (j, b) = min(open_pairs, key=repr)
        best, gained = None, set()
        for _ in range(40):
            row = [dice.choice(axis) for axis in axes]
            row[i], row[j] = a, b
            closed = {
                pair
                for pair in itertools.combinations(list(enumerate(row)), 2)
                if pair in open_pairs
            }
            if len(closed) > len(gained):
                best, gained = row, closed
        open_pairs -= gained
        cases[tuple(best[2:])].append((best[0], best[1]))
    return cases
