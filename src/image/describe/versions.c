/* SPDX-License-Identifier: GPL-2.0-or-later
 * Versions of the libraries of pictures: see versions.h. */
#include "image/describe/versions.h"

#include <vips/vips.h>

#include <vips/vector.h> /* needs the one before */

#include "base/terminal.h"
#include "image/describe/format_check.h"
#include "image/quirks/quirks.h"
#include "image/table/format_table.h"

int versions_command(int argc G_GNUC_UNUSED, char **argv)
{
	g_autoptr(GString) writes = g_string_new(NULL), lacks = g_string_new(NULL);

	if (VIPS_INIT(argv[0])) {
		terminal_say("dropmill-image: libvips does not start: %s", vips_error_buffer());
		return 1;
	}
	for (guint i = 0; i < format_count; i++)
		g_string_append_printf(
			format_available(format_table[i].name) ? writes : lacks, " %s", format_table[i].name);
	terminal_print("libvips %s\n", vips_version_string());
	terminal_print("vector code: %s\n", vips_vector_isenabled() ? "on" : "off");
	terminal_print("writes:%s\n", writes->str);
	if (lacks->len)
		terminal_print("cannot write:%s\n", lacks->str);
	for (enum quirk i = 0; i < QUIRKS; i++)
		if (quirk(i))
			terminal_print(
				"quirk %s: %s; %s\n", quirk_row(i)->name, quirk_row(i)->what, quirk_row(i)->done);
	vips_shutdown();
	return 0;
}
