; vdso_image.asm - the shared object of kernel/vdso, as a file.
; The Makefile builds it first, and says where it is.

section .rodata

global vdso_image, vdso_image_end
align 8
vdso_image:
	incbin "vdso.so"
vdso_image_end:
