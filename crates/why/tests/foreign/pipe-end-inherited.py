# why: write-end-open | A A.1 | open | close
"""The receiver reads to the end, and has the sending end itself."""
import ctypes, multiprocessing, os, signal

end_with_parent = lambda: ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def receive(receiver):
    end_with_parent()
    try:
        while True:
            receiver.recv()
    except EOFError:
        pass


if __name__ == "__main__":
    end_with_parent()
    receiver, sender = multiprocessing.Pipe(duplex=False)
    child = multiprocessing.Process(target=receive, args=(receiver,))
    child.start()
    sender.send("one")
    sender.close()
    receiver.close()
    print("ready", os.getpid(), flush=True)
    child.join()
