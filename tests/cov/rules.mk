# rules.mk - make cov: lines that host tests and guest runs reach; included by tests/rules.mk.
COV_OUT		:= $(BUILD)/cov
COV_LIB_TESTS	:= $(HOST_LIB_TESTS:$(HOST_OUT)/%=$(HOST_OUT)/cov/%)
COV_LIB_OBJ	:= $(patsubst lib/%.c,$(HOST_OUT)/cov/lib/%.o,$(wildcard lib/*.c))
COV_HOST	= $(call picked,$(COV_TESTS) $(COV_LIB_TESTS))
COV_LIMIT	= $$((600 * $(TIMEOUT_SCALE)))
COV_FIRST	:= 0xffffffff80000000
COV_BYTES	:= 0x10000000
.SECONDARY: $(patsubst %.c,$(HOST_OUT)/cov/%.o,$(wildcard tests/host/lib/*_test.c))

$(COV_LIB_TESTS): $(HOST_OUT)/cov/%: $(HOST_OUT)/cov/tests/host/lib/%.o $(COV_LIB_OBJ)
	$(say) LINK $@
	$(Q)$(FUZZ_CC) $(COV_FLAGS) $^ -lcmocka -o $@

.PHONY: cov cov-now cov-host cov-guest
cov:
	@DEPS=$(DEPS) tests/run-deps $(PKGS_TEST) $(PKGS_FUZZ)
	@$(MAKE) cov-now

# A test that fails is told of, and what it reached counts.
cov-now:
	@rm -rf $(COV_OUT) && mkdir -p $(COV_OUT)
	@$(MAKE) cov-host
	@$(MAKE) cov-guest || echo 'cov: not every test in the guest passed'
	@tests/cov/merge.py $(addprefix --host=,$(if $(COV_HOST),$(COV_OUT)/host.info)) \
		--guest $(BUILD)/kernel.elf $$(ls $(COV_OUT)/*.asm 2>/dev/null) -- $(COV_OUT)
	@echo 'cov: $(COV_OUT)/index.html'

cov-host: $(COV_HOST)
	@for test in $^; do \
		LLVM_PROFILE_FILE=$(COV_OUT)/$$(basename $$test).%4m.profraw \
			timeout $(COV_LIMIT) $$test > $(COV_OUT)/$$(basename $$test).log 2>&1 || \
			echo "cov: $$test fails: see $(COV_OUT)/$$(basename $$test).log"; \
	done
	@if [ -n '$^' ]; then \
		llvm-profdata merge -o $(COV_OUT)/host.profdata $(COV_OUT)/*.profraw && \
		llvm-cov export -format=lcov -instr-profile=$(COV_OUT)/host.profdata \
			$(addprefix -object=,$^) > $(COV_OUT)/host.info; \
	fi; rm -f $(COV_OUT)/*.profraw

# QEMU replaces %d by the number of its process: there may be several boots. TCG alone logs blocks.
cov-guest: override ACCEL := tcg
cov-guest: override QEMU_EXTRA += -d in_asm -dfilter $(COV_FIRST)+$(COV_BYTES) \
	-D $(abspath $(COV_OUT))/guest.%d.asm
cov-guest: $(BUILD)/kernel.elf $(GUEST_IMAGE) $(SWAP_IMAGE)
	$(call guests,$(COV_OUT)/console,,$(BUILD)/kernel.elf,$(SWAP_MEM))
