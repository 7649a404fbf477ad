"""One engine as a process: reads the path of a job a line, writes what came of it to `<job>.result`, and prints that path.

A job is JSON with `do`, the name of a method of the engine or of `archive`, and its arguments. A result is `{"value": …}`, or
`{"error": {"type", "message", "code"?, "sqlState"?}}`.
"""
import importlib
import json
import sys
import traceback

import archive


def main():
    # What libraries print goes to the error stream; the jobs' results alone to the output.
    results, sys.stdout = sys.stdout, sys.stderr
    engine = importlib.import_module(sys.argv[1]).Engine(*sys.argv[2:])
    print(json.dumps({'ready': engine.versions}), file=results, flush=True)
    for line in sys.stdin:
        path = line.strip()
        with open(path, encoding='utf-8') as file:
            job = json.load(file)
        result = f'{path}.result'
        with open(result, 'w', encoding='utf-8') as file:
            json.dump(outcome(engine, job), file)
        print(json.dumps({'done': result}), file=results, flush=True)


def outcome(engine, job):
    try:
        do = job.pop('do')
        return {'value': getattr(archive if hasattr(archive, do) else engine, do)(**job)}
    except Exception as error:
        described = describe(engine, error)
        if 'code' not in described:
            traceback.print_exc()
        return {'error': described}


def describe(engine, error):
    described = {'type': type(error).__name__, 'message': str(error)}
    return described | getattr(engine, 'error_class', lambda _: {})(error)


main()
