"""Measures the operators of a decode step of Llama 3 8B with PyTorch on a GPU, for `plot roofline --points`.

kernels.py BATCH CACHED writes `name,flops,bytes,seconds` to standard output: operations and bytes are those that the
operator cannot do without, seconds the median of 50 launches, the last-level cache written over before each.
"""
import statistics
import sys

import torch

BATCH, CACHED = int(sys.argv[1]), int(sys.argv[2])
WIDTH, HEADS, KV_HEADS, HEAD_DIM, FF, VOCABULARY = 4096, 32, 8, 128, 14336, 128256
FLUSH = torch.empty(1 << 28, dtype=torch.uint8, device="cuda")


def measure(run):
    """The median seconds of a launch with a cold cache."""
    begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    samples = []
    for i in range(60):
        FLUSH.zero_()
        begin.record()
        run()
        end.record()
        torch.cuda.synchronize()
        if i >= 10:
            samples.append(begin.elapsed_time(end) / 1e3)
    return statistics.median(samples)


def values(*shape):
    return torch.randn(*shape, dtype=torch.bfloat16, device="cuda")


def tell(name, flops, count, run):
    print(f"{name},{flops},{2 * count},{measure(run):.4g}")


def linear(name, rows, cols):
    x, weight = values(BATCH, cols), values(rows, cols)
    tell(name, 2 * BATCH * rows * cols, rows * cols + BATCH * (rows + cols),
         lambda: torch.nn.functional.linear(x, weight))


def attention():
    q = values(BATCH, HEADS, 1, HEAD_DIM)
    k, v = values(BATCH, KV_HEADS, CACHED, HEAD_DIM), values(BATCH, KV_HEADS, CACHED, HEAD_DIM)
    tell("attention", 4 * BATCH * HEADS * CACHED * HEAD_DIM, 2 * k.numel() + 2 * q.numel(),
         lambda: torch.nn.functional.scaled_dot_product_attention(q, k, v, enable_gqa=True))


print("name,flops,bytes,seconds")
linear("qkv_proj", (HEADS + 2 * KV_HEADS) * HEAD_DIM, WIDTH)
attention()
linear("o_proj", WIDTH, HEADS * HEAD_DIM)
linear("gate_up_proj", 2 * FF, WIDTH)
linear("down_proj", WIDTH, FF)
linear("lm_head", VOCABULARY, WIDTH)
