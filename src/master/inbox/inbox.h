/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   an inbox as its definition describes it, the mill's folders in it, and which names are left alone.
 * Thread:    any; nothing here is shared.
 * Ownership: inbox_free().
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* The mill's own folders at the top of an inbox. */
#define CLAIMS_FOLDER ".dropmill"
#define DONE_FOLDER "_done"
#define FAILED_FOLDER "_failed"
#define REASON_ENDING ".reason.txt"

struct inbox {
	char *pipeline;
	char *path; /* absolute */
	bool recursive;
	char **accept; /* globs against the file's own name, case-insensitive, and formats ("jpeg") by content; NULL: all */
	char **reject;    /* the same, for accepted files that are left alone; NULL: none; set it after inbox_new() */
	gint64 settle_us; /* for files written in place; one moved in is taken at once */
	gint64 prune_us; /* emptied folders of a drop go when it was quiet for this time; inbox_new() says 30 s; -1: never */
	char *mount;          /* where it lay when it was last seen, see inbox_mount(); NULL: not known */
	bool was;             /* it was an inbox before: when it is gone, no folder is made in its place */
	gint64 wait_empty_us; /* for the content of a file of 0 bytes; inbox_new() says ten minutes */
};
struct inbox *inbox_new(
	const char *pipeline, const char *path, bool recursive, char **accept /* copies */, gint64 settle_us);
void inbox_free(struct inbox *inbox);
bool inbox_equal(const struct inbox *a, const struct inbox *b);

/* Is a file one whose original was to stay, and whose job is done? */
enum intake_known {
	KNOWN_NOT,
	KNOWN_DONE,  /* it is left alone */
	KNOWN_ASKED, /* its content is being compared: intake_look_again() follows */
};

/* Names that the mill leaves alone: those of other programs' files, hidden and temporary files (junk.h), at the top its own folders. */
bool inbox_ignores(const char *name, bool at_top);
/* Why a file is not for this inbox, owned, or NULL. By its name alone where descriptor is -1; then formats are not known yet. */
char *inbox_refusal(const struct inbox *inbox, const char *name, int descriptor);
bool inbox_path_within(const char *path, const char *top /* NULL: everything */);
/* The mount point that it lies on, or, while it is not there, would lie on. Owned. */
char *inbox_mount(const char *path);
/* It lay on this mount point, which is none now. */
bool inbox_is_away(const char *path, const char *mount /* or NULL */);
