/* SPDX-License-Identifier: GPL-2.0-or-later
 * Included files: see include.h. */
#include "definition/yaml/include.h"
#include "definition/yaml/parser.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A definition is a page of text; what is bigger was named by mistake. */
#define BYTES_MAX (1024 * 1024)
/* Files that include each other twice over would be read without end. */
#define FILES_MAX 64

struct sources {
	struct diagnostics *errors;
	GChecksum *checksum;
	struct vars *vars;
	GPtrArray *trees; /* struct node: of every file; variables and steps are borrowed from them */
	GPtrArray *open;  /* char *, canonical: files that are being read, the definition first */
	GPtrArray *files; /* char *, canonical: included */
	guint count;
	bool (*ours)(const struct node *tree, const void *user);
	const void *user;
};

struct sources *sources_new(
	struct diagnostics *errors, bool (*ours)(const struct node *tree, const void *user), const void *user)
{
	struct sources *sources = g_new0(struct sources, 1);

	sources->errors = errors;
	sources->ours = ours;
	sources->user = user;
	sources->checksum = g_checksum_new(G_CHECKSUM_SHA256);
	sources->vars = vars_new(sources->checksum);
	sources->trees = g_ptr_array_new_with_free_func(node_destroy);
	sources->open = g_ptr_array_new_with_free_func(g_free);
	sources->files = g_ptr_array_new_with_free_func(g_free);
	g_ptr_array_add(sources->open, g_canonicalize_filename(diagnostics_file(errors), NULL));
	return sources;
}

void sources_free(struct sources *sources)
{
	if (!sources)
		return;
	vars_free(sources->vars);
	g_checksum_free(sources->checksum);
	g_ptr_array_unref(sources->trees);
	g_ptr_array_unref(sources->open);
	g_ptr_array_unref(sources->files);
	g_free(sources);
}

static bool is_called_yaml(const char *path)
{
	return g_str_has_suffix(path, ".yaml") || g_str_has_suffix(path, ".yml");
}

/* Messages tell people what a definition says. It may name any file of this user, such as /etc/shadow, by a link as well: what the file that
 * was opened is called counts. One that a person named is read whatever its name is. */
static char *wrong_name(int file, const char *path, bool included)
{
	g_autofree char *link = g_strdup_printf("/proc/self/fd/%d", file);
	g_autofree char *real = g_file_read_link(link, NULL);
	g_autofree char *called = g_path_get_basename(path);

	if (real && (is_called_yaml(real) || (!included && g_str_has_suffix(real, called))))
		return NULL;
	return g_strdup_printf("%s; a definition is a text file that ends in .yaml",
		is_called_yaml(path) ? "is a link to a file of another kind" : "is called otherwise");
}

/* What is wrong with a file, or NULL and its text. */
static char *read_open(int file, const char *path, bool included, char **text, gsize *length)
{
	struct stat status;

	if (fstat(file, &status) != 0)
		return g_strdup_printf("cannot be read: %s", g_strerror(errno));
	if (!S_ISREG(status.st_mode))
		return g_strdup("is not a file; a definition is a text file that ends in .yaml");
	if (status.st_size > BYTES_MAX)
		return g_strdup("a definition has at most one megabyte; take the file out");
	char *fault = wrong_name(file, path, included);
	if (fault)
		return fault;
	g_autofree char *bytes = g_malloc((gsize)BYTES_MAX + 2);
	gssize n = 0;
	*length = 0;
	while (*length <= BYTES_MAX && (n = read(file, bytes + *length, BYTES_MAX + 1 - *length)) > 0)
		*length += (gsize)n;
	if (n < 0)
		return g_strdup_printf("cannot be read: %s", g_strerror(errno));
	bytes[*length] = '\0';
	*text = g_steal_pointer(&bytes);
	return NULL;
}

char *include_read(const char *path, bool included, char **text, gsize *length)
{
	/* A pipe is not waited for, nor a terminal taken. */
	int file = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (file < 0)
		return g_strdup_printf("cannot be read: %s", g_strerror(errno));
	char *fault = read_open(file, path, included, text, length);
	close(file);
	return fault;
}

bool sources_read(const char *path, char **text, gsize *length, struct diagnostics *errors)
{
	g_autofree char *fault = include_read(path, false, text, length);

	if (fault)
		diagnostics_add(errors, 1, 1, "%s", fault);
	return !fault;
}

static bool lies_in(const char *real, char *folder /* takes; NULL: no */)
{
	gsize length = folder ? strlen(folder) : 0;
	bool lies = length > 0 && strncmp(real, folder, length) == 0 && (real[length] == '/' || length == 1);

	g_free(folder);
	return lies;
}

/* In the definition's folder, links followed; a definition that is a link has two. */
static bool lies_beside(const struct sources *sources, const char *path)
{
	const char *definition = g_ptr_array_index(sources->open, 0);
	g_autofree char *real = realpath(path, NULL);
	g_autofree char *seen = g_path_get_dirname(definition);
	g_autofree char *target = realpath(definition, NULL);
	g_autofree char *behind = target ? g_path_get_dirname(target) : NULL;

	return real && (lies_in(real, realpath(seen, NULL)) || lies_in(real, behind ? g_strdup(behind) : NULL));
}

/* Messages quote the files of a definition. A file from another folder may be anybody's, such as a secret of Kubernetes: before a word of it is
 * repeated, it must look like a definition. NULL: it may be read. */
static char *not_ours(const struct sources *sources, const char *path, const char *text, gsize length)
{
	if (lies_beside(sources, path))
		return NULL;
	auto_struct(diagnostics) silent = diagnostics_new(path);
	auto_struct(node) tree = node_parse(text, length, silent);
	if (tree && sources->ours(tree, sources->user))
		return NULL;
	return g_strdup("lies in another folder and does not look like a definition (it has none of its keys, and no "
			"operations); move it beside the definition if it is one");
}

/* Opens the file that this scalar names, as a tree that belongs to sources. NULL after a diagnostic. */
static struct node *open_file(struct sources *sources, const struct node *name)
{
	g_autofree char *text = NULL;
	gsize length = 0;
	const char *word = node_as_string(name);

	if (!word || *word == '\0') {
		diagnostics_add(sources->errors, name->line, name->column,
			"include takes the name of a file, or a list of "
			"them, such as parts/sharpen.yaml");
		return NULL;
	}
	g_autofree char *folder = g_path_get_dirname(diagnostics_file(sources->errors));
	g_autofree char *path = g_path_is_absolute(word) || g_str_equal(folder, ".")
					? g_strdup(word)
					: g_build_filename(folder, word, NULL);
	char *canonical = g_canonicalize_filename(path, NULL);
	bool again = g_ptr_array_find_with_equal_func(sources->open, canonical, g_str_equal, NULL);
	g_ptr_array_add(sources->open, canonical);
	if (!again && !g_ptr_array_find_with_equal_func(sources->files, canonical, g_str_equal, NULL))
		g_ptr_array_add(sources->files, g_strdup(canonical));
	g_autofree char *fault =
		again ? g_strdup("is being read already: a file cannot include itself, not even through "
				 "others; take one include out")
		: ++sources->count > FILES_MAX
			? g_strdup_printf("is the %dth file that is included; %d are enough", FILES_MAX + 1, FILES_MAX)
			: include_read(path, true, &text, &length);
	if (!fault)
		fault = not_ours(sources, path, text, length);
	if (fault) {
		/* Named among the files all the same: when it comes, the definition may be right. */
		diagnostics_enter(sources->errors, diagnostics_enter(sources->errors, path));
		diagnostics_add(sources->errors, name->line, name->column, "include '%s': %s", word, fault);
		return NULL;
	}
	sources_add_bytes(sources, text, length);
	diagnostics_enter(sources->errors, path);
	struct node *tree = node_parse(text, length, sources->errors);
	if (tree)
		g_ptr_array_add(sources->trees, tree);
	return tree;
}

static void close_file(struct sources *sources)
{
	g_ptr_array_set_size(sources->open, (gint)sources->open->len - 1);
}

static struct node_entry *find_entry(struct node *map, const char *key)
{
	for (guint i = 0; i < map->items->len; i++) {
		struct node_entry *entry = g_ptr_array_index(map->items, i);
		if (g_str_equal(entry->key, key))
			return entry;
	}
	return NULL;
}

static void merge_includes(struct sources *sources, struct node *root, struct node *map);

/* One file below what root has already. */
static void merge_file(struct sources *sources, struct node *root, struct node *name)
{
	const char *before = diagnostics_file(sources->errors);

	vars_expand(sources->vars, name, sources->errors);
	struct node *tree = open_file(sources, name);
	if (tree && tree->kind == NODE_MAP)
		merge_includes(sources, root, tree);
	else if (tree && tree->kind != NODE_NULL)
		diagnostics_add(sources->errors, tree->line, tree->column,
			"a file that a definition includes is a map such as 'vars: {width: 2000}'; a list of steps is "
			"included among steps: - include: FILE");
	close_file(sources);
	diagnostics_enter(sources->errors, before);
}

/* Moves keys that only map has into root, then does the same with the files that map includes. The last file is first,
 * because a later one overrides an earlier one. */
static void merge_includes(struct sources *sources, struct node *root, struct node *map)
{
	struct node_entry *include = find_entry(map, "include"), *vars = find_entry(map, "vars");

	if (vars)
		vars_add(sources->vars, vars->value, sources->errors);
	for (guint i = 0; map != root && i < map->items->len;) {
		struct node_entry *entry = g_ptr_array_index(map->items, i);
		if (entry == include || entry == vars || find_entry(root, entry->key))
			i++;
		else
			g_ptr_array_add(root->items, g_ptr_array_steal_index(map->items, i));
	}
	if (include && include->value->kind == NODE_LIST)
		for (guint i = include->value->items->len; i-- > 0;)
			merge_file(sources, root, g_ptr_array_index(include->value->items, i));
	else if (include)
		merge_file(sources, root, include->value);
}

struct node *sources_root(struct sources *sources, const char *text, gsize length)
{
	sources_add_bytes(sources, text, length);
	struct node *root = node_parse(text, length, sources->errors);
	if (!root)
		return NULL;
	g_ptr_array_add(sources->trees, root);
	if (root->kind != NODE_MAP)
		return root;
	merge_includes(sources, root, root);
	vars_check(sources->vars, sources->errors);
	for (guint i = 0; i < root->items->len; i++) {
		struct node_entry *entry = g_ptr_array_index(root->items, i);
		if (g_str_equal(entry->key, "vars") || g_str_equal(entry->key, "include"))
			continue;
		diagnostics_enter(sources->errors, entry->value->file);
		vars_expand(sources->vars, entry->value, sources->errors);
	}
	diagnostics_enter(sources->errors, NULL);
	return root;
}

/* The list in a file of steps: all of it, or under steps:, with vars: beside it. */
static struct node *steps_of(struct sources *sources, struct node *tree)
{
	struct node *steps = tree->kind == NODE_LIST ? tree : NULL;

	for (guint i = 0; tree->kind == NODE_MAP && i < tree->items->len; i++) {
		struct node_entry *entry = g_ptr_array_index(tree->items, i);
		if (g_str_equal(entry->key, "steps") && entry->value->kind == NODE_LIST)
			steps = entry->value;
		else if (g_str_equal(entry->key, "vars"))
			vars_add(sources->vars, entry->value, sources->errors);
		else if (!g_str_equal(entry->key, "description"))
			diagnostics_add(sources->errors, entry->line, entry->column,
				"a file of steps has steps: (a list), vars: and description:, and not '%s'",
				entry->key);
	}
	if (!steps)
		diagnostics_add(sources->errors, tree->line, tree->column,
			"there are no steps here; write a list such as '- sharpen: {sigma: 0.8}', alone or under steps:");
	return steps;
}

const struct node *sources_enter(struct sources *sources, const struct node *name)
{
	struct node *tree = open_file(sources, name);
	struct node *steps = tree ? steps_of(sources, tree) : NULL;

	if (steps)
		vars_expand(sources->vars, steps, sources->errors);
	return steps;
}

void sources_leave(struct sources *sources)
{
	close_file(sources);
}

void sources_add_bytes(struct sources *sources, const char *bytes, gsize length)
{
	g_checksum_update(sources->checksum, (const guchar *)bytes, (gssize)length);
}

const char *sources_hash(struct sources *sources)
{
	return g_checksum_get_string(sources->checksum);
}

GPtrArray *sources_files(const struct sources *sources)
{
	GPtrArray *files = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < sources->files->len; i++)
		g_ptr_array_add(files, g_strdup(g_ptr_array_index(sources->files, i)));
	return files;
}
