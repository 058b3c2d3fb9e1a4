; ap_trampoline.asm - the first instructions of the other processors.
; smp.c copies this to a page below 1 MiB, fills in the fields at its end, and sends the page's
; number as the start-up interrupt. The processor begins in real mode with CS pointing at the page,
; and goes straight to long mode. The page is mapped at its own address by the tables in ap_cr3.

%include "entry.inc"

CR4_PAE		equ 1 << 5
MSR_EFER	equ 0xc0000080
CR0_VALUE	equ 0x80050033		; PG AM WP NE ET MP PE; caching on

section .rodata

%define LOCAL(label) ((label) - ap_trampoline_begin)

global ap_trampoline_begin, ap_trampoline_end
bits 16
align 16
ap_trampoline_begin:
	cli
	mov ax, cs
	mov ds, ax
	o32 lgdt [LOCAL(gdt_pointer)]
	mov eax, CR4_PAE
	mov cr4, eax
	mov eax, [LOCAL(fields.cr3)]
	mov cr3, eax
	mov ecx, MSR_EFER
	mov eax, [LOCAL(fields.efer)]
	xor edx, edx
	wrmsr
	mov eax, CR0_VALUE
	mov cr0, eax
	jmp dword far [LOCAL(fields.far)]

bits 64
long_mode:
	mov eax, 1
	cpuid				; ebx: our number in its highest byte
	shr ebx, 24
	cmp ebx, [rel fields.apic_id]
	jne too_late
	mov rsp, [rel fields.stack_top]
	mov rdi, [rel fields.cpu]
	mov rax, [rel fields.entry]
	xor ebp, ebp
	mov ecx, KERNEL_CS + 8
	mov ss, ecx
	jmp rax
too_late:				; it is another's turn, whose stack this would be
	cli
	hlt
	jmp too_late

align 8
gdt:
	dq 0, 0
	dq 0x00af9a000000ffff
	dq 0x00cf92000000ffff
gdt_end:
align 8
	dw 0				; so that the fields are aligned
gdt_pointer:
	dw gdt_end - gdt - 1
global ap_fields
; struct ap_fields of smp.c. Where smp.c must add the page's address, LOCAL() says the distance into
; it.
ap_fields:
fields:
.gdt_base:	dd LOCAL(gdt)		; belongs to gdt_pointer
.cr3:		dd 0
.efer:		dd 0
.far:		dd LOCAL(long_mode)	; smp.c adds where the page is
		dw KERNEL_CS, 0
.apic_id:	dd 0			; who is to start
.stack_top:	dq 0
.cpu:		dq 0
.entry:		dq 0
ap_trampoline_end:
