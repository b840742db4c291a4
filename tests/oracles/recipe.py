"""Writes the reference values *.csv of tests/oracles.rs: mpmath at 60 digits or more, fixed seed.

    python3 recipe.py [NAME ...]        (mpmath 1.3; gmpy2 makes it faster)

Numbers in the first columns mean the doubles nearest to their text; `ln` and `bound` are ln of the exact value at these
doubles, with 30 digits, -0 where that is above -1e-400. -inf is an exact 0. A value that no double holds is written out all the same.
binomial_tail, chi_square_tail, existence, nsn_box, nsn_joint_box and overlap_tail.csv are older and not written here.
"""

import csv
import math
import random
import sys
from functools import lru_cache
from pathlib import Path

from mpmath import mp, mpf, inf

mp.dps = 60
DIGITS = 30
HERE = Path(__file__).parent
BITS = 320  # of the sums in fixed point


def text(ln):
    if 0 < -ln < mpf(10) ** -400:
        return "-0"
    return "-inf" if ln == -inf else mp.nstr(ln, DIGITS, min_fixed=-5, max_fixed=20)


def stable(compute):
    """The value at so many digits that twice as many change none of the first 40."""
    digits, last = 80, None
    while True:
        with mp.workdps(digits):
            value = compute()
        if last is not None and (value == last or abs(value - last) <= mpf(10) ** -40 * abs(value)):
            return value
        digits, last = 2 * digits, value
        assert digits < 20000, "no digits"


def log_uniform(rng, low, high):
    """A double with few digits, evenly spread in its log."""
    value = mp.mpf(10) ** mp.mpf(rng.uniform(float(mp.log10(mpf(low))), float(mp.log10(mpf(high)))))
    return min(max(float(mp.nstr(value, 6)), low), high)


def whole(rng, low, high):
    return min(max(int(log_uniform(rng, max(low, 1), high)), low), high)


def distinct(cells):
    return list(dict.fromkeys(cells))


# Normal intervals.

def interval(z, sigma, eps):
    """Pr(|Y - z| <= eps) for Y normal with standard deviation sigma, at the working precision."""
    z, sigma, eps = abs(mpf(z)), mpf(sigma), mpf(eps)
    root = sigma * mp.sqrt(2)
    if eps >= z:
        return (mp.erf((eps - z) / root) + mp.erf((eps + z) / root)) / 2
    return (far(mp.erfc, (z - eps) / root) - far(mp.erfc, (z + eps) / root)) / 2


def far(erfc, x):
    """erfc(x); beyond 1e5 by its asymptotic series."""
    return erfc(x) if x < 100000 else mp.exp(ln_far(x))


def ln_far(x):
    """ln erfc(x) for x from 1e5 on, by its asymptotic series, whose terms fall until about x^2. Far out exp is an exact 0 here."""
    total = term = mpf(1)
    for n in range(1, 10 ** 6):
        term *= -(2 * n - 1) / (2 * x * x)
        total += term
        if abs(term) < mpf(10) ** -(mp.dps + 5):
            break
    return mp.log(total) - x * x - mp.log(x * mp.sqrt(mp.pi))


def ln_far_interval(z, sigma, eps):
    """ln of half of what lies between the edges in erfc; 2500 digits tell edges of doubles apart, in units of sigma and squared."""
    with mp.workdps(2500):
        root = sigma * mp.sqrt(2)
        near, edge = ln_far((z - eps) / root), ln_far((z + eps) / root)
        return near + mp.log1p(-mp.exp(edge - near)) - mp.log(2)


def ln_interval(z, sigma, eps):
    z, sigma, eps = abs(mpf(z)), mpf(sigma), mpf(eps)
    if eps > z and (eps - z) / sigma > 3:
        # Near 1: by what is missing.
        root = sigma * mp.sqrt(2)
        return mp.log1p(-(far(mp.erfc, (eps - z) / root) + far(mp.erfc, (eps + z) / root)) / 2)
    edge, width = (z - eps) / sigma, 2 * eps / sigma
    if edge > 0 and width * (edge + width) < mpf(10) ** -25:
        # The density at the centre, to second order: the next order is below 1e-50.
        centre, half = z / sigma, eps / sigma
        return mp.log(2 * half) - mp.log(2 * mp.pi) / 2 - centre ** 2 / 2 + mp.log1p((centre ** 2 - 1) * half ** 2 / 6)
    if edge > 200000:
        return ln_far_interval(z, sigma, eps)
    return stable(lambda: mp.log(interval(z, sigma, eps)))


def normal_interval(rng):
    tiny, huge = 5e-324, 1.7e308
    cells = [(s, z, e) for s in [tiny, 1e-310, 1.0, 1e300, huge] for z in [0.0, tiny, 1.0, 1e160, huge]
             for e in [tiny, 1e-300, 1.0, huge]]
    while len(cells) < 160:
        sigma = log_uniform(rng, 1e-300, 1e300)
        z, eps = sigma * log_uniform(rng, 1e-6, 1e6), sigma * log_uniform(rng, 1e-12, 1e4)
        cells.append((sigma, z * rng.choice([-1, 1]), eps))
    while len(cells) < 230:
        # The edge at 0, and beside it.
        eps = log_uniform(rng, 1e-3, 1e3)
        cells.append((log_uniform(rng, 1e-3, 1e3), eps * (1 + rng.choice([0, 1, -1]) * log_uniform(rng, 1e-15, 1)), eps))
    for sigma, z, eps in distinct(cells):
        yield [repr(sigma), repr(z), repr(eps), text(ln_interval(z, sigma, eps)), text(ln_interval(0, sigma, eps))]


# Sums of terms by the ratio of neighbours.

def outward(ratio, steps):
    """1 + r0 + r0 r1 + ... of `steps` positive ratios (numerator, denominator) that fall in the end, in fixed point."""
    term = total = 1 << BITS
    for i in range(steps):
        numerator, denominator = ratio(i)
        term = term * numerator // denominator
        total += term
        # What follows is less than a geometric series.
        if numerator < denominator and term * denominator <= (total >> 220) * (denominator - numerator):
            break
    return mpf(total) / mpf(1 << BITS)


def ln_choose(n, k):
    with mp.workdps(110):
        return mp.loggamma(n + 1) - mp.loggamma(k + 1) - mp.loggamma(n - k + 1)


def ln_complement(ln):
    return -inf if ln == 0 else mp.log1p(-mp.exp(ln))


def ln_binomial_tail(n, p, m, upper):
    """ln Pr(X >= m) or Pr(X <= m); the smaller tail is summed."""
    if (upper and m <= 0) or (not upper and m >= n):
        return mpf(0)
    if (upper and m > n) or (not upper and m < 0):
        return -inf
    over, under = p.as_integer_ratio()
    if upper and m * under <= n * over:
        return ln_complement(ln_binomial_tail(n, p, m - 1, False))
    if not upper and m * under > n * over:
        return ln_complement(ln_binomial_tail(n, p, m + 1, True))
    rest = under - over
    with mp.workdps(110):
        first = ln_choose(n, m) + m * mp.log(mpf(p)) + (n - m) * mp.log1p(-mpf(p))
        if upper:
            tail = outward(lambda i: ((n - m - i) * over, (m + i + 1) * rest), n - m)
        else:
            tail = outward(lambda i: ((m - i) * rest, (n - m + i + 1) * over), m)
        return first + mp.log(tail)


def binomial_tails(rng):
    least, most = 1e-310, 1 - 2.0 ** -53
    cells = [(n, p, m) for n in [1, 2, 50] for p in [least, 5e-324, 1e-20, 0.5, 1 - 1e-9, most] for m in {0, 1, n // 2, n}]
    while len(cells) < 90:
        n = whole(rng, 3, 10 ** 4)
        cells.append((n, rng.choice([rng.random(), log_uniform(rng, 1e-300, 1), 1 - log_uniform(rng, 1e-15, 1)]), rng.randint(0, n)))
    while len(cells) < 112:
        n, p = whole(rng, 10 ** 4, 10 ** 8), rng.choice([0.5, rng.random(), log_uniform(rng, 1e-9, 1)])
        deviation = (n * p * (1 - p)) ** 0.5
        cells.append((n, p, min(max(round(n * p + rng.choice([-30, -3, -0.1, 0, 0.1, 3, 30, 300]) * deviation), 0), n)))
    cells += [(10 ** 9, p, m) for p, m in [(0.5, 5 * 10 ** 8), (0.5, 10 ** 9), (0.5, 0), (1e-310, 1), (1e-310, 10 ** 9), (1e-9, 1),
                                          (1 - 1e-16, 10 ** 9), (0.999, 1), (0.25, 25 * 10 ** 7 + 10 ** 6)]]
    for n, p, m in distinct(cells):
        for upper in [True, False]:
            yield [n, repr(p), m, "upper" if upper else "lower", text(ln_binomial_tail(n, p, m, upper))]


def chernoff(rng):
    """Binomial laws at thresholds that are exactly no whole numbers, nor near one."""
    cells = []
    while len(cells) < 210:
        n = rng.choice([1, 10, whole(rng, 1, 1000), whole(rng, 1, 10 ** 6), whole(rng, 10 ** 6, 10 ** 8)])
        p = rng.choice([0.5, rng.random(), log_uniform(rng, 1e-3, 1), log_uniform(rng, 1e-310, 1), 1e-310, 1 - 1e-16])
        delta = rng.choice([0.5, rng.random(), log_uniform(rng, 1e-3, 1), log_uniform(rng, 1e-12, 1), 0.999])
        upper = rng.random() < 0.5
        plus = rng.choice([1.0, 1.0, 2.0, log_uniform(rng, 1, 100)])
        minus = rng.choice([1.0, 1.0, 0.5, log_uniform(rng, 0.01, 1)])
        with mp.workdps(700):
            at = (1 + mpf(delta)) * n * mpf(p) * mpf(plus) if upper else (1 - mpf(delta)) * n * mpf(p) * mpf(minus)
            m = int(mp.ceil(at)) if upper else int(mp.floor(at))
            nearest = mp.nint(at)
            if nearest != 0 and abs(at - nearest) < mpf(10) ** -14 * at or (m > n if upper else False) and rng.random() < 0.8:
                continue
            square = mpf(delta) ** 2
            bound = -square * n * mpf(p) * mpf(plus) / (3 if upper else 2)
        cells.append((n, p, delta, plus, minus, upper, m, bound))
    for n, p, delta, plus, minus, upper, m, bound in distinct(cells):
        ln = ln_binomial_tail(n, p, m, upper)
        yield ["upper" if upper else "lower", n, repr(p), repr(delta), repr(plus), repr(minus), text(ln), text(bound)]


def poisson_binomial_tails(rng):
    """Sums of events: `probabilities` are one period of the list, which is repeated `copies` times."""
    laws = [([0.5], 1), ([1e-310, 0.5], 3), ([1 - 2.0 ** -53, 1e-16], 4), ([1e-300], 5), ([5e-324, 1 - 2.0 ** -53], 2),
            ([1 - 1e-12], 60), ([1e-12], 60), ([1e-9, 1e-3, 0.999, 1 - 1e-9], 50)]
    while len(laws) < 27:
        draw = rng.choice([rng.random, lambda: log_uniform(rng, 1e-300, 1), lambda: 1 - log_uniform(rng, 1e-15, 1),
                           lambda: log_uniform(rng, 1e-3, 1)])
        period = [min(draw(), 1 - 2.0 ** -53) for _ in range(rng.randint(1, 6))]
        laws.append((period, rng.choice([1, 2, 7, 30, 70])))
    for period, copies in laws:
        law = [mpf(1)]
        with mp.workdps(60):
            for p in [mpf(p) for p in period] * copies:
                law = [a * (1 - p) + b * p for a, b in zip(law + [0], [0] + law)]
        n = len(law) - 1
        for m in sorted({0, n, n // 2, rng.randint(0, n), rng.randint(0, n)}):
            for upper in [True, False]:
                part, rest = (law[m:], law[:m]) if upper else (law[:m + 1], law[m + 1:])
                small, large = sum(part), sum(rest)
                ln = mp.log(small) if small < 0.5 else mp.log1p(-large)
                yield [" ".join(map(repr, period)), copies, m, "upper" if upper else "lower", text(ln)]


def ln_overlap_tail(n, k, least):
    smallest = max(0, 2 * k - n)
    if least <= smallest:
        return mpf(0)
    ratio = lambda m: ((k - m) ** 2, (m + 1) * (n - 2 * k + m + 1))
    with mp.workdps(110):
        at = lambda m: ln_choose(k, m) + ln_choose(n - k, k - m) - ln_choose(n, k)
        if least * n <= k * k:
            m = least - 1
            below = outward(lambda i: ratio(m - i - 1)[::-1], m - smallest)
            return ln_complement(at(m) + mp.log(below))
        return at(least) + mp.log(outward(lambda i: ratio(least + i), k - least))


def overlap(rng):
    cells = [(1, 1, 1), (2, 1, 1), (2, 1, 2), (5, 5, 1), (5, 5, 5), (5, 4, 2), (10 ** 12, 10 ** 6, 1), (10 ** 12, 1, 1),
             (10 ** 12, 10 ** 6, 10 ** 5), (10 ** 12, 10 ** 5, 2), (10 ** 12, 999983, 7), (999999999989, 10 ** 6, 10 ** 5)]
    for k in [3, 50, 1000, 10 ** 5, 10 ** 6]:
        cells += [(2 * k + shift, k, d) for shift in [-1, 0, 1] for d in [1, 2, 3]]
    while len(cells) < 120:
        n = whole(rng, 2, 3000)
        cells.append((n, rng.randint(1, n), whole(rng, 1, 100)))
    while len(cells) < 215:
        k = whole(rng, 1, 10 ** 6)
        n = rng.choice([k * k, whole(rng, k, 10 ** 12), k + whole(rng, 1, k), 2 * k])
        # d = n/k puts the threshold at the mean.
        d = rng.choice([whole(rng, 1, 10 ** 5), max(1, min(n // k, 10 ** 5)), 2])
        if k <= n:
            cells.append((n, k, d))
    for n, k, d in distinct(cells):
        bound = -2 * mpf(k) / d ** 2 * (1 - mpf(d) / k) ** 2
        yield [n, k, d, text(ln_overlap_tail(n, k, -(-k // d))), text(bound)]


# Chi-square laws.

def ln_chi_square_upper(d, x):
    """ln Q(d/2, x/2) for whole d and x >= d: a finite sum of positive terms, from the largest down."""
    with mp.workdps(110):
        y = mpf(x) / 2
        if d == 1:
            return mp.log(mp.erfc(mp.sqrt(y)))
        scaled = int(y * mpf(1 << BITS))
        # y^b / Gamma(b + 1), b = d/2 - 1, d/2 - 2, ..., down to 0 or 1/2.
        first = (mpf(d) / 2 - 1) * mp.log(y) - y - mp.loggamma(mpf(d) / 2)
        tail = outward(lambda i: ((d - 2 - 2 * i) << (BITS - 1), scaled), (d - 2) // 2 if d % 2 == 0 else (d - 3) // 2)
        ln = first + mp.log(tail)
        if d % 2 == 1:
            rest = mp.log(mp.erfc(mp.sqrt(y)))
            ln += mp.log1p(mp.exp(rest - ln))
        return ln


def ln_chi_square_lower(d, x):
    """ln P(d/2, x/2) by the series of positive terms."""
    with mp.workdps(110):
        y = mpf(x) / 2
        scaled = int(y * mpf(1 << 400))
        series = outward(lambda i: (scaled, (d + 2 + 2 * i) << 399), 10 ** 8)
        return mpf(d) / 2 * mp.log(y) - y - mp.loggamma(mpf(d) / 2 + 1) + mp.log(series)


def chi_square(rng):
    cells = [(d, t, upper) for d in [1, 2, 3, 10 ** 3] for t in [5e-324, 1e-300, 1e-16, 1e-3, 1.0, 1e9] for upper in [True, False]]
    # The lower threshold at 0, and a little above and below it.
    cells += [(d, d / 4 * factor, False) for d in [1, 2, 1000, 10 ** 6, 10 ** 9] for factor in [1, 1 - 1e-12, 1 - 1e-6, 1 + 1e-6]]
    cells += [(10 ** 9, t, upper) for t in [1e-12, 1.0, 1e4, 1e9] for upper in [True, False] if upper or t < 2e8]
    while len(cells) < 210:
        d, upper = whole(rng, 1, 10 ** rng.choice([1, 3, 6, 8])), rng.random() < 0.5
        t = log_uniform(rng, 1e-9, 1e6) if upper else d / 4 * log_uniform(rng, 1e-9, 1)
        cells.append((d, t, upper))
    for d, t, upper in distinct(cells):
        with mp.workdps(700):
            x = d + 2 * mp.sqrt(d * mpf(t)) + 2 * mpf(t) if upper else d - 2 * mp.sqrt(d * mpf(t))
        ln = ln_chi_square_upper(d, x) if upper else ln_chi_square_lower(d, x) if x > 0 else -inf
        yield ["upper" if upper else "lower", d, repr(float(t)), text(ln), text(-mpf(t))]


# Boxes of sums of NSN vectors.

def ln_log_density(k, u):
    """ln of the density of ln s at u, s chi-square with k degrees of freedom."""
    return mpf(k) / 2 * u - mp.exp(u) / 2 - mpf(k) / 2 * mp.log(2) - ln_gamma_half(k)


@lru_cache(None)
def ln_gamma_half(k):
    with mp.workdps(90):
        return mp.loggamma(mpf(k) / 2)


FALL = 100  # e-folds below the top at which a lattice sum ends: 1e-43


def climb(f, start):
    at, step, best = mpf(start), mpf(1), f(mpf(start))
    while step > 1e-7:
        for sign in [1, -1]:
            value = f(at + sign * step)
            if value > best:
                at, best, step = at + sign * step, value, step * 2
                break
        else:
            step /= 2
    return at, best


def lattice(f, modes, h):
    """ln of the integral of e^f by sums on lattices of step h, from the modes outward; exponentially exact in 1/h."""
    anchor, values = modes[0], {}

    def value(i):
        if i not in values:
            values[i] = f(anchor + i * h)
        return values[i]

    for mode in modes:
        start = int(mp.nint((mode - anchor) / h))
        for direction in [1, -1]:
            i, top = start, value(start)
            while value(i) > top - FALL:
                top = max(top, value(i))
                i += direction
    top = max(values.values())
    return top + mp.log(sum(mp.exp(v - top) for v in values.values() if v > top - 2 * FALL) * h)


def width_at(f, mode, best):
    w = mpf(10) ** -7
    while f(mode + w) > best - 0.5 and f(mode - w) > best - 0.5 and w < 8:
        w *= 1.5
    return w


def ln_integral(f, starts, agreement):
    modes = [climb(f, start) for start in starts]
    top = max(best for _, best in modes)
    modes = [mode for mode, best in modes if best > top - FALL]
    h = min(width_at(f, mode, f(mode)) for mode in modes)
    last = lattice(f, modes, h)
    while True:
        h /= 2
        value = lattice(f, modes, h)
        if abs(value - last) < agreement:
            return value  # Its own error is about the square of the difference.
        last = value


def coordinates(target, k, d):
    if target == "origin":
        return [(mpf(0), d)]
    if target == "axis":
        return [(mp.sqrt(k), 1)] + ([(mpf(0), d - 1)] if d > 1 else [])
    if target == "spread":
        return [(mp.sqrt(k) / d, d)]
    listed = [abs(float(x)) for x in target.strip("[]").split(",")]
    return [(mpf(z), listed.count(z)) for z in sorted(set(listed))]


def ln_interval_quick(z, sigma, eps):
    """As ln_interval at the working precision and 25 digits more, which boxes lose at most."""
    if eps > z and (eps - z) / sigma > 20:
        return -(mp.erfc((eps - z) / (sigma * mp.sqrt(2))))
    width, edge = 2 * eps / sigma, (z - eps) / sigma
    if edge > 0 and width * (edge + width) < mpf(10) ** -15:
        centre, half = z / sigma, eps / sigma
        return mp.log(2 * half) - mp.log(2 * mp.pi) / 2 - centre ** 2 / 2 + mp.log1p((centre ** 2 - 1) * half ** 2 / 6)
    with mp.workdps(75):
        return mp.log(interval(z, sigma, eps))


def ln_box(k, d, eps, target):
    cs, eps = coordinates(target, k, d), mpf(eps)

    def f(u):
        sigma = mp.exp(u / 2)
        return ln_log_density(k, u) + sum(count * ln_interval_quick(z, sigma, eps) for z, count in cs)

    with mp.workdps(50):
        starts = [mp.log(k)] + ([2 * mp.log(eps)] if d > 1 or k < 4 else [])
        starts += [2 * mp.log(eps - z) for z, _ in cs if 0 < z < eps]
        return ln_integral(f, starts, mpf(10) ** -17)


def c_d(d):
    return min(mpf(1) / d ** 2, mpf(1) / 16)


def ln_box_bound(k, d, eps):
    c = c_d(d)
    return -mp.log(16) + d * (mp.log(2 * mpf(eps)) - mp.log(mp.pi * (1 + 2 * mp.sqrt(c) + 2 * c) * k) / 2)


def box_cells(rng, count):
    cells = [(16, 1, 5e-324, "origin"), (16, 1, 1e-310, "axis"), (16, 16, 5e-324, "origin"), (10 ** 6, 100, 1e-320, "spread"),
             (16, 4, 1e300, "origin"), (16, 2, 1.7e308, "axis"), (10 ** 9, 1, 0.1, "origin"), (10 ** 9, 100, 1e-12, "axis"),
             (10 ** 9, 10 ** 5, 0.1, "spread"), (10 ** 5, 10 ** 5, 1e-9, "origin"), (1, 1, 0.1, "origin"), (1, 1, 0.1, "axis"),
             (1, 100, 0.1, "origin"), (2, 10 ** 5, 1e-3, "origin"), (16, 3, 0.2, "[0.1, -0.1999, 3]"), (16, 2, 0.1, "[1e-9, 1e3]"),
             (16, 2, 0.25, "[0.25, 0.25]"), (3, 3, 1.0, "[0.999999, 0.999999, 0.999999]"), (100, 2, 0.1, "[30, 1e-300]")]
    while len(cells) < count:
        k = whole(rng, 1, 10 ** rng.choice([2, 4, 6, 9]))
        d = rng.choice([1, 2, 3, whole(rng, 1, 300), whole(rng, 1, 10 ** 5)])
        eps = rng.choice([log_uniform(rng, 1e-12, 1), log_uniform(rng, 1e-3, 10), log_uniform(rng, 1e-300, 1)])
        target = rng.choice(["origin", "axis", "spread"])
        cells.append((k, d, eps, target))
    return distinct(cells)


def nsn_boxes(rng):
    for k, d, eps, target in box_cells(rng, 205):
        yield [k, d, repr(eps), target, text(ln_box(k, d, eps, target)), text(ln_box_bound(k, d, eps))]


def ln_joint_bound(j, d, eps):
    return mp.log(3) + d * mp.log(4 * mpf(eps) ** 2 / (mp.pi * (1 - 2 * mp.sqrt(c_d(d))) * j))


def joint_boxes(rng):
    """Lemma 8 where it has few dimensions: j = k are two independent boxes; at the origin the density for small eps."""
    for k, d, eps, target in box_cells(rng, 130):
        yield [k, k, d, repr(eps), target, text(2 * ln_box(k, d, eps, target)), text(ln_joint_bound(k, d, eps))]
    for k, j, d in [(2, 1, 1), (16, 3, 2), (10 ** 6, 10 ** 5, 100)]:
        # A sum leaves such a box with a probability below e^-1e9.
        for eps in [1e10, 1e300, 1.7e308]:
            yield [k, j, d, repr(eps), "origin", "-0", text(ln_joint_bound(j, d, eps))]
    cells = [(100, 30, 3, 5e-324), (10 ** 9, 9, 1, 1e-310)]
    while len(cells) < 80:
        d, j = rng.choice([1, 2, 3, 5, 10, 100]), whole(rng, 3, rng.choice([30, 10 ** 4]))
        k = j + whole(rng, 1, rng.choice([10, 10 ** 3, 10 ** 6]))
        if j > d + 4:
            cells.append((k, j, d, log_uniform(rng, 1e-300 if d < 5 else 1e-30, 1e-15)))
    yield from moderate_joint_boxes(random.Random("lemmascope moderate joint boxes"))
    for k, j, d, eps in distinct(cells):
        yield [k, j, d, repr(eps), "origin", text(ln_joint_density(k, j, d) + 2 * d * mp.log(2 * mpf(eps))), text(ln_joint_bound(j, d, eps))]


def moderate_joint_boxes(rng):
    """Lemma 8 at boxes that are neither tiny nor huge, j < k: cells of every target, also with more dimensions than j or k - j."""
    cells = [(2, 1, 1, 0.5, "spread"), (2, 1, 2, 0.01, "spread"), (3, 1, 2, 0.25, "axis"), (16, 15, 16, 0.1, "origin"), (16, 3, 4, 0.1, "axis"),
             (16, 14, 2, 0.1, "axis"), (4096, 1, 1, 0.25, "origin"), (4096, 1, 2, 0.1, "axis"), (100, 4, 24, 0.1, "axis"), (64, 1, 3, 0.2, "[0.2, 0.5, 1]")]
    while len(cells) < 25:
        k = whole(rng, 2, rng.choice([10, 100, 3000]))
        j = rng.choice([1, 2, whole(rng, 1, k - 1), k - 1])
        d, target = rng.choice([1, 2, 3, whole(rng, 1, 24)]), rng.choice(["origin", "axis", "spread"])
        cells.append((k, min(j, k - 1), d, log_uniform(rng, 3e-3, 1), target))
    for k, j, d, eps, target in distinct(cells):
        ln = ln_joint_by_shared_part(k, j, d, eps, target, 1)
        check = ln_joint_by_shared_part(k, j, d, eps, target, 0.83)
        assert abs(ln - check) < 1e-11 * (1 + abs(ln)), (k, j, d, eps, target, ln, check)
        yield [k, j, d, repr(eps), target, repr(check), text(ln_joint_bound(j, d, eps))]


def ln_joint_by_shared_part(k, j, d, eps, target, fine):
    """ln Pr of the joint box in doubles, by the shared part: given b and the value y of B in one coordinate, A and C are apart.

    With g_s(y) = Pr(|y + sqrt(s) N - z| <= eps), a coordinate's probability is the integral of g_s g_s' times the density of B. It is
    a lattice sum over the log of the distance from the box's edges; s, s' and b are lattice sums over their logs.
    """
    import numpy as np
    from scipy.special import ndtr

    def scale(freedom):
        low = min(np.log(freedom) - 12 * np.sqrt(2 / freedom), 2 * np.log(eps) - np.log(d) - 5) - 76 / freedom
        step = fine * min(0.3, 0.45 * np.sqrt(2 / freedom))
        u = np.arange(low, np.log(freedom) + min(12 * np.sqrt(2 / freedom), 5), step)
        ln = freedom / 2 * (u - np.exp(u)/freedom - float(mp.log(2))) - float(ln_gamma_half(freedom)) + np.log(step)
        keep = ln > ln.max() - 60 - 38 * d / max(freedom, 1) - 700
        return np.exp(u[keep] / 2), ln[keep]

    def ys(z):
        """Nodes y, the distances to the box's nearer edge (negative outside) and to the other one, and weights: every part between
        0 and the edges is a lattice over its logit, or over the log of the distance from its only end."""
        step, edges = 0.1 * fine, (z - eps, z + eps)
        points = sorted({0.0, *edges})
        log = np.arange(np.log(eps) - 36, np.log(200 * np.sqrt(k) + 50 * eps), step)
        logit = np.arange(-36, 36, step)
        parts = [(None, points[0], None, np.exp(log), np.exp(log)), (points[-1], None, np.exp(log), None, np.exp(log))]
        for low, high in zip(points, points[1:]):
            up, down = (high - low) / (1 + np.exp(-logit)), (high - low) / (1 + np.exp(logit))
            parts.append((low, high, up, down, up * down / (high - low)))
        columns = []
        for low, high, up, down, weight in parts:
            # y - point, exact where the point is an end of the part.
            def beyond(point):
                if point == low:
                    return up
                if point == high:
                    return -down
                return low + up - point if up is not None else high - down - point
            left, right = beyond(edges[0]), -beyond(edges[1])
            columns.append((beyond(0.0), np.minimum(left, right), np.maximum(left, right), weight * step))
        return [np.concatenate(column) for column in zip(*columns)]

    def inside(near, other, sigma):
        return ndtr(near / sigma) - ndtr(-other / sigma)

    (ends, ln_ends), (shared, ln_shared) = scale(j), scale(k - j)
    groups = []
    for z, count in coordinates(target, k, d):
        y, near, other, weight = ys(float(z))
        groups.append((y, weight, inside(near[:, None], other[:, None], ends[None, :]), float(count)))
    pairs = ln_ends[:, None] + ln_ends[None, :]
    terms = []
    with np.errstate(divide="ignore", under="ignore"):
        for b, ln_b in zip(shared, ln_shared):
            ln = pairs + ln_b
            for y, weight, g, count in groups:
                law = weight * np.exp(-0.5 * (y / b) ** 2) / (b * np.sqrt(2 * np.pi))
                ln = ln + count * np.log(g.T @ (law[:, None] * g))
            top = ln.max()
            terms.append(top + np.log(np.exp(ln - top).sum()) if top > -np.inf else top)
    terms = np.array(terms)
    return float(terms.max() + np.log(np.exp(terms - terms.max()).sum()))


def ln_joint_density(k, j, d):
    """ln of the density of (A+B, B+C) at 0: E (2 pi)^-d det^(-d/2), det = s b + s s' + b s'.

    With s = w p, s' = w (1-p), w chi-square 2j and p Beta(j/2, j/2) apart: det = w (b + w p (1-p)). A box of half-width
    1e-15 changes the density by less than 1e-24 for j > d + 4. Both integrals are lattice sums, over the logit of p and over
    the log of b/w; the total b + w is apart from their ratio.
    """
    with mp.workdps(30):
        a, b = mpf(j), mpf(k - j) / 2  # shapes of w/2 and b/2
        half, power = mpf(j) / 2, mpf(d) / 2
        # E (w + b)^-d 2^-... of the total, chi-square 2a + 2b, to the power -d.
        total = -d * mp.log(2) + mp.loggamma(a + b - d) - mp.loggamma(a + b)

        def inner(x):
            # x = ln(b/w); the law of the ratio, with 1/(1+r)^(a+b) and the factor (1+r)^d of the total taken apart.
            r = mp.exp(x)
            ratio = mp.loggamma(a + b) - mp.loggamma(a) - mp.loggamma(b) + b * x - (a + b - d) * mp.log1p(r)

            def over_p(y):
                # p = 1/(1 + e^-y): p (1-p) = e^y/(1+e^y)^2.
                ln_pq = y - 2 * mp.log1p(mp.exp(y)) if y < 0 else -y - 2 * mp.log1p(mp.exp(-y))
                return half * ln_pq - power * mp.log(r + mp.exp(ln_pq))

            beta = 2 * mp.loggamma(half) - mp.loggamma(a)
            return ratio + even_lattice(over_p) - beta

        return total - d * mp.log(2 * mp.pi) + ln_integral_loose(inner, mp.log(b / a))


def even_lattice(f):
    """ln of the integral over the line of e^f, f even and falling from 0, to 20 digits."""
    f0 = f(mpf(0))
    w = mpf(1) / 64
    while f(w) > f0 - 0.5 and w < 4:
        w *= 1.25
    # The integrand is tame as far as i pi/2: this step leaves e^-54.
    h, total, i = min(w / 2.6, mpf("0.18")), mpf(1) / 2, 1
    while True:
        v = f(i * h) - f0
        total += mp.exp(v)
        if v < -48:
            return f0 + mp.log(2 * h * total)
        i += 1


def ln_integral_loose(f, start):
    global FALL
    kept, FALL = FALL, 48
    mode, best = climb_loose(f, start)
    h = min(width_at_loose(f, mode, best) / 2.6, mpf("0.18"))
    value = lattice(f, [mode], h)
    check = lattice(f, [mode], h * mpf("0.83"))
    FALL = kept
    assert abs(value - check) < mpf(10) ** -14, (value, check)
    return check


def climb_loose(f, start):
    at, best, step = mpf(start), f(mpf(start)), mpf("0.5")
    while step > 1e-2:
        for sign in [1, -1]:
            value = f(at + sign * step)
            if value > best:
                at, best = at + sign * step, value
                break
        else:
            step /= 2
    return at, best


def width_at_loose(f, mode, best):
    w = mpf(1) / 500
    while f(mode + w) > best - 0.5 and f(mode - w) > best - 0.5 and w < 4:
        w *= 1.25
    return w


# Functions of numeric.rs.

def numbers(rng):
    rows = []
    add = lambda name, x, y, ln: rows.append([name, repr(x), repr(y), text(ln)])
    def gamma_ratio(x, y):
        return stable(lambda: mp.loggamma(mpf(x)) - mp.loggamma(mpf(y)))
    pairs = [(0.5, 1.0), (1.0, 1.0), (5e-324, 1.0), (1.0, 1e-310), (1e12, 1e12 + 0.5), (1e300, 1.0), (1e15, 1e15 + 1), (10.0, 9.999999)]
    while len(pairs) < 200:
        x = log_uniform(rng, rng.choice([1e-300, 1e-3, 1.0]), rng.choice([1e3, 1e9, 1e12]))
        pairs.append((x, rng.choice([log_uniform(rng, 1e-3, 1e9), x * (1 + log_uniform(rng, 1e-12, 1)), x + 0.5])))
    for x, y in distinct(pairs):
        add("ln_gamma_ratio", x, y, gamma_ratio(x, y))
    pairs = [(0, 0), (1, 0), (1, 1), (10 ** 12, 1), (10 ** 12, 5 * 10 ** 11), (10 ** 12, 10 ** 6), (2 ** 53, 2 ** 52), (2 ** 53, 2)]
    while len(pairs) < 200:
        n = whole(rng, 1, 10 ** rng.choice([2, 6, 12]))
        pairs.append((n, rng.randint(0, n) if rng.random() < 0.5 else whole(rng, 1, n)))
    for n, k in distinct(pairs):
        add("ln_binomial", n, k, ln_choose(n, k))
    points = []
    while len(points) < 200:
        k = rng.choice([1, 2, 10 ** 9, whole(rng, 1, 10 ** 9), log_uniform(rng, 1e-3, 1e9)])
        u = float(mp.log(k)) + rng.choice([0, rng.gauss(0, 1) * (2 / k) ** 0.5, rng.uniform(-30, 3), -700, rng.uniform(-2, 2)])
        points.append((float(k), u))
    for k, u in distinct(points):
        with mp.workdps(90):
            ln = mpf(k) / 2 * mpf(u) - mp.exp(mpf(u)) / 2 - mpf(k) / 2 * mp.log(2) - mp.loggamma(mpf(k) / 2)
        add("ln_chi_square_log_density", k, u, ln)
    points = [(1.0, -0.5 + 1e-16), (1e9, -1.0), (1e9, 1e5), (2.0, 0.0), (1e-3, 1.0)]
    while len(points) < 200:
        k = rng.choice([1, whole(rng, 1, 10 ** 3), whole(rng, 1, 10 ** 9)])
        points.append((float(k), rng.choice([-0.5, 1.0, rng.uniform(-0.4999, 10), -k / 2 * (1 - log_uniform(rng, 1e-9, 1)), log_uniform(rng, 1e-12, 1e6)])))
    for k, p in distinct(points):
        if 2 * mpf(p) > -mpf(k):
            add("ln_chi_square_moment", k, p, mpf(p) * mp.log(2) + stable(lambda: mp.loggamma(mpf(k) / 2 + mpf(p)) - mp.loggamma(mpf(k) / 2)))
    return rows


# Formulas.

def formulas(rng):
    """Rows (formula, sign, ln, condition): the width of an enclosure may be that many times the rounding of a log."""
    rows = []

    def add(formula, compute, condition=1):
        value = stable(compute)
        sign = (value > 0) - (value < 0)
        rows.append([formula, int(sign), text(mp.log(abs(value))) if sign else "-inf", mp.nstr(mpf(condition), 6)])

    def real(low, high):
        return log_uniform(rng, low, high)

    def signed(low, high):
        return real(low, high) * rng.choice([-1, 1])

    tiny, huge = 5e-324, 1.7e308
    exps = [tiny, -tiny, 1e-310, 1.0, -745.0, 710.0, -1e308, 1e15, -1e15] + [signed(1e-20, 1e5) for _ in range(31)]
    for x in exps:
        add(f"exp({x!r})", lambda: mp.exp(mpf(x)) if abs(x) < 1e300 else mp.exp(mpf(x)), 1)
    for x in [tiny, -tiny, 1e-310, 37.0, -37.0, 709.9, 5000.0, -5000.0] + [signed(1e-20, 1e4) for _ in range(32)]:
        add(f"expm1({x!r})", lambda: mp.expm1(mpf(x)))
    for x in [tiny, 1e-310, huge, 1 - 2.0 ** -53, 1 + 2.0 ** -52] + [real(1e-300, 1e300) for _ in range(20)] + [1 + signed(1e-15, 0.9) for _ in range(15)]:
        add(f"ln({x!r})", lambda: mp.log(mpf(x)))
    for x in [tiny, -tiny, 1e-310, huge, -1 + 2.0 ** -53] + [signed(1e-300, 0.99) for _ in range(15)] + [real(1e-20, 1e300) for _ in range(10)] + [-1 + real(1e-15, 1) for _ in range(10)]:
        add(f"log1p({x!r})", lambda: mp.log1p(mpf(x)))
    for x in [tiny, 1e-310, huge, 2.0, 4.0, 1e-160] + [real(1e-323, 1e308) for _ in range(24)]:
        add(f"sqrt({x!r})", lambda: mp.sqrt(mpf(x)))
    for x in [tiny, 1e-310, 0.5, 1.5, 3.0, 1 - 1e-15, 1 + 1e-15, 2 + 1e-14, 2 - 1e-14, 1e15, 1e17, 3e17, 1e300, 1.4616321449683623] + [real(1e-300, 1e20) for _ in range(20)] + [real(0.1, 10) for _ in range(14)]:
        add(f"lgamma({x!r})", lambda: mp.loggamma(mpf(x)))
    below = [-0.5, -1.5, -2.4570247382208006, -2.7476826467274126, -3 + 1e-12, -100.5, -170.00000001, -1e-300, -5e-324, -1e9 - 0.5] + [-real(1e-3, 100) for _ in range(20)]
    for x in below:
        def ln_abs_gamma():
            y = mpf(x)
            return mp.log(mp.pi / abs(y * mp.sinpi(y))) - mp.loggamma(-y)
        parts = stable(lambda: abs(mp.loggamma(-mpf(x))) + abs(mp.log(abs(mp.sinpi(mpf(x))))) + abs(mp.log(-mpf(x))) + 2)
        value = stable(ln_abs_gamma)
        add(f"lgamma({x!r})", ln_abs_gamma, max(1, parts / abs(value)))
    for n, k in [(50, 25), (60, 30), (10 ** 12, 3), (10 ** 12, 10 ** 6), (10 ** 15, 10 ** 14), (2 ** 53, 2 ** 52), (9, 9), (9, 0)] + [(n, rng.randint(0, n)) for n in [whole(rng, 1, 10 ** rng.choice([2, 4, 9])) for _ in range(32)]]:
        add(f"binom({n}, {k})", lambda: mp.exp(ln_choose(n, k)) if min(k, n - k) > 1000 else mp.binomial(n, k))
    powers = [(tiny, 2.0), (huge, 3.0), (1 + 2.0 ** -52, 1e18), (1 - 2.0 ** -53, 1e18), (1e-9, 256.0), (0.1, -400.0), (2.0, 1e15), (2.0, 0.5), (-3.0, 5.0), (-1e-200, 3.0), (3.0, 40.0)]
    powers += [(real(1e-300, 1e300), signed(1e-3, 1e4)) for _ in range(29)]
    for x, y in powers:
        add(f"({x!r})^({y!r})", lambda: mpf(x) ** int(y) if x < 0 else mpf(x) ** mpf(y))
    # Sums that cancel: the digits that are lost may show, and no more.
    def sum_of(formula, terms):
        parts = [stable(term) for term in terms]
        value = stable(lambda: mp.fsum([term() for term in terms]))
        add(formula, lambda: mp.fsum([term() for term in terms]), max(map(abs, parts)) / abs(value) if value else 1)
    sum_of("1-(1-1e-20)^5", [lambda: mpf(1), lambda: -(1 - mpf(1e-20)) ** 5])
    sum_of("1-exp(-1e-20)", [lambda: mpf(1), lambda: -mp.exp(-mpf(1e-20))])
    for _ in range(60):
        x, y = signed(1e-18, 100), signed(1e-18, 1)
        z = x + y
        sum_of(f"exp({z!r}) - exp({x!r})", [lambda: mp.exp(mpf(z)), lambda: -mp.exp(mpf(x))])
    for _ in range(20):
        x = real(1e-300, 1e300)
        y = x * (1 + signed(1e-15, 0.5))
        sum_of(f"{x!r} - {y!r}", [lambda: mpf(x), lambda: -mpf(y)])
    for _ in range(20):
        x, y = real(1, 1e15), signed(1e-15, 1e15)
        sum_of(f"sqrt({x!r}) + {y!r} - {x!r}", [lambda: mp.sqrt(mpf(x)), lambda: mpf(y), lambda: -mpf(x)])
    for _ in range(20):
        # Beyond the doubles.
        x = real(1e3, 1e6)
        y = x + signed(1e-9, 10)
        sum_of(f"exp({x!r}) - exp({y!r})", [lambda: mp.exp(mpf(x)), lambda: -mp.exp(mpf(y))])
    for _ in range(20):
        x, p = real(1e-20, 0.5), rng.randint(2, 1000)
        add(f"-expm1({p}*log1p(-{x!r}))", lambda: -mp.expm1(p * mp.log1p(-mpf(x))))
    for _ in range(20):
        k, d, eps = whole(rng, 16, 10 ** 9), whole(rng, 1, 10 ** 5), real(1e-300, 0.25)
        add(f"1/16*(2*{eps!r}/sqrt(2*{k}))^{d}", lambda: (2 * mpf(eps) / mp.sqrt(2 * k)) ** d / 16, d)
    return rows


def neighbours(value):
    """The doubles next below and above, the same where the value is one."""
    nearest = float(value)
    if mpf(nearest) == value:
        return nearest, nearest
    other = math.nextafter(nearest, math.inf if mpf(nearest) < value else -math.inf)
    return min(nearest, other), max(nearest, other)


def enclosures(rng):
    anywhere = {
        "exp": lambda: rng.choice([-1, 1]) * log_uniform(rng, 1e-20, 700),
        "ln": lambda: rng.choice([log_uniform(rng, 1e-320, 1e308), 1 + rng.choice([-1, 1]) * log_uniform(rng, 1e-16, 0.5)]),
        "lgamma": lambda: log_uniform(rng, 1e-10, 1e15),
        "expm1": lambda: rng.choice([-1, 1]) * log_uniform(rng, 1e-300, 700),
        "log1p": lambda: rng.choice([log_uniform(rng, 1e-300, 1e300), -log_uniform(rng, 1e-300, 0.99999)]),
        "erf": lambda: rng.choice([-1, 1]) * log_uniform(rng, 1e-30, 6),
        "erfc": lambda: rng.choice([-1, 1, 1]) * log_uniform(rng, 1e-3, 26),
    }
    edges = {
        "exp": [0.0, -745.0, -744.4, -708.4, 709.78, 5e-324, 0.34657359027997264, -0.34657359027997264],
        "ln": [1.0, 2.0, 0.5, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 1.4142135623730951, 1.414213562373095],
        "expm1": [0.0, 0.25, -0.25, 0.25000000000000006, 709.78, -745.0],
        "log1p": [0.0, -1 + 2.0 ** -53, 0.25, -0.25, -0.25000000000000006, 0.25000000000000006],
        "lgamma": [1.0, 2.0, 0.5, 11.999999999999998, 12.0, 1.4616321449683623],
        "erf": [0.0, 2.0, 2.0000000000000004, 5.9],
        "erfc": [0.0, 2.0, 2.0000000000000004, 26.5],
    }
    compute = {"exp": mp.exp, "ln": mp.log, "lgamma": mp.loggamma, "expm1": mp.expm1, "log1p": mp.log1p, "erf": mp.erf, "erfc": mp.erfc}
    for name, function in compute.items():
        for x in distinct(edges[name] + [anywhere[name]() for _ in range(150)]):
            with mp.workdps(700):  # of erf: 1 - 1e-300 has its digits
                value = +function(mpf(x))
            yield [name, repr(x), *map(repr, neighbours(value)), mp.nstr(value, 60)]


FILES = {
    "normal_intervals": (["sigma", "z", "eps", "ln", "bound"], normal_interval),
    "binomial_tails": (["n", "p", "m", "tail", "ln"], binomial_tails),
    "chernoff": (["tail", "n", "p", "delta", "plus", "minus", "ln", "bound"], chernoff),
    "poisson_binomial_tails": (["probabilities", "copies", "m", "tail", "ln"], poisson_binomial_tails),
    "overlap_tails": (["n", "k", "d", "ln", "bound"], overlap),
    "chi_square_tails": (["tail", "d", "t", "ln", "bound"], chi_square),
    "nsn_boxes": (["k", "d", "eps", "target", "ln", "bound"], nsn_boxes),
    "nsn_joint_boxes": (["k", "j", "d", "eps", "target", "ln", "bound"], joint_boxes),
    "numeric": (["function", "x", "y", "ln"], numbers),
    "enclosures": (["function", "argument", "below", "above", "digits"], enclosures),
    "formulas": (["formula", "sign", "ln", "condition"], formulas),
}

if __name__ == "__main__":
    for name in sys.argv[1:] or FILES:
        header, rows = FILES[name]
        rows = list(rows(random.Random(f"lemmascope {name}")))
        with open(HERE / f"{name}.csv", "w", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([header, *rows])
        print(name, len(rows), "rows")
