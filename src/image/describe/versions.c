/* SPDX-License-Identifier: GPL-2.0-or-later
 * Versions of the libraries of pictures: see versions.h. */
#include "image/describe/versions.h"

#include <string.h>
#include <vips/vips.h>

#include <vips/vector.h> /* needs the one before */

#include "base/terminal.h"
#include "image/describe/format_check.h"
#include "image/quirks/image_code.h"
#include "image/quirks/quirks.h"
#include "image/table/format_table.h"

static void print_vectors(void)
{
#if BUILT_BEFORE(15)
	terminal_print("vector code: %s\n", !vips_vector_isenabled() ? "off" : "on");
#else
	g_autoptr(GString) targets = g_string_new(NULL);
	gint64 usable = vips_vector_get_supported_targets();

	for (int bit = 0; bit < 63; bit++)
		if (usable & (gint64)1 << bit)
			g_string_append_printf(targets, " %s", vips_vector_target_name((gint64)1 << bit));
	terminal_print("vector code: %s%s%s\n", vips_vector_isenabled() ? "on" : "off",
		targets->len ? ", Highway:" : "", targets->str);
#endif
}

/* By the names that libvips gives them, each once. */
static void *add_loader(VipsForeignClass *class, GHashTable *names)
{
	const char *name = VIPS_OBJECT_CLASS(class)->nickname;
	g_autofree char *format = g_strndup(name, strcspn(name, "_"));

	if (g_str_has_suffix(format, "load"))
		format[strlen(format) - strlen("load")] = '\0';
	g_hash_table_add(names, g_steal_pointer(&format));
	return NULL;
}

static void print_pixels(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *hash = NULL;

	if (image_code_hash(&hash, &error))
		terminal_print("pixels: %s\n", hash);
	else
		terminal_print("pixels: %s\n", error->message);
}

static void print_loaders(void)
{
	g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	vips_foreign_map("VipsForeignLoad", (VipsSListMap2Fn)(void *)add_loader, names, NULL);
	g_autoptr(GList) sorted = g_list_sort(g_hash_table_get_keys(names), (GCompareFunc)strcmp);
	terminal_print("reads:");
	for (GList *link = sorted; link; link = link->next)
		terminal_print(" %s", (const char *)link->data);
	terminal_print("\n");
}

/* The table of the manual, or what is true here. */
int versions_command(int argc, char **argv)
{
	g_autoptr(GString) writes = g_string_new(NULL), lacks = g_string_new(NULL);

	if (argc > 1 && g_str_equal(argv[1], "--markdown")) {
		g_autofree char *table = quirks_markdown();
		terminal_print("%s", table);
		return 0;
	}
	if (VIPS_INIT(argv[0])) {
		terminal_say("dropmill-image: libvips does not start: %s", vips_error_buffer());
		return 1;
	}
	for (guint i = 0; i < format_count; i++)
		g_string_append_printf(
			format_available(format_table[i].name) ? writes : lacks, " %s", format_table[i].name);
	terminal_print("libvips %s\n", vips_version_string());
	print_vectors();
	print_pixels();
	print_loaders();
	terminal_print("writes:%s\n", writes->str);
	if (lacks->len)
		terminal_print("cannot write:%s\n", lacks->str);
	for (enum quirk i = QUIRK_NONE + 1; i < QUIRKS; i++)
		if (quirk(i))
			terminal_print(
				"quirk %s: %s; %s\n", quirk_row(i)->name, quirk_row(i)->what, quirk_row(i)->done);
	vips_shutdown();
	return 0;
}
