"""The same work in Python, with multiprocessing where it has a way.

    python3 peer.py measure WORK WAY COUNT SIZE SENDERS CPU[,CPU]

prints the nanoseconds for one: a process, a round trip, a message. Each work
is what the file of its name in ../src/column/work does; change both together. Only the
standard library; psutil where it is installed. Exit code 2: there is no such
way here; 3: a package is missing. A wrong result is an exception.
"""

import os
import signal
import sys
import time

now = time.monotonic_ns
PAGE = 4096
CHUNK = 64 << 10


class Task:
    def __init__(self, work, way, count, size, senders, cpus):
        self.work, self.way = work, way
        self.count, self.size, self.senders = int(count), int(size), int(senders)
        self.cpus = [int(cpu) for cpu in cpus.split(",")]
        self.last_cpu = self.cpus[-1]

    def cpu_of(self, worker):
        return self.cpus[(worker + 1) % len(self.cpus)]


def pin(cpu):
    os.sched_setaffinity(0, {cpu})


def median(times):
    """Below a microsecond the mean of the middle half: clocks tick in steps."""
    times = sorted(times)
    middle = times[len(times) // 2]
    if middle >= 1000:
        return middle
    half = times[len(times) // 4:len(times) - len(times) // 4]
    return sum(half) / len(half)


def median_of(count, run):
    for _ in range(min(-(-count // 3), 3)):
        run()
    times = []
    for _ in range(count):
        begun = now()
        run()
        times.append(now() - begun)
    return median(times)


def check(is_right, fault):
    if not is_right:
        raise SystemExit(f"peer.py: {fault}")


def start(work, *arguments):
    process = multiprocessing.Process(target=work, args=arguments, daemon=True)
    process.start()
    return process


def reap(process, code=0):
    process.join()
    check(process.exitcode == code, f"a child ended with {process.exitcode}")


def state_of(pid):
    try:
        with open(f"/proc/{pid}/stat", "rb", buffering=0) as file:
            line = file.read(1024)
    except (FileNotFoundError, ProcessLookupError):
        return None
    return chr(line[line.rindex(b")") + 2])


def until_blocked(pid):
    while (state := state_of(pid)) != "S":
        check(state not in (None, "Z"), "a child did not wait")
        os.sched_yield()


# ------------------------------------------------------------------ creating


def nothing():
    pass


def create_process():
    process = multiprocessing.Process(target=nothing)
    process.start()
    process.join()
    check(process.exitcode == 0, "a child ended badly")


def create_fork():
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    check(os.waitpid(pid, 0)[1] == 0, "a child ended badly")


def create_spawn():
    pid = os.posix_spawn("/bin/true", ["true"], os.environ)
    check(os.waitpid(pid, 0)[1] == 0, "a child ended badly")


def create_run():
    import subprocess

    subprocess.run(["/bin/true"], check=True)


def create_thread():
    import threading

    thread = threading.Thread(target=nothing)
    thread.start()
    thread.join()


def create(task):
    way, _, huge = task.way.partition("+")
    heap = touched(task.size, huge) if task.size else None
    if way == "again":
        multiprocessing.set_start_method("spawn")
    ways = {"process": create_process, "again": create_process, "fork": create_fork, "spawn": create_spawn,
            "run": create_run, "thread": create_thread}
    time = median_of(task.count, ways[way])
    check(heap is None or heap[task.size - PAGE] == 1, "the heap is gone")
    return time


def touched(size, huge):
    import mmap

    heap = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    try:
        heap.madvise(mmap.MADV_HUGEPAGE if huge else mmap.MADV_NOHUGEPAGE)
    except OSError:
        pass  # a kernel without huge pages
    for offset in range(0, size, PAGE):
        heap[offset] = 1
    return heap


FAN = 10


def tree(task):
    import mmap

    marks = mmap.mmap(-1, task.size)
    begun = now()
    for _ in range(task.count):
        grow(marks, 0, task.size)
    took = now() - begun
    check(marks[:] == bytes([task.count]) * task.size, "a process of the tree was not created")
    return took / (task.count * task.size)


def grow(marks, first, left):
    children = []
    share = -(-left // FAN)
    while left > 0:
        share = min(share, left)
        pid = os.fork()
        if pid == 0:
            marks[first] += 1
            grow(marks, first + 1, share - 1)
            os._exit(0)
        children.append(pid)
        first, left = first + share, left - share
    for pid in children:
        check(os.waitpid(pid, 0)[1] == 0, "a child ended badly")


# --------------------------------------------------------------- round trips


def message(number):
    return number.to_bytes(4, sys.byteorder) + b" is the turn"


def answer_pipe(read_end, write_end, task):
    pin(task.last_cpu)
    for number in range(task.count):
        check(os.read(read_end, 16) == message(number), "another message came than was sent")
        os.write(write_end, b"ack")


def answer_connection(connection, task):
    pin(task.last_cpu)
    for number in range(task.count):
        check(connection.recv() == message(number), "another message came than was sent")
        connection.send("ack")


def answer_spin(name, task):
    from multiprocessing import shared_memory

    pin(task.last_cpu)
    memory = shared_memory.SharedMemory(name)
    cells = memory.buf
    for number in range(task.count):
        wanted = (number + 1) & 255
        while cells[0] != wanted:
            pass
        cells[128] = wanted
    del cells
    memory.close()


def trip(task):
    return {"pipe": trip_pipe, "connection": trip_connection, "spin": trip_spin}[task.way](task)


def trip_pipe(task):
    (there_read, there_write), (back_read, back_write) = os.pipe(), os.pipe()
    answerer = start(answer_pipe, there_read, back_write, task)
    times = []
    for number in range(task.count):
        begun = now()
        os.write(there_write, message(number))
        word = os.read(back_read, 3)
        times.append(now() - begun)
        check(word == b"ack", "another message came than was sent")
    reap(answerer)
    return median(times)


def trip_connection(task):
    mine, other = multiprocessing.Pipe()
    answerer = start(answer_connection, other, task)
    times = []
    for number in range(task.count):
        begun = now()
        mine.send(message(number))
        word = mine.recv()
        times.append(now() - begun)
        check(word == "ack", "another message came than was sent")
    reap(answerer)
    return median(times)


def trip_spin(task):
    from multiprocessing import shared_memory

    memory = shared_memory.SharedMemory(create=True, size=PAGE)
    cells = memory.buf
    answerer = start(answer_spin, memory.name, task)
    times = []
    for number in range(task.count):
        wanted = (number + 1) & 255
        begun = now()
        cells[0] = wanted
        while cells[128] != wanted:
            pass
        times.append(now() - begun)
    reap(answerer)
    del cells
    memory.close()
    memory.unlink()
    return median(times)


# -------------------------------------------------------------------- queues


def produce(task, gate, each, send):
    pin(task.last_cpu)
    sent = b"x" * task.size
    gate.wait()
    for _ in range(each):
        send(sent)


def queue(task):
    gate = multiprocessing.Barrier(task.senders + 1)
    if task.way == "queue":
        pipe = multiprocessing.Queue()
        send, take = pipe.put, pipe.get
    elif task.way == "simple":
        pipe = multiprocessing.SimpleQueue()
        send, take = pipe.put, pipe.get
    else:
        raise KeyError(task.way)
    each = task.count // task.senders
    producers = [start(produce, task, gate, each, send) for _ in range(task.senders)]
    gate.wait()
    begun = now()
    for _ in range(each * task.senders):
        taken = take()
        check(len(taken) == task.size and taken[-1] == ord("x"), "another message came than was sent")
    took = now() - begun
    for producer in producers:
        reap(producer)
    return took / (each * task.senders)


def pour(write_end, opener, task):
    pin(task.last_cpu)
    chunk = memoryview(b"x" * CHUNK)
    os.read(opener, 1)
    for _ in range((task.count << 20) // CHUNK):
        rest = chunk
        while rest:
            rest = rest[os.write(write_end, rest):]


def bandwidth(task):
    if task.way != "pipe":
        raise KeyError(task.way)
    (read_end, write_end), (opened, opener) = os.pipe(), os.pipe()
    sender = start(pour, write_end, opened, task)
    os.close(write_end)
    buffer = bytearray(CHUNK)
    received = 0
    begun = now()
    os.write(opener, b"!")
    while length := os.readv(read_end, [buffer]):
        received += length
    took = now() - begun
    reap(sender)
    check(received == task.count << 20 and buffer[-1] == ord("x"), f"{received} bytes came")
    return took / task.count


# ------------------------------------------------------------- shared memory


def increase(task, worker, gate, number, done):
    pin(task.cpu_of(worker))
    lock = number.get_lock()
    gate.wait()
    begun = now()
    for _ in range(task.count):
        with lock:
            number.value += 1
    os.write(done, b"%d %d %d\n" % (now(), number.value, begun))


WORKERS = 4


def counter(task):
    if task.way != "value":
        raise KeyError(task.way)
    number = multiprocessing.Value("i", 0)
    gate = multiprocessing.Barrier(WORKERS + 1)
    reports, done = os.pipe()
    workers = [start(increase, task, worker, gate, number, done) for worker in range(WORKERS)]
    gate.wait()
    for worker in workers:
        reap(worker)
    check(number.value == WORKERS * task.count, "an increment was lost")
    # From the first to begin, who may do so before this process goes on, to
    # the first to be done: behind that fewer add.
    times = [tuple(map(int, line.split())) for line in os.read(reports, PAGE).splitlines()]
    ended, reached, _ = min(times)
    return (ended - min(begun for _, _, begun in times)) / reached


def square(task, worker, gate, numbers):
    pin(task.cpu_of(worker))
    half = task.count // 2
    part = range(half, task.count) if worker else range(half)
    gate.wait()
    for place in part:
        numbers[place] **= 2


def array(task):
    kinds = {"array": multiprocessing.Array, "raw": multiprocessing.RawArray}
    numbers = kinds[task.way]("i", [place % 1000 for place in range(task.count)])
    gate = multiprocessing.Barrier(3)
    workers = [start(square, task, worker, gate, numbers) for worker in range(2)]
    gate.wait()
    begun = now()
    for worker in workers:
        reap(worker)
    took = now() - begun
    check(numbers[:] == [(place % 1000) ** 2 for place in range(task.count)], "an element was not squared once")
    return took / task.count


# ----------------------------------------------------------------- hand-offs


def await_lock(task, lock, go, cells):
    pin(task.last_cpu)
    for number in range(1, task.count + 1):
        go.acquire()
        cells[0] = number
        lock.acquire()
        had = now()
        lock.release()
        cells[1] = had
        cells[2] = number


def hand_off(task):
    return {"lock": hand_lock, "semaphore": hand_turns}[task.way](task)


def hand_lock(task):
    lock, go = multiprocessing.Lock(), multiprocessing.Semaphore(0)
    cells = multiprocessing.RawArray("q", 3)
    waiter = start(await_lock, task, lock, go, cells)
    times = []
    for number in range(1, task.count + 1):
        lock.acquire()
        go.release()
        while cells[0] != number:
            os.sched_yield()
        until_blocked(waiter.pid)
        begun = now()
        lock.release()
        while cells[2] != number:
            os.sched_yield()
        times.append(cells[1] - begun)
    reap(waiter)
    return median(times)


def alternate(task, mine, yours, gate):
    pin(task.last_cpu)
    gate.wait()
    for _ in range(task.count):
        yours.acquire()
        mine.release()


def hand_turns(task):
    mine, yours = multiprocessing.Semaphore(0), multiprocessing.Semaphore(0)
    gate = multiprocessing.Barrier(2)
    other = start(alternate, task, mine, yours, gate)
    gate.wait()
    begun = now()
    for _ in range(task.count):
        yours.release()
        mine.acquire()
    took = now() - begun
    reap(other)
    return took / (2 * task.count)


# -------------------------------------------------------- endings and states


def pause(told):
    os.write(told, b"!")
    while True:
        signal.pause()


def end(task):
    if task.way != "terminate":
        raise KeyError(task.way)
    times = []
    for _ in range(task.count):
        begun_read, begun_write = os.pipe()
        process = start(pause, begun_write)
        os.read(begun_read, 1)
        until_blocked(process.pid)
        begun = now()
        process.terminate()
        process.join()
        times.append(now() - begun)
        check(process.exitcode == -signal.SIGTERM, "another ending")
        os.close(begun_read)
        os.close(begun_write)
    return median(times)


def state(task):
    told = os.open("/dev/null", os.O_WRONLY)
    sleepers = [start(pause, told) for _ in range(max(task.size, 1))]
    for sleeper in sleepers:
        until_blocked(sleeper.pid)
    try:
        return {"by-hand": state_by_hand, "psutil": state_psutil, "all-by-hand": states_by_hand,
                "all-psutil": states_psutil}[task.way](task, sleepers[0].pid)
    finally:
        for sleeper in sleepers:
            sleeper.kill()
            sleeper.join()


def state_by_hand(task, pid):
    return median_of(task.count, lambda: check(state_of(pid) == "S", "the child is not seen asleep"))


def psutil():
    try:
        import psutil as package
    except ImportError:
        print("peer.py: psutil is not installed", file=sys.stderr)
        sys.exit(3)
    return package


def state_psutil(task, pid):
    package = psutil()
    return median_of(task.count, lambda: check(package.Process(pid).status() == "sleeping", "the child is not seen asleep"))


def states(task, look):
    asked = 0

    def run():
        nonlocal asked
        asked, asleep = look()
        check(asleep >= task.size, f"only {asleep} seen asleep")

    return median_of(task.count, run) / asked


def states_by_hand(task, _):
    def look():
        letters = [state_of(name) for name in os.listdir("/proc") if name[0].isdigit()]
        return len(letters) - letters.count(None), letters.count("S")

    return states(task, look)


def states_psutil(task, _):
    package = psutil()

    def look():
        words = [process.info["status"] for process in package.process_iter(["status"])]
        return len(words), words.count("sleeping")

    return states(task, look)


WORKS = {"create": create, "tree": tree, "trip": trip, "queue": queue, "bandwidth": bandwidth,
         "counter": counter, "array": array, "hand-off": hand_off, "end": end, "state": state}


def main():
    if len(sys.argv) != 8 or sys.argv[1] != "measure":
        print(__doc__.strip(), file=sys.stderr)
        return 2
    task = Task(*sys.argv[2:])
    # The tree needs no more than the interpreter, so it forks no more.
    if task.work != "tree":
        global multiprocessing
        import multiprocessing

        # The default is another one from Python 3.14 on.
        if task.way != "again":
            multiprocessing.set_start_method("fork")
    pin(task.cpus[0])
    try:
        measure = WORKS[task.work]
        result = measure(task)
    except KeyError:
        print(f"peer.py: there is no {task.work} by {task.way}", file=sys.stderr)
        return 2
    print(float(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
