# why: wait-cycle | A A.1 | open | pipe:[
"""Joins the producer before it takes from the queue: the producer cannot end
before its feeder thread has written 200 kB, and nobody reads."""
import ctypes, multiprocessing, os, signal

end_with_parent = lambda: ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def produce(queue):
    end_with_parent()
    queue.put(b"x" * 200_000)


if __name__ == "__main__":
    end_with_parent()
    queue = multiprocessing.Queue()
    producer = multiprocessing.Process(target=produce, args=(queue,))
    producer.start()
    print("ready", os.getpid(), flush=True)
    producer.join()
    queue.get()
