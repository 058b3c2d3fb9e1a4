/* fbcon.c - the console on the frame buffer that UEFI firmware has left: for a PC without a serial
 * port. It shows what is printed and takes no input.
 * A pixel is 32 bits. Black and a grey are used, which look the same in every order of colours.
 * Holds:  cells[] has what is on the screen, so that the frame buffer, which is slow to read, is
 *         only written, and only where something changes.
 * Locks:  printk's console lock guards everything here.
 * Read:   fbcon_font.c for the characters; debug/printk.c for who calls. */
#include <drivers/fbcon.h>

#include <debug/printk.h>
#include <lib/ctype.h>
#include <lib/string.h>
#include <mm/vmalloc.h>

#define SCALE		2u		/* pixels a dot */
#define CELL_WIDTH	(6 * SCALE)
#define CELL_HEIGHT	(10 * SCALE)
#define GREY		0x00c0c0c0u
#define TAB_COLUMNS	8
#define MAX_PARAMETERS	2

enum escape { TEXT, ESCAPE, CHARSET, CSI };

static u32 *pixels;
static unsigned int stride;		/* pixels from one line to the next */
static unsigned int rows, cols;		/* of characters */
static char *cells;			/* [rows][cols] */
static unsigned int row, col;		/* where the next character goes; col may be cols */
static enum escape state;
static unsigned int parameters[MAX_PARAMETERS], nr_parameters;

static bool is_lit(const char *glyph, unsigned int x, unsigned int y)
{
	return x < FBCON_GLYPH_WIDTH && y < FBCON_GLYPH_HEIGHT &&
	       glyph[y * (FBCON_GLYPH_WIDTH + 1) + x] == '#';
}

static void draw(unsigned int r, unsigned int c, char ch)
{
	const char *glyph = fbcon_font[ch - ' '];

	for (unsigned int y = 0; y < CELL_HEIGHT; y++) {
		u32 *line = pixels + (r * CELL_HEIGHT + y) * stride + c * CELL_WIDTH;

		for (unsigned int x = 0; x < CELL_WIDTH; x++)
			WRITE_ONCE(line[x], is_lit(glyph, x / SCALE, y / SCALE) ? GREY : 0);
	}
}

static void show(unsigned int r, unsigned int c, char ch)
{
	char *cell = &cells[r * cols + c];

	if (*cell == ch)
		return;
	*cell = ch;
	draw(r, c, ch);
}

/* Blank the cells from (@r, @c) to the end of row @last. */
static void clear(unsigned int r, unsigned int c, unsigned int last)
{
	for (; r <= last; r++, c = 0)
		for (; c < cols; c++)
			show(r, c, ' ');
}

static void line_feed(void)
{
	if (++row < rows)
		return;
	row = rows - 1;
	for (unsigned int r = 0; r < row; r++)
		for (unsigned int c = 0; c < cols; c++)
			show(r, c, cells[(r + 1) * cols + c]);
	clear(row, 0, row);
}

static void put_printable(char ch)
{
	if (col == cols) {
		col = 0;
		line_feed();
	}
	show(row, col++, ch);
}

/* Bytes of UTF-8: a question mark for the first of a character, nothing for the others. */
static void put_text(unsigned char ch)
{
	switch (ch) {
	case '\n':
		line_feed();
		break;
	case '\r':
		col = 0;
		break;
	case '\b':
		col -= col > 0;
		break;
	case '\t':
		col = min(ALIGN_UP(col + 1, (unsigned int)TAB_COLUMNS), cols - 1);
		break;
	case '\033':
		state = ESCAPE;
		break;
	default:
		if (ch >= ' ' && ch <= '~')
			put_printable(ch);
		else if (ch >= 0xc0)
			put_printable('?');
	}
}

static unsigned int parameter(unsigned int nth, unsigned int absent)
{
	return nth < nr_parameters && parameters[nth] ? parameters[nth] : absent;
}

/* The sequences that a line editor and a pager use; of others nothing is shown. */
static void control(char command)
{
	switch (command) {
	case 'A':
		row -= min(parameter(0, 1), row);
		break;
	case 'B':
		row = min(row + parameter(0, 1), rows - 1);
		break;
	case 'C':
		col = min(col + parameter(0, 1), cols - 1);
		break;
	case 'D':
		col -= min(parameter(0, 1), col);
		break;
	case 'H':
		row = min(parameter(0, 1), rows) - 1;
		col = min(parameter(1, 1), cols) - 1;
		break;
	case 'J':
		if (parameter(0, 0) == 2)
			clear(0, 0, rows - 1);
		else if (!parameter(0, 0))
			clear(row, col, rows - 1);
		break;
	case 'K':
		if (!parameter(0, 0))
			clear(row, col, row);
		break;
	}
}

static void put_csi(char ch)
{
	unsigned int *last = &parameters[max(nr_parameters, 1u) - 1];

	if (isdigit(ch)) {
		nr_parameters = max(nr_parameters, 1u);
		*last = min(*last * 10 + (ch - '0'), 9999u);
	} else if (ch == ';') {
		nr_parameters = min(max(nr_parameters, 1u) + 1, (unsigned int)MAX_PARAMETERS);
	} else if (ch >= '@' && ch <= '~') {
		state = TEXT;
		control(ch);
	}
}

static void start_csi(void)
{
	state = CSI;
	nr_parameters = 0;
	memset(parameters, 0, sizeof(parameters));
}

static void put(char ch)
{
	switch (state) {
	case TEXT:
		put_text(ch);
		break;
	case ESCAPE:
		state = ch == '(' || ch == ')' ? CHARSET : TEXT;
		if (ch == '[')
			start_csi();
		break;
	case CHARSET:
		state = TEXT;
		break;
	case CSI:
		put_csi(ch);
		break;
	}
}

static void fbcon_write(const char *s, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		put(s[i]);
}

void fbcon_init(phys_addr_t base, unsigned int width, unsigned int height, unsigned int line)
{
	rows = height / CELL_HEIGHT;
	cols = width / CELL_WIDTH;
	stride = line;
	if (!base || !rows || !cols || stride < width)
		return;
	pixels = vmap_phys(base, (size_t)height * stride * sizeof(*pixels), PAGE_KERNEL_IO);
	cells = vmalloc((size_t)rows * cols);
	if (!pixels || !cells) {
		printk("fbcon: no memory for the screen\n");
		return;
	}
	memset(cells, 0, (size_t)rows * cols);		/* nothing is known of what is there */
	clear(0, 0, rows - 1);
	console_add_screen(fbcon_write);
	printk("fbcon: %u by %u characters on the firmware's screen of %u by %u\n", cols, rows,
	       width, height);
}
