/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what libraries say without failing, through libvips' log. While a picture is processed it is kept: when the picture fails, its
 *            reason says enough and these words are dropped; when it is done, each is logged once, with the picture's name.
 * Thread:    any; one list for the process, which processes one picture at a time.
 * Ownership: results are owned by the caller.
 */
#pragma once

#include <json-glib/json-glib.h>

/* Once, at start. Until warnings_begin() everything is logged as it is said. */
void warnings_listen(void);
/* From now on words are kept. Those of the job before are forgotten; of the same job, only those that were not logged. */
void warnings_begin(const char *job);
/* Logs what was kept: each once a job. spec: of the task or plan, as JSON, which names the picture; NULL: unnamed. */
void warnings_say(const char *spec);
/* The newest that may be why something fails, in one line, or NULL. Returns owned. */
char *warnings_newest(void);
/* Nothing was said that could be a reason. */
void warnings_forget_newest(void);
