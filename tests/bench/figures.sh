#!/bin/sh
# Prints what the command costs, besides the evaluations a second of bench_evaluate: processor time in
# user mode of a cold `analyze` (a process of its own each time) with median and spread, its peak
# memory, and the size of the program. No test asserts a figure. figures.sh PROGRAM [RUNS]
set -eu
program=${1:?usage: figures.sh PROGRAM [RUNS]}
runs=${2:-21}
[ "$runs" -ge 9 ] || { echo "figures.sh: fewer than 9 runs say little" >&2; exit 2; }
python3 - "$program" "$runs" <<'PYTHON'
import os, statistics, subprocess, sys, tempfile
program, runs = sys.argv[1], int(sys.argv[2])
command = [program, "analyze", "llama-3-8b@h100-sxm"]

def run():
    """User seconds and peak KiB of one child, from its own accounting."""
    pid = os.fork()
    if pid == 0:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.execv(command[0], command)
    _, status, usage = os.wait4(pid, 0)
    if status != 0:
        sys.exit("figures.sh: the command failed")
    return usage.ru_utime, usage.ru_maxrss

run()  # the program's pages are in memory from here on
# A tick of the kernel's clock is longer than a run: user time of many runs is summed in each sample.
EACH = 20
samples, peak = [], 0
for _ in range(runs):
    total = 0.0
    for _ in range(EACH):
        seconds, kib = run()
        total += seconds
        peak = max(peak, kib)
    samples.append(1000 * total / EACH)
quartiles = statistics.quantiles(samples, n=4)
print("analyze llama-3-8b@h100-sxm, user time: median %.2f ms, quartiles %.2f ... %.2f, "
      "extremes %.2f ... %.2f (%d samples of %d runs)"
      % (statistics.median(samples), quartiles[0], quartiles[2], min(samples), max(samples), runs, EACH))
print("peak memory: %.1f MiB" % (peak / 1024))
with tempfile.NamedTemporaryFile() as stripped:
    subprocess.run(["strip", "-o", stripped.name, program], check=True)
    print("program: %.2f MiB, %.2f MiB stripped"
          % (os.path.getsize(program) / 2**20, os.path.getsize(stripped.name) / 2**20))
print("again: tests/bench/figures.sh %s %d" % (program, runs))
PYTHON
