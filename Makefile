# Makefile - `make help` lists the targets. Everything made lands in build/ (DEBUG=1: build/debug/).

# ---- what can be set on the command line ----
BUILD		?= build
DEBUG		?= 0
ACCEL		?= auto
CPUS		?= 2
MEM		?= 256
BOOT		?= pvh
INITRD		?=
CMDLINE		?=
DISK		?=
QEMU_EXTRA	?=
TIMEOUT_SCALE	?= 1
DEPS		?= install
WERROR		?= $(if $(filter check test,$(MAKECMDGOALS)),$(CC_IS_PINNED),0)
GDB		?=
GDB_ARGS	?=
DUMP		?=
AUTO		?=
T		?=
V		?= 0

# $(call one_of,NAME,WORD...): the variable NAME must be one of these words.
one_of = $(if $(and $(filter 1,$(words $($(1)))),$(filter $(2),$($(1)))),,$(error \
	$(1)=$($(1)): one of these is wanted: $(2)))
$(call one_of,DEBUG,0 1)
$(call one_of,DEPS,install skip)

# All processors, unless -j was given. Commands that are given together come one after the other.
ifeq ($(MAKELEVEL)$(filter -j% j% --jobserver%,$(MAKEFLAGS) $(shell echo "$$MAKEFLAGS")),0)
MAKEFLAGS += -j$(shell nproc)
endif
ifneq ($(and $(word 2,$(MAKECMDGOALS)),$(filter-out all kernel image $(BUILD)/%,$(MAKECMDGOALS))),)
.NOTPARALLEL:
endif

ifeq ($(DEBUG)$(filter %/debug,$(BUILD)),1)
override BUILD := $(BUILD)/debug
endif
ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-8s%s\n'
endif

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-print-directory

# One time for every file that is made, so that the same source gives the same bytes.
export SOURCE_DATE_EPOCH := 1700000000
export LC_ALL := C
export TZ := UTC

# ---- warnings ----
# A new compiler warns of new things: they stop no build but that of CI and of `make check` and
# `make test` on CI's own compiler. -Werror changes no byte of what is made, so a change of it
# rebuilds nothing.
CC_PINNED	:= 12
CC_IS_PINNED	= $(if $(filter $(CC_PINNED),$(shell $(CC) -dumpversion 2>/dev/null)),1,0)
export WERROR
MAYBE_WERROR	= $(if $(filter 1,$(WERROR)),-Werror)
LD_WERROR	= $(MAYBE_WERROR:-Werror=--fatal-warnings)

# ---- the kernel ----
CC		:= gcc
LD		:= ld
NASM		:= nasm
GCC_INCLUDE	:= $(shell $(CC) -print-file-name=include 2>/dev/null)
INCLUDES	:= -I. -Ikernel/include -Ikernel/arch/x86_64/include
WARNINGS	:= -Wall -Wextra -Wno-unused-parameter -Wstrict-prototypes -Wvla
CFLAGS		:= -std=gnu11 -O2 -g $(WARNINGS) -ffreestanding \
		   -nostdinc -isystem $(GCC_INCLUDE) \
		   -mcmodel=kernel -mno-red-zone -mgeneral-regs-only -fno-pic -fno-pie \
		   -fcf-protection=none -fno-omit-frame-pointer -fno-strict-aliasing -fno-common \
		   -fno-delete-null-pointer-checks -fno-stack-protector \
		   -fno-asynchronous-unwind-tables -fno-tree-loop-distribute-patterns \
		   "-ffile-prefix-map=$(CURDIR)=." -DCONFIG_DEBUG=$(DEBUG) $(INCLUDES)
# NASM's line numbers carry the path of the tree, so only debug builds have them.
NASMFLAGS	:= -f elf64 $(if $(filter 1,$(DEBUG)),-g -F dwarf) --reproducible -I./ \
		   -Ikernel/arch/x86_64/ -Ikernel/arch/x86_64/include/ -DCONFIG_DEBUG=$(DEBUG)
LDFLAGS		:= -nostdlib -static -z max-page-size=4096 -z noexecstack --build-id=none \
		   --no-warn-rwx-segments -T linker.ld

KERNEL_SRC	:= $(sort boot/pvh.c \
		   $(shell find kernel lib -name '*.c' -not -path 'kernel/vdso/*' 2>/dev/null))
KERNEL_ASM	:= $(sort $(shell find kernel -name '*.asm' 2>/dev/null))
KERNEL_OBJ	:= $(KERNEL_SRC:%.c=$(BUILD)/obj/%.o) $(KERNEL_ASM:%.asm=$(BUILD)/obj/%.asm.o)

# ---- the vDSO, which the kernel carries as a file ----
VDSO_CFLAGS	:= -std=gnu11 -O2 $(WARNINGS) -ffreestanding -nostdinc -isystem $(GCC_INCLUDE) \
		   -fpic -fvisibility=default -fcf-protection=none -fno-stack-protector \
		   -fasynchronous-unwind-tables "-ffile-prefix-map=$(CURDIR)=." $(INCLUDES)
VDSO_LDFLAGS	:= -shared -Bsymbolic -soname linux-vdso.so.1 --hash-style=both --eh-frame-hdr \
		   --build-id=none --no-undefined -z max-page-size=4096 -z noexecstack -s

# ---- the UEFI loader ----
EFI_SRC		:= boot/efi_main.c boot/load_elf.c boot/memmap.c boot/handover.c
EFI_OBJ		:= $(EFI_SRC:boot/%.c=$(BUILD)/efi/%.o)
EFI_CFLAGS	:= -std=gnu11 -O2 -Wall -Wextra -ffreestanding -fpic -fshort-wchar \
		   -mno-red-zone -maccumulate-outgoing-args -fno-stack-protector \
		   -fcf-protection=none -fno-strict-aliasing -DGNU_EFI_USE_MS_ABI \
		   "-ffile-prefix-map=$(CURDIR)=." -I. \
		   -isystem /usr/include/efi -isystem /usr/include/efi/x86_64
EFI_SECTIONS	:= .text .rodata .sdata .data .dynamic .dynsym .rel .rela .rel.* .rela.* .reloc
# Distributions keep gnu-efi in different folders, and two of its files under different names.
EFI_DIRS	:= $(foreach dir,/usr/lib /usr/lib/x86_64-linux-gnu /usr/lib64,\
		   $(dir) $(dir)/gnuefi $(dir)/gnuefi/x86_64 $(dir)/gnuefi/x64)
efi_find	= $(firstword $(wildcard $(foreach name,$(1),$(EFI_DIRS:%=%/$(name)))) $(1))
EFI_LDS		:= $(call efi_find,elf_x86_64_efi.lds efi.lds)
EFI_CRT0	:= $(call efi_find,crt0-efi-x86_64.o crt0.o)
EFI_LDFLAGS	:= -nostdlib -znocombreloc -shared -Bsymbolic --no-undefined --build-id=none \
		   -T $(EFI_LDS) $(addprefix -L,$(wildcard $(EFI_DIRS)))
EFI_OBJCOPY	:= $(EFI_SECTIONS:%=-j "%") --output-target=efi-app-x86_64 --subsystem=10

# ---- user programs ----
MUSL		:= musl-gcc
USER_CFLAGS	:= -std=gnu11 -static -O2 -g -Wall -Wextra "-ffile-prefix-map=$(CURDIR)=." \
		   -Wl,--build-id=none
USER_PROGRAMS	:= $(patsubst %.c,%,$(sort $(wildcard user/demo/*.c user/tools/*.c)))
BUSYBOX		:= $(firstword $(wildcard $(addsuffix /busybox,/bin /usr/sbin /sbin)) /bin/busybox)
ETC_FILES	:= $(filter-out %/README.md,$(sort $(wildcard user/etc/*)))
IMAGE		:= $(if $(INITRD),$(INITRD),$(BUILD)/initramfs.cpio)
ARGS		:= console=ttyS0$(if $(CMDLINE), $(CMDLINE))

.PHONY: all kernel image help doctor deps run test check test-host test-guest test-system \
	test-linux bench gdb clean format FORCE
all: kernel image
kernel: $(BUILD)/kernel.elf
image: $(BUILD)/initramfs.cpio

# A file that changes when @1 does: what depends on it is rebuilt after a change of options.
define remember
$(BUILD)/$(1): FORCE
	@mkdir -p $$(@D)
	@printf '%s\n' '$(2)' | cmp -s - $$@ || printf '%s\n' '$(2)' > $$@
endef
$(eval $(call remember,obj/.options,$(CFLAGS) $(NASMFLAGS)))
$(eval $(call remember,obj/.objects,$(LDFLAGS) $(KERNEL_OBJ)))
$(eval $(call remember,efi/.options,$(EFI_CFLAGS)))
$(eval $(call remember,efi/.objects,$(EFI_LDFLAGS) $(EFI_CRT0) $(EFI_OBJ) $(EFI_OBJCOPY)))

$(BUILD)/obj/%.o: %.c $(BUILD)/obj/.options
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(CC) $(CFLAGS) $(MAYBE_WERROR) -MMD -MP -c $< -o $@

$(BUILD)/obj/%.asm.o: %.asm kernel/arch/x86_64/entry.inc $(BUILD)/obj/.options
	@mkdir -p $(@D)
	$(say) NASM $<
	$(Q)$(NASM) $(NASMFLAGS) $(MAYBE_WERROR) -MD $(@:.o=.d) -MP -o $@ $<

$(BUILD)/obj/vdso.so: kernel/vdso/vdso.c kernel/vdso/vdso.lds $(BUILD)/obj/.options
	@mkdir -p $(@D)
	$(say) VDSO $@
	$(Q)$(CC) $(VDSO_CFLAGS) -MMD -MP -MF $(BUILD)/obj/vdso.d -MT $@ \
		-c $< -o $(BUILD)/obj/vdso.o
	$(Q)$(LD) $(VDSO_LDFLAGS) -T kernel/vdso/vdso.lds -o $@ $(BUILD)/obj/vdso.o

$(BUILD)/obj/kernel/arch/x86_64/vdso_image.asm.o: $(BUILD)/obj/vdso.so
$(BUILD)/obj/kernel/arch/x86_64/vdso_image.asm.o: NASMFLAGS += -I$(BUILD)/obj/

# Two links, for the symbol table; see kernel/include/debug/kallsyms.h.
NM_TEXT = nm -n $(1) | grep -i ' [tw] '
$(BUILD)/kernel.elf: $(KERNEL_OBJ) linker.ld kernel/debug/kallsyms.awk $(BUILD)/obj/.objects
	$(say) LD $@
	$(Q)awk -f kernel/debug/kallsyms.awk < /dev/null > $(BUILD)/obj/kallsyms0.s
	$(Q)$(CC) -c $(BUILD)/obj/kallsyms0.s -o $(BUILD)/obj/kallsyms0.o
	$(Q)$(LD) $(LDFLAGS) $(LD_WERROR) -o $(BUILD)/obj/kernel0.elf $(KERNEL_OBJ) \
		$(BUILD)/obj/kallsyms0.o
	$(Q)nm -n $(BUILD)/obj/kernel0.elf | awk -f kernel/debug/kallsyms.awk \
		> $(BUILD)/obj/kallsyms1.s
	$(Q)$(CC) -c $(BUILD)/obj/kallsyms1.s -o $(BUILD)/obj/kallsyms1.o
	$(Q)$(LD) $(LDFLAGS) $(LD_WERROR) -o $@ $(KERNEL_OBJ) $(BUILD)/obj/kallsyms1.o
	$(Q)nm -n $@ | awk -f kernel/debug/kallsyms.awk | cmp - $(BUILD)/obj/kallsyms1.s

$(BUILD)/efi/%.o: boot/%.c $(BUILD)/efi/.options
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(CC) $(EFI_CFLAGS) $(MAYBE_WERROR) -MMD -MP -c $< -o $@

$(BUILD)/efi/BOOTX64.EFI: $(EFI_OBJ) $(BUILD)/efi/.objects
	$(say) LD $@
	$(Q)$(LD) $(EFI_LDFLAGS) -o $(BUILD)/efi/loader.so $(EFI_CRT0) $(EFI_OBJ) -lefi -lgnuefi
	$(Q)objcopy $(EFI_OBJCOPY) $(BUILD)/efi/loader.so $@

$(BUILD)/user/%: user/%.c
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(MUSL) $(USER_CFLAGS) -MMD -MP -MF $@.d $< -o $@

# The default image: our init, busybox and its applets, /etc, and the programs of user/.
IMAGE_FILES := /init=$(BUILD)/user/init/init \
	$(foreach file,$(ETC_FILES),/etc/$(notdir $(file))=$(file)) \
	$(foreach program,$(USER_PROGRAMS),/bin/$(notdir $(program))=$(BUILD)/$(program))
$(eval $(call remember,user/.files,$(BUSYBOX) $(IMAGE_FILES)))
$(BUILD)/initramfs.cpio: $(BUILD)/user/init/init $(USER_PROGRAMS:%=$(BUILD)/%) \
		$(ETC_FILES) boot/mkinitramfs $(BUSYBOX) $(BUILD)/user/.files
	$(say) CPIO $@
	$(Q)boot/mkinitramfs $@ $(BUSYBOX) $(IMAGE_FILES)

# The disk image for UEFI. `make run` makes one of its own, with its own INITRD and CMDLINE.
$(BUILD)/esp.img: $(BUILD)/efi/BOOTX64.EFI $(BUILD)/kernel.elf $(BUILD)/initramfs.cpio boot/mkesp
	$(say) ESP $@
	$(Q)boot/mkesp $@ $(BUILD)/efi/BOOTX64.EFI $(BUILD)/kernel.elf \
		$(BUILD)/initramfs.cpio "console=ttyS0"

# ---- running ----
quoted = '$(subst ','\'',$(1))'
QEMU_RUN = tests/run-qemu --accel $(call quoted,$(ACCEL)) --cpus $(call quoted,$(CPUS)) \
	   --mem $(call quoted,$(MEM)) --boot $(call quoted,$(BOOT)) \
	   $(foreach disk,$(DISK),--disk $(call quoted,$(disk))) \
	   --extra=$(call quoted,$(QEMU_EXTRA)) $(if $(filter-out 0,$(GDB)),--gdb $(BUILD)/gdb.sock)
# Wrong words are told before anything is built. make may know how to make what is in BUILD.
QEMU_CHECK = $(QEMU_RUN) --check \
	     $(if $(filter-out $(BUILD)/%,$(INITRD)),--initrd $(call quoted,$(INITRD)))

PKGS_RUN  := gcc libc6-dev binutils nasm musl-tools busybox-static cpio python3 qemu-system-x86
PKGS_UEFI := gnu-efi ovmf mtools
PKGS_GDB  := gdb
PKGS_TEST := $(PKGS_RUN) $(PKGS_UEFI) $(PKGS_GDB) perl libcmocka-dev clang-format bash-static mksh \
	     stress-ng fdisk
PKGS_MORE := graphviz

run:
	@DEPS=$(DEPS) tests/run-deps $(PKGS_RUN) $(if $(filter uefi,$(BOOT)),$(PKGS_UEFI))
	@$(QEMU_CHECK)
	@$(MAKE) run-$(BOOT)

.PHONY: run-pvh run-uefi
run-pvh: $(BUILD)/kernel.elf $(IMAGE)
	@echo "To leave: type 'poweroff', or press Ctrl-A and then X."
	$(Q)$(QEMU_RUN) --kernel $(BUILD)/kernel.elf --initrd $(call quoted,$(IMAGE)) \
		--append $(call quoted,$(ARGS))

run-uefi: $(BUILD)/efi/BOOTX64.EFI $(BUILD)/kernel.elf $(IMAGE)
	$(Q)boot/mkesp $(BUILD)/run-esp.img $(BUILD)/efi/BOOTX64.EFI $(BUILD)/kernel.elf \
		$(call quoted,$(IMAGE)) $(call quoted,$(ARGS))
	@echo "To leave: type 'poweroff', or press Ctrl-A and then X."
	$(Q)$(QEMU_RUN) --esp $(BUILD)/run-esp.img

gdb:
	@DEPS=$(DEPS) tests/run-deps $(PKGS_RUN) $(PKGS_GDB)
	@$(QEMU_CHECK)
	@$(MAKE) gdb-pvh

.PHONY: gdb-pvh
gdb-pvh: $(BUILD)/kernel.elf $(IMAGE)
	$(Q)DISK='$(DISK)' DUMP='$(DUMP)' ATTACH=$(BUILD)/gdb.sock \
		tests/run-gdb $(BUILD) $(call quoted,$(IMAGE)) \
		$(call quoted,$(ARGS)) $(GDB_ARGS)

# Without T= the tours are listed. A disk and little memory: for swap.
tour:
	@DEPS=$(DEPS) tests/run-deps $(PKGS_RUN) $(PKGS_GDB)
	@$(QEMU_CHECK)
	@python3 kernel/gdb/tours.py $(if $(T),$(call quoted,$(T)))
	@$(if $(T),$(MAKE) tour-pvh)

.PHONY: tour tour-pvh
tour-pvh: $(BUILD)/kernel.elf $(IMAGE)
	$(Q)truncate -s 256M $(BUILD)/tour.img
	$(Q)MEM=64 DISK=$(BUILD)/tour.img tests/run-gdb $(BUILD) $(IMAGE) \
		'console=ttyS0 init=/bin/tour -- $(T)' $(if $(AUTO),-batch) \
		-ex 'av tour $(if $(AUTO),-auto) $(T)' $(GDB_ARGS)

deps:
	@DEPS=$(DEPS) tests/run-deps $(PKGS_TEST) $(PKGS_MORE)

doctor:
	@tests/run-doctor $(PKGS_TEST) -- $(PKGS_MORE)

# How each C file is compiled, for editors; of the kernel's those for the kernel come first.
.PHONY: compile_commands.json
compile_commands.json:
	@mkdir -p $(BUILD)
	@$(MAKE) -nB $(BUILD)/kernel.elf $(EFI_OBJ) $(BUILD)/initramfs.cpio $(GUEST_IMAGE) \
		$(SWAP_IMAGE) $(BENCH_IMAGE) $(HOST_TESTS) \
		$(HOST_OUT)/fuzz/$(FUZZ_DIR)/fuzz.o | tests/compile-commands > $(BUILD)/$@
	@mv $(BUILD)/$@ $@
	@echo "$@: $$(grep -c '"file"' $@) files"

format:
	@tests/check/layout --fix

clean:
	rm -rf build

# ---- testing ----
include tests/rules.mk

help:
	@sed -n 's/^# help: \{0,1\}//p' Makefile

# help: make              build the kernel and the default initramfs
# help: make run          boot to a shell in QEMU (Ctrl-A X or `poweroff` leaves)
# help: make test         every test; check, test-host, test-guest (also with DEBUG=1) and
# help:                   test-system are its parts; make test-guest T=cow runs one
# help: make fuzz         look for operations on memory that go wrong, FUZZ_SECONDS=600
# help: make soak         long forms: host tests for SOAK_SECONDS=600 each, fuzzers, guest tests
# help: make soak-fuzz    of it: 1,000,000 random system calls, 10,000 damaged programs
# help: make soak-swap    random work in too little memory for SECONDS=3600, on 4 processors
# help: make test-linux   the in-guest tests on Debian's stock Linux kernel
# help: make test-distros make run and make test on Debian's trixie and sid, in DISTRO_ROOTS=
# help: make cov          which lines of the kernel the tests reach, as HTML in build/cov/
# help: make bench        memory operations here and on Linux: instructions, time, a plot
# help: make gdb          boot halted, with gdb attached; then: help av
# help: make tour T=cow   walk through the kernel in gdb, with explanations; without T: list tours
# help: make doctor       say what is missing on this machine;  make deps: install it
# help: make compile_commands.json   how each C file is compiled, for clangd and editors
# help: make format       let clang-format lay out the C files;  make clean: remove build/
# help:
# help: Variables (and their defaults):
# help:   ACCEL=auto      auto, tcg or kvm              CPUS=2     1 to 8
# help:   MEM=256         MiB of RAM, or like 4G        BOOT=pvh   pvh or uefi
# help:   INITRD=file     another initramfs             CMDLINE=   words for the kernel
# help:   DISK=file       raw image, /dev/vda           QEMU_EXTRA=  more options for QEMU
# help:   T=name          only tests whose name has it  TIMEOUT_SCALE=1  multiplies time limits
# help:   DEBUG=0         1: checks on, in build/debug/ DEPS=install  skip: install nothing
# help:   GDB_ARGS=       arguments for gdb             V=0        1: show the commands
# help:   LINUX=          another Linux for test-linux and bench: a version, a suite or a file
# help:   GDB=1           make run lets make gdb attach to its machine
# help:   DUMP=file       gdb opens this dump           AUTO=1     tours do not wait for Enter
# help:   WERROR=1        warnings are errors; `make check` and `make test` set it on CI's compiler

-include $(KERNEL_OBJ:.o=.d) $(BUILD)/obj/vdso.d $(EFI_OBJ:.o=.d) $(wildcard $(BUILD)/user/*/*.d)
