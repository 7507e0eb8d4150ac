/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   parts of the API's answers as `dropmill status` prints them, once or again and again (status_watch.h).
 * Thread:    the main one. Ownership: texts returned are owned; answers are borrowed.
 */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>

/* A member of an answer as one line shows it. */
char *status_shown(JsonObject *object, const char *name, const char *otherwise);
/* What a job failed of, why it stands, or what is done for it now; "": nothing to say. */
char *status_remark(JsonObject *job);
/* 0: it is not there. */
long long status_count(JsonObject *object, const char *name);
void status_print_duration(double seconds);
void status_print(JsonObject *status, const char *address);
void status_print_workers(JsonArray *workers);
