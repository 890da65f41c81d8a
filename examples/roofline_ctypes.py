"""libroofline from Python without a binding: time per token of a model on a machine.

usage: python3 roofline_ctypes.py [path/to/libroofline.so] [model@hardware]
"""
import ctypes
import json
import sys

lib = ctypes.CDLL(sys.argv[1] if len(sys.argv) > 1 else "libroofline.so.0")
for name in ("rl_database_new", "rl_study_new"):
    getattr(lib, name).restype = ctypes.c_void_p
for name in ("rl_study_json", "rl_study_message", "rl_library_version"):
    getattr(lib, name).restype = ctypes.c_char_p
lib.rl_study_message_count.restype = ctypes.c_size_t


def analyze(**options):
    """The result as a dict; raises ValueError with the library's messages."""
    database = ctypes.c_void_p(lib.rl_database_new(None, ctypes.c_size_t(0)))
    study = ctypes.c_void_p(lib.rl_study_new(database))
    try:
        answers = [lib.rl_study_set(study, k.encode(), v.encode()) for k, v in options.items()]
        if any(answers) or lib.rl_study_evaluate(study) != 0:
            count = lib.rl_study_message_count(study)
            texts = [lib.rl_study_message(study, ctypes.c_size_t(i)).decode() for i in range(count)]
            raise ValueError("\n".join(texts))
        return json.loads(lib.rl_study_json(study))
    finally:
        lib.rl_study_free(study)
        lib.rl_database_free(database)


if __name__ == "__main__":
    target = sys.argv[2] if len(sys.argv) > 2 else "llama-3-8b@h100-sxm"
    result = analyze(target=target, batch="1,8,64")
    print(lib.rl_library_version().decode(), result["schema"])
    for system in result["systems"]:
        for row in system["batches"]:
            milliseconds = row["tpot_at_best_s"] * 1e3
            print(f"{system['hardware']['name']}, batch {row['batch']}: at least {milliseconds:.3f} ms a token")
