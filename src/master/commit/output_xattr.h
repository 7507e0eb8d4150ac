/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   whose an output is, as the output says itself: each carries, in an extended attribute (user.dropmill), which original it was
 *            made from, under which name, by which job, and what it was when it was finished (its stamp). A file at another place, or with
 *            another stamp, is somebody else's, and so is what another mill made in the same folder: no file of anybody
 *            else's is ever treated as one of the mill's. Neither device nor inode takes part, so marks outlast a copy of the
 *            output folder (cp -a, rsync -aX) and file systems that give new numbers.
 *            A ledger that is lost, or lags behind after a power cut, is so made whole again from out/. Where there are no
 *            extended attributes, or a copy lost them, the ledger's own stamp counts (history.h).
 * Thread:    any. Ownership: mark_clear().
 */
#pragma once

#include "base/disk/stamp.h"
#include "ledger/history.h"
#include "master/job/drop.h"

struct mark {
	char *owner, *wished, *job;
	struct stamp stamp;
	struct stamp original; /* of one that stays in its inbox, see kept_originals.h; else STAMP_UNKNOWN */
	gint64 number;         /* of the original; 0: none was given */
};
void mark_clear(struct mark *mark);

/* Whose marks: the mill that makes files in out from inboxes below watch. Both absolute. */
struct mark_place {
	const char *out, *watch;
};

/* A path in the output folder, as the ledger has it; NULL: it lies elsewhere. Borrowed. */
const char *mark_relative(const struct mark_place *mill, const char *path);
/* On the temp file of an output that is about to get its final name, below out. False: it cannot be marked. */
bool mark_write(const struct mark_place *mill, const struct drop *drop, gint64 number /* the original's */,
	const struct job_output *output, const struct stamp *stamp);
/* False: not an output of this mill, or not any more. */
bool mark_read(const struct mark_place *mill, const char *path, struct mark *mark);
/* Into a new ledger; its entries stay. */
void marks_relearn(const struct mark_place *mill, struct history *history);
