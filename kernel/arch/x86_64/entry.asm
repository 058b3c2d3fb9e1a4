; entry.asm - every way into the kernel and back: exceptions, interrupts, SYSCALL.
; An entry saves the registers as struct pt_regs, calls C, and restores. It decides nothing else.
;
; Holds:  in kernel mode GS is this processor's cpu_local, in user mode it is the user's. SWAPGS is
;         done exactly when CS in the frame says that we come from, or go to, user mode. Two places
;         cannot go by CS: an IRETQ that faults while user GS is loaded already (bad_iret), and the
;         entries that may hit between an entry and its SWAPGS: NMI, #MC, #DF (paranoid_entry),
;         which find their cpu_local on top of their own IST stack.
;         AC and DF are clear in C, whatever the user left there.
; Locks:  interrupts are off on entry, on by C's choice, and off again from the last look at "is
;         there work" until user mode.
; Read:   trap.c and fault.c for the C side; cpu.c for the tables that point here.

%include "entry.inc"

extern syscall_table
extern do_trap, do_user_fault, do_kernel_fault, do_irq, do_paranoid_trap, iret_fault
extern do_signal_or_resched, schedule_tail, do_exit
extern CPU_CURRENT, CPU_KERNEL_SP, CPU_USER_SP, CPU_NEED_RESCHED, TASK_SIGPENDING
extern SYSCALL_LIMIT

MSR_GS_BASE	equ 0xc0000101
ENOSYS		equ 38

SMAP_SITES entry_smap_sites

section .text

; ---- SYSCALL: rcx is the return address, r11 the flags; SFMASK has cleared IF, DF, TF, AC, NT.
; The arguments are where C wants them but for the fourth, so the table is called from here.

global syscall_entry
align 16
syscall_entry:
	swapgs
	mov [gs:CPU_USER_SP], rsp
	mov rsp, [gs:CPU_KERNEL_SP]
	push USER_DS
	push qword [gs:CPU_USER_SP]
	push r11
	push USER_CS
	push rcx
	push rax			; orig_rax
	SAVE_GPRS
	xor ebp, ebp			; backtraces end here
	sti
	cmp rax, SYSCALL_LIMIT
	jae .large
.call:
	mov rcx, r10
	call [syscall_table + rax * 8]
.done:
	cli
	cmp dword [gs:CPU_NEED_RESCHED], 0
	jne .slow
	mov rcx, [gs:CPU_CURRENT]
	cmp byte [rcx + TASK_SIGPENDING], 0
	jne .slow

	; What C keeps (rbx, r12 to r15) is still as it was, and the frame has the same in rcx and
	; rip, and in r11 and the flags, which is what SYSRET makes of them; unless the call
	; replaced the whole frame, as sigreturn and execve do: they make orig_rax negative.
	; SYSRET to a non-canonical rip would fault in kernel mode on the user's stack, and TF or
	; RF are not restored as IRET does it. All these go by IRET.
	cmp qword [rsp + ORIG_RAX], 0
	jl .slow
	mov rcx, [rsp + REGS_RIP]
	cmp rcx, [canonical_end]
	jae .slow
	mov r11, [rsp + REGS_RFLAGS]
	test r11d, EFLAGS_TF | EFLAGS_RF
	jnz .slow
	mov rbp, [rsp + REGS_RBP]
	mov r10, [rsp + REGS_R10]
	mov r9, [rsp + REGS_R9]
	mov r8, [rsp + REGS_R8]
	mov rdx, [rsp + REGS_RDX]
	mov rsi, [rsp + REGS_RSI]
	mov rdi, [rsp + REGS_RDI]
	mov rsp, [rsp + REGS_RSP]
	swapgs
	o64 sysret
.slow:
	mov [rsp + REGS_RAX], rax
	jmp return_to_user
.large:
	mov eax, eax			; a number has 32 bits
	cmp eax, SYSCALL_LIMIT
	jb .call
	mov rax, -ENOSYS
	jmp .done

; ---- the way back to user mode with a full pt_regs at rsp

align 16
return_to_user:
	cli
	cmp dword [gs:CPU_NEED_RESCHED], 0
	jne exit_work
	mov rax, [gs:CPU_CURRENT]
	cmp byte [rax + TASK_SIGPENDING], 0
	jne exit_work
restore_user:
	RESTORE_GPRS
	add rsp, 8			; orig_rax
	swapgs
global iret_to_user
iret_to_user:
	iretq

exit_work:
	sti
	mov rdi, rsp
	call do_signal_or_resched
	jmp return_to_user

align 16
restore_kernel:
	RESTORE_GPRS
	add rsp, 8
	iretq

; ---- page faults: [error][rip][cs]...

global page_fault_entry
align 16
page_fault_entry:
	test byte [rsp + 16], 3
	jz .kernel
	swapgs
	SAVE_GPRS
	CLAC
	cld
	xor ebp, ebp
	mov rsi, [rsp + ORIG_RAX]
	mov rdi, rsp
	mov qword [rsp + ORIG_RAX], -1	; no system call to restart
	call do_user_fault
	jmp return_to_user
.kernel:
	SAVE_GPRS
	CLAC
	cld
	mov rsi, [rsp + ORIG_RAX]
	mov rdi, rsp
	mov qword [rsp + ORIG_RAX], -1
	call do_kernel_fault
	jmp restore_kernel

; ---- interrupts: orig_rax holds ~vector, a negative number

align 16
irq_common:
	test byte [rsp + 16], 3
	jz .kernel
	swapgs
	SAVE_GPRS
	CLAC
	cld
	xor ebp, ebp
	mov rdi, rsp
	call do_irq
	jmp return_to_user
.kernel:
	SAVE_GPRS
	CLAC
	cld
	mov rdi, rsp
	call do_irq
	jmp restore_kernel

; ---- other exceptions: [rdi][error][rip][cs]..., vector in edi

align 16
exception_common:
	test byte [rsp + 24], 3
	jz .kernel
	swapgs
	SAVE_GPRS_BUT_RDI
	CLAC
	cld
	xor ebp, ebp
	call .dispatch
	jmp return_to_user
.kernel:
	cmp qword [rsp + 16], iret_to_user
	je bad_iret
	SAVE_GPRS_BUT_RDI
	CLAC
	cld
	call .dispatch
	jmp restore_kernel
.dispatch:
	mov edx, edi
	lea rdi, [rsp + 8]
	mov rsi, [rdi + ORIG_RAX]
	mov qword [rdi + ORIG_RAX], -1
	jmp do_trap

; IRETQ refused the user's frame: GS is the user's already, and so are all registers. iret_fault
; puts the pt_regs of user mode together again, and the thread gets a signal.
bad_iret:
	swapgs
	SAVE_GPRS_BUT_RDI
	CLAC
	cld
	mov esi, edi
	mov rdi, rsp
	call iret_fault
	mov rsp, rax
	jmp return_to_user

; ---- NMI, #MC, #DF: as above, but on an IST stack whose first word is this processor's cpu_local

align 16
paranoid_common:
	SAVE_GPRS_BUT_RDI
	CLAC
	cld
	mov r12d, edi
	mov ecx, MSR_GS_BASE
	rdmsr
	mov r13d, eax			; r13, r14: GS base of whoever we interrupted
	mov r14d, edx
	mov rax, [rsp + PT_REGS_BYTES]
	mov rdx, rax
	shr rdx, 32
	wrmsr
	mov rdi, rsp
	mov rsi, [rsp + ORIG_RAX]
	mov edx, r12d
	call do_paranoid_trap
	mov ecx, MSR_GS_BASE
	mov eax, r13d
	mov edx, r14d
	wrmsr
	jmp restore_kernel		; no work is done on an IST stack: IRET, wherever it goes

; ---- stubs. Vectors with an error code: 8, 10 to 14, 17, 21.

%macro EXCEPTION 1-2 exception_common	; vector [, common part]
align 8
exception_%1:
%if %1 <> 8 && (%1 < 10 || %1 > 14) && %1 <> 17 && %1 <> 21
	push 0
%endif
	push rdi
	mov edi, %1
	jmp %2
%endmacro

EXCEPTION 0
EXCEPTION 1
EXCEPTION 2, paranoid_common
EXCEPTION 3
EXCEPTION 4
EXCEPTION 5
EXCEPTION 6
EXCEPTION 7
EXCEPTION 8, paranoid_common
EXCEPTION 9
EXCEPTION 10
EXCEPTION 11
EXCEPTION 12
EXCEPTION 13
EXCEPTION 15
EXCEPTION 16
EXCEPTION 17
EXCEPTION 18, paranoid_common
EXCEPTION 19
%assign n 20
%rep 12
EXCEPTION n
%assign n n + 1
%endrep

; One stub for each vector from 32 on, 8 bytes apart so that trap.c can compute where it is.
global irq_stubs
align 16
irq_stubs:
%assign n 32
%rep 224
align 16
	push ~n
	jmp near irq_common
%assign n n + 1
%endrep

section .rodata
align 8
canonical_end:	dq 1 << 47		; where the lower half of the addresses ends

; The 32 exception entries, for the descriptor table.
global exception_entries
align 8
exception_entries:
%assign n 0
%rep 32
%if n = 14
	dq page_fault_entry
%else
	dq exception_ %+ n
%endif
%assign n n + 1
%endrep

section .text

; ---- the first steps of a new thread (thread.c laid out its stack)

; rax: the task that ran before; rbx: the function of a kernel thread, or 0; r12: its argument.
global thread_entry
align 16
thread_entry:
	mov rdi, rax
	call schedule_tail
	test rbx, rbx
	jz return_to_user
	mov rdi, r12
	call rbx
	xor edi, edi
	call do_exit
	ud2

; enter_user_mode(regs)
global enter_user_mode
enter_user_mode:
	mov rsp, rdi
	xor ebp, ebp
	jmp return_to_user

SMAP_SITES_END entry_smap_sites
