#!/bin/sh
# linux73-swap-priority.sh - swap areas that ask for no priority are equal on Linux 7.3.
# Guessed:  -2 and -3: swapon(2) gives each further one a lower priority than the one before.
# Seen:     Debian's 6.1.176-1: -2 and -3. Debian's 7.3.4-1~bpo13+1: -1 and -1.
# Matters:  pages go to areas of one priority in turn and to a lower one only when the others are
#           full: two disks that were filled one after the other are now used together, and who
#           looks for -2 in /proc/swaps finds nothing.
set -eu
here=$(dirname "$(realpath "$0")")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
status=0
cat > "$dir/script" <<'END'
for disk in /dev/vda /dev/vdb; do mkswap $disk > /dev/null; swapon $disk; done
awk 'NR > 1 { print $1, $NF }' /proc/swaps
END

# priorities NAME WANTED - of the kernel unpacked in DIR/NAME.
priorities() {
	"$here/fetch" bookworm "$dir/$1" busybox-static=1:1.35.0-4+deb12u1+b1
	got=$("$here/boot-linux" "$dir/$1" "$dir/script" | tr '\n' ' ')
	echo "$1: $got"
	[ "$got" = "$2" ] || { echo "  changed; it was: $2"; status=1; }
}

"$here/fetch" bookworm "$dir/6.1" linux-image-6.1.0-50-amd64=6.1.176-1
priorities 6.1 "/dev/vda -2 /dev/vdb -3 "
"$here/fetch" trixie-backports "$dir/7.3" linux-binary-7.3.4+deb13-amd64=7.3.4-1~bpo13+1 \
	linux-modules-7.3.4+deb13-amd64=7.3.4-1~bpo13+1
priorities 7.3 "/dev/vda -1 /dev/vdb -1 "
exit $status
