/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the ledger's second copy: each output carries, in an extended attribute (user.dropmill), which original it was made from, under
 *            which name, by which job. A database that is lost, or lags behind after a power cut, is so made whole again
 *            from out/, and no file of anybody else's is ever taken for one of the mill's. A mark holds for the very file it was given
 *            to, at the very place, and for the mill with these inboxes: copies (cp -a), files that were renamed, and what another
 *            mill made in the same folder are nobody's.
 *            File systems without extended attributes have no marks; then a lost ledger stays lost, and outputs get the next free name.
 * Thread:    any. Ownership: mark_clear().
 */
#ifndef DROPMILL_MASTER_MARKS_H
#define DROPMILL_MASTER_MARKS_H

#include "base/history.h"
#include "master/job.h"

struct mark {
	char *owner, *wished, *job;
	char *kept;    /* of an original that stays in its inbox: the key in kept.h; NULL */
	gint64 number; /* of the original; 0: none was given */
};
void mark_clear(struct mark *mark);

/* Whose marks: the mill that makes files in out from inboxes below watch. Both absolute. */
struct mark_place {
	const char *out, *watch;
};

/* On the temp file of an output that is about to get its final name, below out. What cannot be marked is not. */
void mark_write(const struct mark_place *mill, const struct job *job, const struct job_output *output);
/* False: not an output of this mill. */
bool mark_read(const struct mark_place *mill, const char *path, struct mark *mark);
/* Into a ledger that has begun anew; what it knows already stays. */
void marks_relearn(const struct mark_place *mill, struct history *history);

#endif
