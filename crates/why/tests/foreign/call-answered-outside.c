// why: healthy | nobody | open |
// What it reads is there, but a filter has somebody outside asked first, who has not answered yet.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int asks_for_reads(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_read, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { .len = 4, .filter = code };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &filter);
}

int main(void)
{
	int ends[2], told[2], number;
	char byte = 'x';

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pipe(told);
	pid_t tree = fork();
	if (tree == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pipe(ends);
		write(ends[1], &byte, 1);
		number = asks_for_reads();
		write(told[1], &number, sizeof number);
		read(ends[0], &byte, 1);
		return 0;
	}
	read(told[0], &number, sizeof number);
	int process = syscall(SYS_pidfd_open, tree, 0);
	/* From here on the answer is ours to give. */
	int asked = number < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, process, number, 0);
	if (asked < 0) {
		printf("cannot: %s\n", strerror(errno));
		return 0;
	}
	poll(&(struct pollfd){ .fd = asked, .events = POLLIN }, 1, -1);
	printf("ready %d\n", tree);
	fflush(stdout);
	poll(&(struct pollfd){ .fd = process, .events = POLLIN }, 1, 60000);
	return 0;
}
