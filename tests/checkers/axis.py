"""Lemma 7 on the axis: an upper bound of the probability by Bessel functions of half-integer order, or piece by piece."""

from fractions import Fraction as F
from math import factorial, prod
from exact import Wrong, compared, exp_above, exp_below, require, root_below, rounded_up

def about(k, d, eps):
    """What both theorems check, A, and 2^k Gamma(k/2)^2 without its factor 2 pi, which it has for odd k."""
    m = max(d, 4)
    require(d + 2 <= k, "cell")
    checks = [("k >= 16", compared(16, "<=", k)), ("d <= k", compared(d, "<=", k)), ("eps < 1/4", compared(eps, "<", F(1, 4))),
              ("norm1(z) <= sqrt(k)", "norm1(z) = sqrt(k) on the axis")]
    gamma = prod(range(1, k - 1, 2)) ** 2 if k % 2 else 2**k * factorial(k // 2 - 1) ** 2
    return checks, F(m * m + 2 * m + 2, m * m), gamma

def theta(i, x):
    """The reverse Bessel polynomial of degree i."""
    last, value = F(1), 1 + x
    for j in range(1, i + 1):
        last, value = value, (2 * j + 1) * value + x * x * last
    return last

def bessel(k, d, eps, target):
    checks, A, gamma = about(k, d, eps)
    reach = 2 * eps * (root_below(F(k)) + F(1, 10**6))
    radii = [root_below(k - reach), root_below(k + reach)]
    g, h = (rounded_up(sum(theta(i, x) / exp_below(x, 30) for x in radii) / 2, 15) for i in ((k - d) // 2, (k - d - 1) // 2))
    left = 256 * (A * k / 2) ** d * (1 if k % 2 else F(710, 113)) * g * h
    return left, gamma, checks, {"reach": reach, "near": radii[0], "far": radii[1], "g": g, "h": h}

def axis_pieces(k, d, eps, target):
    checks, A, gamma = about(k, d, eps)
    require((k - d) % 2 == 0 and k >= d + 4, "cell")
    spread, n, c = (2 / k) ** 0.5, (k - d) // 2 - 1, eps**2 / (6 * k)
    # Where the pieces begin and end is a choice, of which only the sum's size depends.
    low, high = F(max(int((100 * ((k - d) / k - 7 * spread)) // 1), 5), 100), F(-int(-100 * ((k - d) / k + 8 * spread) // 1), 100)
    require(6 * c <= n * low**2 + low and 2 * c <= low, "cell")
    above = lambda v, y: rounded_up(v**n * exp_above(rounded_up(y, 15)), 40)
    slopes = [n / low - F(k, 2), F(k, 2) - n / high]
    require(min(slopes) > 0, "cell")
    rest = rounded_up(sum(above(v, F(k, 2) * (1 - v)) / slope for v, slope in zip((low, high), slopes)), 25)

    def piece(v, r):
        x = (n / v - F(k, 2) + 1 / (2 * v**2) - 2 * c / v**3) * r
        if abs(x) > 1:
            return None
        value = above(v, F(k, 2) * (1 - v) - 1 / (2 * v) + c / v**2)
        return rounded_up(value * 2 * r * (1 + x**2 / 6 + x**4 / 100), 25)

    factor = 256 * (A / 2) ** d * k**k
    right = gamma * exp_below(F(k), 0) * (F(333, 53) if k % 2 else 1)
    for count in (128, 256, 512, 1024, 2048, 4096):
        r = (high - low) / (2 * count)
        pieces = [piece(low + (2 * i + 1) * r, r) for i in range(count)]
        if None in pieces:
            continue
        total = sum(pieces) + rest
        if factor * total**2 < right:
            data = {"from": low, "to": high, "count": count, "pieces": " ".join(str(p * 10**25) for p in pieces), "rest": rest, "sum": total}
            return factor * total**2, right, checks, data
    raise Wrong("inequality")
