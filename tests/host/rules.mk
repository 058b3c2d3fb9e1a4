# rules.mk - building the host tests; included by tests/rules.mk.
# Gives HOST_TESTS, the programs; the runner makes and runs them.

HOST_CC		?= gcc
HOST_SANITIZE	?= -fsanitize=address,undefined -fno-sanitize-recover=all
HOST_CFLAGS	:= -std=gnu11 -O1 -g -Wall -Wextra $(MAYBE_WERROR) -fno-omit-frame-pointer \
		   -fno-strict-aliasing "-ffile-prefix-map=$(CURDIR)=." $(HOST_SANITIZE) -I.
HOST_OUT	:= $(BUILD)/tests/host

HOST_LIB_OBJ	:= $(patsubst lib/%.c,$(HOST_OUT)/lib/%.o,$(wildcard lib/*.c))
HOST_LIB_TESTS	:= $(patsubst tests/host/lib/%.c,$(HOST_OUT)/%,$(wildcard tests/host/lib/*_test.c))
HOST_TESTS	+= $(HOST_LIB_TESTS)

# These two define names that libc has too; see lib/string.c.
HOST_RENAME	:= -include tests/host/lib/libc_names.h -fno-builtin \
		   $(if $(findstring clang,$(HOST_CC)),,-fno-tree-loop-distribute-patterns)
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

# ---- kernel/mm in the machine double ----
# Kernel sources as they are; tests/host/shim comes first and has its own asm headers. They get no
# host headers: see shim/os.h.
HOST_DEBUG	?= 1
HOST_MM_SRC	:= $(wildcard kernel/mm/*.c) kernel/arch/x86_64/pgtable.c \
		   $(wildcard kernel/sync/*.c) \
		   kernel/sched/wait.c kernel/drivers/blk.c
HOST_SHIM_SRC	:= $(wildcard tests/host/shim/*.c)
HOST_MM_OBJ	:= $(patsubst %.c,$(HOST_OUT)/obj/%.o,$(HOST_MM_SRC) $(HOST_SHIM_SRC))
HOST_MM_TESTS	:= $(patsubst tests/host/mm/%.c,$(HOST_OUT)/%,$(wildcard tests/host/mm/*_test.c))
HOST_MM_CFLAGS	:= $(subst -I.,,$(HOST_CFLAGS)) -Wno-unused-parameter -DCONFIG_DEBUG=$(HOST_DEBUG) \
		   -Itests/host/shim -I. -Ikernel/include -Ikernel/arch/x86_64/include
# The end of a list of over-aligned things is not one of them, though container_of makes a pointer
# of it.
HOST_MM_CFLAGS	+= -fno-sanitize=alignment \
		   $(if $(findstring thread,$(HOST_SANITIZE)),-include tests/host/shim/once.h)
HOST_WRAP	:= alloc_pages get_free_page kmem_cache_alloc kmalloc vmalloc vfree \
		   flush_tlb_batched_pending
HOST_MM_LINK	:= $(HOST_WRAP:%=-Wl,--wrap=%) -lcmocka -lpthread
HOST_TESTS	+= $(HOST_MM_TESTS)

$(HOST_OUT)/obj/kernel/%.o: HOST_EXTRA := -ffreestanding -nostdinc -isystem $(GCC_INCLUDE) \
	-D__data_start=__image_data_start	# the host's linker has one, too
$(HOST_OUT)/obj/kernel/mm/%.o $(HOST_OUT)/cov/kernel/mm/%.o: \
	HOST_EXTRA += -include tests/host/shim/point.h
$(HOST_OUT)/obj/%.o: %.c tests/host/rules.mk
	@mkdir -p $(@D)
	$(say) HOSTCC $<
	$(Q)$(HOST_CC) $(HOST_MM_CFLAGS) $(HOST_EXTRA) -MMD -MP -c $< -o $@

$(HOST_MM_TESTS): $(HOST_OUT)/%: tests/host/mm/%.c $(HOST_MM_OBJ) $(HOST_OUT)/liblib.a
	@mkdir -p $(@D)
	$(say) HOSTCC $<
	$(Q)$(HOST_CC) $(HOST_MM_CFLAGS) -MMD -MP -MF $@.d $< $(HOST_MM_OBJ) $(HOST_OUT)/liblib.a \
		$(HOST_MM_LINK) -o $@

include tests/host/fuzz/rules.mk

-include $(HOST_LIB_OBJ:.o=.d) $(HOST_LIB_TESTS:=.d) $(HOST_MM_OBJ:.o=.d) $(HOST_MM_TESTS:=.d)
