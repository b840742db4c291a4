#!/usr/bin/env python3
"""The boxes of Lemmas 7 and 8 as one would write them with SciPy: nested adaptive quadrature of their definitions over the scales.

Given the scale s ~ chi^2_k, the coordinates of a sum of k NSN vectors are independent N(0, s). Prints the CPU seconds, the value and
the estimated error. At the origin; one thread.
usage: boxes_scipy.py box K D EPS | box-erf K D EPS | joint K J D EPS
"""
import math, os, sys, time
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")
from scipy.integrate import nquad, quad
from scipy.special import erf


def density(k, s):
    return math.exp((k / 2 - 1) * math.log(s) - s / 2 - k / 2 * math.log(2) - math.lgamma(k / 2)) if s > 0 else 0.0


def interval(mean, variance, eps):
    root = math.sqrt(2 * variance)
    return 0.5 * (erf((eps - mean) / root) + erf((eps + mean) / root))


def bulk(k):
    """Where chi^2_k lies but for 1e-12."""
    return max(0.0, k - 8 * math.sqrt(2 * k)), k + 8 * math.sqrt(2 * k) + 40


def box(k, d, eps):
    """Nested: the normal density over the box's side, inside the scale."""
    def side(s):
        return quad(lambda y: math.exp(-y * y / (2 * s)) / math.sqrt(2 * math.pi * s), -eps, eps, epsabs=0, epsrel=1e-12)[0]
    return quad(lambda s: density(k, s) * side(s) ** d, *bulk(k), epsabs=0, epsrel=1e-10, limit=500)


def box_erf(k, d, eps):
    """With the normal interval by erf: one dimension is left."""
    return quad(lambda s: density(k, s) * interval(0, s, eps) ** d, *bulk(k), epsabs=0, epsrel=1e-10, limit=500)


def joint(k, j, d, eps):
    """s and s' of the parts that differ, b of the shared part; per coordinate, the shared part's value y."""
    def rectangle(s, t, b):
        def f(y):
            return math.exp(-y * y / (2 * b)) / math.sqrt(2 * math.pi * b) * interval(y, s, eps) * interval(y, t, eps)
        reach = min(9 * math.sqrt(b), eps + 9 * math.sqrt(min(s, t)))
        return quad(f, -reach, reach, epsabs=0, epsrel=1e-9, limit=200)[0]

    def f(s, t, b):
        return density(j, s) * density(j, t) * density(k - j, b) * rectangle(s, t, b) ** d

    options = {"epsabs": 0, "epsrel": 1e-8, "limit": 200}
    return nquad(f, [bulk(j), bulk(j), bulk(k - j)], opts=[options] * 3)[:2]


if __name__ == "__main__":
    kind, *numbers = sys.argv[1:]
    *whole, eps = numbers
    start = time.process_time()
    value, error = {"box": box, "box-erf": box_erf, "joint": joint}[kind](*map(int, whole), float(eps))
    print(f"{time.process_time() - start:.6f} {value!r} {error:.1e}")
