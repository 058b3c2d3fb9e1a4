# rules.mk - building and running the tests; included by the top Makefile.
# Everything is run by prove. T= picks the tests whose path has that text in it.
include tests/host/rules.mk
include tests/guest/rules.mk
-include tests/bench/rules.mk

export BUILD ACCEL TIMEOUT_SCALE QEMU_EXTRA
export KERNEL_CFLAGS = $(CFLAGS) $(MAYBE_WERROR)
export EFI_CFLAGS

# $(call run_tests,COMMAND) TEST...: `COMMAND TEST` for each; run-test says why one fails.
run_tests = prove --exec 'tests/run-test $(BUILD)/tests/output $(1)'
picked = $(strip $(if $(T),$(foreach test,$(1),$(if $(findstring $(T),$(test)),$(test))),$(1)))
# $(call prove,WHAT,TESTS): run the picked ones of TESTS; among several parts none picked is fine.
prove = $(if $(call picked,$(2)),\
	$(call run_tests) $(call picked,$(2)),echo '$(1): no test is named *$(T)*')

CHECK_TESTS	:= $(sort $(wildcard tests/check/*.t))
SYSTEM_TESTS	:= $(sort $(wildcard tests/system/*.t))
SYSTEM_NEEDS	:= $(BUILD)/kernel.elf $(BUILD)/initramfs.cpio $(BUILD)/efi/BOOTX64.EFI \
		   $(BUILD)/esp.img \
		   $(BUILD)/tests/guest/init $(SWAP_IMAGE)

# ---- in-guest tests ----
GUEST_OUT	:= $(BUILD)/tests/guest
GUEST_BIN	:= $(GUEST_TESTS:%=$(GUEST_OUT)/%)
GUEST_IMAGE	:= $(GUEST_OUT)/guest.cpio
# LINUX= another than this machine's: a version or a suite of Debian, or a file, which may have its
# modules.cpio beside it (see fetch-linux).
LINUX		?=
LINUX_IS_FILE	:= $(if $(LINUX),$(or $(findstring /,$(LINUX)),$(wildcard $(LINUX))))
LINUX_KERNEL	:= $(if $(LINUX_IS_FILE),$(LINUX),build/linux/$(LINUX:%=%/)vmlinuz)
LINUX_MODULES	:= $(dir $(LINUX_KERNEL))modules.cpio

# The programs that need disks have a boot of their own, with little memory and a small image.
SWAP_IMAGE	:= $(GUEST_OUT)/swap.cpio
SWAP_MEM	?= 64
SWAP_MEM_LINUX	?= 128
SWAP_DISKS	:= --disk=512 --disk=32

$(GUEST_OUT)/%: tests/guest/%.c tests/guest/rules.mk
	@mkdir -p $(@D)
	$(say) GUESTCC $<
	$(Q)$(if $(filter $(*F),$(GLIBC)),$(CC),$(MUSL)) $(GUEST_CFLAGS) -I. \
		"-ffile-prefix-map=$(CURDIR)=." -MMD -MP -MF $@.d $< -o $@

$(GUEST_IMAGE): GUEST_IN := $(GUEST_PLAIN)
$(SWAP_IMAGE): GUEST_IN := $(GUEST_SWAP)
$(GUEST_IMAGE) $(SWAP_IMAGE): $(GUEST_OUT)/init $(GUEST_BIN) boot/mkinitramfs $(ETC_FILES)
	$(say) CPIO $@
	$(Q)boot/mkinitramfs $@ $(BUSYBOX) /init=$(GUEST_OUT)/init \
		$(foreach file,$(ETC_FILES),/etc/$(notdir $(file))=$(file)) \
		$(foreach name,$(GUEST_IN),/tests/$(name)=$(GUEST_OUT)/$(name))

-include $(GUEST_BIN:=.d) $(GUEST_OUT)/init.d

include tests/cov/rules.mk

# ---- targets; those without -now see to the packages first ----
# A T= that no test of theirs has is an error; bench looks at the names of its rows.
NAMES_check		= $(CHECK_TESTS)
NAMES_test-host		= $(HOST_TESTS)
NAMES_test-guest	= $(GUEST_TESTS)
NAMES_test-linux	= $(GUEST_TESTS)
NAMES_test-system	= $(SYSTEM_TESTS)
NAMES_test		= $(CHECK_TESTS) $(HOST_TESTS) $(GUEST_TESTS) $(SYSTEM_TESTS)
NAMES_bench		= $(T)

check test-host test-guest test-system test-linux test bench:
	$(if $(T),$(if $(call picked,$(NAMES_$@)),,$(error \
		T=$(T): no test of `make $@` has that in its name)))
	@DEPS=$(DEPS) tests/run-deps $(PKGS_TEST)
	@$(QEMU_CHECK)$(if $(filter bench,$@), && tests/bench/run-bench --check \
		--modes $(call quoted,$(MODES)))
	@$(MAKE) $@-now

.PHONY: check-now test-host-now test-guest-now test-guest-debug-now test-system-now test-linux-now
.PHONY: test-now bench-now soak soak-swap soak-fuzz soak-fuzz-now
# All parts run, also when one has failed; the last line names those.
TEST_PARTS := check test-host test-guest test-guest-debug test-system
test-now: $(SYSTEM_NEEDS) $(HOST_TESTS) $(GUEST_IMAGE) $(SWAP_IMAGE)
	@failed=; for part in $(TEST_PARTS); do \
		echo "== $$part"; \
		$(MAKE) $$part-now || failed="$$failed $$part"; \
	done; \
	if [ -n "$$failed" ]; then echo "avocet: FAILED:$$failed"; exit 1; fi; \
	echo "avocet: every test passed"

# The in-guest tests on the kernel that checks itself: lock order, poison, all of memory at exits.
test-guest-debug-now:
	@$(MAKE) DEBUG=1 test-guest-now

# Round after round of that on 1 to 4 processors, after the long forms of the host tests and of
# the guests' fuzzers.
SOAK_ROUNDS	?= 10
soak: soak-host soak-fuzz
	@for round in $$(seq $(SOAK_ROUNDS)); do for cpus in 1 2 4; do \
		echo "== round $$round, $$cpus processors"; \
		$(MAKE) DEBUG=1 CPUS=$$cpus TIMEOUT_SCALE=4 test-guest-now || exit 1; \
	done; done

# Random system calls and damaged programs, many of each, on the kernel that checks itself, with
# four processors. It prints what the two programs close with. FUZZ_SEED=N is another run.
FUZZ_CALLS	?= 1000000
FUZZ_FILES	?= 10000
FUZZ_SEED	?= 1
FUZZ_LIMIT	?= 7200
FUZZ_LOG	= $(GUEST_OUT)/soak-fuzz.log
soak-fuzz:
	@$(MAKE) DEBUG=1 soak-fuzz-now

soak-fuzz-now: $(BUILD)/kernel.elf $(GUEST_IMAGE)
	@CPUS=4 MEM=$(MEM) tests/run-guest --limit=$(FUZZ_LIMIT) --word=limit=$(FUZZ_LIMIT) \
		--word=sysfuzz_calls=$(FUZZ_CALLS) --word=sysfuzz_seed=$(FUZZ_SEED) \
		--word=elffuzz_files=$(FUZZ_FILES) \
		$(FUZZ_LOG) $(BUILD)/kernel.elf $(GUEST_IMAGE) sysfuzz elffuzz; \
	status=0; for name in sysfuzz elffuzz; do \
		tests/guest/tap-from-console $(FUZZ_LOG) $$name > $(GUEST_OUT)/$$name.tap || \
			status=1; \
		grep -E '^(not )?ok|^# [0-9]' $(GUEST_OUT)/$$name.tap; \
	done; \
	[ $$status = 0 ] || echo 'soak-fuzz: the console is in $(FUZZ_LOG)'; \
	exit $$status

# Hours of random work in too little memory, on four processors: one program, one boot. The line
# that it closes with says what was done. DEBUG=1 for the kernel that checks itself.
SECONDS		?= 3600
SWAP_LOG	= $(GUEST_OUT)/soak-swap.log
soak-swap: $(BUILD)/kernel.elf $(SWAP_IMAGE)
	@CPUS=4 tests/run-guest --limit=$$(($(SECONDS) * 2 + 300)) --mem=$(SWAP_MEM) $(SWAP_DISKS) \
		--word=soak=$(SECONDS) --word=limit=$$(($(SECONDS) * 2 + 200)) \
		$(SWAP_LOG) $(BUILD)/kernel.elf $(SWAP_IMAGE) swapsoak; \
	tests/guest/tap-from-console $(SWAP_LOG) swapsoak > $(SWAP_LOG:.log=.tap); status=$$?; \
	grep '^not ok' $(SWAP_LOG:.log=.tap); \
	grep '^# soak:' $(SWAP_LOG:.log=.tap) || echo 'soak-swap: it did not come to its end'; \
	exit $$status

check-now:
	@$(call prove,check,$(CHECK_TESTS))

test-host-now: $(HOST_TESTS)
	@CMOCKA_MESSAGE_OUTPUT=TAP $(call prove,host,$(HOST_TESTS))

test-system-now: $(SYSTEM_NEEDS)
	@$(call prove,system,$(SYSTEM_TESTS))

# $(call guest,LOG,OPTIONS,KERNEL,IMAGE,PROGRAMS): boot the picked ones, let prove read the log.
define guest
CPUS=$(CPUS) MEM=$(MEM) tests/run-guest $(2) $(1) $(3) $(4) $(call picked,$(5)) || status=1; \
$(call run_tests,tests/guest/tap-from-console $(1)) $(call picked,$(5)) || status=1;
endef

# $(call guests,STEM,OPTIONS,KERNEL,MIB): those without disks, then those with.
define guests
	@status=0; \
	$(if $(call picked,$(GUEST_PLAIN)),$(call \
		guest,$(1).log,$(2),$(3),$(GUEST_IMAGE),$(GUEST_PLAIN))) \
	$(if $(call picked,$(GUEST_SWAP)),$(call \
		guest,$(1)-swap.log,$(2) --mem=$(4) $(SWAP_DISKS),$(3),$(SWAP_IMAGE),$(\
		)$(GUEST_SWAP))) \
	$(if $(call picked,$(GUEST_TESTS)),,echo 'guest: no test is named *$(T)*';) \
	exit $$status
endef

test-guest-now: $(BUILD)/kernel.elf $(GUEST_IMAGE) $(SWAP_IMAGE) \
		$(if $(filter uefi,$(BOOT)),$(BUILD)/efi/BOOTX64.EFI)
	$(call guests,$(GUEST_OUT)/console,,$(BUILD)/kernel.elf,$(SWAP_MEM))

test-linux-now: $(GUEST_IMAGE) $(SWAP_IMAGE) $(LINUX_KERNEL)
	$(call guests,$(GUEST_OUT)/linux,--linux,$(LINUX_KERNEL),$(SWAP_MEM_LINUX))

ifeq ($(LINUX_IS_FILE),)
$(LINUX_KERNEL):
	@tests/fetch-linux $@ $(LINUX)
endif

# Everything on other Debians; not part of `make test`.
DISTRO_ROOTS	?= build/distros
.PHONY: test-distros
test-distros:
	@tests/test-distros '$(DISTRO_ROOTS)'

# What Linux answers to bad arguments, recorded by the test's own program.
.PHONY: record-badargs
record-badargs: $(GUEST_IMAGE) $(LINUX_KERNEL)
	$(Q)tests/guest/record-badargs $(LINUX_KERNEL) $(GUEST_IMAGE) $(GUEST_OUT)/record.log \
		> $(GUEST_OUT)/record.h
	$(Q)mv $(GUEST_OUT)/record.h tests/guest/badargs_linux.h
