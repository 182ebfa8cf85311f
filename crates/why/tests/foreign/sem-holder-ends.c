// why: lock-holder-dead | A | open |
// The child takes a semaphore and ends; the parent wants it.
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  sem_t *semaphore = mmap(NULL, sizeof *semaphore, PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  sem_init(semaphore, 1, 1);
  if (fork() == 0) {
    sem_wait(semaphore);
    _exit(0);
  }
  siginfo_t info;
  waitid(P_ALL, 0, &info, WEXITED | WNOWAIT);
  printf("ready %d\n", getpid());
  fflush(stdout);
  sem_wait(semaphore);
  return 0;
}
