# rules.mk - building the host tests; included by tests/rules.mk.
# Gives HOST_TESTS, the programs; the runner makes and runs them.

HOST_CC		?= gcc
HOST_SANITIZE	?= -fsanitize=address,undefined -fno-sanitize-recover=all
HOST_CFLAGS	:= -std=gnu11 -O1 -g -Wall -Wextra -Werror -fno-omit-frame-pointer \
		   -fno-strict-aliasing -ffile-prefix-map=$(CURDIR)=. $(HOST_SANITIZE) -I.
HOST_OUT	:= $(BUILD)/tests/host

HOST_LIB_OBJ	:= $(patsubst lib/%.c,$(HOST_OUT)/lib/%.o,$(wildcard lib/*.c))
HOST_LIB_TESTS	:= $(patsubst tests/host/lib/%.c,$(HOST_OUT)/%,$(wildcard tests/host/lib/*_test.c))
HOST_TESTS	+= $(HOST_LIB_TESTS)

# These two define names that libc has too; see lib/string.c.
HOST_RENAME	:= -include tests/host/lib/libc_names.h -fno-builtin \
		   -fno-tree-loop-distribute-patterns
$(HOST_OUT)/lib/string.o $(HOST_OUT)/lib/printf.o: HOST_EXTRA := $(HOST_RENAME)

$(HOST_OUT)/lib/%.o: lib/%.c tests/host/rules.mk
	@mkdir -p $(@D)
	$(say) HOSTCC $<
	$(Q)$(HOST_CC) $(HOST_CFLAGS) $(HOST_EXTRA) -MMD -MP -c $< -o $@

# All of lib/ as an archive: each program takes from it what it needs.
$(HOST_OUT)/liblib.a: $(HOST_LIB_OBJ)
	$(say) AR $@
	$(Q)rm -f $@
	$(Q)ar rcsD $@ $^

$(HOST_LIB_TESTS): $(HOST_OUT)/%: tests/host/lib/%.c $(HOST_OUT)/liblib.a tests/host/rules.mk
	@mkdir -p $(@D)
	$(say) HOSTCC $<
	$(Q)$(HOST_CC) $(HOST_CFLAGS) -MMD -MP -MF $@.d $< $(HOST_OUT)/liblib.a -lcmocka -o $@

-include $(HOST_LIB_OBJ:.o=.d) $(HOST_LIB_TESTS:=.d)
