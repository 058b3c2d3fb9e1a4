#!/bin/sh
# gas-hex-prefix.sh - GNU as takes "0x" without a digit for the number 0.
# Guessed:  an error wherever it stands, as for "0b" without a digit.
# Seen:     binutils 2.40-2 (Debian 12): as a whole operand it is 0 with a warning that speaks of a
#           missing expression; before an operator, a comma or a bracket it is 0 without a word.
#           "0b" is something else, a reference to a local label, and an error where there is none.
#           2.44 (Debian 13) and 2.47.50 (sid in November 2026) did the same.
# Matters:  who makes assembly from text that may be empty ("0x" and then nothing) gets a program
#           with wrong addresses instead of an error.
set -eu
here=$(dirname "$(realpath "$0")")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
"$here/fetch" bookworm "$dir" binutils-x86-64-linux-gnu=2.40-2 libbinutils=2.40-2
export LD_LIBRARY_PATH="$dir/usr/lib/x86_64-linux-gnu"
status=0

# expect OPERANDS WANTED - WANTED: the bytes of `.long OPERANDS`, and what as says.
expect() {
	printf '.data\n.long %s\n' "$1" > "$dir/a.s"
	rm -f "$dir/a.o"
	said=$("$dir/usr/bin/x86_64-linux-gnu-as" "$dir/a.s" -o "$dir/a.o" 2>&1 |
		sed -n 's/.*: \(Warning\|Error\): \(.*\)/\2/p')
	bytes=
	[ ! -e "$dir/a.o" ] || bytes=$("$dir/usr/bin/x86_64-linux-gnu-objdump" -s -j .data "$dir/a.o" |
		awk '/^ 0000/ { for (i = 2; i < NF && length($i) == 8; i++) printf "%s ", $i }')
	echo ".long $1: ${bytes:-nothing }${said:+($said)}"
	[ "$bytes$said" = "$2" ] || { echo "  changed; it was: $2"; status=1; }
}

"$dir/usr/bin/x86_64-linux-gnu-as" --version | head -n 1
expect "0x" "00000000 zero assumed for missing expression"
expect "5 + 0x" "05000000 missing operand; zero assumed"
expect "0x - 16" "f0ffffff "
expect "0x | 3" "03000000 "
expect "0x, 7" "00000000 07000000 "
expect "(0x)" "00000000 "
expect "0b - 1" 'backward ref to unknown label "0:"'
exit $status
