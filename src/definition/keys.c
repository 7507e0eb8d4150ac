/* SPDX-License-Identifier: GPL-2.0-or-later
 * The table of a definition's keys: see keys.h. */
#include "definition/keys.h"

#include "definition/pipeline.h"

const char *const originals_names[] = {
	[ORIGINALS_ARCHIVE] = "archive", [ORIGINALS_DELETE] = "delete", [ORIGINALS_KEEP] = "keep", NULL};

const char *const on_conflict_names[] = {[CONFLICT_RENAME] = "rename",
	[CONFLICT_OVERWRITE] = "overwrite",
	[CONFLICT_SKIP] = "skip",
	[CONFLICT_FAIL] = "fail",
	NULL};

#define AT(member) .at = offsetof(struct pipeline, member)
#define SECONDS(number) ((number) * (double)G_USEC_PER_SEC)
#define PATTERNS "{'type': 'array', 'minItems': 1, 'items': {'type': 'string'}}"

const struct definition_key definition_keys[] = {
	{"name", .type = KEY_TEXT, AT(name), .schema = "{'type': 'string', 'pattern': '^[a-z0-9][a-z0-9_-]{0,63}$'}",
		.help = "the pipeline's name; default: the file's name"},
	{"description", .type = KEY_TEXT, AT(description), .help = "for people"},
	{"inbox", .type = KEY_TEXT, AT(inbox),
		.help = "folder below the watch folder, or an absolute path; default: the file's name"},
	{"recursive", .type = KEY_BOOL, AT(recursive), .initial = true,
		.help = "sub-folders are watched, and mirrored in the out folder"},
	{"accept", .type = KEY_TEXTS, AT(accept), .schema = PATTERNS,
		.help = "which files are taken: patterns of names, or formats by content; default: every image"},
	{"reject", .type = KEY_TEXTS, AT(reject), .schema = PATTERNS,
		.help = "which files are left alone although they are accepted"},
	{"allow", .type = KEY_TEXTS, AT(allow), .schema = "{'type': 'array', 'items': {'$ref': '#/$defs/allowable'}}",
		.help = "formats that are read though their libraries are not made for strangers' files"},
	{"vars", .type = KEY_OWN,
		.schema =
			"{'type': 'object', 'additionalProperties': {'type': ['string', 'number', 'boolean', 'null']}}",
		.help = "values for ${name}"},
	{"include", .type = KEY_OWN,
		.schema = "{'anyOf': [{'type': 'string'}, {'type': 'array', 'items': {'type': 'string'}}]}",
		.help = "files whose keys are read below these"},
	{"steps", .type = KEY_OWN, .schema = "{'$ref': '#/$defs/steps'}", .help = "the operations, in this order"},
	{"outputs", .type = KEY_OWN, .schema = "{'$ref': '#/$defs/outputs'}",
		.help = "the files that are written; default: one, same name, same format"},
	{"originals", .type = KEY_CHOICE, AT(originals), .words = originals_names, .initial = ORIGINALS_ARCHIVE,
		.help = "what happens to the dropped file"},
	{"on_conflict", .type = KEY_CHOICE, AT(on_conflict), .words = on_conflict_names, .initial = CONFLICT_RENAME,
		.help = "when an output's name is taken by another file"},
	{"settle", .type = KEY_DURATION, AT(settle_us), .initial = SECONDS(0.5),
		.help = "how long a file written in place must not change"},
	{"wait_empty", .type = KEY_DURATION, AT(wait_empty_us), .initial = SECONDS(600),
		.help = "how long a file of 0 bytes may wait for its content, before it fails"},
	{"prune_folders", .type = KEY_DURATION, AT(prune_us), .low = -1, .initial = SECONDS(30),
		.help = "emptied folders of a drop are removed after this time without a change, or never"},
	{"limits", .type = KEY_MAP, .example = "{megapixels: 100, seconds: 60}",
		.help = "a picture that is bigger or slower fails"},
	{"megapixels", "limits", KEY_NUMBER, AT(limits.megapixels), .low = 0.001, .high = 1e6, .initial = 1000},
	{"frames", "limits", KEY_INTEGER, AT(limits.frames), .low = 1, .high = 100000, .initial = 64},
	{"seconds", "limits", KEY_NUMBER, AT(limits.seconds), .low = 1, .high = 86400, .initial = 600},
	{"bytes", "limits", KEY_BYTES, AT(limits.bytes)},
	{"priority", .type = KEY_INTEGER, AT(priority), .low = 0, .high = 9, .initial = 5, .help = "higher goes first"},
	{"on_failure", .type = KEY_MAP, .example = "{attempts: 3}",
		.help = "how often a picture is tried before it goes to _failed/"},
	{"attempts", "on_failure", KEY_INTEGER, AT(attempts), .low = 1, .high = 100, .initial = 3},
	{.name = NULL},
};

const struct definition_key *definition_key_find(const char *within, const char *name)
{
	for (const struct definition_key *key = definition_keys; key->name; key++)
		if (g_str_equal(key->name, name) && g_strcmp0(key->within, within) == 0)
			return key;
	return NULL;
}
