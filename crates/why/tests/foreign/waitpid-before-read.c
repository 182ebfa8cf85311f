// why: wait-cycle | A A.1 | open | pipe:[; before it waits in wait4
// Collects the child first, and reads what it writes afterwards.
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static char bytes[200000];

int main(void) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  int ends[2];
  pipe(ends);
  pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close(ends[0]);
    write(ends[1], bytes, sizeof bytes);
    _exit(0);
  }
  close(ends[1]);
  printf("ready %d\n", getpid());
  fflush(stdout);
  waitpid(child, NULL, 0);
  while (read(ends[0], bytes, sizeof bytes) > 0) {}
  return 0;
}
