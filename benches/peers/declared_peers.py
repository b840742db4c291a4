#!/usr/bin/env python3
"""Literal draws of declared lemmas beside NumPy's vectorised ones for the same statistic: replicates in a second of one core, medians of
interleaved rounds, and their ratio.

Set-up: python3 -m venv V && V/bin/pip install numpy
usage: declared_peers.py PROGRAM [--rounds 5]
"""
import sys
from literal_peers import main
import numpy as np

# Rows of one call: NumPy is at its best where they fit into the cache.
NUMBERS = 200_000

def counted(size, happens):
    """Draws so many rows of `size` numbers as are NUMBERS together; counts those in which it happens."""
    rows = max(1, NUMBERS // size)
    return lambda: (int(np.count_nonzero(happens(rows))), rows)

def hoeffding(rng, n, t):
    return counted(n, lambda rows: 2 * rng.integers(0, 2, (rows, n), dtype=np.int8).sum(1, dtype=np.int64) - n >= t)

def azuma(rng, n, t):
    return counted(n, lambda rows: (2 * rng.integers(0, 2, (rows, n), dtype=np.int8) - 1).cumsum(1, dtype=np.int32).max(1) >= t)

def dkw(rng, n, t):
    place = np.arange(n) / n
    def happens(rows):
        x = rng.random((rows, n))
        x.sort(1)
        return np.maximum(x - place, place + 1 / n - x).max(1) > t
    return counted(n, happens)

def birthday(rng, k, days):
    def happens(rows):
        x = rng.integers(0, days, (rows, k), dtype=np.int32)
        x.sort(1)
        return (x[:, 1:] == x[:, :-1]).any(1)
    return counted(k, happens)

def maurer_pontil(rng, n, p, delta, term):
    ln = np.log(2 / delta)
    def happens(rows):
        x = (rng.random((rows, n)) < p).astype(float)
        return p - x.mean(1) > np.sqrt(2 * x.var(1, ddof=1) * ln / n) + term * 7 * ln / (3 * (n - 1))
    return counted(n, happens)

def johnson_lindenstrauss(rng, m, eps):
    def happens(rows):
        g = rng.standard_normal((rows, m))
        return np.abs(np.einsum("ij,ij->i", g, g) / m - 1) >= eps
    return counted(m, happens)

FOLDER = "experiments/textbook/"
CASES = [(FOLDER + case, replicates, make) for case, replicates, make in [
    ("hoeffding.toml n=100 t=10", 2_000_000, lambda rng: hoeffding(rng, 100, 10)),
    ("azuma.toml n=64 t=8", 1_000_000, lambda rng: azuma(rng, 64, 8)),
    ("dkw.toml n=64 t=0.1", 500_000, lambda rng: dkw(rng, 64, 0.1)),
    ("birthday.toml k=23 N=365", 1_000_000, lambda rng: birthday(rng, 23, 365)),
    ("maurer-pontil.toml n=100 p=0.1 delta=0.1 term=0", 1_000_000, lambda rng: maurer_pontil(rng, 100, 0.1, 0.1, 0)),
    ("johnson-lindenstrauss.toml m=100 eps=0.1", 1_000_000, lambda rng: johnson_lindenstrauss(rng, 100, 0.1)),
]]

if __name__ == "__main__":
    main(CASES)
