/* SPDX-License-Identifier: GPL-2.0-or-later
 * Lists of errors with their place, and suggestions: see diagnostics.h. */
#include "definition/yaml/diagnostics.h"
#include "base/display.h"

#include <string.h>

/* A message quotes the text of the file, which may be a megabyte. */
#define MESSAGE_BYTES_MAX 500

/* No name in a definition is longer; it also bounds the rows of the edit distance. */
#define WORD_BYTES_MAX 64

struct diagnostics {
	GPtrArray *files;   /* char *: that of the list, then those that were entered */
	guint current;      /* among them */
	GPtrArray *entries; /* struct entry, by file, line and column */
};

struct entry {
	struct diagnostic diagnostic;
	guint file;
};

static void entry_free(void *data)
{
	struct entry *entry = data;

	g_free(entry->diagnostic.file);
	g_free(entry->diagnostic.message);
	g_free(entry);
}

struct diagnostics *diagnostics_new(const char *file)
{
	struct diagnostics *list = g_new0(struct diagnostics, 1);

	list->files = g_ptr_array_new_with_free_func(g_free);
	g_ptr_array_add(list->files, g_strdup(file));
	list->entries = g_ptr_array_new_with_free_func(entry_free);
	return list;
}

const char *diagnostics_enter(struct diagnostics *list, const char *file)
{
	const char *before = diagnostics_file(list);

	if (!file) {
		list->current = 0;
	} else if (!g_ptr_array_find_with_equal_func(list->files, file, g_str_equal, &list->current)) {
		list->current = list->files->len;
		g_ptr_array_add(list->files, g_strdup(file));
	}
	return before;
}

const char *diagnostics_file(const struct diagnostics *list)
{
	return g_ptr_array_index(list->files, list->current);
}

const GPtrArray *diagnostics_files(const struct diagnostics *list)
{
	return list->files;
}

void diagnostics_free(struct diagnostics *list)
{
	if (!list)
		return;
	g_ptr_array_unref(list->files);
	g_ptr_array_unref(list->entries);
	g_free(list);
}

/* One line of valid UTF-8 without control characters, so that no definition can forge a second message. */
static char *presentable(const char *text)
{
	g_autofree char *shown = display_name(text);

	if (strlen(shown) <= MESSAGE_BYTES_MAX)
		return g_steal_pointer(&shown);
	const char *end = shown + MESSAGE_BYTES_MAX;
	while ((*end & 0xc0) == 0x80) /* not in the middle of a character */
		end--;
	return g_strdup_printf("%.*s...", (int)(end - shown), shown);
}

static int compare(unsigned a, unsigned b)
{
	return a < b ? -1 : a > b;
}

static int compare_place(const struct entry *entry, guint file, unsigned line, unsigned column)
{
	int order = compare(entry->file, file);

	if (order == 0)
		order = compare(entry->diagnostic.line, line);
	return order ? order : compare(entry->diagnostic.column, column);
}

void diagnostics_add(struct diagnostics *list, unsigned line, unsigned column, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_autofree char *text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_autofree char *message = presentable(text);

	/* Searched from the end: most checks run in file order. */
	guint at = list->entries->len;
	while (at > 0 && compare_place(g_ptr_array_index(list->entries, at - 1), list->current, line, column) > 0)
		at--;
	for (guint i = at; i > 0; i--) {
		const struct entry *same = g_ptr_array_index(list->entries, i - 1);
		if (compare_place(same, list->current, line, column) != 0)
			break;
		if (g_str_equal(same->diagnostic.message, message))
			return;
	}
	struct entry *entry = g_new0(struct entry, 1);
	entry->file = list->current;
	entry->diagnostic =
		(struct diagnostic){g_strdup(diagnostics_file(list)), line, column, g_steal_pointer(&message)};
	g_ptr_array_insert(list->entries, (gint)at, entry);
}

unsigned diagnostics_count(const struct diagnostics *list)
{
	return list->entries->len;
}

const struct diagnostic *diagnostics_get(const struct diagnostics *list, unsigned index)
{
	g_assert(index < list->entries->len);
	return &((struct entry *)g_ptr_array_index(list->entries, index))->diagnostic;
}

char *diagnostics_text(const struct diagnostics *list)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < list->entries->len; i++) {
		const struct diagnostic *entry = diagnostics_get(list, i);
		g_string_append_printf(text, "%s:%u:%u: %s\n", entry->file, entry->line, entry->column, entry->message);
	}
	return g_string_free(text, FALSE);
}

/* Case does not count, nor does "-" for "_": "Auto-Orient" means auto_orient. */
static char folded(char c)
{
	return c == '-' ? '_' : g_ascii_tolower(c);
}

/* Edits (insert, delete, replace, swap of two neighbours) that make b of a; both are short enough for the rows. */
static unsigned edit_distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	unsigned rows[3][WORD_BYTES_MAX + 1];
	unsigned *older = rows[0], *previous = rows[1], *current = rows[2];

	for (size_t j = 0; j <= b_length; j++) {
		older[j] = 0;
		current[j] = (unsigned)j;
	}
	for (size_t i = 1; i <= a_length; i++) {
		unsigned *recycled = older;
		older = previous;
		previous = current;
		current = recycled;
		current[0] = (unsigned)i;
		for (size_t j = 1; j <= b_length; j++) {
			bool same = folded(a[i - 1]) == folded(b[j - 1]);
			unsigned best = MIN(MIN(previous[j], current[j - 1]) + 1, previous[j - 1] + !same);
			if (i > 1 && j > 1 && folded(a[i - 1]) == folded(b[j - 2]) &&
				folded(a[i - 2]) == folded(b[j - 1]))
				best = MIN(best, older[j - 2] + 1);
			current[j] = best;
		}
	}
	return current[b_length];
}

const char *did_you_mean(const char *word, const char *const *candidates)
{
	size_t length = strlen(word);
	const char *nearest = NULL;
	unsigned nearest_distance = G_MAXUINT;

	if (length > WORD_BYTES_MAX)
		return NULL;
	for (; *candidates; candidates++) {
		size_t candidate_length = strlen(*candidates);
		if (candidate_length > WORD_BYTES_MAX)
			continue;
		unsigned distance = edit_distance(word, length, *candidates, candidate_length);
		if (distance * 3 <= MAX(length, candidate_length) && distance < nearest_distance) {
			nearest = *candidates;
			nearest_distance = distance;
		}
	}
	return nearest;
}
