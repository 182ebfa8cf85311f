// why: pipe-cycle | A A.1 | open | and nobody writes
// Parent and child each read from the other, before either has written.
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
  int down[2], up[2];
  char byte;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (pipe(down) || pipe(up)) return 1;
  if (fork() == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close(down[1]);
    close(up[0]);
    return read(down[0], &byte, 1) != 1 || write(up[1], "u", 1) != 1;
  }
  close(down[0]);
  close(up[1]);
  printf("ready %d\n", getpid());
  fflush(stdout);
  if (read(up[0], &byte, 1) != 1 || write(down[1], "d", 1) != 1) return 1;
  wait(NULL);
  return 0;
}
