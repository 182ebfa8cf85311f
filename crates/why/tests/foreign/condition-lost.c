// why: wait-cycle | A A.1 | open |
// The condition is signalled before anybody waits for it, and the waiter does
// not look at the state. The parent waits for the waiter.
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct shared { pthread_mutex_t mutex; pthread_cond_t condition; };

int main(void) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  struct shared *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
                               MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  pthread_mutexattr_t of_mutex;
  pthread_condattr_t of_condition;
  pthread_mutexattr_init(&of_mutex);
  pthread_condattr_init(&of_condition);
  pthread_mutexattr_setpshared(&of_mutex, PTHREAD_PROCESS_SHARED);
  pthread_condattr_setpshared(&of_condition, PTHREAD_PROCESS_SHARED);
  pthread_mutex_init(&shared->mutex, &of_mutex);
  pthread_cond_init(&shared->condition, &of_condition);
  pthread_cond_signal(&shared->condition);
  pid_t waiter = fork();
  if (waiter == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    pthread_mutex_lock(&shared->mutex);
    pthread_cond_wait(&shared->condition, &shared->mutex);
    _exit(0);
  }
  printf("ready %d\n", getpid());
  fflush(stdout);
  waitpid(waiter, NULL, 0);
  return 0;
}
