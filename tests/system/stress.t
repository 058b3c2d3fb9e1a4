#!/usr/bin/env python3
"""stress.t - Debian's stress-ng puts the kernel under load: groups of its stressors, each group at
the same time on four processors, verify what they do. Behind every group memory is back and in
order. A group ends after its operations or after SECONDS. Skipped where stress-ng is missing.

Not here: what needs ptrace, sockets, POSIX timers, adjtimex or remap_file_pages; pthread and mutex
of versions from 0.20 on, which need mutexes with priority inheritance; what must not run as root,
what only fills memory; and resources: when its time is over before it has made all its children it
sends SIGALRM to whatever stands in the rest of its list of them, memory that it has not cleared.
There stand offsets of a directory read before, 5, 6, 7: one is the shell's number."""
import os
import re
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from machine import PROMPT, Machine, Tap, archive_of, try_out, with_libraries  # noqa: E402

SECONDS = 4
# Stressors and how many operations each does.
GROUPS = {
    "mappings": "mmap=8 mmapaddr=500 mmapfixed=4 mmapmany=50 munmap=4 mremap=20 mprotect=200 "
                "mincore=50 mlock=500 msync=100 msyncmany=10 vm-addr=1 vm-rw=4 tlb-shootdown=4",
    "processes": "fork=50 vfork=50 clone=20 mmapfork=1 daemon=20 zombie=50 wait=50 pthread=50 "
                 "exit-group=2 session=10 rmap=10 stack=2",
    "memory": "vm=20 brk=1000 stackmmap=1 malloc=1000 bigheap=100 memfd=20 shm=1 shm-sysv=2 "
              "vm-splice=200 fault=500 pagemove=1 pageswap=100 madvise=1",
    "signals": "sigabrt=20 sigchld=20 sigfpe=200 sigpending=200 sigq=200 sigrt=100 sigsegv=200 "
               "sigsuspend=100 sigtrap=200 kill=200 signal=200 signest=50 nanosleep=8 itimer=20 "
               "bad-altstack=8",
    "pipes and switching": "pipe=500 ring-pipe=100 fifo=100 poll=50 splice=100 tee=50 sendfile=20 "
                           "zero=100 null=100 switch=200 yield=800 futex=200 eventfd=200 "
                           "mutex=100 context=200",
    "files": "dentry=50 dir=50 dup=4 fallocate=4 fcntl=50 flock=100 lockf=100 lockofd=100 "
             "rename=200 utime=100 seek=50 getdent=10 chmod=10 open=100 close=100 procfs=2 "
             "access=10 fstat=10 mknod=10",
}
LIMITS = ("--vm-bytes 4M --mmap-bytes 1M --mremap-bytes 1M --msync-bytes 1M --vm-rw-bytes 1M "
          "--bigheap-growth 65536 --malloc-bytes 64K --memfd-bytes 2M --memfd-fds 16 "
          "--shm-bytes 2M --shm-sysv-bytes 1M --clone-max 16 --fork-max 8 --zombie-max 30 "
          "--fallocate-bytes 1M --dentries 64 --dir-dirs 64 --seek-size 1M --sendfile-size 256K")
LOOK = """#!/bin/sh
echo 3 > /proc/sys/vm/drop_caches
grep -E '^(MemFree|Slab):' /proc/meminfo
cat /proc/mmcheck | head -n 12
"""
# Free memory may be less by this; what processors keep at hand, tables that have grown.
TOLERANCE_KIB = 512


NEED_PRIORITY_INHERITANCE = ("pthread", "mutex")


def version():
    said = subprocess.run(["stress-ng", "--version"], stdout=subprocess.PIPE, text=True).stdout
    return tuple(int(number) for number in re.search(r"version (\d+)\.(\d+)", said).groups())


def script(stressors):
    left_out = NEED_PRIORITY_INHERITANCE if version() >= (0, 20) else ()
    words = " ".join("--%s 1 --%s-ops %s" % (name, name, ops) for name, ops in
                     (word.split("=") for word in stressors.split()) if name not in left_out)
    return ("#!/bin/sh\nexec stress-ng %s %s --verify --log-brief -t %d\n" %
            (words, LIMITS, SECONDS)).encode()


def free_kib(m):
    """Free memory and that of the kernel's objects, when the kernel finds all in order."""
    text = m.command("/stress/look", 30)
    assert "mmcheck: ok" in text, text
    return sum(int(n) for n in re.findall(r"^(?:MemFree|Slab): *(\d+) kB", text, re.M))


def run(m, group):
    try:
        text = m.command("/stress/'%s'; echo status=$?" % group, SECONDS + 60)
    except Exception:
        m.recover()
        raise
    wrong = [line for line in text.splitlines()
             if re.search(r"fail(?!ed: 0\b)|terminated", line)]
    assert re.search(r"^status=0$", text, re.M) and not wrong, "\n".join(wrong) or text[-2000:]


def memory_is_back(m, before):
    """The last pages of those who have ended come a moment later."""
    for _ in range(20):
        now = free_kib(m)
        if now >= before - TOLERANCE_KIB:
            return
        time.sleep(0.1)
    assert False, "%d KiB were free, %d are" % (before, now)


def main():
    tap = Tap()
    path = shutil.which("stress-ng")
    if not path:
        tap.ok(True, "stress-ng # SKIP this machine has none")
        return tap.done()
    files = {"stress/" + group: script(stressors) for group, stressors in GROUPS.items()}
    files.update(with_libraries([path]), **{"stress/look": LOOK.encode()})
    image = archive_of("stress.cpio", files)
    with Machine("stress", initrd=image, cpus=4, mem="512") as m:
        m.expect(PROMPT, 60)
        free_kib(m)
        before = free_kib(m)
        for group in GROUPS:
            try_out(tap, group + " at the same time", run, m, group)
            try_out(tap, "memory is back and in order", memory_is_back, m, before)
        m.send("poweroff\n")
        tap.ok(m.end() == "completed", "the machine ends well")
    return tap.done()


main()
