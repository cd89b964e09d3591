"""Random numbers that depend on what they are for, and not on what was drawn before.

Each number is a function of the seed, of a name and of an index, so that rows can be made
in pieces of any size, in any order, and come out the same.

Source: the mixing function is that of SplitMix64 (Steele, Lea and Flood 2014, "Fast
Splittable Pseudorandom Number Generators", https://doi.org/10.1145/2660193.2660195);
normal numbers are by Box and Muller 1958, https://doi.org/10.1214/aoms/1177706645.
"""

import zlib

import numpy as np

_GOLDEN = 0x9E3779B97F4A7C15
_MASK = (1 << 64) - 1


def uniform(seed: int, name: str, index: np.ndarray) -> np.ndarray:
    """Returns a number in (0, 1) for each `index`, whole numbers >= 0 [...]; float64 [...]."""
    start = (zlib.crc32(name.encode()) << 32) + seed
    key = int(_mix(np.array([start & _MASK], np.uint64))[0])
    steps = index.astype(np.uint64) * np.uint64(_GOLDEN)
    bits = _mix(steps + np.uint64((key + _GOLDEN) & _MASK)) >> np.uint64(11)
    return (bits.astype(np.float64) + 0.5) * 2.0**-53


def normal(seed: int, name: str, index: np.ndarray) -> np.ndarray:
    """Returns a standard normal number for each `index`, [...], within 8.6 of 0; float64 [...]."""
    radius = np.sqrt(-2.0 * np.log(uniform(seed, f"{name}/radius", index)))
    return radius * np.cos(2.0 * np.pi * uniform(seed, f"{name}/angle", index))


def _mix(x: np.ndarray) -> np.ndarray:
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
