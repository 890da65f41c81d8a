/* The command table: name, arguments, help and examples of every command. */
#include "cli/commands.h"

#define EXAMPLES(list) .examples = (list), .example_count = sizeof(list) / sizeof *(list)

static const rl_example analyze_examples[] = {
    {"analyze llama-3-8b@h100",
     "one GPU: time, bound and memory by batch, then operator by operator"},
    {"analyze llama-3-8b", "the same model on every shipped device, a row each"},
    {"analyze llama-3-8b@h100 -w w4a16-g128 --kv int8-token --batch 1..256x2",
     "4-bit weights and an 8-bit KV cache, batch doubling from 1 to 256"},
    {"analyze llama-3-8b@h100 --explain attention",
     "how the time of attention comes about: formula, numbers, sources"},
    {"analyze -m ./config.json --hw h200 --phase prefill",
     "a model of your own by its config.json, its prefill pass in detail"},
    {"analyze llama-3-8b@h100 --save mine.yaml",
     "keeps the scenario: 'rooflinectl analyze mine.yaml' repeats it"},
};
static const rl_example sweep_examples[] = {
    {"sweep llama-3-8b,llama-3-70b@h100,h200 --tp 1,2,4,8 --batch 1..256x2 -f csv -o grid.csv",
     "two models on two machines, split four ways, at nine batches: 144 rows"},
    {"sweep llama-3-8b@h100 -w bf16,w4a16-g128 --prompt 512..4096+512 --where fits --where "
     "'tpot <= 20ms'",
     "what fits and keeps to 20 ms a token"},
    {"sweep llama-3-70b --tp 1,2,4,8 --batch 1..256x2 --top 10 --by tokens_per_s",
     "of all common machines the ten fastest ways that fit"},
    {"sweep llama-3-8b@h100 --batch 1..64 --pareto tpot,tokens_per_s -f jsonl",
     "latency against throughput, the front marked"},
    {"sweep grid.yaml --shard 3/16 -f csv --resume part-3.csv",
     "the third of sixteen parts, completed where an interrupt has left it"},
    {"sweep --merge part-1.csv part-2.csv -f csv -o grid.csv",
     "the parts put together: what one run would have written"},
};
static const rl_example recommend_examples[] = {
    {"recommend llama-3-70b --tpot 50ms --ttft 1s",
     "every machine known: which serves a prompt of 2,048 tokens that fast at best, and at what "
     "batch"},
    {"recommend llama-3-8b --tpot 20ms --hw h100,l40s,a10 -w bf16,w4a16-g128",
     "three machines, two formats of the weights"},
    {"recommend llama-3-8b --tpot 30ms --price h100=2.99,l40s=0.99 --max-price 0.5",
     "the same by what you pay an hour: cheapest first, half a dollar a million tokens at most"},
    {"recommend llama-3-8b --bits 5GB -w tcq-2,tcq-3,tcq-4,w8a16 --worth down_proj=4",
     "a format for each linear operator, most bits stored within 5 GB of weights"},
};
static const rl_example plot_examples[] = {
    {"plot roofline llama-3-8b@h100", "writes roofline.svg, and beside it what it was drawn from"},
    {"plot roofline llama-3-8b@a100,h100 -w bf16,w4a16-g128 --for acm -o fig.pdf",
     "two machines and two formats in one figure as wide as a column of a paper"},
    {"plot roofline llama-3-8b@h100 -o -", "the chart in characters, at the terminal"},
    {"plot roofline llama-3-8b@h100 --points ncu.csv -o fig.png",
     "kernels that were measured beside those that are predicted"},
    {"plot --list", "every kind of chart, with what it is for"},
};
static const rl_example run_examples[] = {
    {"run examples/tiny-llama.yaml -p 24",
     "tokens a second on this machine, and the time of every operator"},
    {"run examples/tiny-llama.yaml --here -b 2 -p 24 -n 4",
     "executes a small model and compares predicted with touched bytes"},
    {"run examples/tiny-llama.yaml --here -b 1,3 -w w4a16-g32 --kv int8",
     "two batches in turn, 4-bit weights, 8-bit KV cache"},
};
static const rl_example check_examples[] = {
    {"check scenarios --update", "measures every scenario below a folder and writes the baseline"},
    {"check", "measures what the baseline holds again, and fails when something got worse"},
    {"check scenarios --against origin/main --rules check.yaml --report github",
     "a pull request against its base, by rules, as annotations"},
};
static const rl_example probe_examples[] = {
    {"probe -o hwdb/here.yaml",
     "measures this machine; 'analyze llama-3-8b@here' then takes it from ./hwdb"},
    {"probe --quick", "the same in some seconds, less exactly, to standard output"},
};
static const rl_example validate_examples[] = {
    {"validate examples/tiny-llama.yaml -p 24 --runs 15",
     "each operator's time at best beside the one measured here"},
    {"validate --suite scenarios --tolerance 25 --plot fig.svg",
     "every scenario of a folder: exit status 1 when a step is 25 % slower than at best"},
};
static const rl_example bench_examples[] = {
    {"bench bf16 --threads 1", "linear operators with bf16 weights or inputs, on one thread"},
    {"bench -f json -o before.json", "everything, to be kept: 'check' holds later "
     "kernels against it"},
};
static const rl_example list_examples[] = {
    {"list models", "the models that are shipped or found in your folders"},
    {"list hardware --format csv", "machines with their peaks, as a table for other programs"},
    {"list ops", "operator kinds with what is counted for each"},
};
static const rl_example show_examples[] = {
    {"show h100-sxm", "a machine as understood, each figure with its unit"},
    {"show h100-sxm --where", "and the file, line and source of every figure"},
    {"show hardware h100-sxm", "the kind in front, where a name is of several kinds"},
    {"show attention", "an operator: its paper, what it is told, what is counted"},
};
static const rl_example lint_examples[] = {
    {"lint", "checks every description that can be found"},
    {"lint hwdb/nvidia/mine.yaml", "checks one file"},
    {"lint mine", "checks every description below the folder"},
    {"lint model-Q4_K_M.gguf", "checks that a file of weights can be analysed"},
};
static const rl_example import_examples[] = {
    {"import path/to/config.json -o mine.yaml",
     "a model of your own as a description, to be kept, edited and linted"},
    {"import model-Q4_K_M.gguf -o mine.yaml",
     "with the format of every tensor: 'analyze mine.yaml' needs the file no more"},
};
static const rl_example schema_examples[] = {
    {"schema hardware -o hardware.schema.json", "what an editor needs to check and complete"},
};
static const rl_example diff_examples[] = {
    {"diff llama-3-8b@h100-sxm llama-3-8b@h200 -b 8",
     "two machines: what differs in them, and what that does to each operator"},
    {"diff before.json after.yaml --format md",
     "a result that 'analyze --format json -o before.json' saved, beside a scenario as it is now"},
};
static const rl_example cite_examples[] = {
    {"cite llama-3-8b@h100 -w w4a16-g128 -o sources.bib",
     "the tool and every paper and data sheet behind that scenario's figures"},
};
static const rl_example help_examples[] = {{"help analyze", "the same as 'analyze --help'"}};

const rl_command RL_COMMAND_TABLE[RL_COMMANDS] = {
    [RL_COMMAND_ANALYZE] =
        {.name = "analyze",
         .arguments = "MODEL[@HARDWARE] | SCENARIO.yaml",
         .summary = "how long each operator takes at best, and what bounds it",
         .text =
             "Counts the FLOPs and bytes of every operator exactly and divides them by what the "
             "machine can do: the roofline. All times are at best, so all rates are upper bounds "
             "(\u2264); no real system is faster.\n\n"
             "Names ignore case and - _ . : /. A scenario file may say everything that options "
             "say; options win over the file. With --format csv the result is the table by batch, "
             "or, with --phase, the table by operator.",
         EXAMPLES(analyze_examples),
         .most = 1,
         .completion = RL_COMPLETE_TARGETS,
         .run = rl_cmd_analyze},
    [RL_COMMAND_SWEEP] =
        {.name = "sweep",
         .arguments = "MODELS[@MACHINES] | SCENARIO.yaml | --merge FILE...",
         .summary = "every combination of models, machines, formats, splits and workloads, a row each",
         .text =
             "Evaluates the grid of all that is said as a list (bf16,w4a16-g128) or as a range "
             "(1..8, 1..256x2, 512..4096+512): every option and every key of --set, where brackets "
             "hold what has commas of its own (--set 'weights=[bf16,\"w4a16-g128,lm_head=bf16\"]'). "
             "In a scenario file any value may be a list. The figures of a row are those of "
             "'analyze' for that point; a point that cannot be evaluated is a row that says why.\n\n"
             "With --format csv or jsonl rows are written in the order of the grid while it runs, "
             "with the same bytes whatever the number of threads, and whatever the number of shards "
             "once they are merged. Without a machine all common ones are tried.",
         EXAMPLES(sweep_examples),
         .most = 10000,
         .completion = RL_COMPLETE_TARGETS,
         .run = rl_cmd_sweep},
    [RL_COMMAND_RECOMMEND] =
        {.name = "recommend",
         .arguments = "MODEL | SCENARIO.yaml",
         .summary = "which machine, formats and batch meet a target, cheapest first",
         .text =
             "Analyses every combination of machine, number of devices, format of weights and "
             "format of KV cache at every batch, and keeps of each combination the best batch. "
             "What "
             "meets the targets comes first: the cheapest by dollars a million generated tokens "
             "(their prompts included) where prices are known, else the fewest devices and among "
             "those the most tokens/s a device. Then come the others, nearest first, each with the "
             "reason why it fails.\n\n"
             "Times are at best: what fails here fails on every real system, what passes may still "
             "be too slow. Lists are separated by commas. Without --hw every machine known is "
             "tried; without -w and --kv the model's own format and the one that its format names "
             "to be compared with; without --batch 1, 2, 4 ... 1024. How much accuracy a format "
             "costs is not looked at. The exit status is 1 when nothing meets the targets.\n\n"
             "With --bits BUDGET it chooses formats instead: each linear operator gets one of those "
             "that -w lists, so that all weights take SIZE at most and as many bits as possible are "
             "stored, each operator's times its --worth. Of all combinations the result is the "
             "best; --save writes it as a scenario, and its last head line is what -w of the other "
             "commands takes. What a bit of an operator is worth must be measured elsewhere.",
         EXAMPLES(recommend_examples),
         .most = 1,
         .completion = RL_COMPLETE_TARGETS,
         .run = rl_cmd_recommend},
    [RL_COMMAND_PLOT] =
        {.name = "plot",
         .arguments = "KIND MODEL@HARDWARE[,...] | SCENARIO.yaml ...",
         .summary = "a chart for a paper or a screen",
         .text =
             "Draws with gnuplot, which need not be installed for anything else. The name of the "
             "file says the form: .svg, .pdf, .png, .eps, .tex (text set by LaTeX, the drawing in a "
             "PDF beside it), .txt (characters), .html (a page with the chart and its data); - draws "
             "characters to standard output. Beside the chart stand its script (.gp), its data "
             "(.csv) and a caption (.caption.txt): 'gnuplot FILE.gp' draws it again.\n\n"
             "Machines behind @, -w, --kv, --phases and --batch take lists; whatever differs is "
             "told apart in the legend. Looks come from templates: a file templates/KIND.gp in a "
             "folder of --db, of $ROOFLINECTL_DB or in the user's data folder takes the place of "
             "the built-in one. Since gnuplot executes them, templates of the working folder are "
             "not read.",
         EXAMPLES(plot_examples),
         .most = 64,
         .completion = RL_COMPLETE_TARGETS,
         .run = rl_cmd_plot},
    [RL_COMMAND_RUN] =
        {.name = "run",
         .arguments = "MODEL | SCENARIO.yaml [--here]",
         .summary = "executes a model here: tokens a second, the time of every operator, bytes",
         .text = "Runs the very operator list that 'analyze' counts, on the weights of the model's "
                 "files (safetensors, GGUF) or, where it has none, on random ones: a prefill, then "
                 "one decode step (with --verify N a step of N tokens) again and again, each "
                 "between two read probes. Samples around which memory changed are left out; a "
                 "result that has no others is not steady. -n says how often when --runs does "
                 "not.\n\n"
                 "With --here the scalar reference engine marks every byte that a kernel touches; "
                 "the marks must equal the prediction, else the exit status is 1.\n\n"
                 "Each batch of a list is run in turn. A scenario that names another machine is "
                 "not timed.",
         EXAMPLES(run_examples),
         .most = 1,
         .completion = RL_COMPLETE_TARGETS,
         .run = rl_cmd_run},
    [RL_COMMAND_CHECK] =
        {.name = "check",
         .arguments = "[SCENARIO.yaml | FOLDER ...]",
         .summary = "scenarios against a baseline or another revision, and which input changed them",
         .text =
             "Measures the scenarios and holds them against a baseline: a file to be kept in git "
             "that says what they measured and every input that this rests on, value by value "
             "with file and line. Without rules what is counted must not get worse at all, and "
             "what follows from times not by more than 0.1 %. What differs is explained: the "
             "inputs that changed are put back one at a time, what they do only together is told, "
             "and what no input explains is this version of the program.\n\n"
             "Of folders the scenarios below them are taken; without arguments those of the "
             "baseline. The exit status is 1 when a scenario fails.",
         EXAMPLES(check_examples),
         .most = 1000,
         .completion = RL_COMPLETE_FILES,
         .run = rl_cmd_check},
    [RL_COMMAND_PROBE] =
        {.name = "probe",
         .arguments = "",
         .summary = "measures this machine and writes its hardware description",
         .text = "Measures the clock, the peak of each type and instruction set, what threads read "
                 "from memory and caches with the best loop known, writes, and what a load costs "
                 "that waits for the one before. All of it is measured in turn, again and again, "
                 "for three quarters of a minute (--quick: some seconds), and the best counts; "
                 "where memory gives now more, now less, both figures are written. Samples that "
                 "other programs disturbed are left out; a figure that has no others says so.\n\n"
                 "Written to hwdb/here.yaml, below the working folder or the user's own one "
                 "($XDG_DATA_HOME/rooflinectl), the machine is known as 'here'.",
         EXAMPLES(probe_examples),
         .most = 0,
         .completion = RL_COMPLETE_NOTHING,
         .run = rl_cmd_probe},
    [RL_COMMAND_VALIDATE] =
        {.name = "validate",
         .arguments = "MODEL | SCENARIO.yaml ... | --suite FOLDER",
         .summary = "every operator's time at best beside what it takes here",
         .text = "Times steps as 'run' does and predicts them from 'here', the machine that 'probe' "
                 "has described: at best by that description, and conditional, with what memory "
                 "gave beside each step and the engines of the threads that worked. The share is "
                 "that of the conditional time in the measured one: 100 % is as fast as the machine "
                 "allows.\n\n"
                 "A scenario that names another machine is refused.",
         EXAMPLES(validate_examples),
         .most = 1000,
         .completion = RL_COMPLETE_TARGETS,
         .run = rl_cmd_validate},
    [RL_COMMAND_BENCH] =
        {.name = "bench",
         .arguments = "[PART OF A NAME ...]",
         .summary = "kernels alone against the limit of this machine",
         .text = "Times linear operators in several formats and numbers of tokens over weights that "
                 "no cache holds. Each sample stands between two read probes; its limit is the larger "
                 "of bytes over the rate that they gave and operations over the peak of the best "
                 "instruction. Samples around which memory changed are left out where three others "
                 "remain; else the case is not steady.",
         EXAMPLES(bench_examples),
         .most = 64,
         .completion = RL_COMPLETE_NOTHING,
         .run = rl_cmd_bench},
    [RL_COMMAND_LIST] =
        {.name = "list",
         .arguments = "hardware | models | formats | profiles | methods | families | workloads | "
                      "storage | links | scenarios | ops | kernels",
         .summary = "what can be named",
         .text = "Lists the descriptions of one kind that are built in or found in your folders.",
         EXAMPLES(list_examples),
         .most = 1,
         .completion = RL_COMPLETE_LISTABLE,
         .run = rl_cmd_list},
    [RL_COMMAND_SHOW] =
        {.name = "show",
         .arguments = "[KIND] NAME",
         .summary = "one description as understood, each figure with unit and source",
         .text = "Shows hardware, a model, family, format, profile, method, workload, scenario or "
                 "operator the way the program reads it. A kind is given in the singular or as "
                 "'list' spells it.",
         EXAMPLES(show_examples),
         .most = 2,
         .completion = RL_COMPLETE_NAMES,
         .run = rl_cmd_show},
    [RL_COMMAND_LINT] =
        {.name = "lint",
         .arguments = "[FILE | FOLDER ...]",
         .summary = "checks descriptions: spelling, units, sources, parameter totals",
         .text =
             "Loads each description, lowers each model to its operator list and compares its "
             "parameter total with the published one. Of a folder it checks every description "
             "below; without arguments, everything that can be found. Weights (GGUF, "
             "safetensors) and a config.json are read as models: every tensor must be one of the "
             "operator list's, in its shape and a known format. The exit status is 1 when there "
             "is a finding.",
         EXAMPLES(lint_examples),
         .most = 1000,
         .completion = RL_COMPLETE_FILES,
         .run = rl_cmd_lint},
    [RL_COMMAND_IMPORT] =
        {.name = "import",
         .arguments = "MODEL",
         .summary = "writes a model description from a config.json, GGUF or safetensors",
         .text = "Reads a config.json, a GGUF file, a safetensors file or its index, a folder of "
                 "these or an id of the local Hugging Face cache, and writes the description that "
                 "the program has of it: family, config keys, parameter total, and where tensors "
                 "were read their formats, shapes and bytes. 'analyze' counts the same of it as of "
                 "the original.",
         EXAMPLES(import_examples),
         .most = 1,
         .completion = RL_COMPLETE_FILES,
         .run = rl_cmd_import},
    [RL_COMMAND_SCHEMA] =
        {.name = "schema",
         .arguments = "KIND",
         .summary = "the keys of a kind of file as JSON Schema",
         .text = "Writes the keys that hardware, profile, model, family, format, method, workload, "
                 "storage, link or scenario files have, as the loaders know them; of axes: of scenarios "
                 "with lists; of rules, baseline and check: of the rules that 'check' reads, the "
                 "baseline that it keeps and the verdict that it writes as JSON.",
         EXAMPLES(schema_examples),
         .most = 1,
         .completion = RL_COMPLETE_NOTHING,
         .run = rl_cmd_schema},
    [RL_COMMAND_DIFF] =
        {.name = "diff",
         .arguments = "A B",
         .summary = "two scenarios or saved results: what changed, operator by operator",
         .text = "Each of the two is MODEL@HARDWARE, a scenario file, or the JSON of an analysis. "
                 "First come the inputs that differ, then the answers, then the operators whose "
                 "bytes, operations, time or bound differ; those that only one side has are 'gone' "
                 "or 'new'. Operators belong together by the statement and the layers they come "
                 "from. Options hold for both. CSV is the table of operators. The exit status is "
                 "0, whatever differs.",
         EXAMPLES(diff_examples),
         .most = 2,
         .completion = RL_COMPLETE_TARGETS,
         .run = rl_cmd_diff},
    [RL_COMMAND_CITE] =
        {.name = "cite",
         .arguments = "MODEL[@HARDWARE] | SCENARIO.yaml",
         .summary = "BibTeX for the tool and the sources of a scenario's figures",
         .text = "Writes an entry for the program and one for each paper and document that the "
                 "scenario's model, family, formats, machines and operators were written from, "
                 "each once. The field annote, which styles leave out, says what rests on it and "
                 "on which place in it. Keys depend on authors, year and title alone. Of several "
                 "authors the first is named, as the sources name them.",
         EXAMPLES(cite_examples),
         .most = 1,
         .completion = RL_COMPLETE_TARGETS,
         .run = rl_cmd_cite},
    [RL_COMMAND_HELP] = {.name = "help",
                         .arguments = "[COMMAND]",
                         .summary = "shows help about the program or a command",
                         .text = "",
                         EXAMPLES(help_examples),
                         .most = 1,
                         .completion = RL_COMPLETE_COMMANDS,
                         .run = rl_cmd_help},
    [RL_COMMAND_VERSION] = {.name = "version",
                            .arguments = "",
                            .summary = "shows the version and how the program was built",
                            .text = "",
                            .run = rl_cmd_version},
    [RL_COMMAND_COMPLETE] = {.name = "__complete",
                             .arguments = "bash | zsh | fish | KIND",
                             .summary = "completion script, or words to complete with",
                             .text = "",
                             .most = 1,
                             .hidden = true,
                             .run = rl_cmd_complete},
    [RL_COMMAND_MAN] = {.name = "__man",
                        .arguments = "",
                        .summary = "the man page",
                        .text = "",
                        .hidden = true,
                        .run = rl_cmd_man},
};
