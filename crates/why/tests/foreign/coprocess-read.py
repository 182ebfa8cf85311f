# why: write-end-open | A A.1 A.2 | open | before it waits for its child; not: close(1)
"""A coprocess, as bash has them: one cat(1) reads what another writes, and the
parent waits for the reader before it closes the input of the other."""
import ctypes, os, signal, subprocess

end_with_parent = lambda: ctypes.CDLL(None).prctl(1, signal.SIGKILL)

if __name__ == "__main__":
    end_with_parent()
    pipe = dict(stdout=subprocess.PIPE, preexec_fn=end_with_parent)
    first = subprocess.Popen(["cat"], stdin=subprocess.PIPE, **pipe)
    second = subprocess.Popen(["cat"], stdin=first.stdout,
                              stdout=subprocess.DEVNULL,
                              preexec_fn=end_with_parent)
    first.stdout.close()
    print("ready", os.getpid(), flush=True)
    second.wait()
    first.stdin.close()
    first.wait()
