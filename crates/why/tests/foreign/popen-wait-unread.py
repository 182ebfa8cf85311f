# why: wait-cycle | A A.1 | open | pipe:[; must call read(3) before it waits in wait4
"""Waits for a command whose output nobody reads."""
import ctypes, os, signal, subprocess

if __name__ == "__main__":
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    command = subprocess.Popen(["seq", "100000"], stdout=subprocess.PIPE)
    print("ready", os.getpid(), flush=True)
    command.wait()
    print(len(command.stdout.read()))
