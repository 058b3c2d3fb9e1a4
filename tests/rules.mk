# rules.mk - building and running the tests; included by the top Makefile.
# Everything is run by prove. T= picks the tests whose path has that text in it.
include tests/host/rules.mk
include tests/guest/rules.mk
-include tests/bench/rules.mk

export BUILD ACCEL TIMEOUT_SCALE QEMU_EXTRA
export KERNEL_CFLAGS = $(CFLAGS)
export EFI_CFLAGS

PROVE := prove --exec '' --merge
picked = $(if $(T),$(foreach test,$(1),$(if $(findstring $(T),$(test)),$(test))),$(1))
# $(call prove,WHAT,TESTS): run the picked ones of TESTS; none picked is fine unless that is all.
prove = $(if $(call picked,$(2)),$(PROVE) $(call picked,$(2)),echo '$(1): no test is named *$(T)*')

CHECK_TESTS	:= $(sort $(wildcard tests/check/*.t))
SYSTEM_TESTS	:= $(sort $(wildcard tests/system/*.t))
SYSTEM_NEEDS	:= $(BUILD)/kernel.elf $(BUILD)/initramfs.cpio $(BUILD)/efi/BOOTX64.EFI \
		   $(BUILD)/esp.img \
		   $(BUILD)/tests/guest/init

# ---- in-guest tests ----
GUEST_OUT	:= $(BUILD)/tests/guest
GUEST_BIN	:= $(GUEST_TESTS:%=$(GUEST_OUT)/%)
GUEST_IMAGE	:= $(GUEST_OUT)/guest.cpio
GUEST_PICKED	:= $(call picked,$(GUEST_TESTS))
GUEST_LOG	:= $(GUEST_OUT)/console.log
LINUX		:= build/linux/vmlinuz

$(GUEST_OUT)/%: tests/guest/%.c tests/guest/rules.mk
	@mkdir -p $(@D)
	$(say) GUESTCC $<
	$(Q)$(if $(filter $(*F),$(GLIBC)),$(CC),$(MUSL)) $(GUEST_CFLAGS) -I. \
		-ffile-prefix-map=$(CURDIR)=. -MMD -MP -MF $@.d $< -o $@

$(GUEST_IMAGE): $(GUEST_OUT)/init $(GUEST_BIN) boot/mkinitramfs $(ETC_FILES)
	$(say) CPIO $@
	$(Q)boot/mkinitramfs $@ $(BUSYBOX) /init=$(GUEST_OUT)/init \
		$(foreach file,$(ETC_FILES),/etc/$(notdir $(file))=$(file)) \
		$(foreach name,$(GUEST_TESTS),/tests/$(name)=$(GUEST_OUT)/$(name))

-include $(GUEST_BIN:=.d) $(GUEST_OUT)/init.d

# ---- targets; those without -now see to the packages first ----
check test-host test-guest test-system test-linux test bench:
	@DEPS=$(DEPS) tests/run-deps $(PKGS_TEST)
	@$(MAKE) $@-now

.PHONY: check-now test-host-now test-guest-now test-guest-debug-now test-system-now test-linux-now
.PHONY: test-now bench-now soak
# All parts run, also when one has failed; the last line names those.
TEST_PARTS := check test-host test-guest test-guest-debug test-system
test-now: $(SYSTEM_NEEDS) $(HOST_TESTS) $(GUEST_IMAGE)
	@failed=; for part in $(TEST_PARTS); do \
		echo "== $$part"; \
		$(MAKE) $$part-now || failed="$$failed $$part"; \
	done; \
	if [ -n "$$failed" ]; then echo "avocet: FAILED:$$failed"; exit 1; fi; \
	echo "avocet: every test passed"

# The in-guest tests on the kernel that checks itself: lock order, poison, all of memory at exits.
test-guest-debug-now:
	@$(MAKE) DEBUG=1 test-guest-now

# Round after round of that on 1 to 4 processors, after the long forms of the host tests.
SOAK_ROUNDS	?= 10
soak: soak-host
	@for round in $$(seq $(SOAK_ROUNDS)); do for cpus in 1 2 4; do \
		echo "== round $$round, $$cpus processors"; \
		$(MAKE) DEBUG=1 CPUS=$$cpus TIMEOUT_SCALE=4 test-guest-now || exit 1; \
	done; done

check-now:
	@$(call prove,check,$(CHECK_TESTS))

test-host-now: $(HOST_TESTS)
	@CMOCKA_MESSAGE_OUTPUT=TAP $(call prove,host,$(HOST_TESTS))

test-system-now: $(SYSTEM_NEEDS)
	@$(call prove,system,$(SYSTEM_TESTS))

# $(call guest,LOG,OPTIONS,KERNEL): boot the picked programs, then let prove read the log.
define guest
	@status=0; \
	CPUS=$(CPUS) MEM=$(MEM) tests/run-guest $(2) $(1) $(3) $(GUEST_IMAGE) $(GUEST_PICKED) \
		|| status=1; \
	prove --merge --exec 'tests/guest/tap-from-console $(1)' $(GUEST_PICKED) && exit $$status
endef

test-guest-now: $(BUILD)/kernel.elf $(GUEST_IMAGE)
	$(if $(GUEST_PICKED),$(call guest,$(GUEST_LOG),,$(BUILD)/kernel.elf),\
		@echo 'guest: no test is named *$(T)*')

test-linux-now: $(GUEST_IMAGE) $(LINUX)
	$(call guest,$(GUEST_OUT)/linux.log,--linux,$(LINUX))

$(LINUX):
	@tests/fetch-linux $@
