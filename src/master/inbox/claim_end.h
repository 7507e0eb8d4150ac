/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what becomes of a claim.
 * Thread:    any. Only one ends a claim.
 * Ownership: the claim stays the caller's; left_at is set where it went.
 */
#pragma once

#include "base/disk/sync_once.h"
#include "master/inbox/claim.h"

/* These two only rename or unlink, and claim_close() follows. */
bool claim_archive(struct claim *claim, GError **error); /* to INBOX/_done/RELATIVE, never overwriting */
bool claim_delete(struct claim *claim, GError **error);
/* Makes it last, and leaves nothing in .dropmill/. claim_settle() syncs where it came to, then claim_finish() where it was: after a power cut
 * between the two it is in both places, never in none. Several claims share the syncs of once when all of them take a step before the next
 * one. once NULL: alone. */
bool claim_close(const struct claim *claim, GError **error);
bool claim_settle(const struct claim *claim, struct sync_once *once, GError **error);
bool claim_finish(const struct claim *claim, struct sync_once *once, GError **error);
/* Whole in themselves. */
bool claim_fail(struct claim *claim, const char *reason,
	GError **error);                                   /* to INBOX/_failed/RELATIVE and RELATIVE.reason.txt */
bool claim_give_back(struct claim *claim, GError **error); /* to its place in the inbox */
/* One that came out well: the reason of an earlier failure of this name goes, unless the file that failed lies there still. */
void claim_excuse(const struct claim *claim);
/* Is it still the file that was claimed (size, mtime)? error says what is the matter, but for CLAIM_SAME. */
enum claim_state {
	CLAIM_SAME,
	CLAIM_CHANGED, /* written to since: it was taken too early */
	CLAIM_GONE,    /* removed by somebody */
	CLAIM_UNKNOWN, /* it cannot be looked at now */
};
enum claim_state claim_look(const struct claim *claim, GError **error);
