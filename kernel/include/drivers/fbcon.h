/* fbcon.h - the console on the firmware's frame buffer, beside the one on the serial port. */
#ifndef DRIVERS_FBCON_H
#define DRIVERS_FBCON_H

#include <lib/types.h>
#include <asm/page.h>

#define FBCON_GLYPHS		95	/* the printable characters of ASCII, from the blank on */
#define FBCON_GLYPH_WIDTH	5
#define FBCON_GLYPH_HEIGHT	8

/* A glyph is FBCON_GLYPH_HEIGHT rows, a blank apart, of FBCON_GLYPH_WIDTH dots: '#' or '.'. */
extern const char *const fbcon_font[FBCON_GLYPHS];

/* Show all that was and will be printed on the frame buffer at @base, too: @height lines of @line
 * pixels of 32 bits, of which @width are seen. Base 0: there is none. Needs vmalloc. */
void fbcon_init(phys_addr_t base, unsigned int width, unsigned int height, unsigned int line);

#endif
