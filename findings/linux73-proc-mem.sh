#!/bin/sh
# linux73-proc-mem.sh - which of Debian's kernels let a process write its own read-only memory
# through /proc/self/mem.
# Guessed:  all of them: that file has always written through missing rights into a private copy,
#           and the options that take this away (proc_mem.force_override) are for hardened systems.
# Seen:     6.1.176-1 (Debian 12) and 6.12.117-1 (Debian 13) write; 7.3.4-1~bpo13+1 answers
#           "Input/output error", and writes with proc_mem.force_override=always.
# Matters:  programs that patch their own code or read-only data this way fail after a change of the
#           kernel alone, and so do tests of copy-on-write that use the file as their tool.
set -eu
here=$(dirname "$(realpath "$0")")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
status=0
# dd writes into itself: the first byte of busybox's header, which is mapped read-only, as it is.
cat > "$dir/script" <<'END'
header=$(awk -F- '/ r--p 00000000 / { print $1; exit }' /proc/self/maps)
printf '\177' | dd of=/proc/self/mem bs=1 seek=$((0x$header)) conv=notrunc 2> /tmp/said && echo written
grep -o 'Input/output error' /tmp/said
END

# pokes NAME WANTED [WORD...] - of the kernel unpacked in DIR/NAME, with WORDs on its command line.
pokes() {
	name=$1 wanted=$2
	shift 2
	[ -e "$dir/$name/bin/busybox" ] || [ -e "$dir/$name/usr/bin/busybox" ] ||
		"$here/fetch" bookworm "$dir/$name" busybox-static=1:1.35.0-4+deb12u1+b1
	got=$("$here/boot-linux" "$dir/$name" "$dir/script" "$@" | tr '\n' ' ')
	echo "$name $*: $got"
	[ "$got" = "$wanted" ] || { echo "  changed; it was: $wanted"; status=1; }
}

"$here/fetch" bookworm "$dir/6.1" linux-image-6.1.0-50-amd64=6.1.176-1
pokes 6.1 "written "
"$here/fetch" trixie "$dir/6.12" linux-image-6.12.117+deb13-amd64=6.12.117-1
pokes 6.12 "written "
"$here/fetch" trixie-backports "$dir/7.3" linux-binary-7.3.4+deb13-amd64=7.3.4-1~bpo13+1 \
	linux-modules-7.3.4+deb13-amd64=7.3.4-1~bpo13+1
pokes 7.3 "Input/output error "
pokes 7.3 "written " proc_mem.force_override=always
exit $status
