// why: healthy | nobody | open |
// Somebody outside has given the write end to a ring, and closed its descriptor.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/io_uring.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	struct io_uring_params params = { 0 };
	int ends[2];
	char byte;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pipe(ends);
	pid_t tree = fork();
	if (tree == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		read(ends[0], &byte, 1);
		return 0;
	}
	int ring = syscall(SYS_io_uring_setup, 4, &params);
	if (ring < 0 || syscall(SYS_io_uring_register, ring, IORING_REGISTER_FILES, &ends[1], 1)) {
		printf("cannot: %s\n", strerror(errno));
		return 0;
	}
	close(ends[0]);
	close(ends[1]);
	int process = syscall(SYS_pidfd_open, tree, 0);
	printf("ready %d\n", tree);
	fflush(stdout);
	poll(&(struct pollfd){ .fd = process, .events = POLLIN }, 1, 60000);
	return 0;
}
