"""Trains a small CNN with biases on the scikit-learn digits (x / 16), numpy only, and writes digits_bias.safetensors.

The architecture is read from the reference file's metadata; the held-out images are those of its test set, found in
load_digits() by their pixels. The 160 other images of its test_idx are left out of training as well, as validation.
Usage: python train.py   (numpy, scikit-learn, safetensors)
"""
import json, os, shutil, time

os.environ.setdefault("OMP_NUM_THREADS", "1")
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from safetensors import safe_open
from safetensors.numpy import save_file
from sklearn.datasets import load_digits

HERE = os.path.dirname(os.path.abspath(__file__))
TARGETS = HERE + os.sep
OUT = os.path.join(HERE, "digits_bias.safetensors")
SEED, EPOCHS, BATCH, RATE, DECAY = 0, 120, 32, 3e-3, 1e-4


def data():
    digits, held = load_digits(), np.load(TARGETS + "digits_full_test.npz")
    x, y = (digits.images / 16).astype(np.float32)[:, None], digits.target
    key = lambda images: [image.tobytes() for image in np.ascontiguousarray(images, np.float32)]
    test, rest = set(key(held["x"])), set(key(x[held["test_idx"]]))
    keys = key(x)
    assert test <= set(keys) and len(test) == len(held["x"])
    train = np.array([k not in test | rest for k in keys])  # by pixels, so that exact duplicates go too
    valid = np.array([k in rest and k not in test for k in keys])
    return (x[train], y[train]), (x[valid], y[valid]), (held["x"], held["y"])


def conv(x, w, b, layer):
    k, s, p = layer["k"], layer["stride"], layer["pad"]
    x = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
    win = sliding_window_view(x, (k, k), (2, 3))[:, :, ::s, ::s].transpose(0, 2, 3, 1, 4, 5)
    columns = win.reshape(*win.shape[:3], -1)
    return (columns @ w.reshape(len(w), -1).T + b).transpose(0, 3, 1, 2), (columns, x.shape)


def conv_back(g, saved, w, layer):
    (columns, shape), k, s, p = saved, layer["k"], layer["stride"], layer["pad"]
    g = g.transpose(0, 2, 3, 1)
    dw = (g.reshape(-1, len(w)).T @ columns.reshape(-1, columns.shape[-1])).reshape(w.shape)
    dcol = (g @ w.reshape(len(w), -1)).reshape(*g.shape[:3], *w.shape[1:])
    dx, (_, rows, cols, _) = np.zeros(shape, np.float32), g.shape
    for i in range(k):
        for j in range(k):
            dx[:, :, i:i + s * rows:s, j:j + s * cols:s] += dcol[..., i, j].transpose(0, 3, 1, 2)
    return dw, g.sum((0, 1, 2)), dx[:, :, p:shape[2] - p, p:shape[3] - p]


def forward(params, arch, x):
    tape = []
    for i, layer in enumerate(arch):
        x, saved = conv(x, params[2 * i], params[2 * i + 1], layer)
        x = np.maximum(x, 0) if i + 1 < len(arch) else x
        tape.append((saved, x))
    return x.mean((2, 3)), tape  # 1x1 already for this architecture


def gradient(params, arch, x, y):
    logits, tape = forward(params, arch, x)
    p = np.exp(logits - logits.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    loss = -np.log(p[np.arange(len(y)), y] + 1e-12).mean()
    p[np.arange(len(y)), y] -= 1
    last = tape[-1][1].shape
    g, grads = np.broadcast_to(p[:, :, None, None] / (len(y) * last[2] * last[3]), last), []
    for i in reversed(range(len(arch))):
        if i + 1 < len(arch):
            g = g * (tape[i][1] > 0)
        dw, db, g = conv_back(g, tape[i][0], params[2 * i], arch[i])
        grads = [dw, db] + grads
    return loss, grads


def accuracy(params, arch, x, y):
    return (forward(params, arch, x)[0].argmax(1) == y).mean()


def main():
    start, rng = time.process_time(), np.random.default_rng(SEED)
    with safe_open(TARGETS + "digits_full.safetensors", "np") as f:
        meta = f.metadata()
    arch, (train, valid, test) = json.loads(meta["arch"]), data()
    params = []
    for l in arch:  # He's initial weights, biases uniform in +-1/sqrt(fan-in) as in PyTorch
        fan = l["cin"] * l["k"] ** 2
        params.append(rng.normal(0, (2 / fan) ** 0.5, (l["cout"], l["cin"], l["k"], l["k"])).astype(np.float32))
        params.append(rng.uniform(-fan ** -0.5, fan ** -0.5, l["cout"]).astype(np.float32))
    m, v, t = [0 * p for p in params], [0 * p for p in params], 0
    for epoch in range(EPOCHS):
        order, losses = rng.permutation(len(train[1])), []
        rate = RATE * 0.5 * (1 + np.cos(np.pi * epoch / EPOCHS))
        for batch in np.array_split(order, len(order) // BATCH):
            loss, grads = gradient(params, arch, train[0][batch], train[1][batch])
            losses, t = losses + [loss], t + 1
            for i, g in enumerate(grads):
                g = g + DECAY * params[i]
                m[i], v[i] = 0.9 * m[i] + 0.1 * g, 0.999 * v[i] + 0.001 * g * g
                step = m[i] / (1 - 0.9 ** t) / (np.sqrt(v[i] / (1 - 0.999 ** t)) + 1e-8)
                params[i] = (params[i] - rate * step).astype(np.float32)
        if epoch % 10 == 9:
            print(f"epoch {epoch + 1}: loss {np.mean(losses):.4f}, validation {accuracy(params, arch, *valid):.4f}")
    zeroed = [p * (i % 2 == 0) for i, p in enumerate(params)]
    for name, part in ("train", train), ("valid", valid), ("test", test):
        print(f"{name} ({len(part[1])}): {accuracy(params, arch, *part):.4f}, biases zero {accuracy(zeroed, arch, *part):.4f}")
    names = [f"conv{i}.{kind}" for i in range(len(arch)) for kind in ("weight", "bias")]
    score = {f"{n}_acc": f"{accuracy(params, arch, *d):.4f}" for n, d in (("test", test), ("train", train))}
    save_file(dict(zip(names, params)), OUT, metadata={**meta, "bias": "every layer", **score})
    os.chmod(OUT, 0o644)
    shutil.copyfile(TARGETS + "digits_full_test.npz", os.path.join(HERE, "digits_bias_test.npz"))
    print(f"{os.path.getsize(OUT)} bytes, {time.process_time() - start:.1f} s of CPU")


if __name__ == "__main__":
    main()
