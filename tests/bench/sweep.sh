#!/bin/sh
# Prints how many points a second a sweep evaluates and writes as CSV on one core, by the clock and by
# processor time of the whole program: median and spread of runs, for points that share their plans and
# for plans of few points. No test asserts a figure. sweep.sh PROGRAM [RUNS]
set -eu
program=${1:?usage: sweep.sh PROGRAM [RUNS]}
runs=${2:-9}
[ "$runs" -ge 9 ] || { echo "sweep.sh: fewer than 9 runs say little" >&2; exit 2; }
python3 - "$program" "$runs" <<'PYTHON'
import os, statistics, sys, time
program, runs = sys.argv[1], int(sys.argv[2])
GRIDS = {
    "points of one plan": ["llama-3-8b@h100-sxm", "--batch", "1..256", "-p", "16..8192+16"],
    "points of one plan with experts on 8 devices": ["deepseek-v3@8xh200-sxm", "--batch", "1..256", "-p", "16..8192+16"],
    "plans of 8 points": ["llama-3-8b,qwen3-8b@h100-sxm,h200-sxm,a100-sxm-80gb,l40s", "-w", "bf16,w4a16-g128,fp8",
                          "--kv", "bf16,int8-token", "--tp", "1,2,4,8", "--batch", "1..128x2"],
}

def run(grid):
    """Points, seconds and processor seconds of one run; its lines are counted as they come."""
    read, write = os.pipe()
    begin = time.monotonic()
    pid = os.fork()
    if pid == 0:
        os.dup2(write, 1)
        os.execv(program, [program, "sweep", *grid, "--threads", "1", "-f", "csv"])
    os.close(write)
    lines = 0
    while True:
        piece = os.read(read, 1 << 20)
        if not piece:
            break
        lines += piece.count(b"\n")
    os.close(read)
    _, status, usage = os.wait4(pid, 0)
    if status != 0:
        sys.exit("sweep.sh: the sweep failed")
    return lines - 1, time.monotonic() - begin, usage.ru_utime + usage.ru_stime

def told(name, rates):
    quartiles = statistics.quantiles(rates, n=4)
    return "%s median %s, quartiles %s ... %s" % (
        name, *(format(round(r), ",") for r in (statistics.median(rates), quartiles[0], quartiles[2])))

for name, grid in GRIDS.items():
    run(grid)  # the program's pages are in memory from here on
    samples = [run(grid) for _ in range(runs)]
    print("%s, %s points with CSV: points a second, %s; %s (%d runs)" % (
        name, format(samples[0][0], ","), told("by the clock", [n / s for n, s, _ in samples]),
        told("by processor time", [n / p for n, _, p in samples]), runs))
print("again: tests/bench/sweep.sh %s %d" % (program, runs))
PYTHON
