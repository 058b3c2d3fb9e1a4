/* cmdline.c - the kernel's command line, taken apart into words.
 * Holds:  words[] is the line with a NUL behind each word and without the quotes, so that values
 *         can be handed out as they lie; it ends with an empty word.
 * Locks:  none; written once, by the first processor. */
#include <init/cmdline.h>

#include <lib/ctype.h>
#include <lib/string.h>

char saved_command_line[CMDLINE_BYTES];
static char words[CMDLINE_BYTES + 1];

/* Words that mean something to a kernel, here or on Linux, and nothing to process 1. */
static const char *const kernel_keys[] = {
	"console", "debug", "earlyprintk", "init", "loglevel", "maxcpus", "mem", "mitigations",
	"noapic", "nokaslr", "nosmp", "nr_cpus", "panic", "printk", "quiet", "rdinit", "ro", "root",
	"rootfstype", "rootwait", "rw", "tsc",
};

void cmdline_set(const char *text)
{
	const char *in = saved_command_line;
	char *out = words;
	bool quoted = false;

	strlcpy(saved_command_line, text ? text : "", sizeof(saved_command_line));
	for (; *in; in++) {
		if (*in == '"')
			quoted = !quoted;
		else if (!isspace(*in) || quoted)
			*out++ = *in;
		else if (out > words && out[-1])
			*out++ = '\0';
	}
	*out++ = '\0';
	if (out < words + sizeof(words))
		*out = '\0';
}

/* The word after @word; "" at the end. */
static char *next_word(char *word)
{
	return word + strlen(word) + 1;
}

/* What follows @key in @word: "" if nothing does; NULL if this is another key. */
static const char *match(const char *word, const char *key)
{
	size_t length = strlen(key);

	if (strncmp(word, key, length))
		return NULL;
	if (word[length] == '=')
		return word + length + 1;
	return word[length] ? NULL : word + length;
}

static bool is_separator(const char *word)
{
	return !strcmp(word, "--");	/* all that follows is for process 1 */
}

const char *cmdline_get(const char *key)
{
	const char *found = NULL, *value;

	for (char *word = words; *word && !is_separator(word); word = next_word(word)) {
		value = match(word, key);
		if (value)
			found = value;
	}
	return found;
}

static bool is_kernel_word(const char *word)
{
	const char *value = strchr(word, '='), *dot = strchr(word, '.');

	if (dot && (!value || dot < value))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(kernel_keys); i++)
		if (match(word, kernel_keys[i]))
			return true;
	return false;
}

/* Put name=value into @envp, over an older value of that name. */
static void set_env(char **envp, unsigned int max, char *word)
{
	size_t name_bytes = strchr(word, '=') - word + 1;
	unsigned int i;

	for (i = 0; envp[i] && strncmp(envp[i], word, name_bytes); i++)
		;
	if (envp[i]) {
		envp[i] = word;
	} else if (i + 1 < max) {
		envp[i] = word;
		envp[i + 1] = NULL;
	}
}

void cmdline_for_init(char **argv, char **envp, unsigned int max)
{
	unsigned int nr_argv = 0;
	bool all = false;

	while (argv[nr_argv])
		nr_argv++;
	for (char *word = words; *word; word = next_word(word)) {
		if (!all && is_separator(word)) {
			all = true;
		} else if (!all && is_kernel_word(word)) {
			continue;
		} else if (!all && strchr(word, '=')) {
			set_env(envp, max, word);
		} else if (nr_argv + 1 < max) {
			argv[nr_argv++] = word;
			argv[nr_argv] = NULL;
		}
	}
}
