# kallsyms.awk - from the sorted output of nm to the assembler source of the symbol table.
# Takes the functions (types t and T) and gives them as kernel/include/debug/kallsyms.h says.
# Empty input makes the empty table that the first link needs.

BEGIN {
	count = 0	# a subscript that was never set is "", not 0
}

# An assembler's local label (function.label) names no function; a compiler's variant of a
# function (function.part.0) does.
function is_function(name)
{
	return name !~ /\./ || name ~ /\.(part|isra|constprop|cold)/
}

$2 ~ /^[tTwW]$/ && $1 >= "ffffffff80000000" && $1 != last && is_function($3) {
	last = $1
	addr[count] = $1
	type[count] = $2
	name[count] = $3
	count++
}

END {
	print "\t.section .kallsyms, \"a\", @progbits"
	print "\t.globl kallsyms, nr_kallsyms, kallsyms_types, kallsyms_names"
	print "\t.balign 4"
	print "nr_kallsyms:"
	print "\t.long " (count)
	print "kallsyms:"
	offset = 0
	for (i = 0; i < count; i++) {
		print "\t.long 0x" addr[i] " - 0xffffffff80000000, " offset
		offset += length(name[i]) + 1
	}
	print "kallsyms_types:"
	for (i = 0; i < count; i++)
		print "\t.ascii \"" type[i] "\""
	print "kallsyms_names:"
	for (i = 0; i < count; i++)
		print "\t.asciz \"" name[i] "\""
	print "\t.byte 0"
}
