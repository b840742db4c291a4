#!/usr/bin/env python3
"""Checks a network's certificate of `lemmascope prune --proof` without lemmascope: python3 network.py proof.json ...

The file has two networks' kernels, the ranges of the inputs, ranges of every number before a ReLU, and slopes. That each range and the
bound hold is computed here in fractions. With z a number of the target and e by how much it exceeds the other network's, a linear form
of a layer's z and e is one of the layer before: over each neuron's box of z and e, a z^+ + c (z^+ - (z - e)^+) is at most s z + t e + h,
where s and t are the slopes in the file and h is found here, as the largest excess at the corners of the pieces on which it is linear.
Over the inputs the maximum is exact. Prints a line a file; exits with 1 unless all are right. Python 3.11, standard library only.
"""

import hashlib, json, sys
from fractions import Fraction as F
from pathlib import Path

CLAIM = ("for all inputs X of these ranges, |N(X) - N~(X)| <= bound at every output, where N has the kernels `target` and N~ "
         "computes plus * X^+ + minus * X^- at each layer, with (leaky) ReLUs between the layers")

class Wrong(Exception): """What is wrong."""

def require(condition, what):
    if not condition:
        raise Wrong(what)

def finite(x):
    """A finite number exactly; texts such as "1e999999999" and other kinds are refused."""
    require(type(x) in (int, float) and abs(x) < 2**1024, f"{str(x)[:20]} is no finite number")
    return F(x)

def whole(x, most=2**63):
    require(type(x) is int and abs(x) < most, f"{str(x)[:20]} is no whole number below {most}")
    return x

def difference(z, e):
    return max(z, 0) - max(z - e, 0)

def corners(z, e):
    """The ends of the pieces: where z = 0, z = e and the box's edges meet."""
    columns = [*z, *([F(0)] if z[0] < 0 < z[1] else [])]
    diagonal = [x for x in [*z, *e, F(0)] if z[0] <= x <= z[1] and e[0] <= x <= e[1]]
    return {(x, y) for x in columns for y in e} | {(x, x) for x in diagonal}

class Layer:
    def __init__(self, text, size, field):
        self.o, self.i, self.k, self.stride, self.pad = (whole(text[n]) for n in ("outputs", "inputs", "side", "stride", "pad"))
        require(min(self.o, self.i, self.k, self.stride) > 0 <= self.pad, field)
        read = lambda name: [finite(x) for x in text[name]]
        self.target, self.plus, self.minus = read("target"), read("plus"), read("minus")
        require({len(self.target), len(self.plus), len(self.minus)} == {self.o * self.i * self.k**2}, field)
        self.size = size
        self.out = tuple((n + 2 * self.pad - self.k) // self.stride + 1 for n in size)
        require(min(self.out) > 0, field)
        self.own = [k - p for k, p in zip(self.target, self.plus)], [-k - q for k, q in zip(self.target, self.minus)]

    def pixels(self):
        return self.o * self.out[0] * self.out[1]

    def transposed(self, kernel, form):
        """Weights of the input's pixels where {pixel: weight} are those of the output's."""
        weights = {}
        for pixel, weight in form.items():
            o, p, q = pixel // (self.out[0] * self.out[1]), pixel // self.out[1] % self.out[0], pixel % self.out[1]
            for i in range(self.i):
                for r in range(self.k):
                    row = p * self.stride + r - self.pad
                    for s in range(self.k):
                        column = q * self.stride + s - self.pad
                        if 0 <= row < self.size[0] and 0 <= column < self.size[1]:
                            at = (i * self.size[0] + row) * self.size[1] + column
                            entry = kernel[((o * self.i + i) * self.k + r) * self.k + s]
                            weights[at] = weights.get(at, 0) + weight * entry
        return weights

def bound(layers, inputs, boxes, leak, layer, z, e, slopes):
    """At least the form {pixel: weight} z of the target's numbers of a layer, plus e of the errors."""
    height = F(0)
    require(len(slopes) == layer, "slopes")
    for index in range(layer, -1, -1):
        get = lambda kernel, form: layers[index].transposed(kernel, form)
        through, plus, minus = get(layers[index].target, z), get(layers[index].own[0], e), get(layers[index].own[1], e)
        add = lambda x, y, sign: {at: x.get(at, 0) + sign * y.get(at, 0) for at in x.keys() | y.keys()}
        plus, minus = add(plus, through, 1), add(minus, through, -1)
        if index == 0:
            break
        of_plus, of_minus = get(layers[index].plus, e), get(layers[index].minus, e)
        tilt, unit = slopes[index - 1], F(2) ** whole(slopes[index - 1]["unit"], 1100)
        require(len(tilt["target"]) == len(tilt["error"]) == len(boxes[index - 1]), "slopes")
        z, e = {}, {}
        for at, box in enumerate(boxes[index - 1]):
            s, t = whole(tilt["target"][at]) * unit, whole(tilt["error"][at]) * unit
            b, d = leak * minus.get(at, 0), leak * of_minus.get(at, 0)
            a, c = plus.get(at, 0) + b, of_plus.get(at, 0) + d
            if a or c or s or t:
                height += max(a * max(x, 0) + c * difference(x, y) - s * x - t * y for x, y in corners(*box))
            z[at], e[at] = s - b, t - d
        z, e = ({at: x for at, x in form.items() if x} for form in (z, e))
    ends = lambda at: (*inputs[at], *([F(0)] if inputs[at][0] < 0 < inputs[at][1] else []))
    at_most = lambda at: max(plus.get(at, 0) * max(x, 0) + minus.get(at, 0) * max(-x, 0) for x in ends(at))
    return height + sum(at_most(at) for at in plus.keys() | minus.keys())

def check(file):
    first, _, body = Path(file).read_bytes().partition(b"\n")
    require(first == b'{"sha256":"%s",' % hashlib.sha256(body).hexdigest().encode(), "sha256")
    c = json.loads(b"{" + body)
    require((c["format"], c["version"], c["claim"]) == ("lemmascope network certificate", 1, CLAIM), "format")
    ranges = lambda pairs: [(finite(low), finite(high)) for low, high in pairs]
    layers, size, leak, inputs = [], tuple(whole(n) for n in c["size"]), finite(c["leak"]), ranges(c["inputs"])
    stated = finite(c["bound"])
    require(0 <= leak < 1 and len(size) == 2, "leak and size")
    for index, text in enumerate(c["layers"]):
        layers.append(Layer(text, size, f"layers {index}"))
        require(index == 0 or layers[-1].i == layers[-2].o, f"layers {index}")
        size = layers[-1].out
    require(len(inputs) == layers[0].i * layers[0].size[0] * layers[0].size[1] and all(x <= y for x, y in inputs), "inputs")
    require(len(c["hidden"]) == len(layers) - 1 and len(c["outputs"]) == layers[-1].pixels(), "hidden and outputs")
    boxes = []
    for layer, numbers in enumerate(c["hidden"]):
        require(len(numbers) == layers[layer].pixels(), f"hidden {layer}")
        for pixel, number in enumerate(numbers):
            (low, high), (least, most) = ranges([number["target"], number["error"]])
            claimed = [({pixel: -1}, {}, -low), ({pixel: 1}, {}, high), ({}, {pixel: -1}, -least), ({}, {pixel: 1}, most)]
            for (z, e, most), slopes in zip(claimed, number["slopes"], strict=True):
                require(bound(layers, inputs, boxes, leak, layer, z, e, slopes) <= most, f"hidden {layer}, number {pixel}")
        boxes.append([ranges([number["target"], number["error"]]) for number in numbers])
    for pixel, both in enumerate(c["outputs"]):
        for sign, slopes in zip((-1, 1), both, strict=True):
            right = bound(layers, inputs, boxes, leak, len(layers) - 1, {}, {pixel: sign}, slopes) <= stated
            require(right, f"bound, at output {pixel}")
    return f"at {len(c['outputs'])} outputs and {len(inputs)} inputs, |N(X) - N~(X)| <= {c['bound']}"

if len(sys.argv) < 2:
    print("usage: network.py proof.json ...")
refused = 0
for file in sys.argv[1:]:
    try:
        print(f"verified: {check(file)}")
    except (Wrong, ValueError, KeyError, TypeError, IndexError, AttributeError, ArithmeticError, RecursionError, OSError) as wrong:
        print(f"refused: {file}: {wrong}")
        refused = 1
sys.exit(refused or len(sys.argv) < 2)
