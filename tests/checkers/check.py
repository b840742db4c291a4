#!/usr/bin/env python3
"""Checks a certificate of `lemmascope certify` without lemmascope: python3 check.py CERTIFICATE.json ...

What is claimed is read from the paper's statements, and the theorems' words from theorems.toml; every number is computed here again
from the claim's id and the cell alone, in whole numbers and fractions. Prints a line a file, with the field that is wrong where one
is; exits with 1 unless all are right. Python 3.11 or later, standard library only.
"""

import json, re, sys, tomllib
from bisect import bisect_left
from fractions import Fraction as F
from math import comb, factorial, prod
from pathlib import Path
from axis import axis_pieces, bessel
from exact import Wrong, compared, exp_below, require

TICKETS = Path(__file__).resolve().parents[2] / "src" / "tickets"
NUMBER = re.compile(r"(0|[1-9][0-9]*)(\.[0-9]*[1-9])?(e-?[1-9][0-9]*)?")
sys.set_int_max_str_digits(0)

def terms_of_exp(x, enough, field):
    terms = next((t for t in range(31) if 0 <= x <= 1000 and enough(exp_below(x, t))), None)
    require(terms is not None, field)
    return terms

def exp_at_least(x, y):
    return f"exp({x}) >= {y}, by E({x}) with {terms_of_exp(x, lambda e: e >= y, 'hypotheses')} terms"

def negative_moment(k, d):
    m, a, b = max(d, 4), d // 2, (d + 1) // 2
    p = lambda k, i: prod(k - 2 * s for s in range(1, i + 1))

    def sides(k):
        return 256 * ((m * m + 2 * m + 2) * k) ** d, (2 * m * m) ** d * p(k, a) * p(k, b)
    is_false = lambda k: k > 2 * b and sides(k)[0] < sides(k)[1]
    require(is_false(k), "cell")
    # Divided by k^d the left side is constant and the right one grows with k: what holds at some k holds from there on.
    least = bisect_left(range(k), True, key=is_false)
    checks = [("k >= 16", compared(16, "<=", k)), ("d <= k", compared(d, "<=", k)), ("eps < 1/4", "every such eps"),
              ("norm1(z) <= sqrt(k)", "every such z")]
    return *sides(k), checks, {"least_k": least}

def small_differences(k, j, d, eps, C, target):
    t, w, q = j * eps**2 / (4 * (j + 2 * d)), k - j, 1 - F(2, max(d, 4))
    require(0 < 2 * j < d and eps <= 1 and w > d + 2 and d * eps**2 < 8 * (w - d - 2), "cell")
    small = (1 - t / 2) ** 2 * (t / 2) ** j / (factorial(j // 2) * factorial((j + 1) // 2)) * F(2 * d, j + 2 * d) ** (2 * d)
    right = (small * eps**d * (1 - d * eps**2 / (8 * (w - d - 2)))) ** 2 * F(333, 212 * w) ** d
    return 9 * (4 * eps**2 / (q * j)) ** (2 * d), right, [("k >= C d^3 log(d/eps)", exp_at_least(F(k) / (C * d**3), d / eps))], {}

def large_mean(tail, n, p, delta, plus, minus, law):
    require(p <= 1, "cell.p")
    mu = n * p
    checks = [("delta < 1", compared(delta, "<", 1)), ("mu <= mu_+", compared(mu, "<=", plus * mu)),
              ("mu_- <= mu", compared(minus * mu, "<=", mu))]
    threshold, q = (1 - delta) * minus * mu, delta**2 * plus * mu / 2
    pr = sum((comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(min(n, int(threshold)) + 1)), F(0))
    terms = terms_of_exp(q, lambda e: pr * e > 1, "inequality")
    return F(1), pr * exp_below(q, terms), checks, {"threshold": threshold, "probability": pr, "exponent": q, "terms": terms}

def lueker(n, eps, C):
    return [("n >= C log(1/eps)", exp_at_least(n / C, 1 / eps)), ("eps < 1/3", compared(eps, "<", F(1, 3)))]

def counting(n, eps, C):
    return 2**n * eps, 1, lueker(n, eps, C), {}

def ends(n, eps, C):
    checks, x = lueker(n, eps, C), 1 - eps
    one = sum(comb(n, m) * x**m / factorial(m) for m in range(n + 1))
    both = sum(F(comb(n, m), factorial(m) * factorial(n - m)) for m in range(n + 1)) * x**n
    return eps, (2 * one - both) / 2**n, checks, {}

def width(n, eps, C):
    cube = int(n / C * 10**18)
    root = 2 << cube.bit_length() // 3
    while root**3 > cube:
        root = (2 * root + cube // root**2) // 3
    return F(root, 10**6), ("n >= C d^12 c1^6 log^3(d^2 c1 c0/eps)", exp_at_least(F(root, 10**6), 1 / eps))

def four_signs(d, c0, c1, n, eps, kernel, event, C):
    root, checked = width(n, eps, C)
    require(eps < 1, "cell.eps")
    left = sum((-1) ** i * comb(4, i) * (4 - i) ** (2 * n) for i in range(5))
    return left, (1 - eps) * 16**n, [checked, ("eps < 1/4", "not asked by Theorem 3")], {"root": root}

def sign_counts(d, c0, c1, n, eps, kernel, event, C):
    root, checked = width(n, eps, C)
    checks = [checked, ("eps < 1/4", compared(eps, "<", F(1, 4)))]
    left = sum(comb(2 * n, m) for m in range(2 * n + 1) if 2**m * eps >= 1 and 2 ** (2 * n - m) * eps >= 1)
    return left, (1 - eps) * 4**n, checks, {"root": root}

def mask_size(d, c, c1, n, source, quantity):
    return n * c1, 2 * n * c**2, [], {}

def expected(c):
    """The certificate that the claim, the theorem and the cell named in c give."""
    read = lambda name: tomllib.loads((TICKETS / name).read_text("utf-8"))
    words = [w for w in read("certificates/theorems.toml")["theorem"] if w["claim"] == c.get("claim")]
    require(words, "claim")
    w = next((w for w in words if w["id"] == c.get("theorem")), None)
    require(w is not None, "theorem")
    about = read(f"statements/{w['claim']}.toml")["claim"]
    names = [name for name in about["parameters"] if name not in w.get("free", {})]
    require(isinstance(c.get("cell"), dict) and list(c["cell"]) == names, "cell")

    def value(name, text):
        domain = about["parameters"][name]["domain"]
        require(isinstance(text, str) and w.get("only", {}).get(name, text) == text, f"cell.{name}")
        require(not isinstance(domain, str) or NUMBER.fullmatch(text), f"cell.{name}")
        return text if not isinstance(domain, str) else F(text) if "<" in domain else int(text)

    try:
        cell = {name: value(name, text) for name, text in c["cell"].items()}
        require(all(x > 0 for x in cell.values() if not isinstance(x, str)), "cell")
        left, right, checks, data = globals()[w["id"].replace("-", "_")](**cell)
    except (ValueError, ZeroDivisionError):
        raise Wrong("cell") from None
    require(left < right, "inequality")
    formula = about["bounds"][w["bound"]]
    readings = [r["text"] for name in w.get("readings", []) for r in about.get("readings", []) if r["bound"] == name]
    relation = about["relation"] if isinstance(about["relation"], str) else "equal"
    return {"format": "lemmascope certificate", "version": 1, "form": w["form"], "claim": w["claim"], "source": w.get("source", about["source"]),
            "statement": w.get("statement", about["statement"]), "reading": "; ".join(readings) or "as printed", "bound": w["bound"],
            "relation": relation, "formula": formula if isinstance(formula, str) else ", or ".join(f["formula"] for f in formula),
            "theorem": w["id"], "refutes": w["refutes"], "cell": c["cell"], "region": w["region"],
            "hypotheses": [{"name": n, "checked": how} for n, how in checks], "argument": w["argument"],
            "inequality": {"text": w["inequality"], "left": str(left), "right": str(right)},
            "data": {name: str(x) for name, x in data.items()}}

def once(items):
    require(len(dict(items)) == len(items), "a key that stands twice")
    return dict(items)

def check(file):
    """One line about a certificate; raises Wrong with the field that is wrong."""
    try:
        c = json.loads(Path(file).read_text("utf-8"), object_pairs_hook=once)
    except ValueError:
        raise Wrong("no whole JSON document") from None
    require(isinstance(c, dict), "format")
    right = expected(c)
    for name in [*right, *c]:
        require(name in c and name in right and c[name] == right[name] and type(c[name]) is type(right[name]), name)
    cell = " ".join(f"{name}={text}" for name, text in c["cell"].items())
    return f"{c['claim']} ({c['source']}), bound {c['bound']}: refuted at {cell} by {c['theorem']}; holds for {c['region']}"

refused = 0
for file in sys.argv[1:]:
    try:
        print(f"verified: {check(file)}")
    except Wrong as wrong:
        print(f"refused: {file}: {wrong}")
        refused = 1
sys.exit(refused or len(sys.argv) < 2)
