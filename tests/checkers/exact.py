"""Exact bounds in fractions that check.py and axis.py share, and how a checker says what is wrong."""

from fractions import Fraction as F
from math import factorial, isqrt

E, UNIT = 2718281828459045235360287471352, 10**30

class Wrong(Exception): """The field that is wrong."""

def require(condition, field):
    if not condition:
        raise Wrong(field)

def exp_below(x, terms):
    """E(x): below exp(x), because e is cut off and the terms left out are positive."""
    f = x - x.__floor__()
    return F(E, UNIT) ** x.__floor__() * sum(f**i / factorial(i) for i in range(terms + 1))

def exp_above(x):
    """At least exp(x): the power of e, cut off or that increased, times the sum of 20 terms and 2 f^21/21! for the rest."""
    n, f = x.__floor__(), x - x.__floor__()
    power = F(E + 1, UNIT) ** n if n >= 0 else F(UNIT, E) ** -n
    return power * (sum(f**i / factorial(i) for i in range(21)) + 2 * f**21 / factorial(21))

def rounded_up(x, places):
    return F((x * 10**places).__ceil__(), 10**places)

def root_below(x):
    return F(isqrt((x * 10**12).__floor__()), 10**6)

def compared(a, sign, b):
    require(a < b or (sign == "<=" and a == b), "hypotheses")
    return f"{a} {sign} {b}"
