# How the programs of this folder are built. Every .c file here but init.c is one test program,
# named after the file; init.c is process 1 of a test run. A program is made of its one file.
GUEST_SOURCES := $(filter-out tests/guest/init.c,$(wildcard tests/guest/*.c))
GUEST_TESTS   := $(patsubst tests/guest/%.c,%,$(GUEST_SOURCES))
# Those that get disks and little memory, in a boot of their own.
GUEST_SWAP    := $(filter swap% blk,$(GUEST_TESTS))
GUEST_PLAIN   := $(filter-out $(GUEST_SWAP),$(GUEST_TESTS))
GUEST_CFLAGS  := -static -O2 -g -Wall -Wextra $(MAYBE_WERROR) -pthread

# Built with the system's gcc -static (glibc); all others with musl-gcc -static.
GLIBC := glibc pie

# A position-independent program without an interpreter.
$(BUILD)/tests/guest/pie: GUEST_CFLAGS := $(subst -static,-static-pie -fPIE,$(GUEST_CFLAGS))
