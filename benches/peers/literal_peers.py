#!/usr/bin/env python3
"""Literal draws in NumPy beside the program: replicates in a second of one core, medians of interleaved rounds, and their ratio.

Sums: k NSN vectors in R^d, counted in a box around the origin. Existence: does some k-subset of n NSN vectors add up to within eps of the
origin, or do the subset sums of n uniform numbers come within eps of every point of [-1, 1]: all subsets are listed by index arrays that are
made once. Groups: the first of Corollary 19's groups with such a subset.
Set-up: python3 -m venv V && V/bin/pip install numpy
usage: literal_peers.py PROGRAM [--rounds 5]
"""
import itertools, json, os, resource, statistics, subprocess, sys, time
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"): os.environ[name] = "1"
import numpy as np

def sums(rng, k, d, eps):
    count = 2000
    scales, normals = np.empty((count, k)), np.empty((count, k, d))
    def draw():
        rng.standard_normal(out=scales); rng.standard_normal(out=normals)
        return int((np.abs(np.einsum("nk,nkd->nd", scales, normals)) <= eps).all(1).sum()), count
    return draw

def subsets(n, k):
    return np.array(list(itertools.combinations(range(n), k))).T

def has_subset(vectors, columns, eps):
    total = vectors[columns[0]]
    for column in columns[1:]: total = total + vectors[column]
    return bool((np.abs(total) <= eps).all(1).any())

def vectors(rng, n, d):
    return rng.standard_normal(n)[:, None] * rng.standard_normal((n, d))

def mrss(rng, n, k, d, eps):
    columns = subsets(n, k)
    return lambda: (has_subset(vectors(rng, n, d), columns, eps), 1)

def amplification(rng, n, k, d, eps, groups):
    size = n // groups
    columns = subsets(size, k)
    def draw():
        drawn = vectors(rng, n, d)
        return any(has_subset(drawn[g * size:(g + 1) * size], columns, eps) for g in range(groups)), 1
    return draw

def lueker(rng, n, eps):
    def draw():
        total = np.zeros(1)
        for x in rng.uniform(-1, 1, n): total = np.concatenate((total, total + x))
        total.sort()
        inside = np.concatenate(([-1 - eps], total[(total >= -1 - eps) & (total <= 1 + eps)], [1 + eps]))
        return bool((np.diff(inside) <= 2 * eps).all()), 1
    return draw

# Claim and cell, the program's replicates in a round, about a second's, and what NumPy draws.
CASES = [
    ("nsn-box k=64 d=4 eps=1", 4_000_000, lambda rng: sums(rng, 64, 4, 1.0)),
    ("mrss n=16 k=4 d=1 eps=0.001", 2_000_000, lambda rng: mrss(rng, 16, 4, 1, 0.001)),
    ("mrss n=16 k=4 d=2 eps=0.05", 1_000_000, lambda rng: mrss(rng, 16, 4, 2, 0.05)),
    ("mrss n=20 k=6 d=2 eps=0.01", 100_000, lambda rng: mrss(rng, 20, 6, 2, 0.01)),
    ("mrss n=24 k=8 d=2 eps=0.002", 8_000, lambda rng: mrss(rng, 24, 8, 2, 0.002)),
    ("lueker n=16 eps=0.01", 30_000, lambda rng: lueker(rng, 16, 0.01)),
    ("lueker n=20 eps=0.001", 2_000, lambda rng: lueker(rng, 20, 0.001)),
    ("amplification n=48 k=4 d=2 eps=0.05 argument=groups", 300_000, lambda rng: amplification(rng, 48, 4, 2, 0.05, 3)),
]

def numpy_round(draw, seconds=1.0):
    hits, drawn, start = 0, 0, time.process_time()
    while (passed := time.process_time() - start) < seconds:
        some, count = draw()
        hits, drawn = hits + some, drawn + count
    return hits / drawn, drawn / passed

def program_round(program, case, replicates, seed):
    claim, *cell = case.split()
    command = [program, "evaluate", claim, "--method", "literal", "--replicates", str(replicates), "--relative", "1e-12", "--json", "--quiet"]
    for assignment in cell: command += ["--set", assignment]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    measured = json.loads(subprocess.run(command + ["--seed", str(seed)], stdout=subprocess.PIPE, check=True).stdout)["measured"]
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return measured["value"], measured["work"] / (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)

def main(cases):
    program, rounds = sys.argv[1], int(sys.argv[3]) if sys.argv[2:3] == ["--rounds"] else 5
    print("| claim, cell | NumPy: value, a second | program: value, a second | ratio |\n| --- | --- | --- | --- |")
    for case, replicates, make in cases:
        draw = make(np.random.default_rng(1))
        pairs = [(numpy_round(draw), program_round(program, case, replicates, seed)) for seed in range(rounds)]
        (peer, peer_rate), (own, own_rate) = [[statistics.median(x) for x in zip(*side)] for side in zip(*pairs)]
        print(f"| {case} | {peer:.4f}, {peer_rate:.3g} | {own:.4f}, {own_rate:.3g} | {own_rate / peer_rate:.1f} |", flush=True)

if __name__ == "__main__":
    main(CASES)
