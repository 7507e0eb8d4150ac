/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * dropmill-image: the half of dropmill that touches pictures, in processes that may die: workers, codecs, and the checker of
 * definitions. The other half, `dropmill`, starts it and links no libvips.
 */
#include <locale.h>
#include <string.h>

#include "base/terminal.h"
#include "codec/codec.h"
#include "codec/explain.h"
#include "codec/explain_text.h"
#include "image/describe/commands.h"
#include "image/describe/versions.h"
#include "worker/thumbnail.h"
#include "worker/worker.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{"worker", worker_command},
	{"codec", codec_command},
	{"thumbnail", thumbnail_command},
	{"check", check_command},
	{"explain", explain_command},
	{"ops", ops_command},
	{"definitions", definitions_command},
	{"versions", versions_command},
};

int main(int argc, char **argv)
{
	setlocale(LC_CTYPE, "C.UTF-8");
	for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof commands[0]; i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	terminal_say("dropmill-image is started by dropmill; see dropmill --help");
	return 2;
}
