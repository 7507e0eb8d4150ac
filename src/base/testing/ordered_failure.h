/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what a picture, or a machine, may do to a worker or codec, for tests to order. In builds with DROPMILL_TEST_HOOKS,
 *            DROPMILL_TEST_TROUBLE names a file of words PLACE:STEM:WHAT, read again each time, so that a test can change its mind; STEM is
 *            an original's name without its ending, or "*". In all other builds a place is nothing.
 * Thread:    any. Ownership: none.
 *
 * WHAT is one of these, or a word that the place understands:
 *   - SEGV, KILL, ABRT: the process gets this signal
 *   - hang: it never returns
 *   - grow: it takes memory without end
 *   - slowN: it takes N milliseconds more
 *   - reach=FILE: it tries what a sandbox refuses, and writes a line with the result
 */
#pragma once

#ifdef DROPMILL_TEST_HOOKS

#include <fcntl.h>
#include <json-glib/json-glib.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"

static inline void failure_grow(void)
{
	const gsize step = 8 << 20;

	for (;; g_usleep(20000))
		memset(g_malloc(step), 1, step);
}

/* A file that is none of its places, its mode, a local socket, its parent. */
static inline void failure_reach(const char *place, const char *file)
{
	bool shut = open(file, O_RDONLY | O_CLOEXEC) < 0 && chmod(file, 0777) < 0 &&
		    socket(AF_UNIX, SOCK_STREAM, 0) < 0 && kill(getppid(), 0) < 0;

	fprintf(stderr, "trouble: %s: %s\n", place, shut ? "all refused" : "LET THROUGH");
}

static inline void failure_do(const char *place, const char *what)
{
	if (g_str_has_prefix(what, "reach="))
		failure_reach(place, what + strlen("reach="));
	if (strcmp(what, "SEGV") == 0) {
		signal(SIGSEGV, SIG_DFL);
		raise(SIGSEGV);
	}
	if (strcmp(what, "KILL") == 0)
		raise(SIGKILL);
	if (strcmp(what, "ABRT") == 0)
		raise(SIGABRT);
	while (strcmp(what, "hang") == 0)
		g_usleep(G_USEC_PER_SEC);
	if (strcmp(what, "grow") == 0)
		failure_grow();
	if (g_str_has_prefix(what, "slow"))
		g_usleep(1000 * g_ascii_strtoull(what + strlen("slow"), NULL, 10));
}

/* The word for this place and this task's or job's original; owned, NULL: none. */
static inline char *failure_at(const char *place, JsonObject *spec)
{
	const char *path = g_getenv("DROPMILL_TEST_TROUBLE");
	g_autofree char *text = NULL;

	if (!path || !g_file_get_contents(path, &text, NULL, NULL))
		return NULL;
	const char *stem = json_string(json_object(spec, "names"), "stem", "");
	g_auto(GStrv) words = g_strsplit_set(text, " \n", -1);
	for (char **word = words; *word; word++) {
		g_auto(GStrv) part = g_strsplit(*word, ":", 3);
		if (g_strv_length(part) == 3 && strcmp(part[0], place) == 0 &&
			(strcmp(part[1], "*") == 0 || strcmp(part[1], stem) == 0)) {
			failure_do(place, part[2]);
			return g_strdup(part[2]);
		}
	}
	return NULL;
}

#define ORDERED_FAILURE(place, spec) g_free(failure_at((place), (spec)))

#else

#define ORDERED_FAILURE(place, spec) ((void)(spec))

#endif
