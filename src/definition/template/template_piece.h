/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   a template's pieces: one character, or one placeholder with what follows its colon. Private to template*.c.
 * Thread:    any. Ownership: pieces borrow from the template.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* name, what it depends on (enum template_use in template.h; 0: the source's name and the time it was dropped), takes a width such as {n:04} */
#define PLACEHOLDERS(X)                                                                                                \
	X(STEM, "stem", 0, false)                                                                                      \
	X(EXT, "ext", 0, false)                                                                                        \
	X(PIPELINE, "pipeline", 0, false)                                                                              \
	X(DATE, "date", 0, false)                                                                                      \
	X(WIDTH, "width", TEMPLATE_SIZE, true)                                                                         \
	X(HEIGHT, "height", TEMPLATE_SIZE, true)                                                                       \
	X(N, "n", TEMPLATE_NUMBER, true)                                                                               \
	X(HASH, "hash", TEMPLATE_HASH, false)

enum placeholder {
#define X(id, name, use, digits) PLACEHOLDER_##id,
	PLACEHOLDERS(X)
#undef X
		PLACEHOLDER_NONE
};

struct piece {
	enum placeholder placeholder; /* PLACEHOLDER_NONE: the literal */
	char literal;
	const char *argument; /* behind the colon; NULL: none */
	gsize argument_bytes;
	const char *next; /* what follows; NULL: nothing can, the template is wrong here */
};

/* The piece that starts at `at`, which is not the end. */
struct piece template_piece_at(const char *at);

/* Why template_piece_at() found nothing there. Always false. */
bool template_piece_wrong(const char *at, GError **error);
