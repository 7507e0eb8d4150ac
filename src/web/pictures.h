/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   small versions of originals and outputs. They are made by a process of their own (worker/thumbnail.h) when somebody looks,
 *            never by this one, and kept in the state folder: as many bytes as fit, the ones looked at longest ago go first.
 * Thread:    any; one thread of its own asks the process, one picture after the other. A request waits for its picture for some seconds.
 * Ownership: pictures_free() ends the process.
 */
#ifndef DROPMILL_WEB_PICTURES_H
#define DROPMILL_WEB_PICTURES_H

#include "base/auto.h"
#include "web/answer.h"

struct pictures;

/* folder: where they are kept; made when it is needed. */
struct pictures *pictures_new(const char *folder);
/* Nobody waits any more, and what is being made is given up. */
void pictures_stop(struct pictures *pictures);
void pictures_free(struct pictures *pictures); /* NULL is fine */
DEFINE_AUTO(pictures, pictures_free)

/* A small version of the file at path, as wide and high as ?size= says. NULL: there is none. allow: JSON text of the list of formats that
 * its pipeline allows; NULL: none. Returns the status sent. */
int pictures_answer(struct pictures *pictures, struct request *request, const char *path, const char *allow);

#endif
