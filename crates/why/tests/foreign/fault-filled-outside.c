// why: healthy | nobody | open |
// What it reads is there, but the page into which it reads is filled by somebody outside, who has not done so yet.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 65536 /* of any machine */

static int fills(char *page)
{
	struct uffdio_api version = { .api = UFFD_API };
	struct uffdio_register part = {
		.range = { .start = (uintptr_t)page, .len = PAGE },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int faults = syscall(SYS_userfaultfd, O_CLOEXEC);

	if (faults < 0 || ioctl(faults, UFFDIO_API, &version) || ioctl(faults, UFFDIO_REGISTER, &part))
		return -1;
	return faults;
}

int main(void)
{
	int ends[2], told[2], number;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pipe(told);
	pid_t tree = fork();
	if (tree == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		pipe(ends);
		write(ends[1], "x", 1);
		number = fills(page);
		write(told[1], &number, sizeof number);
		read(ends[0], page, 1);
		return 0;
	}
	read(told[0], &number, sizeof number);
	int process = syscall(SYS_pidfd_open, tree, 0);
	/* From here on the page is ours to fill. */
	int faults = number < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, process, number, 0);
	if (faults < 0) {
		printf("cannot: %s\n", strerror(errno));
		return 0;
	}
	poll(&(struct pollfd){ .fd = faults, .events = POLLIN }, 1, -1);
	printf("ready %d\n", tree);
	fflush(stdout);
	poll(&(struct pollfd){ .fd = process, .events = POLLIN }, 1, 60000);
	return 0;
}
