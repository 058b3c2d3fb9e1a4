; uaccess.asm - copies between kernel and user memory (asm/uaccess.h).
; Each instruction that touches user memory has a line in the fixup table: when the fault cannot be
; resolved, fault.c continues at the second label. Between STAC and CLAC there is no call, and
; nothing but the user's range, checked before, is touched.
; kernel_read_safe is the same for addresses that backtraces guess.

%include "entry.inc"

EFAULT		equ 14
TASK_SIZE	equ 0x00007ffffffff000

SMAP_SITES uaccess_smap_sites

section .text

; Go to %3 unless [%1, %1 + rdx) lies in user space. Changes %2.
%macro CHECK_RANGE 3
	mov %2, TASK_SIZE
	sub %2, rdx
	jb %3
	cmp %1, %2
	ja %3
%endmacro

; size_t copy_from_user(rdi: to, rsi: from, rdx: bytes), and copy_to_user: bytes not copied.
; Eight bytes at a time, then the rest; after a fault the rest is tried byte by byte, so that the
; count is exact.
%macro COPY 2				; name, register with the user's address
global %1
align 16
%1:
	CHECK_RANGE %2, rax, .bad
	STAC
	mov rcx, rdx
	and edx, 7
	shr rcx, 3
%%words:
	rep movsq
	mov ecx, edx
%%bytes:
	rep movsb
	CLAC
	mov rax, rcx
	ret
%%words_fault:
	lea rcx, [rdx + rcx * 8]
	jmp %%bytes
%%bytes_fault:
	CLAC
	mov rax, rcx
	ret
.bad:
	mov rax, rdx
	ret
	EX_TABLE %%words, %%words_fault
	EX_TABLE %%bytes, %%bytes_fault
%endmacro

COPY copy_from_user, rsi
COPY copy_to_user, rdi

; size_t clear_user(rdi: to, rsi: bytes)
global clear_user
align 16
clear_user:
	mov rdx, rsi
	CHECK_RANGE rdi, rax, .bad
	STAC
	xor eax, eax
	mov rcx, rdx
	and edx, 7
	shr rcx, 3
.words:
	rep stosq
	mov ecx, edx
.bytes:
	rep stosb
	CLAC
	mov rax, rcx
	ret
.words_fault:
	lea rcx, [rdx + rcx * 8]
	jmp .bytes
.bytes_fault:
	CLAC
	mov rax, rcx
	ret
.bad:
	mov rax, rdx
	ret
	EX_TABLE .words, .words_fault
	EX_TABLE .bytes, .bytes_fault

; int get_user_N(rdi: to, rsi: from)
%macro GET_USER 2			; bytes, register
global get_user_%1
align 16
get_user_%1:
	mov rax, TASK_SIZE - %1
	cmp rsi, rax
	ja user_fault_no_clac
	STAC
%%load:	mov %2, [rsi]
	CLAC
	mov [rdi], %2
	xor eax, eax
	ret
	EX_TABLE %%load, user_fault
%endmacro

GET_USER 1, cl
GET_USER 2, cx
GET_USER 4, ecx
GET_USER 8, rcx

; int put_user_N(rdi: value, rsi: to)
%macro PUT_USER 2
global put_user_%1
align 16
put_user_%1:
	mov rax, TASK_SIZE - %1
	cmp rsi, rax
	ja user_fault_no_clac
	STAC
%%store: mov [rsi], %2
	CLAC
	xor eax, eax
	ret
	EX_TABLE %%store, user_fault
%endmacro

PUT_USER 1, dil
PUT_USER 2, di
PUT_USER 4, edi
PUT_USER 8, rdi

user_fault:
	CLAC
user_fault_no_clac:
	mov rax, -EFAULT
	ret

; int cmpxchg_user_u32(rdi: addr, rsi: old, edx: expected, ecx: new)
global cmpxchg_user_u32
align 16
cmpxchg_user_u32:
	mov rax, TASK_SIZE - 4
	cmp rdi, rax
	ja user_fault_no_clac
	mov eax, edx
	STAC
.exchange:
	lock cmpxchg [rdi], ecx
	CLAC
	mov [rsi], eax
	xor eax, eax
	ret
	EX_TABLE .exchange, user_fault

; ssize_t strncpy_from_user(rdi: to, rsi: from, rdx: size)
; Eight bytes at a time while none of them is the NUL; a word that faults is looked at byte by byte,
; since the string may end before the page does. r8: end of the readable range, for the loops'
; bound.
global strncpy_from_user
align 16
strncpy_from_user:
	mov r10, rdi			; start of the copy
	mov rax, TASK_SIZE
	cmp rsi, rax
	jae user_fault_no_clac
	sub rax, rsi
	mov r8, rdx
	cmp r8, rax
	cmova r8, rax			; bytes that we may look at
	xor r11d, r11d
	cmp r8, rdx
	setb r11b			; 1: the address space ends before @size does
	mov r9, 0x0101010101010101
	STAC
.words:
	cmp r8, 8
	jb .bytes
.load_word:
	mov rax, [rsi]
	mov rcx, rax
	sub rcx, r9
	mov rdx, rax
	not rdx
	and rcx, rdx
	mov rdx, r9
	shl rdx, 7			; 0x80 in every byte
	and rcx, rdx			; not 0: a byte is NUL
	jnz .bytes
	mov [rdi], rax
	add rsi, 8
	add rdi, 8
	sub r8, 8
	jmp .words
.bytes:
	test r8, r8
	jz .full
.load_byte:
	mov al, [rsi]
	mov [rdi], al
	test al, al
	jz .done
	inc rsi
	inc rdi
	dec r8
	jmp .bytes
.full:
	test r11d, r11d
	jnz user_fault
.done:
	CLAC
	mov rax, rdi
	sub rax, r10
	ret
	EX_TABLE .load_word, .bytes
	EX_TABLE .load_byte, user_fault

; bool kernel_read_safe(rdi: unsigned long *to, rsi: const unsigned long *from)
global kernel_read_safe
align 16
kernel_read_safe:
.load:	mov rax, [rsi]
	mov [rdi], rax
	mov eax, 1
	ret
.fault:	xor eax, eax
	ret
	EX_TABLE .load, .fault

; bool fpu_xrstor_safe(rdi: area, esi: mask low, edx: mask high), and the FXRSTOR variant: false if
; the image was refused.
global fpu_xrstor_safe
fpu_xrstor_safe:
	mov eax, esi
.load:	xrstor64 [rdi]
	mov eax, 1
	ret
.fault:	xor eax, eax
	ret
	EX_TABLE .load, .fault

global fpu_fxrstor_safe
fpu_fxrstor_safe:
.load:	fxrstor64 [rdi]
	mov eax, 1
	ret
.fault:	xor eax, eax
	ret
	EX_TABLE .load, .fault

SMAP_SITES_END uaccess_smap_sites
