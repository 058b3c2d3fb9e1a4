/* shell.c - Debian's busybox: a shell, pipelines, scripts and common applets, by their output. */
#include "tap.h"
#include <sys/stat.h>

#define SHELL	"/bin/busybox"

/* Runs "busybox sh -c script" and compares all it prints with @want. */
static bool prints(const char *script, const char *want)
{
	static char got[8192];
	int fds[2], status;
	size_t len = 0;
	ssize_t n;
	pid_t pid;

	must(pipe(fds) == 0);
	pid = fork();
	must(pid >= 0);
	if (pid == 0) {
		dup2(fds[1], 1);
		dup2(fds[1], 2);
		close(fds[0]);
		close(fds[1]);
		execl(SHELL, "sh", "-c", script, (char *)NULL);
		_exit(127);
	}
	close(fds[1]);
	while (len < sizeof(got) - 1 && (n = read(fds[0], got + len, sizeof(got) - 1 - len)) > 0)
		len += (size_t)n;
	got[len] = 0;
	close(fds[0]);
	status = wait_for(pid);
	if (status == 0 && strcmp(got, want) == 0)
		return true;
	diag("status %#x, output: %.300s", status, got);
	return false;
}

static const struct {
	const char *name, *script, *want;
} t[] = {
	{ "echo prints", "echo hello", "hello\n" },
	{ "variables and arithmetic", "x=6; echo $((x * 7))", "42\n" },
	{ "a pipeline of three", "printf 'b\\na\\nc\\n' | sort | busybox tr a-z A-Z", "A\nB\nC\n" },
	{ "command substitution", "echo $(echo in $(echo deep))", "in deep\n" },
	{ "a loop", "for i in 1 2 3; do echo $i; done", "1\n2\n3\n" },
	{ "a subshell has its own directory", "(cd /tmp; pwd); pwd", "/tmp\n/\n" },
	{ "a here-document", "cat <<X\none\ntwo\nX", "one\ntwo\n" },
	{ "redirection", "cd /tmp; echo a > f; echo b >> f; cat < f; rm f", "a\nb\n" },
	{ "exit statuses", "false; echo $?; (exit 9); echo $?; true && echo yes || echo no",
	  "1\n9\nyes\n" },
	{ "a background job", "sleep 0.05 & p=$!; wait $p; echo done $?", "done 0\n" },
	{ "a trap", "trap 'echo caught' USR1; kill -USR1 $$; echo after", "caught\nafter\n" },
	{ "death by a signal", "sh -c 'kill -TERM $$' ; echo $?", "Terminated\n143\n" },
	{ "functions and case",
	  "f() { case $1 in a*) echo A;; *) echo other;; esac; }; f apple; f pear", "A\nother\n" },
	{ "grep, sed and awk",
	  "printf 'x 1\\ny 2\\nx 3\\n' | grep x | sed s/x/z/ | "
	  "awk '{ s += $2 } END { print $1, s }'",
	  "z 4\n" },
	{ "find and xargs", "mkdir -p /tmp/s/d; touch /tmp/s/d/one /tmp/s/two; "
	  "find /tmp/s -type f | sort | xargs echo; rm -r /tmp/s", "/tmp/s/d/one /tmp/s/two\n" },
	{ "tar and gzip", "mkdir /tmp/s; cd /tmp/s; seq 1000 > n; tar c n | gzip > n.tgz; rm n; "
	  "gunzip < n.tgz | tar x; wc -l < n; tail -n 1 n; cd /; rm -r /tmp/s", "1000\n1000\n" },
	{ "sha256sum", "printf abc | sha256sum",
	  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  -\n" },
	{ "dd", "dd if=/dev/zero bs=1k count=300 2>/dev/null | wc -c", "307200\n" },
	{ "cp, mv, ln and ls", "mkdir /tmp/s; cd /tmp/s; echo a > a; cp a b; mv b c; ln -s c d; "
	  "ln a e; ls; cat d; cd /; rm -r /tmp/s", "a\nc\nd\ne\na\n" },
	{ "ps finds the shell", "ps | awk -v p=$$ '$1 == p' | wc -l", "1\n" },
	{ "free and uname", "free | grep -c Mem; uname -m", "1\nx86_64\n" },
	{ "a long pipeline",
	  "seq 2000 | cat | cat | cat | cat | cat | cat | awk '{ s += $1 } END { print s }'",
	  "2001000\n" },
	{ "a closed pipe ends its writer", "yes | head -n 2", "y\ny\n" },
	{ "a shell in a shell in a shell",
	  "echo 'n=$1; echo $n; [ $n = 0 ] || sh $0 $((n - 1))' > /tmp/s; sh /tmp/s 3; rm /tmp/s",
	  "3\n2\n1\n0\n" },
};

static void body(void)
{
	size_t i;

	if (access(SHELL, X_OK)) {
		skip("no busybox", "busybox runs");
		return;
	}
	must(chdir("/") == 0);
	for (i = 0; i < COUNT(t); i++)
		ok(prints(t[i].script, t[i].want), "%s", t[i].name);
}

int main(void)
{
	return tap_run(body, 20);
}
