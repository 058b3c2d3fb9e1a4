; switch.asm - from one kernel stack to another, and to sleep. Everything else of a switch is in
; thread.c.

%include "entry.inc"

extern TASK_THREAD_SP

section .text

; struct task_struct *switch_stacks(prev, next): saves what a C function must keep, and continues
; where next called this, or at thread_entry. rax: prev, as the resumed side sees it.
global switch_stacks
align 16
switch_stacks:
	push rbp
	push rbx
	push r12
	push r13
	push r14
	push r15
	mov [rdi + TASK_THREAD_SP], rsp
	mov rsp, [rsi + TASK_THREAD_SP]
	pop r15
	pop r14
	pop r13
	pop r12
	pop rbx
	pop rbp
	mov rax, rdi
	ret

; call_on_stack(top, fn): leave the current stack for good.
global call_on_stack
call_on_stack:
	mov rsp, rdi
	xor ebp, ebp
	call rsi
	ud2

; safe_halt(): STI takes effect after the next instruction, so an interrupt that is due ends the
; HLT. Only an NMI may come between the two and undo that; its handler goes on behind the HLT
; (trap.c).
global safe_halt, safe_halt_hlt
safe_halt:
	sti
safe_halt_hlt:
	hlt
	ret
