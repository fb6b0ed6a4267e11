"""Join the shorter of two random queues, as one writes it in SimPy: a process for each task, a resource for each server.

usage: simpy_model.py SERVERS TASKS RATE SEED; prints tasks, processor seconds, wall seconds and the mean response time.
"""

import random
import sys
import time

import simpy


def task(env, servers, luck, responses):
    arrived = env.now
    first, second = luck.choice(servers), luck.choice(servers)
    load = lambda server: server.count + len(server.queue)
    server = second if load(second) < load(first) else first
    with server.request() as turn:
        yield turn
        yield env.timeout(luck.expovariate(1.0))
    responses.append(env.now - arrived)


def arrivals(env, servers, tasks, rate, luck, responses):
    for _ in range(tasks):
        yield env.timeout(luck.expovariate(rate * len(servers)))
        env.process(task(env, servers, luck, responses))


def main():
    count, tasks, rate, seed = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
    luck = random.Random(seed)
    env = simpy.Environment()
    servers = [simpy.Resource(env) for _ in range(count)]
    responses = []
    began, began_cpu = time.perf_counter(), time.process_time()
    env.process(arrivals(env, servers, tasks, rate, luck, responses))
    env.run()
    wall, cpu = time.perf_counter() - began, time.process_time() - began_cpu
    print(tasks, cpu, wall, sum(responses) / len(responses))


main()
