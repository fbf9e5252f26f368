"""The same plain script by several workers: PROCESSES processes with THREADS threads each, every worker with savers of its own.

    side-by-side.py LAYOUT REDIS_URL POSTGRES_URL LIMIT PROCESSES THREADS

The keys are listed first and dealt out. The clock runs from the moment all workers stand ready until the last one has finished.
"""
import importlib.util
import json
import multiprocessing
import pathlib
import sys
import threading
import time

import redis

_spec = importlib.util.spec_from_file_location("one_by_one", pathlib.Path(__file__).with_name("one-by-one.py"))
one_by_one = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(one_by_one)


def work(layout, source, target, shares, ready, go, done):
    def copy(keys, start):
        with one_by_one.PostgresSaver.from_conn_string(target) as saver:
            tuples = one_by_one.TUPLES[layout](source, keys)
            one_by_one.put(saver, next(tuples))
            start.wait()
            for found in tuples:
                one_by_one.put(saver, found)

    start = threading.Barrier(len(shares) + 1)
    threads = [threading.Thread(target=copy, args=(keys, start)) for keys in shares]
    for thread in threads:
        thread.start()
    while start.n_waiting < len(shares):
        time.sleep(0.01)
    ready.release()
    go.wait()
    start.wait()
    for thread in threads:
        thread.join()
    done.release()


def main():
    layout, source, target, limit, processes, threads = sys.argv[1:7]
    processes, threads = int(processes), int(threads)
    with one_by_one.PostgresSaver.from_conn_string(target) as saver:
        saver.setup()
    keys = one_by_one.keys_of(redis.Redis.from_url(source, protocol=2), int(limit))
    context = multiprocessing.get_context("spawn")
    ready, done, go = context.Semaphore(0), context.Semaphore(0), context.Event()
    shares = [keys[at :: processes * threads] for at in range(processes * threads)]
    children = [
        context.Process(target=work, args=(layout, source, target, shares[at * threads : (at + 1) * threads], ready, go, done))
        for at in range(processes)
    ]
    for child in children:
        child.start()
    for _ in children:
        ready.acquire()
    began = time.perf_counter()
    go.set()
    for _ in children:
        done.acquire()
    seconds = time.perf_counter() - began
    for child in children:
        child.join()
    # The first of each worker opened its connections; it is not counted.
    print(json.dumps({"checkpoints": len(keys) - len(shares), "seconds": seconds}))


if __name__ == "__main__":
    main()
