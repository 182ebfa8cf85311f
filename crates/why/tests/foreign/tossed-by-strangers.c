// why: healthy | nobody | open | send each other what they have
// Two processes outside toss the write end to each other without pause, and one of them will write.
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

union control {
	char bytes[CMSG_SPACE(sizeof(int))];
	struct cmsghdr header;
};

static void toss(int to, int fd)
{
	union control control = { 0 };
	struct iovec part = { "x", 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof control };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof fd);
	memcpy(CMSG_DATA(header), &fd, sizeof fd);
	if (sendmsg(to, &message, 0) != 1)
		_exit(1);
	close(fd);
}

static int catch(int from)
{
	union control control;
	char byte;
	struct iovec part = { &byte, 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof control };
	int fd;

	if (recvmsg(from, &message, 0) != 1)
		_exit(1);
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
	return fd;
}

int main(void)
{
	int ends[2], sides[2];
	char byte;

	pipe(ends);
	socketpair(AF_UNIX, SOCK_STREAM, 0, sides);
	pid_t tree = fork();
	if (tree == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(sides[0]);
		close(sides[1]);
		read(ends[0], &byte, 1);
		return 0;
	}
	close(ends[0]);
	for (int side = 0; side < 2; side++) {
		if (fork() > 0)
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(sides[!side]);
		if (side)
			close(ends[1]);
		else
			toss(sides[side], ends[1]);
		for (;;)
			toss(sides[side], catch(sides[side]));
	}
	close(ends[1]);
	close(sides[0]);
	close(sides[1]);
	int process = syscall(SYS_pidfd_open, tree, 0);
	printf("ready %d\n", tree);
	fflush(stdout);
	poll(&(struct pollfd){ .fd = process, .events = POLLIN }, 1, 60000);
	return 0;
}
