// why: lock-holder-dead | A | open | a sem_post is missing
// The child was to post, and ends without.
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  sem_t *done = mmap(NULL, sizeof *done, PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  sem_init(done, 1, 0);
  if (fork() == 0) _exit(0);
  wait(NULL);
  printf("ready %d\n", getpid());
  fflush(stdout);
  sem_wait(done);
  return 0;
}
