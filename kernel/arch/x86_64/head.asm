; head.asm - the first instructions of the first processor.
;
;   pvh_entry   a virtual machine monitor starts us: 32-bit protected mode, no paging, ebx =
;   physical
;               address of hvm_start_info, the image at its link-time physical address
;   _start64    the UEFI loader starts us: long mode, at our high address, rdi = physical address of
;               boot_info, on the loader's tables, the image at any physical address
;
; Both end in start_kernel(boot_info) on our own temporary tables (early_map.c) and stack. The
; tables and the stack lie in .bss.boot, which is given back once the final ones are in use.

%include "entry.inc"

extern early_map, setup_first, pvh_boot_info, start_kernel, cpu_locals, phys_base
extern BOOT_INFO_PHYS_BASE

KERNEL_BASE	equ 0xffffffff80000000
BOOT_STACK_BYTES equ 8192

PAGE_PRESENT_RW	equ 3
PAGE_LARGE	equ 1 << 7
CR4_PAE		equ 1 << 5
MSR_EFER	equ 0xc0000080
EFER_LME	equ 1 << 8
CR0_PE		equ 1 << 0
EFLAGS_ID	equ 1 << 21
CPUID_LM	equ 1 << 29
COM1		equ 0x3f8
DEBUG_EXIT_PORT	equ 0xf4
DEBUG_EXIT_PANIC equ 0x11
CR0_PG		equ 1 << 31
MSR_GS_BASE	equ 0xc0000101
XEN_ELFNOTE_PHYS32_ENTRY equ 18

section .note.Xen note alloc noexec nowrite align=4
	dd 4, 8, XEN_ELFNOTE_PHYS32_ENTRY
	db "Xen", 0
	dq pvh_entry - KERNEL_BASE

section .text.boot progbits alloc exec nowrite align=16

bits 32
global pvh_entry
pvh_entry:
	cli
	cld
	mov esp, boot_stack_top - KERNEL_BASE
	call has_long_mode
	jz refuse

	; The first GiB at 0 and at KERNEL_BASE, by 2 MiB pages: enough to reach early_map.
	mov edi, boot_pd_image - KERNEL_BASE
	mov eax, PAGE_PRESENT_RW | PAGE_LARGE
	mov ecx, 512
.fill:
	mov [edi], eax
	mov dword [edi + 4], 0
	add eax, 1 << 21
	add edi, 8
	loop .fill
	mov eax, boot_pd_image - KERNEL_BASE + PAGE_PRESENT_RW
	mov [boot_pdpt_low - KERNEL_BASE], eax
	mov [boot_pdpt_image - KERNEL_BASE + 510 * 8], eax
	mov eax, boot_pdpt_low - KERNEL_BASE + PAGE_PRESENT_RW
	mov [boot_pml4 - KERNEL_BASE], eax
	mov eax, boot_pdpt_image - KERNEL_BASE + PAGE_PRESENT_RW
	mov [boot_pml4 - KERNEL_BASE + 511 * 8], eax

	mov eax, cr4
	or eax, CR4_PAE
	mov cr4, eax
	mov eax, boot_pml4 - KERNEL_BASE
	mov cr3, eax
	mov ecx, MSR_EFER
	rdmsr
	or eax, EFER_LME
	wrmsr
	mov eax, cr0
	or eax, CR0_PG | CR0_PE
	mov cr0, eax
	lgdt [boot_gdt_pointer - KERNEL_BASE]
	jmp KERNEL_CS:(pvh_entry64 - KERNEL_BASE)

; has_long_mode: ZF is set if this processor has none. Spares ebx.
has_long_mode:
	mov esi, ebx
	pushfd
	pop eax
	mov ecx, eax
	xor eax, EFLAGS_ID		; cannot be changed: there is not even CPUID
	push eax
	popfd
	pushfd
	pop eax
	cmp eax, ecx
	je .done
	mov eax, 0x80000000
	cpuid
	xor edx, edx
	cmp eax, 0x80000001
	jb .test
	mov eax, 0x80000001
	cpuid
.test:	mov ebx, esi
	test edx, CPUID_LM
.done:	ret

; One line on the serial port, then the exit device's word for a panic.
refuse:
	mov esi, refusal - KERNEL_BASE
.next:	mov al, [esi]
	inc esi
	test al, al
	jz .end
	mov ah, al
	mov dx, COM1 + 5
	mov ecx, 1000000		; if no port answers, nobody waits for ever
.wait:	in al, dx
	test al, 0x20
	loopz .wait
	mov al, ah
	mov dx, COM1
	out dx, al
	jmp .next
.end:	mov al, DEBUG_EXIT_PANIC
	out DEBUG_EXIT_PORT, al
.halt:	hlt
	jmp .halt

bits 64
pvh_entry64:
	mov rax, .high
	jmp rax
.high:
	mov rsp, boot_stack_top
	xor edi, edi			; phys_base
	call take_over
	mov edi, ebx
	call pvh_boot_info
	mov rdi, rax
	call start_kernel
	ud2

global _start64
_start64:
	cli
	cld
	mov rbx, rdi
	mov rsp, boot_stack_top
	mov rdi, [rdi + BOOT_INFO_PHYS_BASE]
	lgdt [boot_gdt_pointer_high]
	push KERNEL_CS
	push .new_cs
	o64 retf
.new_cs:
	call take_over
	mov rdi, rbx
	call start_kernel
	ud2

; take_over(rdi: phys_base): to our own tables, and GS to the first cpu_local, so that C works; then
; what a fault needs in order to be told.
take_over:
	mov [phys_base], rdi
	mov eax, KERNEL_CS + 8
	mov ss, eax
	xor eax, eax
	mov ds, eax
	mov es, eax
	mov fs, eax
	mov gs, eax
	mov rax, cpu_locals
	mov rdx, rax
	shr rdx, 32
	mov ecx, MSR_GS_BASE
	wrmsr
	xor ebp, ebp
	call early_map			; returns what CR3 shall be
	mov cr3, rax
	jmp setup_first

section .rodata
refusal: db "Kernel panic - not syncing: this processor has no 64-bit mode", 13, 10, 0
align 8
boot_gdt:
	dq 0, 0
	dq 0x00af9a000000ffff		; KERNEL_CS
	dq 0x00cf92000000ffff		; KERNEL_DS
boot_gdt_pointer:
	dw boot_gdt_pointer - boot_gdt - 1
	dd boot_gdt - KERNEL_BASE
	align 8
boot_gdt_pointer_high:
	dw boot_gdt_pointer - boot_gdt - 1
	dq boot_gdt

section .bss.boot nobits alloc noexec write align=4096
global boot_pages_begin, boot_pages_end, boot_stack_top, boot_ist_stack_top
global boot_pml4, boot_pdpt_low, boot_pdpt_image, boot_pd_image, boot_pd_low
boot_pages_begin:
boot_pml4:	resb 4096
boot_pdpt_low:	resb 4096	; from 0, and again from DIRECT_MAP_BASE
boot_pdpt_image: resb 4096
boot_pd_image:	resb 4096
boot_pd_low:	resb 4 * 4096	; the first 4 GiB, for processors without 1 GiB pages
boot_stack:	resb BOOT_STACK_BYTES
boot_stack_top:
boot_ist_stack:	resb 4096	; for #DF, NMI and #MC until cpu.c has better ones
boot_ist_stack_top:
boot_pages_end:
