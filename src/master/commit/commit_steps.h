/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what one picture's end needs, step by step. commit.c takes several pictures at once through each step before the next one, so that
 *            an fsync serves all of them. For each picture the order is that of the functions below. What fails concerns this picture alone; only
 *            a folder that cannot be synced, and a transaction that cannot be written, concern all that need it.
 * Thread:    the commit thread. Ownership: borrows all.
 */
#pragma once

#include "base/disk/sync_once.h"
#include "master/commit/commit.h"

struct commit_tools {
	struct names *names;
	struct history *history; /* NULL: `once` */
	struct kept *kept;
	struct sync_once *once; /* of the present step: commit_sync(), commit_settle(), commit_finish() */
};

/* A step. False with error: the picture takes no part in the steps behind. */
typedef bool (*commit_step)(const struct commit_tools *tools, struct commit_request *request, GError **error);

/* Its original is what was claimed, its outputs are as their definition says and have names. */
bool commit_prepare(const struct commit_tools *tools, struct commit_request *request, GError **error);
/* Under their final names. */
bool commit_rename(const struct commit_tools *tools, struct commit_request *request, GError **error);
/* And on disk there. */
bool commit_sync(const struct commit_tools *tools, struct commit_request *request, GError **error);
/* Into the history. While the original is claimed a crash repeats this under the same id; after it, nothing would ever write it. */
bool commit_record(const struct commit_tools *tools, struct commit_request *request, GError **error);
/* Every output is on disk under its name: now, and not before, the original may go. */
bool commit_leave(const struct commit_tools *tools, struct commit_request *request, GError **error);
/* And is on disk where it came to, then where it was. */
bool commit_settle(const struct commit_tools *tools, struct commit_request *request, GError **error);
bool commit_finish(const struct commit_tools *tools, struct commit_request *request, GError **error);

/* Is nothing but the original left to do? */
bool commit_is_made(const struct found *found);
