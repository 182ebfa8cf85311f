// why: healthy | nobody | open |
// Somebody outside has lowered the semaphore with SEM_UNDO: its end gives it back, and nobody outside has to come for that.
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ipc.h>
#include <sys/prctl.h>
#include <sys/sem.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	struct sembuf lower = { .sem_op = -1, .sem_flg = SEM_UNDO };
	int set = semget(IPC_PRIVATE, 1, 0600);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (set < 0 || semctl(set, 0, SETVAL, 1)) {
		perror("semget");
		return 1;
	}
	semop(set, &lower, 1);
	pid_t tree = fork();
	if (tree == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		semop(set, &lower, 1);
		return 0;
	}
	/* It ends behind the tree, or the set would stay. */
	signal(SIGTERM, SIG_IGN);
	int process = syscall(SYS_pidfd_open, tree, 0);
	printf("ready %d\n", tree);
	fflush(stdout);
	poll(&(struct pollfd){ .fd = process, .events = POLLIN }, 1, 60000);
	semctl(set, 0, IPC_RMID);
	return 0;
}
